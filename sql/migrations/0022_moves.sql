-- Who helps in one area today and in another tomorrow could find out who asks where. So moves are counted, and whoever moved
-- is not asked about a need that was there before.

-- When a volunteer moved: within the last 30 days, and the last time at all.
ALTER TABLE member ADD COLUMN move_times timestamptz[] NOT NULL DEFAULT '{}';

-- The search of 0017, as it stands, with one more test. Written as what is different, not as two hundred lines again.
DO $do$
DECLARE
    before text := pg_get_functiondef('best_candidates'::regproc);
    between text := replace(before, 'SELECT d.id, d.group_id, ', 'SELECT d.id, d.posted_at, d.group_id, ');
    after text := replace(between, 'AND m.id <> ALL (n.asked)',
        'AND coalesce(m.move_times[cardinality(m.move_times)] <= n.posted_at, true) AND m.id <> ALL (n.asked)');
BEGIN
    ASSERT before <> between AND between <> after, 'best_candidates is not what this file changes';
    EXECUTE after;
END $do$;

-- And "why nobody" (0018), for the same reason.
DO $do$
DECLARE
    before text := pg_get_functiondef('why_nobody'::regproc);
    after text := replace(before, 'AND m.contact_index IS DISTINCT FROM n.contact_index',
        'AND m.contact_index IS DISTINCT FROM n.contact_index AND coalesce(m.move_times[cardinality(m.move_times)] <= n.posted_at, true)');
BEGIN
    ASSERT before <> after, 'why_nobody is not what this file changes';
    EXECUTE after;
END $do$;

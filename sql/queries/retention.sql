-- name: count_need(id)!
-- Time to help, before the times it is made of are rounded.
INSERT INTO tally (week, group_id, category, language, urgency, state, helped, needs)
SELECT date_trunc('week', n.posted_at)::date, n.group_id, n.category, n.languages[1], n.urgency, n.state, CASE
        WHEN m.after IS NULL THEN 'never' WHEN m.after <= interval '1 hour' THEN '1h' WHEN m.after <= interval '6 hours' THEN '6h'
        WHEN m.after <= interval '1 day' THEN '1d' WHEN m.after <= interval '3 days' THEN '3d' ELSE 'later' END, 1
FROM need n LEFT JOIN LATERAL (
    SELECT min(t.connected_at) - n.posted_at AS after FROM match t WHERE t.need_id = n.id AND t.state <> 'fell_through'
) m ON true
WHERE n.id = :id
ON CONFLICT (week, group_id, category, language, urgency, state, helped) DO UPDATE SET needs = tally.needs + 1;

-- name: may_purge_need(id, closed_before)$
-- Is it over for so long, and not forgotten yet? Held until the transaction ends.
SELECT true FROM need WHERE id = :id AND closed_at <= :closed_before AND purged_at IS NULL FOR UPDATE;

-- name: purge_need(id, now)!
-- Forgets who asked: names, contact and text are gone and times are of the week.
UPDATE need SET sealed_name = NULL, sealed_contact = NULL, sealed_text = NULL, sealed_consent = NULL, consent_reason = NULL,
    contact_index = NULL, member_id = NULL, repeats_until = NULL, repeats_of = NULL, quiet_from = NULL, quiet_until = NULL, form_hash = NULL, locator_hash = NULL, secret_hash = NULL, wrong_secrets = '{}', source_ref = NULL,
    purged_at = date_trunc('week', CAST(:now AS timestamptz)), posted_at = date_trunc('week', posted_at), closed_at = date_trunc('week', closed_at),
    needed_by = date_trunc('week', needed_by), expires_at = date_trunc('week', expires_at),
    exhausted_at = date_trunc('week', exhausted_at), imported_at = date_trunc('week', imported_at)
WHERE id = :id;

-- name: week_before(id)$
-- Which one does it repeat?
SELECT repeats_of FROM need WHERE id = :id;

-- name: purge_series(need_id, before)!
-- That another one repeats it: that one follows the one before it now, so that those that are left still find each other.
UPDATE need SET repeats_of = :before WHERE repeats_of = :need_id;

-- name: purge_events(need_id)!
-- The same of its history.
UPDATE need_event SET sealed_reason = NULL, at = date_trunc('week', at) WHERE need_id = :need_id;

-- name: purge_asks(need_id)!
-- The same of who was asked, and when they answered.
UPDATE ask SET planned_at = date_trunc('week', planned_at), sent_at = date_trunc('week', sent_at),
    answered_at = date_trunc('week', answered_at), times_out_at = date_trunc('week', times_out_at), seen_at = date_trunc('week', seen_at)
WHERE need_id = :need_id;

-- name: purge_matches(need_id)!
-- The same of who helped.
UPDATE match SET accepted_at = date_trunc('week', accepted_at), connected_at = date_trunc('week', connected_at),
    ended_at = date_trunc('week', ended_at)
WHERE need_id = :need_id;

-- name: purge_thread(need_id)!
-- Forgets what the two wrote to each other.
DELETE FROM thread_note WHERE match_id IN (SELECT id FROM match WHERE need_id = :need_id);

-- name: forget_notices(before)!
-- That a message was sent, or never could be, when, and of which kind.
DELETE FROM notice WHERE state IN ('sent', 'failed', 'parked') AND created_at <= :before;

-- name: forget_weeks(now)!
-- Times of acceptances and asks that count for nobody's week any more, and of moves older than 30 days, but for the last.
-- Whoever is being asked just now is left for the next time.
UPDATE member m SET
    task_times = ARRAY(SELECT t FROM unnest(m.task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days'),
    ask_times = ARRAY(SELECT t FROM unnest(m.ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days'),
    move_times = ARRAY(
        SELECT t FROM unnest(m.move_times) WITH ORDINALITY u (t, at)
        WHERE t > CAST(:now AS timestamptz) - interval '30 days' OR at = cardinality(m.move_times) ORDER BY at
    )
FROM (
    SELECT id FROM member
    WHERE task_times[1] <= CAST(:now AS timestamptz) - interval '7 days' OR ask_times[1] <= CAST(:now AS timestamptz) - interval '7 days'
       OR (cardinality(move_times) > 1 AND move_times[1] <= CAST(:now AS timestamptz) - interval '30 days')
    LIMIT 5000 FOR NO KEY UPDATE SKIP LOCKED
) old
WHERE m.id = old.id;

-- Reports that follow one another keep nobody longer than the first one did.

-- Who asked to be removed while a report kept what is known of them: the latest day, as it was shown to them.
ALTER TABLE member ADD COLUMN gone_by timestamptz;

-- What waits for a person of its group for too long: its time has passed, or nobody there may judge it at all, because it is
-- about the only one, or the only other one decided before. No id but its own; nothing of what it is about.
CREATE FUNCTION reviews_left(before timestamptz) RETURNS TABLE (id uuid, since timestamptz, nobody boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.id, CASE WHEN j.nobody THEN r.opened_at ELSE r.due_at END, j.nobody
    FROM review r CROSS JOIN LATERAL (
        SELECT NOT EXISTS (SELECT FROM staff s WHERE s.group_id = r.group_id AND may_judge(r.id, s.member_id)) AS nobody
    ) j
    WHERE r.state IN ('open', 'appealed') AND (r.due_at < before OR (j.nobody AND r.opened_at < before))
$$;

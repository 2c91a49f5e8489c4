-- name: promise(job, subject, due_at)!
-- Owes this job to this subject, at the earlier of what was promised and what is asked now; a parked one starts again.
-- The row is locked even where nothing changes: a worker that keeps it at this moment waits, and sees our facts.
INSERT INTO promise (job, subject, due_at) VALUES (:job, :subject, :due_at)
ON CONFLICT (job, subject) DO UPDATE
SET due_at = LEAST(promise.due_at, EXCLUDED.due_at), handed_at = NULL, tries = 0
WHERE EXCLUDED.due_at < promise.due_at OR promise.tries > 10;

-- name: promise_many(job, subjects, due_at)!
-- The same for many subjects, always in one order, so that two of these never wait for each other.
INSERT INTO promise (job, subject, due_at)
SELECT :job, subject, :due_at FROM (SELECT DISTINCT unnest(CAST(:subjects AS uuid[])) AS subject ORDER BY 1) AS owed
ON CONFLICT (job, subject) DO UPDATE
SET due_at = LEAST(promise.due_at, EXCLUDED.due_at), handed_at = NULL, tries = 0
WHERE EXCLUDED.due_at < promise.due_at OR promise.tries > 10;

-- name: promise_each(jobs, subjects, due)!
-- Many jobs that were never promised before, each with its own time.
INSERT INTO promise (job, subject, due_at)
SELECT job, subject, due_at FROM unnest(CAST(:jobs AS text[]), CAST(:subjects AS uuid[]), CAST(:due AS timestamptz[])) AS r (job, subject, due_at)
ORDER BY job, subject;

-- name: hand_over_promises(now, most)
-- Which promises are due and not yet in the queue; marks them as handed over.
UPDATE promise SET handed_at = :now, tries = promise.tries + 1
FROM (
    SELECT job, subject FROM promise WHERE handed_at IS NULL AND due_at <= :now
    ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
) AS due
WHERE promise.job = due.job AND promise.subject = due.subject
RETURNING promise.job, promise.subject, promise.tries;

-- name: hand_over_lost_promises(now, lost_after, most)
-- Which promises were handed over too long ago, each time twice as long; one being kept right now is locked and skipped.
UPDATE promise SET handed_at = :now, tries = promise.tries + 1
FROM (
    SELECT job, subject FROM promise
    WHERE tries <= 10
        AND handed_at <= CAST(:now AS timestamptz) - CAST(:lost_after AS interval)  -- so that the index finds the few
        AND handed_at <= CAST(:now AS timestamptz) - CAST(:lost_after AS interval) * power(2, tries - 1)
    ORDER BY handed_at LIMIT :most FOR UPDATE SKIP LOCKED
) AS lost
WHERE promise.job = lost.job AND promise.subject = lost.subject
RETURNING promise.job, promise.subject, promise.tries;

-- name: take_back_promises(jobs, subjects, tries)!
-- The queue did not take these: they are due again at once, and the try does not count.
UPDATE promise SET handed_at = NULL, tries = promise.tries - 1
FROM unnest(CAST(:jobs AS text[]), CAST(:subjects AS uuid[]), CAST(:tries AS smallint[])) AS refused (job, subject, tries)
WHERE promise.job = refused.job AND promise.subject = refused.subject AND promise.tries = refused.tries
    AND promise.handed_at IS NOT NULL;

-- name: take_back_every_promise()!
-- The queue has lost everything: whatever it was given, and is not being kept right now, is due again at once.
UPDATE promise SET handed_at = NULL, tries = GREATEST(promise.tries - 1, 0)
FROM (SELECT job, subject FROM promise WHERE handed_at IS NOT NULL AND tries <= 10 FOR UPDATE SKIP LOCKED) AS gone
WHERE promise.job = gone.job AND promise.subject = gone.subject;

-- name: keep_promise(job, subject)$
-- The claim of a worker: true once for each handing over. Who comes second waits, then finds nothing to keep;
-- a promise made anew meanwhile is not in the queue yet and is not for them.
DELETE FROM promise WHERE job = :job AND subject = :subject AND handed_at IS NOT NULL RETURNING true;

-- name: postpone_promise(job, subject, until)$
-- The claim of a worker that may die before it can tell: as keeping, and promised again for then, in one statement.
UPDATE promise SET due_at = :until, handed_at = NULL, tries = 0
WHERE job = :job AND subject = :subject AND handed_at IS NOT NULL RETURNING true;

-- name: unpromise(job, subject)!
-- Nothing is owed any more.
DELETE FROM promise WHERE job = :job AND subject = :subject;

-- name: call_off_promises(job, subjects)!
-- Nothing of it is owed any more. A worker that is at one of them already may wait for what we hold, so nobody waits for it.
DELETE FROM promise WHERE (job, subject) IN (
    SELECT job, subject FROM promise WHERE job = :job AND subject = ANY (CAST(:subjects AS uuid[])) FOR UPDATE SKIP LOCKED
);

-- name: count_promises(now, late_before)^
-- How many promises are due, late and parked; parked ones were tried more than ten times and wait for an operator.
SELECT
    count(*) FILTER (WHERE due_at <= :now AND tries <= 10) AS due,
    count(*) FILTER (WHERE due_at <= :late_before AND tries <= 10) AS late,
    count(*) FILTER (WHERE tries > 10) AS parked
FROM promise WHERE handed_at IS NOT NULL OR due_at <= :now;

-- name: parked_promises()
-- Which promises were tried too often: an operator reads the log for their reference, mends the cause and revives them.
SELECT job, subject, due_at, handed_at, tries FROM promise WHERE handed_at IS NOT NULL AND tries > 10 ORDER BY due_at;

-- name: revive_promises()!
-- Tries every parked promise again from the beginning.
UPDATE promise SET handed_at = NULL, tries = 0 WHERE handed_at IS NOT NULL AND tries > 10;

-- name: hasten_promise(job, subject, due_at)!
-- What is owed later is owed then already; what is not owed stays so.
UPDATE promise SET due_at = :due_at WHERE job = :job AND subject = :subject AND due_at > :due_at;

-- name: promise_due_at(job, subject)$
-- When is this job owed?
SELECT due_at FROM promise WHERE job = :job AND subject = :subject;

-- name: claim_sweep()$
-- May this worker look for what was forgotten, or is another at it?
SELECT pg_try_advisory_xact_lock(7203114526);

-- name: promise_forgotten(now, met_after, purge_after, urgent_lapse, lapse, most)!
-- Whatever waits for time or for a worker and has no promise, gets it again: no row may wait for ever, whatever was lost.
INSERT INTO promise (job, subject, due_at)
SELECT job, subject, due_at FROM (
    SELECT 'match_need' AS job, id AS subject, CAST(:now AS timestamptz) AS due_at FROM need
    WHERE state = 'open' AND confirmed AND exhausted_at IS NULL AND expires_at > :now
    UNION ALL
    SELECT 'expire_need', id, expires_at FROM need WHERE state IN ('held', 'open') AND filled = 0
    UNION ALL
    SELECT 'close_silent_need', id, needed_by + CAST(:met_after AS interval) FROM need
    WHERE state IN ('open', 'matched') AND filled > 0
    UNION ALL
    SELECT 'purge_need', id, closed_at + CAST(:purge_after AS interval) FROM need
    WHERE closed_at IS NOT NULL AND purged_at IS NULL
    UNION ALL
    SELECT 'purge_review', id, kept_until FROM review WHERE purged_at IS NULL
    UNION ALL
    SELECT 'tell_staff', id, CAST(:now AS timestamptz) FROM review WHERE state IN ('open', 'appealed')
    UNION ALL
    SELECT 'time_out_ask', id, times_out_at FROM ask WHERE state IN ('planned', 'sent')
    UNION ALL
    SELECT 'lapse_match', t.id, t.accepted_at + CASE WHEN n.urgency = 'urgent' THEN CAST(:urgent_lapse AS interval) ELSE CAST(:lapse AS interval) END
    FROM match t JOIN need n ON n.id = t.need_id WHERE t.state = 'awaiting_asker'
    UNION ALL
    SELECT 'deliver_notice', id, coalesce(lease_until, CAST(:now AS timestamptz)) FROM notice WHERE state IN ('owed', 'claimed')
) AS waits
WHERE NOT EXISTS (SELECT FROM promise p WHERE p.job = waits.job AND p.subject = waits.subject)
LIMIT :most
ON CONFLICT DO NOTHING;

-- name: stuck(now, before)
-- What is open for so long, and waits for nothing: no worker has it, no time is set for it, no person is to look at it.
-- The sweep promises such work again within seconds, so that one that is found here says that no worker sweeps, or that
-- its promise is parked or that nobody hands it over.
SELECT what, count(*) AS count, min(since) AS since FROM (
    SELECT 'need' AS what, n.posted_at AS since, array['match_need'] AS jobs, n.id AS subject FROM need n
    WHERE n.state = 'open' AND n.confirmed AND n.exhausted_at IS NULL AND n.posted_at < :before
    UNION ALL
    SELECT 'need', n.expires_at, array['expire_need', 'close_silent_need'], n.id FROM need n WHERE n.state IN ('open', 'matched') AND n.expires_at < :before
    UNION ALL
    SELECT 'ask', a.times_out_at, array['time_out_ask'], a.id FROM ask a WHERE a.state IN ('planned', 'sent') AND a.times_out_at < :before
    UNION ALL
    SELECT 'match', t.accepted_at, array['lapse_match'], t.id FROM match t WHERE t.state = 'awaiting_asker' AND t.accepted_at < :before
    UNION ALL
    SELECT 'notice', k.created_at, array['deliver_notice'], k.id FROM notice k
    WHERE k.created_at < :before AND (k.state IN ('owed', 'parked') OR (k.state = 'claimed' AND k.lease_until < :now))
    UNION ALL  -- a person has it to look at, but not in time; or no person can
    SELECT 'review', v.since, '{}', v.id FROM reviews_left(:before) v
    UNION ALL
    SELECT 'promise', p.due_at, '{}', p.subject FROM promise p WHERE p.handed_at IS NULL AND p.due_at < :before
) open
WHERE NOT EXISTS (
    SELECT FROM promise p WHERE p.job = ANY (open.jobs) AND p.subject = open.subject AND p.tries <= 10 AND (p.handed_at IS NOT NULL OR p.due_at >= :before)
)
GROUP BY what ORDER BY what;

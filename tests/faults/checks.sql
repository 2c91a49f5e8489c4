-- name: lost_needs(told)
-- Needs that somebody was told are with us, and are not.
SELECT told AS need FROM unnest(CAST(:told AS uuid[])) told WHERE NOT EXISTS (SELECT FROM need n WHERE n.id = told);

-- name: unknown_needs(told)
-- Needs that nobody was told of: made twice of one form.
SELECT id AS need FROM need WHERE NOT id = ANY (CAST(:told AS uuid[]));

-- name: lost_yeses(taken)
-- Matches that a volunteer was shown, and that are not there.
SELECT taken AS match FROM unnest(CAST(:taken AS uuid[])) taken WHERE NOT EXISTS (SELECT FROM match t WHERE t.id = taken);

-- name: undrained()
-- What still waits for a worker: what is to be done by now, an open need nobody looks at, an ask or a message on its way.
SELECT what, count(*) AS count, min(subject::text) AS first FROM (
    SELECT 'promise ' || job AS what, subject FROM promise
    WHERE (handed_at IS NOT NULL OR due_at < clock_timestamp()) AND subject <> '00000000-0000-0000-0000-000000000000' AND job <> 'poison'
    UNION ALL SELECT 'open need', id FROM need WHERE state = 'open' AND exhausted_at IS NULL
    UNION ALL SELECT 'ask', id FROM ask WHERE state IN ('planned', 'sent')
    UNION ALL SELECT 'asker''s choice', id FROM match WHERE state = 'awaiting_asker'
    UNION ALL SELECT 'notice', k.id FROM notice k WHERE k.state IN ('owed', 'claimed') AND NOT (  -- what may wait for the morning, and does
        k.state = 'owed' AND k.need_id IS NOT NULL AND k.kind IN ('whether', 'thanks', 'need_warning', 'need_expired') AND EXISTS (
            SELECT FROM promise p WHERE p.job = 'deliver_notice' AND p.subject = k.id AND p.due_at > clock_timestamp() + interval '10 minutes'))
) waiting GROUP BY 1 ORDER BY 1;

-- name: count_waiting()^
-- For how many needs is somebody still looked for, and how many messages are not sent yet?
SELECT (SELECT count(*) FROM need WHERE state = 'open' AND exhausted_at IS NULL) AS open, (SELECT count(*) FROM notice k JOIN promise p ON p.job = 'deliver_notice' AND p.subject = k.id
    WHERE k.state IN ('owed', 'claimed') AND p.due_at < clock_timestamp() + interval '10 minutes') AS unsent;

-- name: double_winners()
-- Slots with two winners, more helpers than wanted, or a count that is not what was taken.
SELECT n.id AS need, n.state, n.helpers, n.filled, count(t.id) AS taken FROM need n LEFT JOIN match t ON t.need_id = n.id AND t.state <> 'fell_through'
GROUP BY n.id
HAVING count(t.id) > n.helpers OR count(t.id) <> count(DISTINCT t.slot) OR (n.state IN ('open', 'matched') AND n.filled <> count(t.id));

-- name: over_capacity()
-- People who took more than their week holds, or of whom the week says another number than they took.
SELECT m.id AS member, m.per_week, cardinality(m.task_times) AS counted, count(t.id) AS taken
FROM member m LEFT JOIN match t ON t.member_id = m.id AND t.state <> 'fell_through'
GROUP BY m.id HAVING count(t.id) > m.per_week OR count(t.id) <> cardinality(m.task_times);

-- name: without_two_yeses(pressed, chose)
-- Matches that were connected without a yes of the volunteer, or of the asker who wanted to see who first.
SELECT t.id AS match, t.state, a.state AS ask FROM match t JOIN ask a ON a.id = t.ask_id JOIN need n ON n.id = t.need_id
WHERE a.state <> 'accepted' OR (a.need_id, a.member_id) <> (t.need_id, t.member_id) OR NOT a.id = ANY (CAST(:pressed AS uuid[]))
   OR (n.see_first AND t.connected_at IS NOT NULL AND NOT t.id = ANY (CAST(:chose AS uuid[])));

-- name: untold()
-- Connected people whom no message tells, or will.
SELECT t.id AS match, 'helper' AS side FROM match t
WHERE t.connected_at IS NOT NULL AND NOT EXISTS (SELECT FROM notice k WHERE k.kind = 'connected' AND k.subject = t.id AND k.member_id = t.member_id)
UNION ALL
SELECT t.id, 'asker' FROM match t JOIN need n ON n.id = t.need_id AND n.contact_kind = 'email'
WHERE t.connected_at IS NOT NULL AND NOT EXISTS (SELECT FROM notice k WHERE k.kind = 'connected' AND k.subject = t.id AND k.need_id = n.id);

-- name: unblocked()
-- Matches under way between two people who are kept apart, by the need's contact or by the account of who asked.
SELECT t.id AS match, t.state FROM match t JOIN need n ON n.id = t.need_id JOIN member m ON m.id = t.member_id LEFT JOIN member own ON own.id = n.member_id
WHERE t.state IN ('accepted', 'awaiting_asker', 'connected') AND EXISTS (
    SELECT FROM apart p WHERE m.contact_index IN (p.one, p.other) AND (n.contact_index IN (p.one, p.other) OR own.contact_index IN (p.one, p.other))
      AND m.contact_index IS DISTINCT FROM n.contact_index
);

-- name: parties()
-- Whose is each match?
SELECT id, need_id, member_id FROM match;

-- name: about_two(delivered)
-- Messages that arrived and speak of two people as if they were not kept apart; not those which say that it ended.
SELECT k.id::text AS notice, t.need_id, t.member_id FROM notice k JOIN match t ON t.id = k.subject
WHERE k.id = ANY (CAST(:delivered AS uuid[])) AND k.kind NOT IN ('fell_through', 'need_ended', 'not_chosen')
UNION ALL
SELECT k.id::text, a.need_id, a.member_id FROM notice k JOIN ask a ON a.id = k.subject WHERE k.id = ANY (CAST(:delivered AS uuid[])) AND k.kind = 'ask';

-- name: shown_too_early(shown)
-- Matches whose page showed a way to reach the other, and which were never connected.
SELECT t.id AS match FROM match t WHERE t.id = ANY (CAST(:shown AS uuid[])) AND t.connected_at IS NULL;

-- name: shown_to_asker_too_early(needs, members)
-- Of needs whose page showed a way to reach this member: those where the two were never connected.
SELECT shown.need, shown.member FROM unnest(CAST(:needs AS uuid[]), CAST(:members AS uuid[])) AS shown (need, member)
WHERE NOT EXISTS (SELECT FROM match t WHERE t.need_id = shown.need AND t.member_id = shown.member AND t.connected_at IS NOT NULL);

-- name: told_twice(delivered)
-- Of the messages that arrived: to one person, about one need, of one kind, more than one. Whoever asked hears of each helper.
SELECT k.kind, k.member_id, k.need_id, about.thing, count(*) AS count
FROM notice k
LEFT JOIN ask a ON a.id = k.subject
LEFT JOIN match t ON t.id = k.subject
CROSS JOIN LATERAL (SELECT CASE WHEN k.need_id IS NULL THEN coalesce(a.need_id, t.need_id, k.subject) ELSE k.subject END AS thing) about
WHERE k.id = ANY (CAST(:delivered AS uuid[]))
GROUP BY 1, 2, 3, 4 HAVING count(*) > 1;

-- name: marked_unsent(delivered)
-- Messages that count as sent, and never arrived.
SELECT id AS notice, kind FROM notice WHERE state = 'sent' AND NOT id = ANY (CAST(:delivered AS uuid[]));

-- name: connected_mails(delivered)
-- Messages that say "you are connected", of people who were not.
SELECT k.id AS notice FROM notice k JOIN match t ON t.id = k.subject
WHERE k.kind = 'connected' AND k.id = ANY (CAST(:delivered AS uuid[])) AND t.connected_at IS NULL;

-- name: failed_for_nothing(refused)
-- Messages given up as refused for good, of something that still holds, to somebody whose mail server never refused them.
SELECT k.id AS notice, k.kind FROM notice k JOIN match t ON k.kind = 'connected' AND t.id = k.subject AND t.state = 'connected'
WHERE k.state = 'failed' AND NOT k.id = ANY (CAST(:refused AS uuid[]));

-- name: counts()^
-- What became of it all.
SELECT (SELECT count(*) FROM need) AS needs, (SELECT count(*) FROM need WHERE state IN ('matched', 'met')) AS matched,
    (SELECT count(*) FROM need WHERE state = 'open') AS unmet, (SELECT count(*) FROM need WHERE state = 'withdrawn') AS withdrawn,
    (SELECT count(*) FROM ask) AS asks, (SELECT count(*) FROM match) AS matches, (SELECT count(*) FROM match WHERE state = 'fell_through') AS fell_through,
    (SELECT count(*) FROM notice WHERE state = 'parked') AS parked_notices,
    (SELECT count(*) FROM promise WHERE tries > 10 AND job <> 'poison') AS parked_promises;

-- name: ask_behind(id)^
-- This ask, if a yes to it still counts, and its need.
SELECT a.id AS ask, a.need_id AS need FROM ask a WHERE a.id = :id AND a.state IN ('planned', 'sent', 'timed_out');

-- name: hold_need(id)$
-- Keeps whoever takes a slot of it waiting.
SELECT id FROM need WHERE id = :id FOR NO KEY UPDATE;

-- name: hold_member(id)$
-- Keeps whoever counts a task of theirs waiting.
SELECT id FROM member WHERE id = :id FOR NO KEY UPDATE;

-- name: waits_accepting(holder)$
-- How many wait in the middle of a yes for what this connection holds?
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND (query LIKE '%filled + 1%' OR query LIKE '%task_times%') AND CAST(:holder AS int) = ANY (pg_blocking_pids(pid));

-- name: matches_between(need, member)
-- All matches of this need with this volunteer.
SELECT id FROM match WHERE need_id = :need AND member_id = :member;

-- name: handed()
-- Promises that were given to the queue, and messages that were sent: whatever could be delivered again.
SELECT job, subject FROM promise WHERE handed_at IS NOT NULL AND tries <= 10
UNION ALL (SELECT 'deliver_notice', id FROM notice ORDER BY created_at DESC LIMIT 30)
UNION ALL (SELECT 'match_need', id FROM need ORDER BY posted_at DESC LIMIT 20)
UNION ALL (SELECT 'time_out_ask', id FROM ask ORDER BY planned_at DESC LIMIT 20);

-- name: add_poison(subject)!
-- A promise that no worker can keep.
INSERT INTO promise (job, subject, due_at) VALUES ('poison', :subject, clock_timestamp()) ON CONFLICT DO NOTHING;

-- name: why_open()
-- Of one open need nobody has given up: whom it asked, when, and what came of it.
SELECT n.urgency, n.helpers, n.filled, n.waves, n.reach, a.wave, a.state, a.planned_at - n.posted_at AS asked_after, a.sent_at - a.planned_at AS sent_after, a.answered_at - a.planned_at AS answered_after,
    m.per_week, cardinality(m.task_times) AS tasks
FROM (SELECT * FROM need WHERE state = 'open' AND exhausted_at IS NULL ORDER BY id LIMIT 1) n LEFT JOIN ask a ON a.need_id = n.id LEFT JOIN member m ON m.id = a.member_id ORDER BY a.planned_at;

-- name: add_ask(id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, now, times_out_at)$
-- One volunteer is to be asked about one need, unless another ask is with them already, or they may not help any more.
INSERT INTO ask (id, need_id, offer_id, member_id, group_id, round, wave, urgent, language, terms, planned_at, times_out_at)
SELECT :id, :need_id, :offer_id, :member_id, :group_id, :round, :wave, :urgent, :language, CAST(:terms AS jsonb), :now, :times_out_at
WHERE still_may_help(:need_id, :offer_id)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: ask_by_id(id)^
-- One ask, with what it is about.
SELECT a.*, n.category, n.needed_by, n.hours, n.urgency, n.state AS need_state, n.helpers, n.filled, n.show_text, n.see_first, n.locale AS need_locale,
    n.sealed_text, n.sealed_name, g.name AS group_name, g.slug AS group_slug, c.remote, z.time_zone,
    t.id AS match_id, t.state AS match_state, a.round = n.round AS of_this_round, coalesce(s.state = 'admitted', false) AS admitted,
    coalesce(st.least_served, false) AS least_served
FROM ask a
JOIN need n ON n.id = a.need_id JOIN care_group g ON g.id = a.group_id JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
JOIN offer o ON o.id = a.offer_id
LEFT JOIN membership s ON s.member_id = a.member_id AND s.group_id = o.group_id
LEFT JOIN match t ON t.ask_id = a.id
LEFT JOIN standing st ON st.need_id = n.id
WHERE a.id = :id;

-- name: hold_membership(ask_id)$
-- Is the asked volunteer still admitted where they offer? Held until the transaction ends, so that a suspension waits and then sees what was accepted.
SELECT s.state = 'admitted' FROM ask a JOIN offer o ON o.id = a.offer_id
JOIN membership s ON s.member_id = a.member_id AND s.group_id = o.group_id WHERE a.id = :ask_id FOR SHARE OF s;

-- name: need_of_open_ask(id)$
-- Whose ask is this, if it is unanswered?
SELECT need_id FROM ask WHERE id = :id AND state IN ('planned', 'sent');

-- name: asks_out(need_id)
-- Which asks for this need are unanswered, how likely was a yes, and since when do they wait?
SELECT CAST(terms ->> 'chance' AS float8) AS chance, planned_at FROM ask WHERE need_id = :need_id AND state IN ('planned', 'sent') ORDER BY planned_at, id;

-- name: asked_since(need_id)$
-- When was somebody first asked for this need, in the round it is in?
SELECT min(a.planned_at) FROM ask a JOIN need n ON n.id = a.need_id AND n.round = a.round WHERE a.need_id = :need_id;

-- name: asks_of_member(member_id)
-- What a volunteer was asked, latest first.
SELECT a.id, a.state, a.planned_at, a.times_out_at, a.language, a.terms, a.urgent, n.category, n.needed_by, g.name AS group_name, z.time_zone
FROM ask a JOIN need n ON n.id = a.need_id JOIN care_group g ON g.id = a.group_id JOIN zone z ON z.code = n.zone_code
WHERE a.member_id = :member_id ORDER BY a.planned_at DESC LIMIT 50;

-- name: asks_of_need(need_id)
-- Who was asked about this need, and what happened?
SELECT a.id, a.member_id, o.group_id AS offer_group_id, a.wave, a.round, a.state, a.planned_at, a.sent_at, a.answered_at, a.language, a.terms, p.sealed_name
FROM ask a JOIN offer o ON o.id = a.offer_id JOIN member p ON p.id = a.member_id
WHERE a.need_id = :need_id ORDER BY a.planned_at, a.id;

-- name: count_asks_of_need(need_id)^
-- How many were asked, how many of them have not answered yet, and how many did not in time?
SELECT count(*) FILTER (WHERE state <> 'planned' OR sent_at IS NOT NULL) AS asked,
    count(*) FILTER (WHERE state = 'sent' OR (state = 'planned' AND sent_at IS NOT NULL)) AS waiting, count(*) FILTER (WHERE state = 'timed_out') AS silent
FROM ask WHERE need_id = :need_id AND state <> 'cancelled';

-- name: accept_ask(id, member_id, now)$
-- The volunteer says yes; late is fine where a slot is still free and the need is what they were asked about. A late yes was counted as silence already.
-- Whoever moves an ask holds its member's row first, so that two who move one ask cannot wait for each other.
WITH person AS MATERIALIZED (
    SELECT id FROM member WHERE id = :member_id FOR NO KEY UPDATE
), before AS MATERIALIZED (
    SELECT a.id, a.state = 'timed_out' AND a.sent_at <= a.answered_at AS counted FROM person m JOIN ask a ON a.member_id = m.id WHERE a.id = :id FOR UPDATE OF a
), moved AS (
    UPDATE ask a SET state = 'accepted', answered_at = :now
    FROM before b, person m, need n, offer o
    WHERE a.id = b.id AND n.id = a.need_id AND o.id = a.offer_id
      AND (a.state IN ('planned', 'sent') OR (a.state = 'timed_out' AND a.round = n.round)) AND o.state <> 'ended'
      AND NOT kept_apart(n.id, m.id)
    RETURNING a.member_id, CASE WHEN b.counted THEN 0 ELSE coalesce(CAST(a.terms ->> 'ease' AS float8), 1) END AS ease
)
UPDATE member m SET asks_accepted = asks_accepted + 1, asks_answered = asks_answered + moved.ease
FROM moved WHERE m.id = moved.member_id
RETURNING true;

-- name: decline_ask(id, member_id, now)$
-- The volunteer says not this time.
WITH person AS MATERIALIZED (
    SELECT id FROM member WHERE id = :member_id FOR NO KEY UPDATE
), moved AS (
    UPDATE ask a SET state = 'declined', answered_at = :now FROM person m
    WHERE a.id = :id AND a.member_id = m.id AND a.state IN ('planned', 'sent')
    RETURNING a.member_id, a.need_id, coalesce(CAST(a.terms ->> 'ease' AS float8), 1) AS ease
)
UPDATE member m SET asks_answered = asks_answered + moved.ease FROM moved WHERE m.id = moved.member_id RETURNING moved.need_id;

-- name: see_ask(id, now)!
-- The volunteer has seen its page signed in.
UPDATE ask SET seen_at = :now WHERE id = :id AND seen_at IS NULL;

-- name: time_out_ask(id, now)$
-- No answer came. It is silence only from somebody who was written to.
WITH person AS MATERIALIZED (
    SELECT id FROM member WHERE id = (SELECT member_id FROM ask WHERE id = :id) FOR NO KEY UPDATE
), moved AS (
    UPDATE ask a SET state = 'timed_out', answered_at = :now FROM person m
    WHERE a.id = :id AND a.member_id = m.id AND a.state IN ('planned', 'sent') AND a.times_out_at <= :now
    RETURNING a.member_id, a.need_id, CASE WHEN a.sent_at IS NULL THEN 0 ELSE coalesce(CAST(a.terms ->> 'ease' AS float8), 1) END AS ease
)
UPDATE member m SET asks_answered = asks_answered + moved.ease FROM moved WHERE m.id = moved.member_id RETURNING moved.need_id;

-- name: end_asks(need_id, state, now)
-- Nobody else needs to answer: covered, or cancelled. Returns whom to tell.
UPDATE ask SET state = :state, answered_at = :now WHERE need_id = :need_id AND state IN ('planned', 'sent')
RETURNING id, member_id, sent_at;

-- name: cover_ask(id, now)$
-- This one came after the last slot was taken.
UPDATE ask SET state = 'covered', answered_at = :now WHERE id = :id AND state IN ('planned', 'sent') RETURNING true;

-- name: cancel_asks_of_member(member_id, group_id, now)
-- Suspended or resting: what is out is taken back. A group's own asks, or all.
UPDATE ask a SET state = 'cancelled', answered_at = :now
FROM offer o
WHERE a.member_id = :member_id AND a.state IN ('planned', 'sent') AND o.id = a.offer_id
  AND (CAST(:group_id AS uuid) IS NULL OR o.group_id = CAST(:group_id AS uuid))
RETURNING a.need_id;

-- name: count_wrong_code(id)$
-- A short code that does not fit; five and the code is dead.
UPDATE ask SET wrong_codes = wrong_codes + 1 WHERE id = :id RETURNING wrong_codes;

-- name: asks_to_answer(member_id, most)
-- What may this volunteer answer by its code, or did so just now? Latest first; with `most` wrong codes it is dead.
SELECT id, state IN ('planned', 'sent', 'timed_out') AS waits FROM ask
WHERE member_id = :member_id AND wrong_codes < :most ORDER BY planned_at DESC, id LIMIT 20;

-- name: asks_of_mail(id, most)
-- The same of those that this one mail told of, or was an answer about.
SELECT a.id, a.state IN ('planned', 'sent', 'timed_out') AS waits FROM notice k JOIN ask a ON a.member_id = k.member_id
WHERE k.id = :id AND a.wrong_codes < :most AND (a.id = k.subject OR EXISTS (
    SELECT FROM notice o WHERE o.kind = 'ask' AND o.subject = a.id AND o.member_id = k.member_id AND o.sent_at = k.sent_at
));

-- name: details_were_seen(id)$
-- Did what it is about stand in its message, or was its page opened signed in?
SELECT a.seen_at IS NOT NULL OR EXISTS (
    SELECT FROM notice k WHERE k.kind = 'ask' AND k.subject = a.id AND k.detailed AND k.state IN ('claimed', 'sent')
) FROM ask a WHERE a.id = :id;

-- name: put_off_ask(id, urgency, due, until)$
-- Its volunteer is told later, if it can wait until then; until when may they answer now?
UPDATE ask a SET times_out_at = greatest(a.times_out_at, least(CAST(:until AS timestamptz), n.expires_at)) FROM need n
WHERE a.id = :id AND a.state = 'planned' AND n.id = a.need_id AND n.urgency = :urgency AND n.needed_by > CAST(:due AS timestamptz)
RETURNING a.times_out_at;

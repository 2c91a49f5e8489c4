-- name: owe_notice_to_member(id, kind, subject, member_id, always, confirming, now)$
-- One message to this member, unless it was owed before, they stopped messages, have no e-mail or never said yes.
INSERT INTO notice (id, kind, subject, member_id, created_at)
SELECT :id, :kind, :subject, p.id, :now FROM member p
WHERE p.id = :member_id AND p.contact_kind = 'email' AND has_address(p.id)
    AND (CAST(:always AS boolean) OR NOT p.mail_stopped) AND (p.confirmed OR CAST(:confirming AS boolean))
ON CONFLICT DO NOTHING
RETURNING id;

-- name: owe_notices_to_members(ids, kind, subjects, members, now)
-- The same message to many members at once, each about a subject of its own; to whom no message goes is left out.
INSERT INTO notice (id, kind, subject, member_id, created_at)
SELECT owed.id, :kind, owed.subject, p.id, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:subjects AS uuid[]), CAST(:members AS uuid[])) AS owed (id, subject, member_id)
JOIN member p ON p.id = owed.member_id
WHERE p.contact_kind = 'email' AND has_address(p.id) AND NOT p.mail_stopped AND p.confirmed
ORDER BY owed.subject
ON CONFLICT DO NOTHING
RETURNING id;

-- name: owe_notice_to_asker(id, kind, subject, need_id, always, confirming, now)$
-- The same to whoever asked for this need, if they gave an e-mail address or chose another channel.
INSERT INTO notice (id, kind, subject, need_id, created_at)
SELECT :id, :kind, :subject, n.id, :now FROM need n
WHERE n.id = :need_id AND n.purged_at IS NULL AND (
        n.contact_kind = 'email'
        OR EXISTS (SELECT FROM channel c WHERE c.person_id = n.id AND (c.state = 'on' OR CAST(:always AS boolean)))
    )
    AND (CAST(:always AS boolean) OR NOT n.mail_stopped) AND (n.confirmed OR CAST(:confirming AS boolean))
ON CONFLICT DO NOTHING
RETURNING id;

-- name: forget_notice(kind, subject, member_id, need_id)!
-- What was told about this, or was about to be, is overtaken: it is owed anew.
DELETE FROM notice WHERE kind = :kind AND subject = :subject
    AND member_id IS NOT DISTINCT FROM CAST(:member_id AS uuid) AND need_id IS NOT DISTINCT FROM CAST(:need_id AS uuid);

-- name: forget_sent_notice(kind, subject, member_id, need_id)^
-- When was this told last? It may be owed anew then; one that is still on its way tells of this too.
DELETE FROM notice
WHERE kind = :kind AND subject = :subject AND state NOT IN ('owed', 'claimed')
    AND member_id IS NOT DISTINCT FROM CAST(:member_id AS uuid) AND need_id IS NOT DISTINCT FROM CAST(:need_id AS uuid)
RETURNING sent_at;

-- name: last_told(kind, subject)$
-- When did anybody last get such a message about this?
SELECT max(created_at) FROM notice WHERE kind = :kind AND subject = :subject;

-- name: call_asker_back(need_id)!
-- Whoever left a telephone number is put on the coordinators' call-back list instead.
UPDATE need SET call_back = true WHERE id = :need_id AND contact_kind = 'phone' AND NOT call_back;

-- name: claim_notice(id, now, lease_until)^
-- The claim of the one who sends it, for as long as the lease; a sender that died loses it when the lease ends.
UPDATE notice SET state = 'claimed', lease_until = :lease_until, tries = tries + 1
WHERE id = :id AND (state = 'owed' OR (state = 'claimed' AND lease_until <= :now))
RETURNING id, kind, subject, member_id, need_id, tries, created_at, channel_id;

-- name: claim_waiting_notices(id, member_id, kinds, lease_until)
-- What else this member waits for, claimed with one that is being sent; what somebody else is sending is left to them.
UPDATE notice n SET state = 'claimed', lease_until = :lease_until, tries = n.tries + 1
FROM (
    SELECT id FROM notice WHERE member_id = :member_id AND state = 'owed' AND kind = ANY (CAST(:kinds AS text[])) AND id <> :id
    ORDER BY created_at, id LIMIT 10 FOR UPDATE SKIP LOCKED
) waiting
WHERE n.id = waiting.id
RETURNING n.id, n.kind, n.subject, n.member_id, n.need_id, n.tries, n.created_at, n.channel_id;

-- name: notice_goes_by(id, channel, channel_id, detailed)!
-- On which channel its sender tries it now.
UPDATE notice SET channel = :channel, channel_id = :channel_id, detailed = :detailed WHERE id = :id AND state = 'claimed';

-- name: notice_sent(id, lease_until, now)$
-- It is with the mail server.
UPDATE notice SET state = 'sent', lease_until = NULL, sent_at = :now
WHERE id = :id AND state = 'claimed' AND lease_until = :lease_until RETURNING true;

-- name: notice_not_sent(id, lease_until, state, channel_id, tries)$
-- It is not: owed again (on this channel, or the first if none is named), failed for good, or parked after too many tries.
UPDATE notice SET state = :state, lease_until = NULL, channel_id = :channel_id, tries = :tries
WHERE id = :id AND state = 'claimed' AND lease_until = :lease_until RETURNING true;

-- name: notice_by_id(id)^
-- Which message is this, to whom, and how did it go out?
SELECT id, kind, subject, member_id, need_id, state, channel FROM notice WHERE id = :id;

-- name: notices_of_mail(id)
-- What was told in the same mail as this: a digest is marked sent at one moment.
SELECT t.id, t.kind, t.subject, t.member_id, t.need_id, t.tries, t.created_at, t.channel_id
FROM notice k CROSS JOIN LATERAL (
    SELECT k.id
    UNION SELECT o.id
    FROM (SELECT id FROM ask WHERE member_id = k.member_id UNION ALL SELECT group_id FROM membership WHERE member_id = k.member_id) about
    JOIN notice o ON o.kind IN ('ask', 'ask_covered', 'admitted') AND o.subject = about.id AND o.member_id = k.member_id AND o.sent_at = k.sent_at
) same JOIN notice t ON t.id = same.id
WHERE k.id = :id AND t.channel = 'email' AND t.state = 'sent' ORDER BY t.created_at, t.id;

-- name: notice_came_back(id, state, channel_id)$
-- A mail server had taken it, and says that it never arrives: owed again on this channel, or failed.
UPDATE notice SET state = :state, channel_id = :channel_id, tries = 0, sent_at = NULL
WHERE id = :id AND state = 'sent' AND channel = 'email' RETURNING true;

-- name: revive_notices()
-- Owes every parked message again from the beginning; returns which.
UPDATE notice SET state = 'owed', tries = 0 WHERE state = 'parked' RETURNING id;

-- name: count_notices()
-- How many messages are in each state but sent.
SELECT state, count(*) AS count FROM notice WHERE state <> 'sent' GROUP BY state;

-- name: ask_was_sent(id, now)$
-- The volunteer has been written to, whatever became of the ask meanwhile.
UPDATE ask SET sent_at = :now, state = CASE WHEN state = 'planned' THEN 'sent' ELSE state END
WHERE id = :id AND sent_at IS NULL
RETURNING state;

-- name: ask_never_arrived(id, now)$
-- The message cannot be delivered: the volunteer is free again, and the need looks for others.
UPDATE ask SET state = 'cancelled', answered_at = :now WHERE id = :id AND state IN ('planned', 'sent') RETURNING need_id;

-- name: recipient(id)^
-- Where a member, or whoever asked for this need, is written to, and in which language.
SELECT 'member' AS record, id, contact_kind, sealed_contact, locale, time_zone, mail_stopped, confirmed, false AS held, digest_at,
    quiet_from, quiet_until, urgent_any_hour
FROM member WHERE id = :id
UNION ALL
SELECT 'need', n.id, n.contact_kind, n.sealed_contact, n.locale, z.time_zone, n.mail_stopped, n.confirmed, n.state = 'held', NULL,
    n.quiet_from, n.quiet_until, false
FROM need n JOIN zone z ON z.code = n.zone_code WHERE n.id = :id;

-- name: need_of_notice(id)^
-- When the help is needed that a message is about, and how urgently, if it is about any.
SELECT n.needed_by, n.urgency FROM notice k LEFT JOIN ask a ON a.id = k.subject LEFT JOIN match t ON t.id = k.subject
JOIN need n ON n.id = coalesce(k.need_id, t.need_id, a.need_id) WHERE k.id = :id;

-- name: language_names(tag)^
-- What this language is called, by itself and in the languages of the interface.
SELECT tag, endonym, name_en, name_fr, name_zh FROM language WHERE tag = :tag;

-- name: ask_facts(id, member_id)^
-- What a message about an ask may say to whom it was made, and whether it still makes sense.
SELECT a.state, a.language, a.terms, n.state AS need_state, n.category, n.needed_by, z.time_zone, t.state AS match_state
FROM ask a JOIN need n ON n.id = a.need_id JOIN zone z ON z.code = n.zone_code LEFT JOIN match t ON t.ask_id = a.id WHERE a.id = :id AND a.member_id = :member_id;

-- name: match_facts(id, member_id, need_id)^
-- The same of a match, to its helper or its asker: its ask makes the helper's link.
SELECT t.state, t.ask_id, t.need_id, n.state AS need_state, n.purged_at FROM match t JOIN need n ON n.id = t.need_id
WHERE t.id = :id AND (t.member_id = :member_id OR t.need_id = :need_id);

-- name: agreed_facts(id, member_id)^
-- What a helper agreed to, as it stands now; kilometres between the two zones where distance matters.
SELECT t.state, t.ask_id, t.need_id, t.accepted_at, n.category, n.needed_by, n.helpers, z.time_zone, c.remote, near.km
FROM match t JOIN need n ON n.id = t.need_id JOIN zone z ON z.code = n.zone_code JOIN category c ON c.slug = n.category
JOIN offer o ON o.id = t.offer_id LEFT JOIN zone_near near ON near.zone_code = o.zone_code AND near.near_code = n.zone_code
WHERE t.id = :id AND t.member_id = :member_id;

-- name: need_facts(id)^
-- The same of a need.
SELECT state, confirmed, expires_at, purged_at FROM need WHERE id = :id;

-- name: membership_state(group_id, member_id)$
-- Is this member awaiting, admitted or suspended in this group?
SELECT state FROM membership WHERE group_id = :group_id AND member_id = :member_id;

-- name: stop_mail_to_asker(id)!
-- No more messages about this need, but a link that was asked for.
UPDATE need SET mail_stopped = true WHERE id = :id AND NOT mail_stopped;

-- name: restart_mail_to_asker(id)!
-- They want to hear about it again.
UPDATE need SET mail_stopped = false WHERE id = :id AND mail_stopped;

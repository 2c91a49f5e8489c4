-- name: add_report(id, group_id, need_id, match_id, member_id, author, cause, urgent, sealed_text, now, due_at, kept_until)$
-- One of two people says that something is wrong with the other; again before it is decided adds nothing.
INSERT INTO review (id, group_id, kind, need_id, match_id, member_id, author, cause, urgent, sealed_text, opened_at, due_at, kept_until)
VALUES (:id, :group_id, 'report', :need_id, :match_id, :member_id, :author, :cause, :urgent, :sealed_text, :now, :due_at, :kept_until)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: group_of_offer(offer_id)$
-- To which group does this offer belong?
SELECT group_id FROM offer WHERE id = :offer_id;

-- name: reviews_of_group(group_id, by)
-- What waits for this group, the soonest due first; not what is about whoever looks.
SELECT r.*, n.category, n.state AS need_state, n.group_id AS need_group_id, n.time_zone, o.sealed_name AS owner_sealed_name
FROM review r CROSS JOIN LATERAL need_of_review(r.id) n LEFT JOIN member o ON o.id = r.owner_id
WHERE r.group_id = :group_id AND r.state IN ('open', 'appealed') AND may_judge(r.id, :by) ORDER BY r.due_at, r.id;

-- name: count_reviews(group_id, by, now)^
-- How many wait, and how many of them for too long?
SELECT count(*) AS waiting, count(*) FILTER (WHERE due_at <= :now) AS late
FROM review r WHERE r.group_id = :group_id AND r.state IN ('open', 'appealed') AND may_judge(r.id, :by);

-- name: review_by_id(id, group_id, by)^
-- One of them, if whoever looks may judge it.
SELECT r.*, n.category, n.urgency, n.state AS need_state, n.group_id AS need_group_id, n.needed_by, n.expires_at, n.time_zone,
    o.sealed_name AS owner_sealed_name, p.sealed_name AS helper_sealed_name, own.sealed_name AS asker_sealed_name, t.state AS match_state
FROM review r CROSS JOIN LATERAL need_of_review(r.id) n LEFT JOIN need own ON own.id = r.need_id
LEFT JOIN member o ON o.id = r.owner_id LEFT JOIN member p ON p.id = r.member_id LEFT JOIN match t ON t.id = r.match_id
WHERE r.id = :id AND r.group_id = :group_id AND may_judge(r.id, :by);

-- name: tell_of_held(need_id)!
-- Of a need that is held, its review came with it: those who may judge it are to hear of it.
INSERT INTO promise (job, subject, due_at) SELECT 'tell_staff', id, opened_at FROM review WHERE need_id = :need_id AND state = 'open'
ON CONFLICT DO NOTHING;

-- name: waiting_review(id)^
-- Does it wait still, for whom, since when (an appeal is due after 72 hours), and until when should somebody have looked?
SELECT group_id, CASE state WHEN 'appealed' THEN due_at - interval '72 hours' ELSE opened_at END AS since, due_at FROM review WHERE id = :id AND state IN ('open', 'appealed');

-- name: judges_of_review(id)
-- Who of its group may look at it?
SELECT DISTINCT s.member_id FROM review r JOIN staff s ON s.group_id = r.group_id
WHERE r.id = :id AND may_judge(r.id, s.member_id) ORDER BY s.member_id;

-- name: take_review(id, group_id, by)$
-- Somebody looks at it; whoever took it before hands it on.
UPDATE review SET owner_id = :by
WHERE id = :id AND group_id = :group_id AND state IN ('open', 'appealed') AND may_judge(id, :by) RETURNING true;

-- name: decide_review(id, group_id, by, action, sealed_reason, kept_until, now)$
-- Once; after an appeal once more, by another person.
UPDATE review SET state = CASE state WHEN 'appealed' THEN 'settled' ELSE 'decided' END, action = :action, decided_by = :by, decided_at = :now,
    owner_id = :by, sealed_reason = :sealed_reason, kept_until = least(kept_until, CAST(:kept_until AS timestamptz))
WHERE id = :id AND group_id = :group_id AND state IN ('open', 'appealed') AND may_judge(id, :by) RETURNING state;

-- name: appeal_review(id, need_id, member_id, sealed_appeal, now, due_at)$
-- One appeal, by who asked for it or, of a suspension, by who was suspended; while what was said is still there.
UPDATE review SET state = 'appealed', first_decided_by = decided_by, decided_by = NULL, decided_at = NULL, owner_id = NULL, sealed_appeal = :sealed_appeal,
    due_at = :due_at, kept_until = opened_at + interval '90 days'
WHERE id = :id AND state = 'decided' AND purged_at IS NULL AND opened_at + interval '90 days' > CAST(:now AS timestamptz) AND kept_until > CAST(:now AS timestamptz)
  AND action NOT IN ('withdrawn', 'lapsed')
  AND NOT EXISTS (  -- said again meanwhile, and that one waits already
    SELECT FROM review newer WHERE newer.need_id = review.need_id AND newer.match_id IS NOT DISTINCT FROM review.match_id
      AND newer.author IS NOT DISTINCT FROM review.author AND newer.state IN ('open', 'appealed'))
  AND ((need_id = CAST(:need_id AS uuid) AND (kind = 'held' OR author = 'asker' OR action = 'closed'))
    OR (member_id = CAST(:member_id AS uuid) AND (author = 'helper' OR action = 'suspended')))
RETURNING kept_until;

-- name: reviews_of_need(need_id)
-- What the asker may know of: what they reported, and what was decided about their need.
SELECT id, kind, match_id, author, cause, state, action, opened_at, due_at, kept_until FROM review
WHERE need_id = :need_id AND (kind = 'held' OR author = 'asker' OR action = 'closed') AND purged_at IS NULL ORDER BY opened_at;

-- name: reviews_of_member(member_id)
-- What a volunteer may know of: what they reported, and why they were suspended.
SELECT r.id, r.kind, r.match_id, r.author, r.cause, r.state, r.action, r.opened_at, r.due_at, r.kept_until, n.category, g.name AS group_name
FROM review r JOIN need n ON n.id = r.need_id JOIN care_group g ON g.id = r.group_id
WHERE r.member_id = :member_id AND (r.author = 'helper' OR r.action = 'suspended') AND r.purged_at IS NULL ORDER BY r.opened_at;

-- name: need_kept_until(need_id, now)$
-- Until when does a report keep what is known of this need? None: it does not. The first one begins the 90 days, and none later
-- makes them longer. (Of one whose words are gone the moment is that of its week: the days end sooner, never later.)
SELECT k.kept FROM (
    SELECT least(max(r.kept_until) FILTER (WHERE r.kept_until > :now AND r.purged_at IS NULL), min(r.opened_at) + interval '90 days') AS kept
    FROM review r WHERE r.need_id = :need_id AND r.kind = 'report'
    HAVING count(*) FILTER (WHERE r.kept_until > :now AND r.purged_at IS NULL) > 0
) k WHERE k.kept > :now;

-- name: member_kept_until(member_id, now)$
-- The same of a volunteer, and of whoever asked as a member: by the first report of the same two, or on the need they asked for.
-- Whoever said "remove me" was shown a day: nothing that is reported later moves it.
SELECT k.kept FROM (
    SELECT least(max(least(r.kept_until, f.opened_at + interval '90 days')), (SELECT m.gone_by FROM member m WHERE m.id = :member_id)) AS kept
    FROM review r LEFT JOIN need n ON n.id = r.need_id
    CROSS JOIN LATERAL (
        SELECT min(first.opened_at) AS opened_at FROM review first
        WHERE first.need_id = r.need_id AND first.kind = 'report' AND (first.member_id = r.member_id OR n.member_id = :member_id)
    ) f
    WHERE (r.member_id = :member_id OR n.member_id = :member_id) AND r.kind = 'report' AND r.kept_until > :now AND r.purged_at IS NULL
    HAVING count(*) > 0
) k WHERE k.kept > :now;

-- name: lapse_review(id, now)$
-- The longest time is over, or what was decided stands: nothing said in it is kept.
UPDATE review SET state = CASE WHEN state IN ('open', 'appealed') THEN 'settled' ELSE state END,
    action = CASE WHEN state IN ('open', 'appealed') THEN 'lapsed' ELSE action END,
    decided_at = date_trunc('week', coalesce(decided_at, :now)), opened_at = date_trunc('week', opened_at), due_at = date_trunc('week', due_at),
    kept_until = date_trunc('week', kept_until),
    sealed_text = NULL, sealed_reason = NULL, sealed_appeal = NULL, purged_at = date_trunc('week', CAST(:now AS timestamptz))
WHERE id = :id AND kept_until <= :now AND purged_at IS NULL
RETURNING true;

-- name: release_need(id)$
-- A held need is looked for like any other.
UPDATE need SET state = 'open', held_reason = NULL WHERE id = :id AND state = 'held' RETURNING true;

-- name: reviews_left_to_nobody(before)
-- What waits for a person past its time, or whom nobody in its group may judge; the oldest first.
SELECT g.slug, r.kind, r.urgent, r.state, r.opened_at, r.due_at, v.nobody
FROM reviews_left(:before) v JOIN review r ON r.id = v.id JOIN care_group g ON g.id = r.group_id ORDER BY r.due_at, r.id;

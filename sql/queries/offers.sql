-- name: add_offer(id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, source_ref, now)$
-- What a volunteer can give; an imported one only once.
INSERT INTO offer (id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, source_ref, created_at, updated_at)
VALUES (:id, :group_id, :member_id, :categories, :languages, :zone_code, :radius_km, :reach, :hours, :source_ref, :now, :now)
ON CONFLICT (group_id, source_ref) DO NOTHING
RETURNING true;

-- name: change_offer(id, member_id, categories, languages, zone_code, radius_km, reach, hours, now)$
-- The volunteer's own offer, changed.
UPDATE offer SET categories = :categories, languages = :languages, zone_code = :zone_code, radius_km = :radius_km,
    reach = :reach, hours = :hours, updated_at = :now
WHERE id = :id AND member_id = :member_id AND state <> 'ended'
RETURNING true;

-- name: offer_of_member(id, member_id)^
-- The volunteer's own offer.
SELECT * FROM offer WHERE id = :id AND member_id = :member_id AND state <> 'ended';

-- name: offers_of_member(member_id)
-- All a volunteer offers.
SELECT o.*, g.slug AS group_slug, g.name AS group_name FROM offer o JOIN care_group g ON g.id = o.group_id
WHERE o.member_id = :member_id AND o.state <> 'ended' ORDER BY o.created_at;

-- name: rest_offers(member_id, rests_until)
-- Nothing is asked until that date.
UPDATE offer SET state = 'resting', rests_until = :rests_until
WHERE member_id = :member_id AND state IN ('active', 'resting', 'paused') RETURNING id;

-- name: resume_offers(member_id)
-- Rest is over, or was ended early.
UPDATE offer SET state = 'active', rests_until = NULL
WHERE member_id = :member_id AND state IN ('resting', 'paused') RETURNING id;

-- name: end_offer(id, member_id)$
-- The volunteer takes an offer back.
UPDATE offer SET state = 'ended', rests_until = NULL WHERE id = :id AND member_id = :member_id AND state <> 'ended' RETURNING true;

-- name: wake_rested(today)
-- Whose rest is over?
UPDATE offer SET state = 'active', rests_until = NULL WHERE state = 'resting' AND rests_until <= :today RETURNING id;

-- name: needs_an_offer_fits(offer_id, most)
-- Which open needs could this offer serve? Looser than the candidates: each need is then matched as usual.
SELECT n.id
FROM offer o
JOIN need n ON n.category = ANY (o.categories) AND n.state = 'open'
    AND (n.group_id = o.group_id OR (n.reach = 'alliance' AND o.reach = 'alliance'))
JOIN category c ON c.slug = n.category
LEFT JOIN zone_near z ON z.zone_code = o.zone_code AND z.near_code = n.zone_code
WHERE o.id = :offer_id AND o.state = 'active' AND n.hours & o.hours <> 0
  AND (c.remote OR n.zone_code = o.zone_code OR z.km <= o.radius_km + n.widened_km)
  AND EXISTS (SELECT FROM shared_languages(n.languages) s WHERE s.language = ANY (o.languages))
ORDER BY n.exhausted_at IS NULL, n.posted_at
LIMIT :most;

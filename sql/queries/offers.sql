-- name: add_offer(id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, source_ref, form_hash, now)$
-- What a volunteer can give; that of one form, or of one row of a file, only once.
INSERT INTO offer (id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, source_ref, form_hash, created_at, updated_at)
VALUES (:id, :group_id, :member_id, :categories, :languages, :zone_code, :radius_km, :reach, :hours, :source_ref, :form_hash, :now, :now)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: would_move(member_id, zone_code)$
-- Would an offer there be a move of this volunteer: admitted somewhere, with no offer in that zone, nor their latest one there if all have ended?
SELECT EXISTS (SELECT FROM membership WHERE member_id = :member_id AND state = 'admitted') AND :zone_code <> ALL (
    SELECT zone_code FROM offer WHERE member_id = :member_id AND state <> 'ended'
    UNION ALL
    (SELECT zone_code FROM offer WHERE member_id = :member_id AND NOT EXISTS (SELECT FROM offer WHERE member_id = :member_id AND state <> 'ended')
     ORDER BY updated_at DESC LIMIT 1)
);

-- name: count_move(id, since, most, now)$
-- Counts a move, if the volunteer may still move. One statement on one row: of two at once neither is one too many.
UPDATE member
SET move_times = array_append(ARRAY(SELECT t FROM unnest(move_times) t WHERE t > CAST(:since AS timestamptz)), CAST(:now AS timestamptz))
WHERE id = :id AND (SELECT count(*) FROM unnest(move_times) t WHERE t > CAST(:since AS timestamptz)) < :most
RETURNING true;

-- name: offer_of_form(form_hash)$
-- Which offer came from this form?
SELECT id FROM offer WHERE form_hash = :form_hash;

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
-- Nothing is asked until that date. What was never agreed to (paused) stays so, that rest may not end it.
UPDATE offer SET state = 'resting', rests_until = :rests_until
WHERE member_id = :member_id AND state IN ('active', 'resting') RETURNING id;

-- name: resume_offers(member_id)
-- Rest is over, or was ended early.
UPDATE offer SET state = 'active', rests_until = NULL
WHERE member_id = :member_id AND state = 'resting' RETURNING id;

-- name: switch_on_offer(id, member_id)$
-- Its own person agrees to an offer that was written down for them.
UPDATE offer SET state = 'active' WHERE id = :id AND member_id = :member_id AND state = 'paused' RETURNING true;

-- name: cancel_asks_of_offer(offer_id, now)
-- The offer is not what it was: what is out for it is taken back.
UPDATE ask SET state = 'cancelled', answered_at = :now WHERE offer_id = :offer_id AND state IN ('planned', 'sent')
RETURNING id, need_id;

-- name: offer_state(id, member_id)$
-- How does the volunteer's own offer stand?
SELECT state FROM offer WHERE id = :id AND member_id = :member_id;

-- name: end_offer(id, member_id)$
-- The volunteer takes an offer back.
UPDATE offer SET state = 'ended', rests_until = NULL WHERE id = :id AND member_id = :member_id AND state <> 'ended' RETURNING true;

-- name: wake_rested(today)
-- Whose rest is over? Only an offer that rests has a day.
UPDATE offer SET state = 'active', rests_until = NULL WHERE rests_until <= :today RETURNING id;

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

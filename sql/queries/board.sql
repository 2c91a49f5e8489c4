-- name: board_tallies(group_id, now)
-- How many open needs does this group have, by zone and by all the board counts?
SELECT n.zone_code AS zone, n.category, n.urgency, n.languages[1] AS language, n.exhausted_at IS NOT NULL AS unmet,
    CASE WHEN CAST(:now AS timestamptz) - n.posted_at < interval '1 day' THEN 'day'
         WHEN CAST(:now AS timestamptz) - n.posted_at < interval '3 days' THEN 'three_days'
         WHEN CAST(:now AS timestamptz) - n.posted_at < interval '7 days' THEN 'week'
         ELSE 'older' END AS age,
    CAST(count(*) AS int) AS needs
FROM need n WHERE n.group_id = :group_id AND n.state = 'open' AND n.expires_at > :now
GROUP BY 1, 2, 3, 4, 5, 6;

-- name: board_places(zones, layer)
-- Province of these zones, and region of one layer. A zone in several regions counts in the one that holds most of it,
-- so that each need is counted once and the list behind a number is as long as the number.
SELECT z.code AS zone, z.name_en, z.name_fr, z.kind, z.province, p.name_en AS province_en, p.name_fr AS province_fr,
    coalesce(r.code, p.code) AS region, coalesce(r.name_en, p.name_en) AS region_en, coalesce(r.name_fr, p.name_fr) AS region_fr
FROM zone z
JOIN zone p ON p.code = z.province
LEFT JOIN LATERAL (
    SELECT r.code, r.name_en, r.name_fr FROM zone_region l JOIN region r ON r.id = l.region_id
    WHERE l.zone_code = z.code AND r.region_set = :layer ORDER BY l.weight DESC, r.code LIMIT 1
) r ON true
WHERE z.code = ANY (CAST(:zones AS text[]));

-- name: board_needs(group_id, now)
-- The needs behind the numbers, those without anyone left to ask first, then the oldest.
SELECT n.id, n.zone_code AS zone, n.category, n.urgency, n.languages[1] AS language, n.exhausted_at IS NOT NULL AS unmet,
    CASE WHEN CAST(:now AS timestamptz) - n.posted_at < interval '1 day' THEN 'day'
         WHEN CAST(:now AS timestamptz) - n.posted_at < interval '3 days' THEN 'three_days'
         WHEN CAST(:now AS timestamptz) - n.posted_at < interval '7 days' THEN 'week'
         ELSE 'older' END AS age,
    n.posted_at, n.needed_by, n.helpers, n.filled, z.name_en AS zone_name_en, z.name_fr AS zone_name_fr, z.time_zone
FROM need n JOIN zone z ON z.code = n.zone_code
WHERE n.group_id = :group_id AND n.state = 'open' AND n.expires_at > :now
ORDER BY n.exhausted_at IS NULL, n.posted_at;

-- name: call_backs(group_id)
-- Who waits for a coordinator's call?
SELECT n.id, n.category, n.state, n.confirmed, n.sealed_name, n.posted_at, n.languages, z.time_zone
FROM need n JOIN zone z ON z.code = n.zone_code
WHERE n.group_id = :group_id AND n.call_back AND n.purged_at IS NULL ORDER BY n.posted_at;

-- name: number_to_call(id, group_id)^
-- The number of somebody whom a call is due to.
SELECT sealed_contact, confirmed FROM need
WHERE id = :id AND group_id = :group_id AND call_back AND contact_kind = 'phone' AND purged_at IS NULL;

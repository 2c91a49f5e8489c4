-- name: wanted_needs(ids)
-- What recruiting has to know of these needs.
SELECT n.id, n.group_id, n.category, c.remote, n.languages, n.zone_code AS zone, coalesce(r.code, z.province) AS region, z.town, n.widened_km
FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
LEFT JOIN LATERAL (
    SELECT r.code FROM zone_region l JOIN region r ON r.id = l.region_id
    WHERE l.zone_code = z.code AND r.region_set = 'urban-areas' ORDER BY l.weight DESC, r.code LIMIT 1
) r ON true
WHERE n.id = ANY (CAST(:ids AS uuid[]));

-- name: asks_out_about(ids)
-- Which unanswered asks are out about these needs?
SELECT need_id, member_id FROM ask WHERE need_id = ANY (CAST(:ids AS uuid[])) AND state IN ('planned', 'sent');

-- name: zones_around(zones, most_km)
-- How far apart are these zones, where that is not too far?
SELECT zone_code, near_code, km FROM zone_near
WHERE zone_code = ANY (CAST(:zones AS text[])) AND near_code = ANY (CAST(:zones AS text[])) AND km <= CAST(:most_km AS float8);

-- name: affiliations(ids)
-- In which groups do these people offer something, and is all of it shared with the alliance?
SELECT member_id, array_agg(DISTINCT group_id) AS groups, bool_and(reach = 'alliance') AS shared
FROM offer WHERE member_id = ANY (CAST(:ids AS uuid[])) AND state = 'active' GROUP BY member_id;

-- name: forget_recruiting(market, found_before)!
-- Makes room for what this solve found; nor is anything kept of a market that is no more.
DELETE FROM recruiting_line WHERE market = :market OR found_at < :found_before;

-- name: forget_standings(market, found_before)!
-- Makes room for what this solve found; nor is anything kept of a market that is no more.
DELETE FROM standing WHERE market = :market OR found_at < :found_before;

-- name: add_recruiting(market, groups, regions, zones, languages, categories, tiers, more, now)!
-- Lines of the recruiting list, one for each tier that gains.
INSERT INTO recruiting_line (market, group_id, region, zone_code, language, category, tier, more, found_at)
SELECT :market, l.*, :now FROM unnest(CAST(:groups AS uuid[]), CAST(:regions AS text[]), CAST(:zones AS text[]), CAST(:languages AS text[]),
    CAST(:categories AS text[]), CAST(:tiers AS text[]), CAST(:more AS smallint[])) l;

-- name: add_standings(market, ids, least, needs, slots, people, tasks, other_needs, other_people, now)!
-- How needs stand. One that changed its market meanwhile stands as it does here.
INSERT INTO standing (market, need_id, least_served, needs, slots, people, tasks, other_needs, other_people, found_at)
SELECT :market, s.*, :now FROM unnest(CAST(:ids AS uuid[]), CAST(:least AS boolean[]), CAST(:needs AS int[]), CAST(:slots AS int[]),
    CAST(:people AS int[]), CAST(:tasks AS int[]), CAST(:other_needs AS int[]), CAST(:other_people AS int[])) s
ON CONFLICT (need_id) DO UPDATE SET market = excluded.market, least_served = excluded.least_served, needs = excluded.needs,
    slots = excluded.slots, people = excluded.people, tasks = excluded.tasks, other_needs = excluded.other_needs,
    other_people = excluded.other_people, found_at = excluded.found_at;

-- name: standing_of_need(need_id, found_after)^
-- How did this need stand when its market was last solved?
SELECT least_served, needs, slots, people, tasks, other_needs, other_people, found_at FROM standing
WHERE need_id = :need_id AND found_at >= :found_after;

-- name: recruiting_of_group(group_id, found_after)
-- Whom should this group look for? Names of the place, and its province and region.
SELECT l.language, l.category, l.zone_code AS zone, l.found_at, a.time_zone, l.region,
    coalesce(z.province, '') AS province, coalesce(nullif(z.town, ''), z.name_en, '') AS place_en, coalesce(nullif(z.town, ''), z.name_fr, '') AS place_fr,
    coalesce(r.name_en, p.name_en, '') AS region_en, coalesce(r.name_fr, p.name_fr, '') AS region_fr,
    CAST(sum(l.more) AS int) AS more, CAST(coalesce(sum(l.more) FILTER (WHERE l.tier = 'urgent'), 0) AS int) AS urgent
FROM recruiting_line l
JOIN care_group g ON g.id = l.group_id JOIN zone a ON a.code = g.area_code
LEFT JOIN zone z ON z.code = l.zone_code
LEFT JOIN zone p ON p.code = z.province
LEFT JOIN region r ON r.region_set = 'urban-areas' AND r.code = l.region
WHERE l.group_id = :group_id AND l.found_at >= :found_after
GROUP BY l.language, l.category, l.zone_code, l.found_at, a.time_zone, l.region, z.province, z.town, z.name_en, z.name_fr, r.name_en, r.name_fr, p.name_en, p.name_fr
ORDER BY more DESC, urgent DESC, l.language, l.category, l.zone_code;

-- name: places()
-- Every postal zone with people: one of its postal areas, and the city (or else province) whose group looks after it.
SELECT z.code, z.province, z.residents, z.time_zone, (SELECT min(p.postal) FROM zone_postal p WHERE p.zone_code = z.code) AS postal,
    lower(coalesce((
        SELECT r.code FROM zone_region l JOIN region r ON r.id = l.region_id
        WHERE l.zone_code = z.code AND r.region_set = 'urban-areas' AND l.weight >= 0.5 ORDER BY l.weight DESC LIMIT 1
    ), z.province)) AS city
FROM zone z
WHERE z.kind = 'postal' AND z.residents > 0 AND EXISTS (SELECT FROM zone_postal p WHERE p.zone_code = z.code)
ORDER BY z.code;

-- name: tongues(most)
-- The spoken languages that most people in Canada know.
SELECT spoken_id, knowledge_2021 FROM language
WHERE is_spoken AND knowledge_2021 IS NOT NULL ORDER BY knowledge_2021 DESC LIMIT :most;

-- name: categories()
-- What can be asked for.
SELECT slug FROM category ORDER BY position;

-- name: groups()
-- The groups of this town.
SELECT id, slug FROM care_group ORDER BY slug;

-- name: count_offers()$
-- How many offers there are.
SELECT count(*) FROM offer;

-- name: work_due()$
-- Is a need waiting to be looked at, or a message on its way?
SELECT (SELECT count(*) FROM promise WHERE due_at <= clock_timestamp() AND job IN ('match_need', 'deliver_notice'))
    + (SELECT count(*) FROM notice WHERE state <> 'sent' AND state IN ('owed', 'claimed'));

-- name: asks_made(ids)
-- Which need was each of these asks about, and when was it planned?
SELECT id, need_id, planned_at FROM ask WHERE id = ANY (CAST(:ids AS uuid[]));

-- name: what_became(ids)
-- What became of these needs?
SELECT n.id, n.urgency, n.exhausted_at IS NOT NULL AS nobody, (SELECT count(*) FROM ask a WHERE a.need_id = n.id) AS asks
FROM need n WHERE n.id = ANY (CAST(:ids AS uuid[]));

-- name: make_floor()!
-- A table for the least that any such product must do: keep one row.
CREATE TABLE IF NOT EXISTS bench_floor (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body bytea NOT NULL);

-- name: add_to_floor(body)!
-- One row, committed.
INSERT INTO bench_floor (body) VALUES (:body);

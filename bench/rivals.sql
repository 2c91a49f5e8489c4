-- Other ways to look for people, as good systems do it; on a copy of the offers made for them, with the points of their zones.

-- name: make_rival_table()!
-- What every one of them may use: a point, degrees, a grid of integers, and how busy people are.
CREATE TABLE rival AS
SELECT o.id AS offer_id, o.member_id, o.group_id, o.reach, o.categories, o.hours, o.radius_km, z.centre AS point,
    ST_X(CAST(z.centre AS geometry)) AS lon, ST_Y(CAST(z.centre AS geometry)) AS lat,
    CAST(floor(ST_X(CAST(z.centre AS geometry)) * 20) AS int) AS cell_x, CAST(floor(ST_Y(CAST(z.centre AS geometry)) * 20) AS int) AS cell_y,
    o.languages, m.per_week, g.vetting, z.r50_km,
    (SELECT count(*) FROM unnest(m.task_times) t WHERE t > now() - interval '7 days') AS tasks
FROM offer o JOIN member m ON m.id = o.member_id JOIN zone z ON z.code = o.zone_code
JOIN membership g ON g.group_id = o.group_id AND g.member_id = o.member_id AND g.state = 'admitted'
WHERE o.state = 'active';

-- name: make_rival_indexes()!
-- The index each of them would have.
CREATE INDEX rival_point ON rival USING gist (point);
CREATE INDEX rival_degrees ON rival (lat, lon);
CREATE INDEX rival_cell ON rival (cell_x, cell_y);
CREATE TABLE rival_language AS SELECT offer_id, unnest(languages) AS language FROM rival;
ALTER TABLE rival_language ADD PRIMARY KEY (offer_id, language);
ANALYZE rival;
ANALYZE rival_language;

-- name: drop_rivals()!
-- They go with the benchmark.
DROP TABLE IF EXISTS rival, rival_language;

-- name: nearest(need_id, most)
-- The textbook: geography nearest neighbours with a tie-break.
SELECT r.member_id
FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
JOIN rival r ON n.category = ANY (r.categories) AND n.languages && r.languages AND n.hours & r.hours <> 0 AND r.vetting >= c.vetting
    AND (r.group_id = n.group_id OR r.reach = 'alliance' AND n.reach = 'alliance')
    AND ST_DWithin(r.point, z.centre, 200000) AND ST_DWithin(r.point, z.centre, r.radius_km * 1000) AND r.tasks < r.per_week
WHERE n.id = :need_id
ORDER BY r.point <-> z.centre, r.tasks, r.offer_id
LIMIT :most;

-- name: degrees_box(need_id, most)
-- A box of degrees (111 km each, both ways) with a language join; capacity is what people once said, not what is free.
SELECT r.member_id
FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
CROSS JOIN LATERAL (SELECT ST_X(CAST(z.centre AS geometry)) AS lon, ST_Y(CAST(z.centre AS geometry)) AS lat) p
JOIN rival r ON r.lat BETWEEN p.lat - 200 / 111.0 AND p.lat + 200 / 111.0 AND r.lon BETWEEN p.lon - 200 / 111.0 AND p.lon + 200 / 111.0
    AND abs(r.lat - p.lat) <= r.radius_km / 111.0 AND abs(r.lon - p.lon) <= r.radius_km / 111.0
    AND n.category = ANY (r.categories) AND n.hours & r.hours <> 0 AND r.vetting >= c.vetting AND r.per_week > 0
    AND (r.group_id = n.group_id OR r.reach = 'alliance' AND n.reach = 'alliance')
WHERE n.id = :need_id AND EXISTS (SELECT FROM rival_language l WHERE l.offer_id = r.offer_id AND l.language = ANY (n.languages))
ORDER BY r.offer_id
LIMIT :most;

-- name: integer_grid(need_id, most)
-- Cells of a twentieth of a degree (5 km, as if both ways), fairness first, then bands of 5 km.
SELECT r.member_id
FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
CROSS JOIN LATERAL (
    SELECT CAST(floor(ST_X(CAST(z.centre AS geometry)) * 20) AS int) AS x, CAST(floor(ST_Y(CAST(z.centre AS geometry)) * 20) AS int) AS y
) p
JOIN rival r ON r.cell_x BETWEEN p.x - 40 AND p.x + 40 AND r.cell_y BETWEEN p.y - 40 AND p.y + 40
    AND greatest(abs(r.cell_x - p.x), abs(r.cell_y - p.y)) * 5 <= r.radius_km
    AND n.category = ANY (r.categories) AND n.languages && r.languages AND n.hours & r.hours <> 0 AND r.vetting >= c.vetting
    AND (r.group_id = n.group_id OR r.reach = 'alliance' AND n.reach = 'alliance') AND r.tasks < r.per_week
WHERE n.id = :need_id
ORDER BY r.tasks, greatest(abs(r.cell_x - p.x), abs(r.cell_y - p.y)), r.offer_id
LIMIT :most;

-- name: every_distance(need_id, most)
-- Measure every distance, sort by the design's cost. Also the truth that the others are held against: spheroid, to 10 m.
SELECT member_id, cost FROM (
    SELECT r.member_id, min(0.60 * CASE WHEN c.remote THEN 0
            ELSE least(1, sqrt(d.km ^ 2 + CAST(z.r50_km AS float8) ^ 2 + CAST(r.r50_km AS float8) ^ 2) / greatest(r.radius_km, 2)) END
        + CASE WHEN n.languages[1] = ANY (r.languages) THEN 0 ELSE 0.25 END + 0.14 * r.tasks / r.per_week) AS cost
    FROM need n JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
    CROSS JOIN rival r
    CROSS JOIN LATERAL (SELECT CAST(CAST(round(CAST(ST_Distance(r.point, z.centre) / 1000 AS numeric), 2) AS real) AS float8) AS km OFFSET 0) d
    WHERE n.id = :need_id AND (c.remote OR d.km <= r.radius_km) AND n.category = ANY (r.categories) AND n.hours & r.hours <> 0
      AND r.vetting >= c.vetting AND r.tasks < r.per_week
      AND (r.group_id = n.group_id OR r.reach = 'alliance' AND n.reach = 'alliance')
      AND r.languages && ARRAY(SELECT s.language FROM shared_languages(n.languages) s)
    GROUP BY r.member_id
) found ORDER BY cost, member_id LIMIT :most;

-- name: zone_for_postal(postal, province)^
-- Which zone is this postal area in, or else its whole province?
SELECT code, kind, province, name_en, name_fr, r50_km, time_zone, residents
FROM zone
WHERE code = coalesce((SELECT p.zone_code FROM zone_postal p WHERE p.postal = :postal), :province);

-- name: zone_by_code(code)^
-- One zone.
SELECT code, kind, province, name_en, name_fr, r50_km, time_zone, residents FROM zone WHERE code = :code;

-- name: wider_places(code)
-- Which wider places hold (most of) this zone, narrowest first?
SELECT w.code, w.kind, w.province, w.name_en, w.name_fr, w.r50_km, w.time_zone, w.residents
FROM zone z
JOIN zone w ON w.code = z.province OR w.code IN (
    SELECT 'U-' || r.code
    FROM zone_region zr JOIN region r ON r.id = zr.region_id AND r.region_set = 'urban-areas'
    WHERE zr.zone_code = z.code AND zr.weight >= 0.5)
WHERE z.code = :code AND w.code <> z.code AND z.kind <> 'province'
ORDER BY w.r50_km;

-- name: zones_for_picker(province)
-- Which places can be chosen? A postal zone without postal areas is retired and is not among them.
SELECT z.code, z.kind, z.province, z.name_en, z.name_fr, z.town, z.r50_km, z.time_zone, z.residents
FROM zone z
WHERE (CAST(:province AS text) IS NULL OR z.province = :province)
  AND (z.kind <> 'postal' OR EXISTS (SELECT 1 FROM zone_postal p WHERE p.zone_code = z.code))
ORDER BY z.code;

-- name: postal_areas()
-- Which zone is each postal area in?
SELECT postal, zone_code FROM zone_postal ORDER BY postal;

-- name: forget_postal_areas()!
-- Clears the table before it is filled again.
DELETE FROM zone_postal;

-- name: forget_nearness()!
-- Clears the table before it is measured again.
DELETE FROM zone_near;

-- name: measure_nearness()!
-- Geodesic kilometres (spheroid) between zone centres up to 250 km, both ways, each zone at 0 from itself.
INSERT INTO zone_near (zone_code, near_code, km)
WITH pair AS MATERIALIZED (
    SELECT a.code AS a, b.code AS b, round(CAST(ST_Distance(a.centre, b.centre) / 1000 AS numeric), 2) AS km
    FROM zone a JOIN zone b ON a.code < b.code AND ST_DWithin(a.centre, b.centre, 250000)
)
SELECT a, b, km FROM pair
UNION ALL SELECT b, a, km FROM pair
UNION ALL SELECT code, code, 0 FROM zone
ORDER BY 1, 2;

-- name: gather_zones()$
-- Lists the zones around each zone anew, for candidate search.
SELECT gather_zones();

-- name: analyze_nearness()!
-- The planner must not think the table is still empty.
ANALYZE zone_near;

-- name: reference_digests()
-- Which edition of each shipped file is loaded?
SELECT name, sha256 FROM reference_data;

-- name: save_reference_digest(name, sha256)!
-- Remembers the edition just loaded.
INSERT INTO reference_data (name, sha256) VALUES (:name, :sha256)
ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256;

-- name: lock_reference_data()!
-- One process at a time loads reference data; readers are not held up.
LOCK TABLE reference_data IN SHARE ROW EXCLUSIVE MODE;

-- name: region_sets()
-- Which layers of regions are there?
SELECT slug, name_en, name_fr, reference_year, source FROM region_set ORDER BY slug;

-- name: regions_of_set(region_set)
-- The regions of one layer.
SELECT id, region_set, code, name_en, name_fr, parent_id FROM region WHERE region_set = :region_set ORDER BY code;

-- name: region_by_id(region_id)^
-- One region.
SELECT id, region_set, code, name_en, name_fr, parent_id FROM region WHERE id = :region_id;

-- name: regions_within(region_id)
-- Which regions lie in this one, one step down?
SELECT id, region_set, code, name_en, name_fr, parent_id FROM region WHERE parent_id = :region_id ORDER BY region_set, code;

-- name: zones_of_region(region_id)
-- Which zones belong to this region, and by how much?
SELECT zone_code, weight FROM zone_region WHERE region_id = :region_id ORDER BY zone_code;

-- name: save_region_set(slug, name_en, name_fr, reference_year, source)!
-- Adds or renames a layer of regions.
INSERT INTO region_set (slug, name_en, name_fr, reference_year, source) VALUES (:slug, :name_en, :name_fr, :reference_year, :source)
ON CONFLICT (slug) DO UPDATE SET name_en = excluded.name_en, name_fr = excluded.name_fr,
    reference_year = excluded.reference_year, source = excluded.source;

-- name: forget_other_regions(region_set, codes)!
-- Removes the regions of a layer that its new edition does not have.
DELETE FROM region WHERE region_set = :region_set AND NOT code = ANY (CAST(:codes AS text[]));

-- name: forget_zone_weights(region_set)!
-- Clears the links of one layer before they are made again.
DELETE FROM zone_region USING region WHERE region.id = zone_region.region_id AND region.region_set = :region_set;

-- name: zone_overlaps(region_set)
-- What share of each postal zone's outline (by area on the spheroid) lies in each region of this layer?
SELECT z.code AS zone_code, r.id AS region_id,
    CASE WHEN ST_Covers(CAST(r.outline AS geometry), CAST(z.outline AS geometry)) THEN 1
    ELSE ST_Area(CAST(ST_Intersection(CAST(z.outline AS geometry), CAST(r.outline AS geometry)) AS geography)) / ST_Area(z.outline)
    END AS share
FROM region r JOIN zone z ON z.kind = 'postal' AND z.outline && r.outline
WHERE r.region_set = :region_set
  AND ST_Intersects(CAST(r.outline AS geometry), CAST(z.outline AS geometry)) AND ST_Area(z.outline) > 0;

-- name: link_wide_zones(region_set)!
-- Urban areas and provinces belong to a region of this layer by the share of their residents in it.
WITH member AS (
    SELECT province AS wide, code, CAST(residents AS float8) AS people FROM zone WHERE kind = 'postal'
    UNION ALL
    SELECT w.code, z.code, z.residents * zr.weight
    FROM zone w JOIN region u ON w.kind = 'urban' AND u.region_set = 'urban-areas' AND w.code = 'U-' || u.code
    JOIN zone_region zr ON zr.region_id = u.id JOIN zone z ON z.code = zr.zone_code AND z.kind = 'postal'
), total AS (
    SELECT wide, sum(people) AS people FROM member GROUP BY wide
)
INSERT INTO zone_region (zone_code, region_id, weight)
SELECT m.wide, r.id, least(1, sum(m.people * zr.weight) / t.people)
FROM member m JOIN total t USING (wide) JOIN zone_region zr ON zr.zone_code = m.code
JOIN region r ON r.id = zr.region_id AND r.region_set = :region_set
WHERE t.people > 0
GROUP BY m.wide, r.id, t.people
HAVING sum(m.people * zr.weight) / t.people >= 0.01;

-- A country of people made by the server itself: bench.candidates says how many, and each draw follows from the seed.

-- name: sow(seed)!
-- The same seed draws the same people (ids apart).
SELECT setseed(:seed);

-- name: open_groups()!
-- A group for each urban area, and one for the rest of each province.
INSERT INTO care_group (slug, name, area_code)
SELECT DISTINCT ON (city) city, city, province
FROM (
    SELECT lower(coalesce((
        SELECT r.code FROM zone_region l JOIN region r ON r.id = l.region_id
        WHERE l.zone_code = z.code AND r.region_set = 'urban-areas' AND l.weight >= 0.5 ORDER BY l.weight DESC LIMIT 1
    ), z.province)) AS city, z.province
    FROM zone z WHERE z.kind = 'postal' AND z.residents > 0
) c ORDER BY city;

-- name: make_tables()!
-- The dice (places by their residents, languages by who knows them: a draw takes the first whose `upto` is not less) and those
-- who were drawn, before they are anybody's members.
CREATE TABLE place_die (upto float8 PRIMARY KEY, code text NOT NULL, province text NOT NULL, time_zone text NOT NULL, group_id uuid NOT NULL);
CREATE TABLE tongue_die (quebec boolean, upto float8, language text NOT NULL, PRIMARY KEY (quebec, upto));
CREATE UNLOGGED TABLE crowd (
    n int PRIMARY KEY, member_id uuid, offer_id uuid, zone_code text, group_id uuid, time_zone text, languages text[], categories text[],
    radius_km real, reach text, hours bigint, per_week int, tasks int, vetting int
);

-- name: make_place_die(crowded, share)!
-- The crowded zone has that share of all offers.
INSERT INTO place_die (upto, code, province, time_zone, group_id)
WITH place AS (
    SELECT z.code, z.province, z.time_zone, g.id AS group_id, z.residents
    FROM zone z
    JOIN care_group g ON g.slug = lower(coalesce((
        SELECT r.code FROM zone_region l JOIN region r ON r.id = l.region_id
        WHERE l.zone_code = z.code AND r.region_set = 'urban-areas' AND l.weight >= 0.5 ORDER BY l.weight DESC LIMIT 1
    ), z.province))
    WHERE z.kind = 'postal' AND z.residents > 0
), weighed AS (
    SELECT p.*, CASE WHEN code = :crowded THEN CAST(:share AS float8)
        ELSE (1 - CAST(:share AS float8)) * residents / sum(CASE WHEN code = :crowded THEN 0 ELSE residents END) OVER () END AS weight
    FROM place p
)
SELECT sum(weight) OVER (ORDER BY code), code, province, time_zone, group_id FROM weighed;

-- name: make_tongue_die(most)!
-- The languages most people know; English and French by province.
INSERT INTO tongue_die (quebec, upto, language)
WITH known AS (
    SELECT spoken_id, quebec, knowledge_2021, CASE spoken_id
        WHEN 'en' THEN CASE WHEN quebec THEN 0.52 ELSE 0.96 END WHEN 'fr' THEN CASE WHEN quebec THEN 0.94 ELSE 0.09 END
        ELSE knowledge_2021 / 36991981.0 END AS weight
    FROM (
        SELECT spoken_id, knowledge_2021 FROM language WHERE is_spoken AND knowledge_2021 IS NOT NULL ORDER BY knowledge_2021 DESC LIMIT :most
    ) l, (VALUES (true), (false)) q (quebec)
)
SELECT quebec, sum(weight) OVER (PARTITION BY quebec ORDER BY knowledge_2021 DESC) / sum(weight) OVER (PARTITION BY quebec), spoken_id FROM known;

-- name: draw_people(upto)!
-- One person each: where they live, what they speak (mostly the common language too, sometimes a third) and give, how far, how
-- often, and how busy they are: 30 % have no free capacity, half of the others some tasks.
INSERT INTO crowd
SELECT n, gen_random_uuid(), gen_random_uuid(), p.code, p.group_id, p.time_zone,
    ARRAY(SELECT DISTINCT t FROM unnest(ARRAY[
        own.language, CASE WHEN also < 0.9 THEN CASE WHEN p.province = 'QC' THEN 'fr' ELSE 'en' END END, CASE WHEN once < 0.15 THEN third.language END
    ]) t WHERE t IS NOT NULL),
    ARRAY(SELECT DISTINCT slugs[1 + CAST(floor(12 * c) AS int)] FROM unnest(picks[1 : 1 + CAST(floor(4 * many) AS int)]) c),
    (ARRAY[2, 5, 10, 15, 25, 50, 100, 200])[1 + width_bucket(far, ARRAY[0.10, 0.30, 0.55, 0.75, 0.88, 0.96, 0.99])],
    CASE WHEN shared < 0.5 THEN 'alliance' ELSE 'group' END,
    (ARRAY[268435455, 53687091, 254611592])[1 + width_bucket(hours, ARRAY[0.4, 0.8])],
    1 + n % 4,
    CASE WHEN busy < 0.30 THEN 1 + n % 4 WHEN busy < 0.65 THEN CAST(floor(busy * 1000) AS int) % (1 + n % 4) ELSE 0 END,
    CASE WHEN trusted < 0.6 THEN 1 ELSE 0 END
FROM (
    SELECT n, random() AS place_roll, random() AS own_roll, random() AS third_roll, random() AS also, random() AS once, random() AS many,
        ARRAY[random(), random(), random(), random()] AS picks, random() AS far, random() AS shared, random() AS hours, random() AS busy, random() AS trusted
    FROM generate_series(1, CAST(:upto AS int)) n
) r
CROSS JOIN (SELECT array_agg(slug ORDER BY position) AS slugs FROM category) s
CROSS JOIN LATERAL (SELECT * FROM place_die d WHERE d.upto >= r.place_roll ORDER BY d.upto LIMIT 1) p
CROSS JOIN LATERAL (SELECT language FROM tongue_die d WHERE d.quebec = (p.province = 'QC') AND d.upto >= r.own_roll ORDER BY d.upto LIMIT 1) own
CROSS JOIN LATERAL (SELECT language FROM tongue_die d WHERE NOT d.quebec AND d.upto >= r.third_roll ORDER BY d.upto LIMIT 1) third;

-- name: add_members()!
-- They are members, with the tasks of their week.
INSERT INTO member (id, contact_index, contact_kind, time_zone, per_week, quiet_from, quiet_until, created_at, task_times)
SELECT member_id, CAST(CAST(member_id AS text) AS bytea), 'email', time_zone, per_week, 0, 0, now() - interval '30 days',
    ARRAY(SELECT now() - (interval '6 days 22 hours') * random() FROM generate_series(1, tasks) WHERE n > 0)
FROM crowd;

-- name: add_memberships()!
-- And admitted.
INSERT INTO membership (group_id, member_id, state, vetting, created_at) SELECT group_id, member_id, 'admitted', vetting, now() FROM crowd;

-- name: add_offers(above, upto)!
-- Their offers: by the product's own triggers, or before any of them where triggers are off.
INSERT INTO offer (id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, created_at, updated_at)
SELECT offer_id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, now(), now()
FROM crowd WHERE n > :above AND n <= :upto;

-- name: turn_triggers(role)!
-- 'replica': no triggers and no foreign keys, for a crowd that is right by construction; 'origin': as always.
SELECT set_config('session_replication_role', :role, false);

-- name: age_loads()$
-- What the sweep does, all at once.
SELECT age_loads(now(), 1000000000);

-- name: stock(above, upto)!
-- What the triggers on offer do, for these people at once.
SELECT stock_offers(ARRAY(SELECT offer_id FROM crowd WHERE n > :above AND n <= :upto), true);

-- name: drop_key_index()!
-- One index less while a million offers are laid out.
DROP INDEX offer_key_of_offer;

-- name: make_key_index()!
-- And back.
CREATE INDEX offer_key_of_offer ON offer_key (offer_id);

-- name: vacuum()!
-- As autovacuum would have done in time.
VACUUM ANALYZE;

-- name: tongues_ranked(above, upto)
-- Which languages are so widely known? The first is the most widely known one.
SELECT language FROM (SELECT language, row_number() OVER (ORDER BY upto) AS rank FROM tongue_die WHERE NOT quebec) t
WHERE rank > :above AND rank <= :upto ORDER BY rank;

-- name: add_needs(zone, tongues, seed, count)
-- Needs of people who live as the volunteers do and speak one of these languages; every second one also takes the common
-- language. All categories in turn; half for the whole alliance.
INSERT INTO need (id, group_id, category, zone_code, languages, urgency, helpers, needed_by, hours, reach, locale, contact_kind, posted_at, expires_at)
SELECT gen_random_uuid(), c.group_id, (SELECT slug FROM category WHERE position = 1 + c.number % 12), c.zone_code,
    CASE WHEN c.number / 2 % 2 = 0 OR c.first IN ('en', 'fr') THEN ARRAY[c.first] ELSE ARRAY[c.first, 'en'] END,
    'medium', 1, now() + interval '4 days', 268435455, CASE WHEN c.number / 24 % 2 = 0 THEN 'group' ELSE 'alliance' END,
    'en', 'code', now(), now() + interval '7 days'
FROM (
    SELECT *, CAST(row_number() OVER (ORDER BY dice) AS int) AS number,
        (SELECT min(t) FROM unnest(languages) t WHERE t = ANY (CAST(:tongues AS text[]))) AS first
    FROM (
        SELECT *, md5(CAST(n AS text) || CAST(:seed AS text)) AS dice FROM crowd
        WHERE languages && CAST(:tongues AS text[]) AND (CAST(:zone AS text) = '' OR zone_code = :zone)
        ORDER BY dice LIMIT :count
    ) d
) c
RETURNING id;

-- name: need_at(postal, language)$
-- Groceries at this postal area's zone, for the whole alliance.
INSERT INTO need (id, group_id, category, zone_code, languages, urgency, helpers, needed_by, hours, reach, locale, contact_kind, posted_at, expires_at)
SELECT gen_random_uuid(), p.group_id, 'groceries', p.code, ARRAY[CAST(:language AS text)], 'medium', 1, now() + interval '4 days', 268435455, 'alliance',
    'en', 'code', now(), now() + interval '7 days'
FROM zone_postal z JOIN place_die p ON p.code = z.zone_code WHERE z.postal = :postal
RETURNING id;

-- name: best(need_ids, most)
-- Ours.
SELECT need_id, member_id, cost, next_cost FROM best_candidates(CAST(:need_ids AS uuid[]), :most, 5, now());

-- name: write_offers(count)!
-- So many offers change how far their people would go.
UPDATE offer SET radius_km = CASE WHEN radius_km = 10 THEN 15 ELSE 10 END
WHERE id IN (SELECT offer_id FROM crowd ORDER BY md5(CAST(n AS text)) LIMIT :count);

-- name: forget_offers(upto)!
-- Of these people, so that they can be added again.
DELETE FROM offer WHERE id IN (SELECT offer_id FROM crowd WHERE n <= :upto);

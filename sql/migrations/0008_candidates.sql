-- Candidate search at a hundred thousand offers: what can be decided without the person lies beside the key, in the
-- index itself, and people are looked at one by one from the cheapest on, until enough are found.

ALTER TABLE offer_key
    ADD COLUMN group_id uuid,
    ADD COLUMN shared boolean,   -- the offer may serve any group of the alliance
    ADD COLUMN radius_km real,
    ADD COLUMN hours bigint;

-- A key of remote help has no zone (''): its offers lie in one stretch of the index, in the order of their ids.
CREATE OR REPLACE FUNCTION keep_offer_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM offer_key WHERE offer_id = NEW.id;
    IF NEW.state = 'active' THEN
        INSERT INTO offer_key (category, language, zone_code, offer_id, group_id, shared, radius_km, hours)
        SELECT DISTINCT c, l, CASE WHEN (SELECT remote FROM category WHERE slug = c) THEN '' ELSE NEW.zone_code END,
            NEW.id, NEW.group_id, NEW.reach = 'alliance', NEW.radius_km, NEW.hours
        FROM unnest(NEW.categories) c, unnest(NEW.languages) l;
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER offer_keeps_its_keys ON offer;
CREATE TRIGGER offer_keeps_its_keys
    AFTER INSERT OR UPDATE OF state, group_id, categories, languages, zone_code, radius_km, reach, hours ON offer
    FOR EACH ROW EXECUTE FUNCTION keep_offer_key();

UPDATE offer_key k
SET zone_code = CASE WHEN c.remote THEN '' ELSE k.zone_code END,
    group_id = o.group_id, shared = o.reach = 'alliance', radius_km = o.radius_km, hours = o.hours
FROM offer o, category c WHERE o.id = k.offer_id AND c.slug = k.category;
DELETE FROM offer_key WHERE group_id IS NULL;  -- of a category we do not know: nobody can ask for it
ALTER TABLE offer_key
    ALTER COLUMN group_id SET NOT NULL,
    ALTER COLUMN shared SET NOT NULL,
    ALTER COLUMN radius_km SET NOT NULL,
    ALTER COLUMN hours SET NOT NULL,
    DROP CONSTRAINT offer_key_pkey,
    ADD PRIMARY KEY (category, language, zone_code, offer_id) INCLUDE (group_id, shared, radius_km, hours);

-- Whom could this need be asked of, by the design's hard constraints? All, or those among whom the `most` cheapest
-- that may be asked now certainly are. `floor` is what the cost is at least, before anything is known of the person;
-- offers come in its order, so that once enough cost no more than the next one's floor, nobody later can be cheaper.
-- Among equals whose id follows the need's comes first, around the circle: another need begins with other people.
CREATE FUNCTION candidates(wanted uuid, cap int, most int, at timestamptz)
RETURNS TABLE (
    offer_id uuid, member_id uuid, group_id uuid, km real, need_r50_km real, offer_r50_km real, radius_km real,
    language text, second_language boolean, load float8, asks_last_week bigint, weekly_asks int, outstanding boolean,
    time_zone text, quiet_from smallint, quiet_until smallint, urgent_any_hour boolean, cost float8
)
LANGUAGE plpgsql STABLE
-- Planning anew for each need takes longer than finding the people; OFFSET 0 keeps the planner from turning the walk around.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET max_parallel_workers_per_gather = 0
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    n record;
    one record;
    week_ago timestamptz := at - interval '7 days';
    free float8[] := '{}';  -- costs of those who may be asked now
BEGIN
    SELECT d.*, c.remote, c.vetting AS vetting_needed, z.r50_km AS need_r50_km INTO n
    FROM need d JOIN category c ON c.slug = d.category JOIN zone z ON z.code = d.zone_code WHERE d.id = wanted;
    FOR one IN
        WITH shared AS MATERIALIZED (  -- the best first, each with those before it
            SELECT language, first, coalesce(array_agg(language) OVER best, '{}') AS better, row_number() OVER best AS rank
            FROM shared_languages(n.languages)
            WINDOW best AS (ORDER BY first DESC, array_position(n.languages, language), language ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ), stretch AS MATERIALIZED (  -- of ids, around the circle
            SELECT s.*, h.lowest, h.highest FROM shared s
            CROSS JOIN (VALUES
                (1, n.id, CAST('ffffffff-ffff-ffff-ffff-ffffffffffff' AS uuid)), (2, CAST('00000000-0000-0000-0000-000000000000' AS uuid), n.id)
            ) h (half, lowest, highest)
            ORDER BY s.rank, h.half
        )
        SELECT k.offer_id, k.language, k.first, k.km, k.floor, p.*
        FROM (
            (
                SELECT b.offer_id, b.language, b.first, b.km, CAST('{}' AS text[]) AS better,
                    0.60 * least(1.0, sqrt(power(CAST(b.km AS float8), 2) + power(n.need_r50_km, 2) + power(b.r50_km, 2)) / greatest(b.radius_km, 2))
                        + 0.25 * CAST(NOT b.first AS int) AS floor
                FROM (
                    SELECT DISTINCT ON (k.offer_id) k.offer_id, s.language, s.first, near.km, near.r50_km, k.radius_km
                    FROM shared s
                    CROSS JOIN (
                        SELECT e.near_code, e.km, z.r50_km FROM zone_near e JOIN zone z ON z.code = e.near_code WHERE e.zone_code = n.zone_code
                    ) near
                    CROSS JOIN LATERAL (
                        SELECT k.offer_id, k.radius_km FROM offer_key k
                        WHERE k.category = n.category AND k.language = s.language AND k.zone_code = near.near_code
                          AND (k.group_id = n.group_id OR (k.shared AND n.reach = 'alliance')) AND k.hours & n.hours <> 0
                          AND (near.km = 0 OR near.km <= k.radius_km + n.widened_km)
                        OFFSET 0  -- from zones to keys: never through all keys of a category
                    ) k
                    ORDER BY k.offer_id, s.rank
                ) b
                WHERE NOT n.remote
                ORDER BY floor, b.offer_id < n.id, b.offer_id
            )
            UNION ALL
            (
                SELECT k.offer_id, s.language, s.first, NULL, s.better, 0.25 * CAST(NOT s.first AS int)
                FROM stretch s
                CROSS JOIN LATERAL (
                    SELECT k.offer_id FROM offer_key k
                    WHERE k.category = n.category AND k.language = s.language AND k.zone_code = '' AND k.offer_id BETWEEN s.lowest AND s.highest
                      AND (k.group_id = n.group_id OR (k.shared AND n.reach = 'alliance')) AND k.hours & n.hours <> 0
                    ORDER BY k.offer_id OFFSET 0
                ) k
                WHERE n.remote
            )
            OFFSET 0
        ) k
        CROSS JOIN LATERAL (
            SELECT o.member_id, o.group_id, o.radius_km, z.r50_km, m.time_zone, m.quiet_from, m.quiet_until, m.urgent_any_hour,
                least(1.0, used.tasks / CAST(m.per_week AS float8)) AS load, used.asks, coalesce(m.weekly_asks, cap) AS weekly_asks,
                EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = (n.urgency = 'urgent') AND a.state IN ('planned', 'sent')) AS outstanding
            FROM offer o
            JOIN zone z ON z.code = o.zone_code
            JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email'
            JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state = 'admitted' AND s.vetting >= n.vetting_needed
            CROSS JOIN LATERAL (
                SELECT (SELECT count(*) FROM unnest(m.task_times) t WHERE t > week_ago) AS tasks,
                       (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > week_ago) AS asks
            ) used
            WHERE o.id = k.offer_id AND o.state = 'active' AND NOT o.languages && k.better AND used.tasks < m.per_week
              AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
              AND NOT EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id AND (a.round = n.round OR a.state IN ('accepted', 'declined', 'planned', 'sent')))
              AND NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))
            OFFSET 0
        ) p
    LOOP
        EXIT WHEN cardinality(free) >= most AND (SELECT count(*) FROM unnest(free) f WHERE f <= one.floor) >= most;
        offer_id := one.offer_id; member_id := one.member_id; group_id := one.group_id;
        km := one.km; need_r50_km := n.need_r50_km; offer_r50_km := one.r50_km; radius_km := one.radius_km;
        language := one.language; second_language := NOT one.first;
        load := one.load; asks_last_week := one.asks; weekly_asks := one.weekly_asks; outstanding := one.outstanding;
        time_zone := one.time_zone; quiet_from := one.quiet_from; quiet_until := one.quiet_until; urgent_any_hour := one.urgent_any_hour;
        cost := one.floor + 0.14 * one.load;
        IF NOT outstanding AND asks_last_week < weekly_asks THEN
            free := free || cost;
        END IF;
        RETURN NEXT;
    END LOOP;
END $$;

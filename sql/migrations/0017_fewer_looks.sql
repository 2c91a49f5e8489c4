-- The search of 0010 with fewer looks, each with less to set up; and steps that nothing lies on any more are forgotten. The rules
-- are the same. `load_horizon.done_to` is the last id of all once that was done.

-- Writers look each thing up by itself (OFFSET 0): a plan made while a table was empty would go through all of it, for every row.
CREATE OR REPLACE FUNCTION stock_offers(offers uuid[], afresh boolean DEFAULT false) RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    until timestamptz;
    laid record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;  -- before the horizon is read: age_loads waits for us, or we see its new one
    SELECT next_until INTO until FROM load_horizon;
    -- Before any key is touched: whoever changes a person's load meanwhile waits for us, or we for them.
    PERFORM FROM member m WHERE m.id = ANY (ARRAY(
        SELECT o.member_id FROM unnest(offers) i (id) CROSS JOIN LATERAL (SELECT o.member_id FROM offer o WHERE o.id = i.id OFFSET 0) o
    )) ORDER BY m.id FOR SHARE;
    IF NOT afresh THEN
        DELETE FROM offer_key WHERE offer_id = ANY (offers);
    END IF;
    INSERT INTO offer_shelf (audience, category, language)
    SELECT a, c, l
    FROM (
        SELECT DISTINCT a, c, l
        FROM unnest(offers) i (id)
        CROSS JOIN LATERAL (SELECT * FROM offer o WHERE o.id = i.id AND o.state = 'active' OFFSET 0) o
        CROSS JOIN LATERAL unnest(CASE WHEN o.reach = 'alliance' THEN ARRAY[o.group_id, '00000000-0000-0000-0000-000000000000'] ELSE ARRAY[o.group_id] END) a
        CROSS JOIN LATERAL unnest(o.categories) c CROSS JOIN LATERAL unnest(o.languages) l
        ORDER BY 1, 2, 3 OFFSET 0
    ) s
    WHERE NOT EXISTS (SELECT FROM offer_shelf h WHERE h.audience = a AND h.category = c AND h.language = l OFFSET 0)
    ON CONFLICT DO NOTHING;
    WITH added AS (
        INSERT INTO offer_key (shelf, zone, step, offer_id, member_id, group_id, vetting, radius_km, hours)
        SELECT DISTINCT h.id, CASE WHEN c.remote THEN 0 ELSE z.number END,
            CASE WHEN c.remote THEN 0 ELSE 64 * radius_step(o.radius_km) END + m.load,
            o.id, o.member_id, o.group_id, m.vetting, o.radius_km, o.hours
        FROM unnest(offers) i (id)
        CROSS JOIN LATERAL (SELECT * FROM offer o WHERE o.id = i.id AND o.state = 'active' OFFSET 0) o
        CROSS JOIN LATERAL (
            SELECT g.vetting, CASE WHEN m.task_times = '{}' THEN 0 ELSE
                least(60, 60 * (SELECT CAST(count(*) AS int) FROM unnest(m.task_times) t WHERE t > until - interval '7 days') / m.per_week) END AS load
            FROM member m
            CROSS JOIN LATERAL (
                SELECT g.vetting FROM membership g WHERE g.group_id = o.group_id AND g.member_id = o.member_id AND g.state = 'admitted' OFFSET 0
            ) g
            WHERE m.id = o.member_id OFFSET 0
        ) m
        LEFT JOIN LATERAL (SELECT number FROM zone_around z WHERE z.zone_code = o.zone_code OFFSET 0) z ON true
        CROSS JOIN LATERAL unnest(CASE WHEN o.reach = 'alliance' THEN ARRAY[o.group_id, '00000000-0000-0000-0000-000000000000'] ELSE ARRAY[o.group_id] END) a
        CROSS JOIN LATERAL unnest(o.categories) slug CROSS JOIN LATERAL unnest(o.languages) l
        CROSS JOIN LATERAL (SELECT remote FROM category c WHERE c.slug = slug.slug OFFSET 0) c
        CROSS JOIN LATERAL (SELECT id FROM offer_shelf h WHERE h.audience = a AND h.category = slug AND h.language = l OFFSET 0) h
        ORDER BY 1, 2, 3, 4
        RETURNING shelf, zone, step
    )
    SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO laid
    FROM (SELECT DISTINCT shelf, zone, step FROM added OFFSET 0) a
    WHERE NOT EXISTS (SELECT FROM offer_step s WHERE s.shelf = a.shelf AND s.zone = a.zone AND s.step = a.step OFFSET 0);
    IF laid.shelves IS NOT NULL THEN
        PERFORM raise_steps(laid.shelves, laid.zones, laid.steps);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION restep_members(members uuid[]) RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    until timestamptz;
    these record;
    laid record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;
    SELECT next_until INTO until FROM load_horizon;
    FOR these IN
        SELECT m.load, array_agg(o.id) AS offers
        FROM unnest(members) i (id)
        CROSS JOIN LATERAL (
            SELECT least(60, 60 * (SELECT CAST(count(*) AS int) FROM unnest(m.task_times) t WHERE t > until - interval '7 days') / m.per_week) AS load
            FROM member m WHERE m.id = i.id OFFSET 0
        ) m
        CROSS JOIN LATERAL (SELECT o.id FROM offer o WHERE o.member_id = i.id AND o.state = 'active' OFFSET 0) o
        GROUP BY m.load
    LOOP
        WITH moved AS (
            UPDATE offer_key k SET step = k.step / 64 * 64 + these.load
            WHERE k.offer_id = ANY (these.offers) AND k.step % 64 <> these.load
            RETURNING k.shelf, k.zone, k.step
        )
        SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO laid
        FROM (SELECT DISTINCT shelf, zone, step FROM moved OFFSET 0) a
        WHERE NOT EXISTS (SELECT FROM offer_step s WHERE s.shelf = a.shelf AND s.zone = a.zone AND s.step = a.step OFFSET 0);
        IF laid.shelves IS NOT NULL THEN
            PERFORM raise_steps(laid.shelves, laid.zones, laid.steps);
        END IF;
    END LOOP;
END $$;

-- Moves the horizon on, `most` people at a time, one transaction each; true while there is more to do. Loads known by the new
-- horizon are no more than by the old one, so they may be written while the search still trusts the old one. At the end steps
-- that nothing lies on any more are forgotten; for these moments writers wait, so that none counts on a step that goes.
CREATE OR REPLACE FUNCTION age_loads(at timestamptz, most int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    h load_horizon;
    members uuid[];
    tidied uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
BEGIN
    SELECT * INTO h FROM load_horizon FOR UPDATE;
    IF h.next_until < at + interval '1 day' THEN
        LOCK TABLE offer_key IN SHARE MODE;  -- until nobody writes by the old one any more
        UPDATE load_horizon SET next_until = at + interval '2 days', done_to = '00000000-0000-0000-0000-000000000000';
        RETURN true;
    ELSIF h.valid_until < h.next_until THEN
        members := ARRAY(SELECT id FROM member WHERE id > h.done_to ORDER BY id LIMIT most);
        PERFORM restep_members(ARRAY(SELECT id FROM member WHERE id = ANY (members) AND task_times <> '{}'));
        UPDATE load_horizon SET
            done_to = coalesce(members[cardinality(members)], done_to),
            valid_until = CASE WHEN cardinality(members) < most THEN next_until ELSE valid_until END;
        RETURN true;
    ELSIF h.done_to <> tidied THEN
        LOCK TABLE offer_key IN SHARE MODE;
        DELETE FROM offer_step s WHERE NOT EXISTS (SELECT FROM offer_key k WHERE k.shelf = s.shelf AND k.zone = s.zone AND k.step = s.step);
        UPDATE load_horizon SET done_to = tidied;
    END IF;
    RETURN false;
END $$;

-- For each of these needs the `most` people whom the design's hard constraints allow and who cost least (without the
-- tie-break), with the cost of the next one. Who cannot be asked now (an ask of this urgency is out, or their week has had
-- its asks; `cap` where they set none) is left out; with `busy_too` they come as well, as far as they were met on the way,
-- and count neither towards `most` nor for `next_cost`. Among equals whose id follows the need's comes first, around the
-- circle: another need begins with other people.
CREATE OR REPLACE FUNCTION best_candidates(needs uuid[], most int, cap int, at timestamptz, busy_too boolean DEFAULT false)
RETURNS SETOF best_candidate
LANGUAGE plpgsql STABLE
-- Planning anew for each need takes longer than finding the people; OFFSET 0 keeps the planner from turning the walk around.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET enable_memoize = off SET enable_material = off SET max_parallel_workers_per_gather = 0 SET jit = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    week_ago timestamptz := at - interval '7 days';
    load_known boolean := (SELECT at <= valid_until FROM load_horizon);
    wanted uuid;
    n record;      -- the need, and what is around it
    h record;      -- its shelves, as arrays
    p record;      -- a person
    zones int;         -- so many of the nearest zones may matter
    seen int;          -- of these have been looked at, up to a floor of `done`
    done float8;
    near int;          -- now so many are looked at, up to a floor of `upto`
    upto float8;
    below float8;      -- what it takes to be among the best: the cost of the last of most + 1
    language float8;   -- the least that language costs
    costs float8[];    -- of the best that may be asked, sorted
    people uuid[];     -- all found, in the order of `chosen`
    chosen best_candidate[];
    found_here int; place int; rank int;
    -- Opened afresh each time more zones or higher floors are looked at. A cursor: a plain loop would fetch fifty people ahead.
    walk CURSOR FOR
        SELECT s.floor, c.cost, m.busy, k.member_id, CAST(ROW(
                n.id, k.offer_id, k.member_id, k.group_id, s.km, n.r50_km, s.r50_km, k.radius_km, s.language, NOT s.first, m.load,
                m.asks, m.weekly_asks, m.outstanding, c.distance, s.second, 0.14 * m.load, c.cost, NULL
            ) AS best_candidate) AS candidate
        FROM (
            SELECT b.shelf, b.language, b.first, b.foreign_only, b.second, z.zone, z.km, z.r50_km, e.step, f.floor
            FROM unnest(h.shelves, h.languages, h.firsts, h.foreigners, h.seconds, h.zones, h.widest) b (shelf, language, first, foreign_only, second, zones, widest_km)
            CROSS JOIN LATERAL (  -- zones of this shelf, as far as they may matter
                SELECT n.near[i.rank] AS zone, CASE WHEN NOT n.remote THEN n.kms[i.rank] END AS km, n.r50_kms[i.rank] AS r50_km, i.rank
                FROM (SELECT generate_series(1, least(near, width_bucket(within_km(least(below, upto) - b.second, n.r50_km, b.widest_km), n.kms))) AS rank) i
                WHERE get_bit(b.zones, n.near[i.rank]) = 1 OFFSET 0
            ) z
            CROSS JOIN LATERAL (
                SELECT e.step FROM offer_step e
                WHERE e.shelf = b.shelf AND e.zone = z.zone AND e.step >= CASE WHEN n.remote THEN 0 ELSE  -- who would go that far, or for so little
                    64 * CAST(floor(least(200, greatest(z.km - n.widened_km, CASE WHEN least(below, upto) - b.second < 0.60 THEN
                        0.60 * sqrt(CAST(z.km AS float8) * z.km + CAST(n.r50_km AS float8) * n.r50_km + CAST(z.r50_km AS float8) * z.r50_km) / greatest(least(below, upto) - b.second, 0.01)
                    END))) AS int) END
                OFFSET 0
            ) e
            CROSS JOIN LATERAL (
                SELECT distance_cost(z.km, n.r50_km, z.r50_km, CAST(e.step / 64 AS real)) + b.second
                    + CASE WHEN load_known THEN 0.14 * (e.step % 64 / CAST(60 AS float8)) ELSE 0.0 END AS floor
            ) f
            WHERE (n.remote OR z.km <= e.step / 64 + n.widened_km) AND (e.step % 64 < 60 OR NOT load_known)
              AND f.floor < least(below, upto) AND (z.rank > seen OR f.floor >= done)
            ORDER BY f.floor OFFSET 0
        ) s
        CROSS JOIN LATERAL (
            (
                SELECT k.offer_id, k.member_id, k.group_id, k.radius_km FROM offer_key k
                WHERE k.shelf = s.shelf AND k.zone = s.zone AND k.step = s.step AND k.offer_id >= n.id
                  AND k.hours & n.hours <> 0 AND k.vetting >= n.vetting ORDER BY k.offer_id
            ) UNION ALL (
                SELECT k.offer_id, k.member_id, k.group_id, k.radius_km FROM offer_key k
                WHERE k.shelf = s.shelf AND k.zone = s.zone AND k.step = s.step AND k.offer_id < n.id
                  AND k.hours & n.hours <> 0 AND k.vetting >= n.vetting ORDER BY k.offer_id
            )
        ) k
        CROSS JOIN LATERAL (
            SELECT u.load, u.asks, u.weekly_asks, u.outstanding, u.outstanding OR u.asks >= u.weekly_asks AS busy
            FROM (
                SELECT CASE WHEN m.task_times = '{}' THEN 0
                        ELSE (SELECT CAST(count(*) AS float8) FROM unnest(m.task_times) t WHERE t > week_ago) / m.per_week END AS load,
                    CASE WHEN m.ask_times = '{}' THEN 0 ELSE (SELECT CAST(count(*) AS int) FROM unnest(m.ask_times) t WHERE t > week_ago) END AS asks,
                    coalesce(m.weekly_asks, cap) AS weekly_asks,
                    EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = n.urgent AND a.state IN ('planned', 'sent') OFFSET 0) AS outstanding
                FROM member m
                WHERE m.id = k.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email'
                  AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
                  AND m.id <> ALL (n.asked) AND m.contact_index <> ALL (n.apart)
                OFFSET 0
            ) u WHERE u.load < 1
        ) m
        CROSS JOIN LATERAL (
            SELECT distance_cost(s.km, n.r50_km, s.r50_km, k.radius_km) AS distance,
                distance_cost(s.km, n.r50_km, s.r50_km, k.radius_km) + s.second + 0.14 * m.load AS cost
        ) c
        WHERE NOT (s.foreign_only AND k.group_id = n.group_id) AND (n.remote OR s.km <= k.radius_km + n.widened_km)
          AND (busy_too OR NOT m.busy);
BEGIN
    FOREACH wanted IN ARRAY needs LOOP
        SELECT d.id, d.group_id, d.member_id, d.contact_index, d.hours, d.urgency = 'urgent' AS urgent, d.category, d.languages, d.reach,
            d.widened_km, c.remote, c.vetting, z.r50_km,
            CASE WHEN c.remote THEN CAST(ARRAY[0] AS smallint[]) ELSE w.near[1 : 4096] END AS near,  -- slices: read whole here, not again and again below
            CASE WHEN c.remote THEN CAST(ARRAY[0] AS real[]) ELSE w.km[1 : 4096] END AS kms,
            CASE WHEN c.remote THEN CAST(ARRAY[0] AS real[]) ELSE w.r50_km[1 : 4096] END AS r50_kms,
            ARRAY(
                SELECT a.member_id FROM ask a
                WHERE a.need_id = d.id AND (a.round = d.round OR a.state IN ('accepted', 'declined', 'planned', 'sent'))
            ) AS asked,
            ARRAY(SELECT p.other FROM apart p WHERE p.one = d.contact_index UNION ALL SELECT p.one FROM apart p WHERE p.other = d.contact_index) AS apart
        INTO n
        FROM need d JOIN category c ON c.slug = d.category JOIN zone z ON z.code = d.zone_code JOIN zone_around w ON w.zone_code = d.zone_code
        WHERE d.id = wanted;
        CONTINUE WHEN NOT FOUND;
        SELECT array_agg(o.id) AS shelves, array_agg(l.language) AS languages, array_agg(l.first) AS firsts, array_agg(a.foreign_only) AS foreigners,
            array_agg(CASE WHEN l.first THEN CAST(0 AS float8) ELSE 0.25 END) AS seconds, array_agg(o.zones) AS zones,
            array_agg(o.widest_km) AS widest, max(o.widest_km) AS widest_km, bool_or(l.first) AS any_first,
            bool_or(l.first) AND NOT bool_and(l.first) AS both
        INTO h
        FROM shared_languages(n.languages) l
        CROSS JOIN (VALUES (n.group_id, false), ('00000000-0000-0000-0000-000000000000', true)) a (audience, foreign_only)
        CROSS JOIN LATERAL (
            SELECT o.id, o.zones, o.widest_km FROM offer_shelf o WHERE o.audience = a.audience AND o.category = n.category AND o.language = l.language OFFSET 0
        ) o
        WHERE NOT a.foreign_only OR n.reach = 'alliance';
        CONTINUE WHEN h.shelves IS NULL;
        language := CASE WHEN h.any_first THEN 0 ELSE 0.25 END;
        zones := CASE WHEN n.remote THEN 1 ELSE width_bucket(h.widest_km + n.widened_km, n.kms) END;
        seen := 0; done := 0;
        -- Where there is much, the own zone is enough to begin with; where there is little, every look costs more than what it sees.
        found_here := (SELECT count(*) FROM (SELECT FROM offer_step e WHERE e.shelf = ANY (h.shelves) AND e.zone = n.near[1] LIMIT 24) e);
        near := least(zones, CASE WHEN found_here = 24 THEN 1 WHEN found_here >= 4 THEN 12 ELSE 60 END);
        below := 'Infinity'; costs := '{}'; people := '{}'; chosen := '{}';
        LOOP
            -- What people further away may well cost: the dearer ones nearby wait until these were seen.
            upto := CASE WHEN near < zones THEN distance_cost(n.kms[near + 1], n.r50_km, n.r50_km, 25) + language ELSE 'Infinity' END;
            IF h.both THEN  -- a common second language is let in little by little
                upto := least(upto, (
                    SELECT min(l) FROM (VALUES (2), (9), (37)) z (zone)
                    CROSS JOIN LATERAL (SELECT 0.25 + distance_cost(n.kms[z.zone], n.r50_km, n.r50_km, 25) AS l) l WHERE n.kms[z.zone] IS NOT NULL AND l > done
                ));
            END IF;
            FOR p IN walk LOOP
                EXIT WHEN p.floor >= below;
                CONTINUE WHEN p.cost >= below;
                place := array_position(people, p.member_id);
                IF place IS NULL THEN
                    place := cardinality(people) + 1;
                    people[place] := p.member_id;
                ELSE  -- known by another offer or language
                    CONTINUE WHEN chosen[place].cost <= p.cost;
                    rank := array_position(costs, chosen[place].cost);
                    IF NOT p.busy AND rank IS NOT NULL THEN
                        costs := costs[: rank - 1] || costs[rank + 1 :];
                    END IF;
                END IF;
                chosen[place] := p.candidate;
                IF NOT p.busy THEN
                    rank := width_bucket(p.cost, costs);
                    costs := costs[: rank] || p.cost || costs[rank + 1 : most];
                    below := coalesce(costs[most + 1], below);
                END IF;
            END LOOP;
            EXIT WHEN upto = 'Infinity';
            zones := least(zones, greatest(near, width_bucket(within_km(below - language, n.r50_km, h.widest_km), n.kms)));
            EXIT WHEN near = zones AND below <= upto;
            seen := near; done := upto; near := least(zones, 8 * near + 6);
        END LOOP;
        RETURN QUERY
            SELECT f.need_id, f.offer_id, f.member_id, f.group_id, f.km, f.need_r50_km, f.offer_r50_km, f.radius_km,
                f.language, f.second_language, f.load, f.asks_last_week, f.weekly_asks, f.outstanding,
                f.distance_cost, f.language_cost, f.load_cost, f.cost, costs[most + 1]
            FROM unnest(chosen) f ORDER BY f.cost, f.offer_id < n.id, f.offer_id
            LIMIT CASE WHEN NOT busy_too THEN most END;
    END LOOP;
END $$;

-- Candidate search at a million offers, for many needs at once. What is on offer lies in stretches of one index: all that
-- one stretch holds costs a need at least the same, its floor. The search opens stretches in the order of their floors and
-- ends where the next floor is no better than the worst person it keeps. ADR 16 says why.

DROP FUNCTION candidates(uuid, int, int, timestamptz);
DROP TRIGGER offer_keeps_its_keys ON offer;
DROP FUNCTION keep_offer_key();
DROP TABLE offer_key;

-- What candidate search knows of places: a short number for each zone, and the zones around it, nearest first (itself at 0).
-- Derived from zone_near and zone; a number stays with its zone for ever.
CREATE TABLE zone_around (
    zone_code text PRIMARY KEY REFERENCES zone ON DELETE CASCADE,
    number smallint NOT NULL UNIQUE CHECK (number BETWEEN 1 AND 4095),
    near smallint[] NOT NULL DEFAULT '{}',
    km real[] NOT NULL DEFAULT '{}',
    r50_km real[] NOT NULL DEFAULT '{}'
);

CREATE FUNCTION gather_zones() RETURNS void LANGUAGE sql AS $$
    INSERT INTO zone_around (zone_code, number)
    SELECT code, (SELECT coalesce(max(number), 0) FROM zone_around) + row_number() OVER (ORDER BY code)
    FROM zone WHERE code NOT IN (SELECT zone_code FROM zone_around);
    UPDATE zone_around a SET near = g.near, km = g.km, r50_km = g.r50_km
    FROM (
        SELECT e.zone_code, array_agg(b.number ORDER BY e.near_code <> e.zone_code, e.km, b.number) AS near,
            array_agg(e.km ORDER BY e.near_code <> e.zone_code, e.km, b.number) AS km,
            array_agg(z.r50_km ORDER BY e.near_code <> e.zone_code, e.km, b.number) AS r50_km
        FROM zone_near e JOIN zone z ON z.code = e.near_code JOIN zone_around b ON b.zone_code = e.near_code
        GROUP BY e.zone_code
    ) g WHERE g.zone_code = a.zone_code;
$$;
SELECT gather_zones();

-- Whom an offer may serve (its group, and if it chose so the alliance: the id of zeros), with what, in which language.
-- `widest_km` and `zones` say too much rather than too little: they are raised when something is added.
CREATE TABLE offer_shelf (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    audience uuid NOT NULL,
    category text NOT NULL,
    language text NOT NULL,
    widest_km real NOT NULL DEFAULT 0,
    zones bit(4096) NOT NULL DEFAULT repeat('0', 4096)::bit(4096),
    UNIQUE (audience, category, language)
);

-- Which steps a shelf has in a zone (0: remote help, which has none). A step is 64 times the radius in km, rounded up, plus
-- the load in sixtieths, rounded down. Again rather too many than too few.
CREATE TABLE offer_place (
    shelf integer NOT NULL,
    zone smallint NOT NULL,
    steps smallint[] NOT NULL,
    PRIMARY KEY (shelf, zone)
);

-- One row for each shelf an active offer lies on. No foreign keys: triggers on offer write it, and nothing else.
CREATE TABLE offer_key (
    shelf integer NOT NULL,
    zone smallint NOT NULL,
    step smallint NOT NULL,
    offer_id uuid NOT NULL,
    member_id uuid NOT NULL,
    group_id uuid NOT NULL,
    shared boolean NOT NULL,   -- the offer may serve any group of the alliance
    radius_km real NOT NULL,
    hours bigint NOT NULL,
    PRIMARY KEY (shelf, zone, step, offer_id) INCLUDE (member_id, group_id, shared, radius_km, hours)
);
CREATE INDEX offer_key_of_offer ON offer_key (offer_id);

-- Loads fall by themselves as tasks grow older than a week. So a step counts only tasks that will still count at a moment in
-- the future; until then no load is less than its step says. `next_until` is what writers use, `valid_until` what the search
-- may trust; age_loads moves both on. Later than `valid_until` the search takes every load for 0: slower, never wrong.
CREATE TABLE load_horizon (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    valid_until timestamptz NOT NULL,
    next_until timestamptz NOT NULL,
    done_to uuid NOT NULL      -- members up to this id are counted by next_until
);
INSERT INTO load_horizon (valid_until, next_until, done_to) VALUES ('-infinity', '-infinity', '00000000-0000-0000-0000-000000000000');

-- Radii as steps have them: up to 2 km cost the same; then whole kilometres, above 30 fives, above 60 tens.
CREATE FUNCTION radius_step(radius_km real) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(CASE
        WHEN radius_km <= 2 THEN 2
        WHEN radius_km <= 30 THEN ceil(radius_km)
        WHEN radius_km <= 60 THEN 5 * ceil(radius_km / 5)
        ELSE 10 * ceil(radius_km / 10)
    END AS int)
$$;

CREATE FUNCTION load_step(task_times timestamptz[], per_week smallint, until timestamptz) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN task_times = '{}' THEN 0 ELSE
        least(60, 60 * (SELECT CAST(count(*) AS int) FROM unnest(task_times) t WHERE t > until - interval '7 days') / per_week)
    END
$$;

-- The design's distance term. No distance (remote help) costs nothing.
CREATE FUNCTION distance_cost(km real, need_r50_km real, offer_r50_km real, radius_km real) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN km IS NULL THEN 0 ELSE
        0.60 * least(1.0, sqrt(power(CAST(km AS float8), 2) + power(CAST(need_r50_km AS float8), 2) + power(CAST(offer_r50_km AS float8), 2))
            / greatest(CAST(radius_km AS float8), 2.0))
    END
$$;

-- New steps become known to the search. Only what is missing is written, in one order, so that writers neither wait for each
-- other nor for the same rows again and again.
CREATE FUNCTION raise_places(shelves int[], zones smallint[], steps smallint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO offer_place AS p (shelf, zone, steps)
    SELECT a.shelf, a.zone, array_agg(DISTINCT a.step) FROM unnest(shelves, zones, steps) a (shelf, zone, step)
    GROUP BY 1, 2 ORDER BY 1, 2
    ON CONFLICT (shelf, zone) DO UPDATE SET steps = ARRAY(SELECT unnest(p.steps) UNION SELECT unnest(excluded.steps) ORDER BY 1);
    PERFORM FROM offer_shelf h WHERE h.id = ANY (shelves) ORDER BY h.id FOR NO KEY UPDATE;
    UPDATE offer_shelf h SET zones = h.zones | a.zones, widest_km = greatest(h.widest_km, a.widest_km)
    FROM (
        SELECT shelf, bit_or(set_bit(repeat('0', 4096)::bit(4096), zone, 1)) AS zones, max(step / 64) AS widest_km
        FROM (SELECT DISTINCT s.shelf, s.zone, s.step FROM unnest(shelves, zones, steps) s (shelf, zone, step)) s GROUP BY shelf
    ) a WHERE h.id = a.shelf AND (h.zones | a.zones <> h.zones OR h.widest_km < a.widest_km);
END $$;

-- Lays these offers on their shelves anew, or takes them off.
CREATE FUNCTION stock_offers(offers uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz;
    missing record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;  -- before the horizon is read: age_loads waits for us, or we see its new one
    SELECT next_until INTO until FROM load_horizon;
    DELETE FROM offer_key WHERE offer_id = ANY (offers);
    INSERT INTO offer_shelf (audience, category, language)
    SELECT DISTINCT a, c, l
    FROM offer o, unnest(CASE WHEN o.reach = 'alliance' THEN ARRAY[o.group_id, '00000000-0000-0000-0000-000000000000'] ELSE ARRAY[o.group_id] END) a,
        unnest(o.categories) c, unnest(o.languages) l
    WHERE o.id = ANY (offers) AND o.state = 'active'
      AND NOT EXISTS (SELECT FROM offer_shelf h WHERE h.audience = a AND h.category = c AND h.language = l)
    ORDER BY 1, 2, 3
    ON CONFLICT DO NOTHING;
    WITH added AS (
        INSERT INTO offer_key (shelf, zone, step, offer_id, member_id, group_id, shared, radius_km, hours)
        SELECT DISTINCT h.id, CASE WHEN c.remote THEN 0 ELSE z.number END,
            CASE WHEN c.remote THEN 0 ELSE 64 * radius_step(o.radius_km) END + load_step(m.task_times, m.per_week, until),
            o.id, o.member_id, o.group_id, o.reach = 'alliance', o.radius_km, o.hours
        FROM offer o
        JOIN member m ON m.id = o.member_id
        LEFT JOIN zone_around z ON z.zone_code = o.zone_code
        CROSS JOIN unnest(CASE WHEN o.reach = 'alliance' THEN ARRAY[o.group_id, '00000000-0000-0000-0000-000000000000'] ELSE ARRAY[o.group_id] END) a
        CROSS JOIN unnest(o.languages) l
        JOIN category c ON c.slug = ANY (o.categories)
        JOIN offer_shelf h ON h.audience = a AND h.category = c.slug AND h.language = l
        WHERE o.id = ANY (offers) AND o.state = 'active'
        ORDER BY 1, 2, 3, 4
        RETURNING shelf, zone, step
    )
    SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO missing
    FROM (SELECT DISTINCT shelf, zone, step FROM added) a
    WHERE NOT EXISTS (SELECT FROM offer_place p WHERE p.shelf = a.shelf AND p.zone = a.zone AND a.step = ANY (p.steps));
    IF missing.shelves IS NOT NULL THEN
        PERFORM raise_places(missing.shelves, missing.zones, missing.steps);
    END IF;
END $$;

-- These people's loads changed: their offers move to other steps of the same shelves.
CREATE FUNCTION restep_members(members uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz;
    missing record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;
    SELECT next_until INTO until FROM load_horizon;
    WITH moved AS (
        UPDATE offer_key k SET step = k.step / 64 * 64 + w.load
        FROM (
            SELECT o.id, load_step(m.task_times, m.per_week, until) AS load
            FROM member m JOIN offer o ON o.member_id = m.id WHERE m.id = ANY (members) AND o.state = 'active'
        ) w
        WHERE k.offer_id = w.id AND k.step % 64 <> w.load
        RETURNING k.shelf, k.zone, k.step
    )
    SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO missing
    FROM (SELECT DISTINCT shelf, zone, step FROM moved) a
    WHERE NOT EXISTS (SELECT FROM offer_place p WHERE p.shelf = a.shelf AND p.zone = a.zone AND a.step = ANY (p.steps));
    IF missing.shelves IS NOT NULL THEN
        PERFORM raise_places(missing.shelves, missing.zones, missing.steps);
    END IF;
END $$;

-- Once a statement, not once a row: an import adds thousands.
CREATE FUNCTION stock_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stock_offers(ARRAY(SELECT id FROM fresh));
    RETURN NULL;
END $$;
CREATE FUNCTION stock_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[] := ARRAY(
        SELECT n.id FROM fresh n JOIN stale o ON o.id = n.id
        WHERE (n.state = 'active') <> (o.state = 'active') OR n.state = 'active' AND
            (n.group_id, n.categories, n.languages, n.zone_code, n.radius_km, n.reach, n.hours, n.member_id)
            IS DISTINCT FROM (o.group_id, o.categories, o.languages, o.zone_code, o.radius_km, o.reach, o.hours, o.member_id)
    );
BEGIN
    IF changed <> '{}' THEN
        PERFORM stock_offers(changed);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION unstock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM offer_key WHERE offer_id = OLD.id;
    RETURN NULL;
END $$;
CREATE FUNCTION restep_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM restep_members(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE TRIGGER offer_added AFTER INSERT ON offer REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stock_added();
CREATE TRIGGER offer_changed AFTER UPDATE ON offer REFERENCING OLD TABLE AS stale NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stock_changed();
CREATE TRIGGER offer_gone AFTER DELETE ON offer FOR EACH ROW EXECUTE FUNCTION unstock();
CREATE TRIGGER member_busier AFTER UPDATE OF task_times, per_week ON member FOR EACH ROW
    WHEN (OLD.task_times IS DISTINCT FROM NEW.task_times OR OLD.per_week <> NEW.per_week) EXECUTE FUNCTION restep_member();

-- Moves the horizon on, `most` people at a time, one transaction each; true while there is more to do. Loads known by the new
-- horizon are no more than by the old one, so they may be written while the search still trusts the old one.
CREATE FUNCTION age_loads(at timestamptz, most int) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    h load_horizon;
    members uuid[];
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
        RETURN cardinality(members) = most;
    END IF;
    RETURN false;
END $$;

CREATE INDEX apart_other ON apart (other);

-- One person for one need, by their cheapest offer.
CREATE TYPE best_candidate AS (
    need_id uuid, offer_id uuid, member_id uuid, group_id uuid,
    km real, need_r50_km real, offer_r50_km real, radius_km real,   -- km: for its band only; NULL for remote help
    language text, second_language boolean, load float8,
    asks_last_week int, weekly_asks int, outstanding boolean,
    distance_cost float8, language_cost float8, load_cost float8, cost float8,
    next_cost float8   -- nobody left out is cheaper; NULL: nobody was left out
);

-- For each of these needs the `most` people whom the design's hard constraints allow and who cost least (without the
-- tie-break), with the cost of the next one. Who cannot be asked now (an ask of this urgency is out, or their week has had
-- its asks; `cap` where they set none) is left out; with `busy_too` they come as well, as far as they were met on the way,
-- and count neither towards `most` nor for `next_cost`. Among equals whose id follows the need's comes first, around the
-- circle: another need begins with other people.
CREATE FUNCTION best_candidates(needs uuid[], most int, cap int, at timestamptz, busy_too boolean DEFAULT false)
RETURNS SETOF best_candidate
LANGUAGE plpgsql STABLE
-- Planning anew for each need takes longer than finding the people; OFFSET 0 keeps the planner from turning the walk around.
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET max_parallel_workers_per_gather = 0 SET jit = off SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
    week_ago timestamptz := at - interval '7 days';
    load_known boolean := (SELECT at <= valid_until FROM load_horizon);
    wanted uuid;
    n record;      -- the need, and what is around it
    h record;      -- its shelves, as arrays
    p record;      -- a person
    first_zone int; last_zone int; zones int;
    below float8;  -- what it takes to be among the best: the cost of the last of most + 1
    least_cost float8;
    costs float8[];    -- of the best that may be asked, sorted
    people uuid[];     -- all found, in the order of `chosen`
    chosen best_candidate[];
    one best_candidate;
    place int; rank int; busy boolean;
    -- Opened afresh for each ring of zones. A cursor, because a plain loop would fetch fifty people ahead.
    ring CURSOR FOR
        SELECT s.language, s.first, s.km, s.r50_km, s.floor, k.offer_id, k.group_id, k.radius_km, m.*
        FROM (
            SELECT b.shelf, b.language, b.first, b.foreign_only, z.zone, z.km, z.r50_km, step, floor
            FROM unnest(h.shelves, h.languages, h.firsts, h.foreigners) b (shelf, language, first, foreign_only)
            JOIN offer_shelf o ON o.id = b.shelf
            CROSS JOIN LATERAL unnest(n.near[first_zone:last_zone], n.km[first_zone:last_zone], n.r50_kms[first_zone:last_zone]) z (zone, km, r50_km)
            CROSS JOIN LATERAL (
                SELECT p.steps FROM offer_place p WHERE p.shelf = b.shelf AND p.zone = z.zone OFFSET 0
            ) p
            CROSS JOIN LATERAL unnest(p.steps) step
            CROSS JOIN LATERAL (
                SELECT distance_cost(z.km, n.r50_km, z.r50_km, CAST(step / 64 AS real)) + CASE WHEN b.first THEN 0.0 ELSE 0.25 END
                    + CASE WHEN load_known THEN 0.14 * (step % 64 / CAST(60 AS float8)) ELSE 0.0 END AS floor
            ) f
            WHERE get_bit(o.zones, z.zone) = 1 AND (n.remote OR z.km <= step / 64 + n.widened_km)
              AND (step % 64 < 60 OR NOT load_known) AND floor < below
              AND distance_cost(z.km, n.r50_km, z.r50_km, o.widest_km) + CASE WHEN b.first THEN 0.0 ELSE 0.25 END < below
            ORDER BY floor OFFSET 0
        ) s
        CROSS JOIN LATERAL (
            (
                SELECT k.offer_id, k.member_id, k.group_id, k.shared, k.radius_km, k.hours FROM offer_key k
                WHERE k.shelf = s.shelf AND k.zone = s.zone AND k.step = s.step AND k.offer_id >= n.id ORDER BY k.offer_id
            ) UNION ALL (
                SELECT k.offer_id, k.member_id, k.group_id, k.shared, k.radius_km, k.hours FROM offer_key k
                WHERE k.shelf = s.shelf AND k.zone = s.zone AND k.step = s.step AND k.offer_id < n.id ORDER BY k.offer_id
            )
        ) k
        CROSS JOIN LATERAL (
            SELECT m.id AS member_id, least(1.0, used.tasks / CAST(m.per_week AS float8)) AS load, used.asks,
                coalesce(m.weekly_asks, cap) AS weekly_asks,
                EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = n.urgent AND a.state IN ('planned', 'sent')) AS outstanding
            FROM member m
            JOIN membership g ON g.group_id = k.group_id AND g.member_id = m.id AND g.state = 'admitted' AND g.vetting >= n.vetting
            CROSS JOIN LATERAL (
                SELECT CASE WHEN m.task_times = '{}' THEN 0 ELSE (SELECT count(*) FROM unnest(m.task_times) t WHERE t > week_ago) END AS tasks,
                       CASE WHEN m.ask_times = '{}' THEN 0 ELSE (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > week_ago) END AS asks
                OFFSET 0
            ) used
            WHERE m.id = k.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email' AND used.tasks < m.per_week
              AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
              AND m.id <> ALL (n.asked) AND m.contact_index <> ALL (n.apart)
            OFFSET 0
        ) m
        WHERE k.hours & n.hours <> 0 AND NOT (s.foreign_only AND k.group_id = n.group_id)
          AND (n.remote OR s.km <= k.radius_km + n.widened_km)
          AND (busy_too OR NOT m.outstanding AND m.asks < m.weekly_asks);
BEGIN
    FOREACH wanted IN ARRAY needs LOOP
        SELECT d.id, d.group_id, d.member_id, d.contact_index, d.hours, d.urgency = 'urgent' AS urgent, d.category, d.languages, d.reach,
            d.widened_km, c.remote, c.vetting, z.r50_km,
            CASE WHEN c.remote THEN CAST(ARRAY[0] AS smallint[]) ELSE w.near END AS near, CASE WHEN c.remote THEN CAST(ARRAY[NULL] AS real[]) ELSE w.km END AS km,
            CASE WHEN c.remote THEN CAST(ARRAY[0] AS real[]) ELSE w.r50_km END AS r50_kms,
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
            max(o.widest_km) AS widest_km, bool_or(l.first) AS any_first
        INTO h
        FROM shared_languages(n.languages) l
        CROSS JOIN (VALUES (n.group_id, false), ('00000000-0000-0000-0000-000000000000', true)) a (audience, foreign_only)
        JOIN offer_shelf o ON o.audience = a.audience AND o.category = n.category AND o.language = l.language
        WHERE NOT a.foreign_only OR n.reach = 'alliance';
        CONTINUE WHEN h.shelves IS NULL;
        zones := CASE WHEN n.remote THEN 1 ELSE width_bucket(h.widest_km + n.widened_km, n.km) END;
        first_zone := 1; last_zone := 1;
        below := 'Infinity'; costs := '{}'; people := '{}'; chosen := '{}';
        WHILE first_zone <= zones LOOP
            least_cost := distance_cost(n.km[first_zone], n.r50_km, 0, h.widest_km) + CASE WHEN h.any_first THEN 0.0 ELSE 0.25 END;
            EXIT WHEN least_cost >= below;
            FOR p IN ring LOOP
                EXIT WHEN p.floor >= below;
                one.need_id := n.id; one.offer_id := p.offer_id; one.member_id := p.member_id; one.group_id := p.group_id;
                one.km := p.km; one.need_r50_km := n.r50_km; one.offer_r50_km := p.r50_km; one.radius_km := p.radius_km;
                one.language := p.language; one.second_language := NOT p.first; one.load := p.load;
                one.asks_last_week := p.asks; one.weekly_asks := p.weekly_asks; one.outstanding := p.outstanding;
                one.distance_cost := distance_cost(p.km, n.r50_km, p.r50_km, p.radius_km);
                one.language_cost := CASE WHEN p.first THEN 0.0 ELSE 0.25 END;
                one.load_cost := 0.14 * p.load;
                one.cost := one.distance_cost + one.language_cost + one.load_cost;
                CONTINUE WHEN one.cost >= below;
                busy := p.outstanding OR p.asks >= p.weekly_asks;
                place := array_position(people, p.member_id);
                IF place IS NOT NULL THEN  -- known by another offer or language
                    CONTINUE WHEN chosen[place].cost <= one.cost;
                    rank := array_position(costs, chosen[place].cost);
                    IF NOT busy AND rank IS NOT NULL THEN
                        costs := costs[:rank - 1] || costs[rank + 1:];
                    END IF;
                ELSE
                    place := cardinality(people) + 1;
                    people[place] := p.member_id;
                END IF;
                chosen[place] := one;
                IF NOT busy THEN
                    rank := width_bucket(one.cost, costs);
                    costs := costs[:rank] || one.cost || costs[rank + 1:most];
                    below := coalesce(costs[most + 1], below);
                END IF;
            END LOOP;
            first_zone := last_zone + 1; last_zone := least(zones, 4 * last_zone + 4);
        END LOOP;
        RETURN QUERY
            SELECT f.need_id, f.offer_id, f.member_id, f.group_id, f.km, f.need_r50_km, f.offer_r50_km, f.radius_km,
                f.language, f.second_language, f.load, f.asks_last_week, f.weekly_asks, f.outstanding,
                f.distance_cost, f.language_cost, f.load_cost, f.cost, costs[most + 1]
            FROM unnest(chosen) f ORDER BY f.cost, f.offer_id < n.id, f.offer_id
            LIMIT CASE WHEN NOT busy_too THEN most END;
    END LOOP;
END $$;

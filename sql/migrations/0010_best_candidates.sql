-- Candidate search at a million offers, for many needs at once. What is on offer lies in stretches of one index: all that
-- one stretch holds costs a need at least the same, its floor. The search opens stretches in the order of their floors and
-- ends where the next floor is no better than the worst person it keeps. ADR 15 says why.

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
ALTER TABLE zone_around ALTER near SET STORAGE EXTERNAL, ALTER km SET STORAGE EXTERNAL, ALTER r50_km SET STORAGE EXTERNAL;  -- read far more often than written

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
CREATE TABLE offer_step (
    shelf integer NOT NULL,
    zone smallint NOT NULL,
    step smallint NOT NULL,
    PRIMARY KEY (shelf, zone, step)
);

-- One row for each shelf that an active offer of an admitted volunteer lies on. No foreign keys: triggers write it, nothing else.
CREATE TABLE offer_key (
    shelf integer NOT NULL,
    zone smallint NOT NULL,
    step smallint NOT NULL,
    offer_id uuid NOT NULL,
    member_id uuid NOT NULL,
    group_id uuid NOT NULL,
    vetting smallint NOT NULL,
    radius_km real NOT NULL,
    hours bigint NOT NULL,
    PRIMARY KEY (shelf, zone, step, offer_id) INCLUDE (member_id, group_id, vetting, radius_km, hours)
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

-- The design's distance term. No distance (remote help) costs nothing.
CREATE FUNCTION distance_cost(km real, need_r50_km real, offer_r50_km real, radius_km real) RETURNS float8 LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN km IS NULL THEN 0 ELSE
        0.60 * least(1.0, sqrt(CAST(km AS float8) * km + CAST(need_r50_km AS float8) * need_r50_km + CAST(offer_r50_km AS float8) * offer_r50_km)
            / greatest(CAST(radius_km AS float8), 2.0))
    END
$$;

-- Beyond this the distance alone costs more than `cost`, for anybody with that radius; a hair more, for rounding.
CREATE FUNCTION within_km(cost float8, need_r50_km real, radius_km real) RETURNS real LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CAST(CASE
        WHEN cost <= 0 THEN -1
        WHEN cost >= 0.60 THEN 'Infinity'
        ELSE 0.01 + 1.000001 * sqrt(greatest(0, power(cost / 0.60 * greatest(CAST(radius_km AS float8), 2.0), 2) - power(CAST(need_r50_km AS float8), 2)))
    END AS real)
$$;

-- New steps become known to the search. Only what is missing is written, so that writers do not wait for each other.
CREATE FUNCTION raise_steps(shelves int[], zones smallint[], steps smallint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    missing record;
BEGIN
    WITH added AS (
        INSERT INTO offer_step (shelf, zone, step)
        SELECT DISTINCT a.shelf, a.zone, a.step FROM unnest(shelves, zones, steps) a (shelf, zone, step) ORDER BY 1, 2, 3
        ON CONFLICT DO NOTHING
        RETURNING shelf, zone, step
    )
    SELECT array_agg(shelf) AS shelves, array_agg(zone) AS zones, array_agg(widest_km) AS widest_km INTO missing
    FROM (SELECT shelf, zone, max(step / 64) AS widest_km FROM added GROUP BY 1, 2) a;
    IF missing.shelves IS NOT NULL THEN
        PERFORM FROM offer_shelf WHERE id = ANY (missing.shelves) ORDER BY id FOR NO KEY UPDATE;
        UPDATE offer_shelf h SET zones = h.zones | a.zones, widest_km = greatest(h.widest_km, a.widest_km)
        FROM (
            SELECT m.shelf, bit_or(set_bit(CAST(repeat('0', 4096) AS bit(4096)), m.zone, 1)) AS zones, max(m.widest_km) AS widest_km
            FROM unnest(missing.shelves, missing.zones, missing.widest_km) m (shelf, zone, widest_km) GROUP BY 1
        ) a WHERE h.id = a.shelf AND (h.zones | a.zones <> h.zones OR h.widest_km < a.widest_km);
    END IF;
END $$;

-- Lays these offers on their shelves anew, or takes them off. Like the search, the steps of it are always the same: a plan that
-- was made while the tables were small would be ruinous when they are not.
CREATE FUNCTION stock_offers(offers uuid[], afresh boolean DEFAULT false) RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    until timestamptz;
    laid record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;  -- before the horizon is read: age_loads waits for us, or we see its new one
    SELECT next_until INTO until FROM load_horizon;
    IF NOT afresh THEN
        DELETE FROM offer_key k USING unnest(offers) i (id) WHERE k.offer_id = i.id;
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
    WHERE NOT EXISTS (SELECT FROM offer_shelf h WHERE h.audience = a AND h.category = c AND h.language = l)
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
            FROM member m JOIN membership g ON g.group_id = o.group_id AND g.member_id = m.id AND g.state = 'admitted'
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
    WHERE NOT EXISTS (SELECT FROM offer_step s WHERE s.shelf = a.shelf AND s.zone = a.zone AND s.step = a.step);
    IF laid.shelves IS NOT NULL THEN
        PERFORM raise_steps(laid.shelves, laid.zones, laid.steps);
    END IF;
END $$;

-- These people's loads changed: their offers move to other steps of the same shelves.
CREATE FUNCTION restep_members(members uuid[]) RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    until timestamptz;
    laid record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;
    SELECT next_until INTO until FROM load_horizon;
    WITH moved AS (
        UPDATE offer_key k SET step = k.step / 64 * 64 + w.load
        FROM (
            SELECT o.id, m.load
            FROM unnest(members) i (id)
            CROSS JOIN LATERAL (
                SELECT least(60, 60 * (SELECT CAST(count(*) AS int) FROM unnest(m.task_times) t WHERE t > until - interval '7 days') / m.per_week) AS load
                FROM member m WHERE m.id = i.id OFFSET 0
            ) m
            CROSS JOIN LATERAL (SELECT o.id FROM offer o WHERE o.member_id = i.id AND o.state = 'active' OFFSET 0) o
            OFFSET 0
        ) w
        WHERE k.offer_id = w.id AND k.step % 64 <> w.load
        RETURNING k.shelf, k.zone, k.step
    )
    SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO laid
    FROM (SELECT DISTINCT shelf, zone, step FROM moved OFFSET 0) a
    WHERE NOT EXISTS (SELECT FROM offer_step s WHERE s.shelf = a.shelf AND s.zone = a.zone AND s.step = a.step);
    IF laid.shelves IS NOT NULL THEN
        PERFORM raise_steps(laid.shelves, laid.zones, laid.steps);
    END IF;
END $$;

-- Once a statement, not once a row: an import adds thousands.
CREATE FUNCTION stock_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stock_offers(ARRAY(SELECT id FROM fresh), true);
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
CREATE FUNCTION stock_admitted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM stock_offers(ARRAY(
        SELECT o.id FROM fresh n CROSS JOIN LATERAL (
            SELECT o.id FROM offer o WHERE o.member_id = n.member_id AND o.group_id = n.group_id AND o.state = 'active' OFFSET 0
        ) o
    ));
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
CREATE TRIGGER member_joined AFTER INSERT ON membership REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stock_admitted();
CREATE TRIGGER member_admitted AFTER UPDATE ON membership REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION stock_admitted();
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
    place int; rank int;
    -- Opened afresh each time more zones or higher floors are looked at. A cursor: a plain loop would fetch fifty people ahead.
    walk CURSOR FOR
        SELECT s.floor, c.cost, m.busy, k.member_id, CAST(ROW(
                n.id, k.offer_id, k.member_id, k.group_id, s.km, n.r50_km, s.r50_km, k.radius_km, s.language, NOT s.first, m.load,
                m.asks, m.weekly_asks, m.outstanding, c.distance, s.second, 0.14 * m.load, c.cost, NULL
            ) AS best_candidate) AS candidate
        FROM (
            SELECT b.shelf, b.language, b.first, b.foreign_only, b.second, z.zone, z.km, z.r50_km, e.step, f.floor
            FROM unnest(h.shelves, h.languages, h.firsts, h.foreigners, h.seconds) b (shelf, language, first, foreign_only, second)
            JOIN offer_shelf o ON o.id = b.shelf
            CROSS JOIN LATERAL (SELECT least(near, width_bucket(within_km(least(below, upto) - b.second, n.r50_km, o.widest_km), n.kms)) AS zones OFFSET 0) r
            CROSS JOIN LATERAL (
                SELECT z.zone, CASE WHEN NOT n.remote THEN z.km END AS km, z.r50_km, z.rank
                FROM unnest(n.near[1 : r.zones], n.kms[1 : r.zones], n.r50_kms[1 : r.zones]) WITH ORDINALITY z (zone, km, r50_km, rank)
                WHERE get_bit(o.zones, z.zone) = 1 OFFSET 0
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
            FROM member m
            CROSS JOIN LATERAL (
                SELECT CASE WHEN m.task_times = '{}' THEN 0
                        ELSE (SELECT CAST(count(*) AS float8) FROM unnest(m.task_times) t WHERE t > week_ago) / m.per_week END AS load,
                    CASE WHEN m.ask_times = '{}' THEN 0 ELSE (SELECT CAST(count(*) AS int) FROM unnest(m.ask_times) t WHERE t > week_ago) END AS asks,
                    coalesce(m.weekly_asks, cap) AS weekly_asks,
                    EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = n.urgent AND a.state IN ('planned', 'sent') OFFSET 0) AS outstanding
                OFFSET 0
            ) u
            WHERE m.id = k.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email' AND u.load < 1
              AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
              AND m.id <> ALL (n.asked) AND m.contact_index <> ALL (n.apart)
            OFFSET 0
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
            array_agg(CASE WHEN l.first THEN CAST(0 AS float8) ELSE 0.25 END) AS seconds, max(o.widest_km) AS widest_km, bool_or(l.first) AS any_first
        INTO h
        FROM shared_languages(n.languages) l
        CROSS JOIN (VALUES (n.group_id, false), ('00000000-0000-0000-0000-000000000000', true)) a (audience, foreign_only)
        CROSS JOIN LATERAL (
            SELECT o.id, o.widest_km FROM offer_shelf o WHERE o.audience = a.audience AND o.category = n.category AND o.language = l.language OFFSET 0
        ) o
        WHERE NOT a.foreign_only OR n.reach = 'alliance';
        CONTINUE WHEN h.shelves IS NULL;
        language := CASE WHEN h.any_first THEN 0 ELSE 0.25 END;
        zones := CASE WHEN n.remote THEN 1 ELSE width_bucket(h.widest_km + n.widened_km, n.kms) END;
        seen := 0; done := 0; near := 1;
        below := 'Infinity'; costs := '{}'; people := '{}'; chosen := '{}';
        LOOP
            -- What people further away may well cost: the dearer ones nearby wait until these were seen.
            upto := CASE WHEN near < zones THEN distance_cost(n.kms[near + 1], n.r50_km, n.r50_km, 25) + language ELSE 'Infinity' END;
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
            seen := near; done := upto; near := least(zones, 4 * near + 4);
        END LOOP;
        RETURN QUERY
            SELECT f.need_id, f.offer_id, f.member_id, f.group_id, f.km, f.need_r50_km, f.offer_r50_km, f.radius_km,
                f.language, f.second_language, f.load, f.asks_last_week, f.weekly_asks, f.outstanding,
                f.distance_cost, f.language_cost, f.load_cost, f.cost, costs[most + 1]
            FROM unnest(chosen) f ORDER BY f.cost, f.offer_id < n.id, f.offer_id
            LIMIT CASE WHEN NOT busy_too THEN most END;
    END LOOP;
END $$;

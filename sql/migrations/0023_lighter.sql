-- Writers and policies do less. An offer that only reaches further, or at other hours, stays on its shelves, and its keys change in
-- place. What the search reads, and who sees what, is as before.

-- These offers keep their place, category, languages and audience; `radii` and `hours` are theirs now. The keys are taken in the
-- order of their offers, as restep_members takes them, so that neither waits for the other in a circle; the load in a step stays
-- whatever the row says once it is our turn.
CREATE FUNCTION restretch_offers(offers uuid[], radii real[], hours bigint[]) RETURNS void LANGUAGE plpgsql
SET enable_hashjoin = off SET enable_mergejoin = off SET enable_bitmapscan = off SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    laid record;
BEGIN
    LOCK TABLE offer_key IN ROW EXCLUSIVE MODE;  -- age_loads forgets steps while nobody writes
    WITH moved AS (
        UPDATE offer_key k
        SET step = CASE WHEN k.zone = 0 THEN k.step ELSE i.reach + k.step % 64 END, radius_km = i.radius_km, hours = i.hours
        FROM (
            SELECT i.id, i.radius_km, i.hours, 64 * radius_step(i.radius_km) AS reach
            FROM unnest(offers, radii, hours) i (id, radius_km, hours) ORDER BY i.id OFFSET 0
        ) i
        WHERE k.offer_id = i.id
        RETURNING k.shelf, k.zone, k.step
    )
    SELECT array_agg(a.shelf) AS shelves, array_agg(a.zone) AS zones, array_agg(a.step) AS steps INTO laid
    FROM (SELECT DISTINCT shelf, zone, step FROM moved OFFSET 0) a
    WHERE NOT EXISTS (SELECT FROM offer_step s WHERE s.shelf = a.shelf AND s.zone = a.zone AND s.step = a.step OFFSET 0);
    IF laid.shelves IS NOT NULL THEN
        PERFORM raise_steps(laid.shelves, laid.zones, laid.steps);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION stock_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    elsewhere uuid[];
    further record;
BEGIN
    SELECT array_agg(c.id) FILTER (WHERE c.moved) INTO elsewhere
    FROM (
        SELECT n.id, (n.state = 'active') <> (o.state = 'active')
            OR (n.group_id, n.categories, n.languages, n.zone_code, n.reach, n.member_id)
                IS DISTINCT FROM (o.group_id, o.categories, o.languages, o.zone_code, o.reach, o.member_id) AS moved
        FROM fresh n JOIN stale o ON o.id = n.id WHERE n.state = 'active' OR o.state = 'active'
    ) c;
    IF elsewhere IS NOT NULL THEN
        PERFORM stock_offers(elsewhere);
    END IF;
    SELECT array_agg(n.id ORDER BY n.id) AS offers, array_agg(n.radius_km ORDER BY n.id) AS radii, array_agg(n.hours ORDER BY n.id) AS hours
    INTO further
    FROM fresh n JOIN stale o ON o.id = n.id
    WHERE n.state = 'active' AND (n.radius_km, n.hours) IS DISTINCT FROM (o.radius_km, o.hours)
      AND (elsewhere IS NULL OR n.id <> ALL (elsewhere));
    IF further.offers IS NOT NULL THEN
        PERFORM restretch_offers(further.offers, further.radii, further.hours);
    END IF;
    RETURN NULL;
END $$;

-- What policies ask of another table, as functions that act as their owner: a sub-select in a policy brings the policies of the
-- table it reads with it, and theirs in turn, so that one yes cost a plan of sixty nodes. Step by step in PL/pgSQL: each step's
-- plan is kept. Each gives yes or no about one id, and no more than the policies of that table would.

-- Has this person to do with the group that this transaction acts for: a member or staff of it, or asked about a need by it?
CREATE FUNCTION of_this_group(person uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
DECLARE
    here CONSTANT uuid := current_group();
BEGIN
    RETURN EXISTS (SELECT FROM membership s WHERE s.group_id = here AND s.member_id = person)
        OR EXISTS (SELECT FROM staff s WHERE s.group_id = here AND s.member_id = person)
        OR EXISTS (SELECT FROM ask a WHERE a.member_id = person AND a.group_id = here);
END $$;

-- Was the person for whom this transaction acts asked about this need?
CREATE FUNCTION asked_about(wanted uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN EXISTS (SELECT FROM ask a WHERE a.need_id = wanted AND a.member_id = current_member());
END $$;

-- Is this need one that this transaction sees?
CREATE FUNCTION sees_need(wanted uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN EXISTS (SELECT FROM need n WHERE n.id = wanted AND (n.group_id = current_group() OR n.member_id = current_member()))
        OR asked_about(wanted);
END $$;

-- Was this offer asked about a need of the group that this transaction acts for?
CREATE FUNCTION asked_here(person uuid, offered uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN EXISTS (SELECT FROM ask a WHERE a.member_id = person AND a.offer_id = offered AND a.group_id = current_group());
END $$;

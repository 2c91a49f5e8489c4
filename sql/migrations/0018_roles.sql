-- What the database's roles stand on (ADR 20): for whom a transaction acts, and what may be asked before that is known.
-- Who owns, sees and may do what is not here but in sql/access.sql, which is applied after the migrations.

-- The group and the person that this transaction acts for; NULL: none, and then no row of any group is seen.
CREATE FUNCTION current_group() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CAST(nullif(current_setting('careweb.group', true), '') AS uuid)
$$;
CREATE FUNCTION current_member() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CAST(nullif(current_setting('careweb.member', true), '') AS uuid)
$$;

-- Functions below act as their owner, who sees every group; each gives ids, groups, counts or yes and no, and nothing else.

-- To which group does this need, ask, match, notice or offer belong, and to which person? Step by step: each step's plan is
-- kept, where a plan of all at once would be made anew for every page.
CREATE FUNCTION group_of(record uuid, OUT group_id uuid, OUT member_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    SELECT group_id, NULL INTO group_id, member_id FROM need WHERE id = record;
    IF NOT FOUND THEN
        SELECT group_id, member_id INTO group_id, member_id FROM ask WHERE id = record;
    END IF;
    IF NOT FOUND THEN
        SELECT group_id, member_id INTO group_id, member_id FROM match WHERE id = record;
    END IF;
    IF NOT FOUND THEN
        SELECT n.group_id, o.member_id INTO group_id, member_id FROM notice o LEFT JOIN need n ON n.id = o.need_id WHERE o.id = record;
    END IF;
    IF NOT FOUND THEN
        SELECT group_id, member_id INTO group_id, member_id FROM offer WHERE id = record;
    END IF;
END $$;

-- Who has this contact? By its keyed hash.
CREATE FUNCTION member_of_contact(contact bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT id FROM member WHERE contact_index = contact
$$;

-- Which needs were posted with it? Latest first: live ones, then those that ended lately and are not forgotten yet.
CREATE FUNCTION needs_of_contact(contact bytea, ended_after timestamptz) RETURNS TABLE (id uuid, group_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT n.id, n.group_id FROM need n
    WHERE n.contact_index = contact AND n.purged_at IS NULL AND (n.closed_at IS NULL OR n.closed_at > ended_after)
    ORDER BY n.closed_at IS NOT NULL, n.posted_at DESC
$$;

-- Which need has this first half of a return code? The try counts; none: unknown, or refused after ten within an hour.
CREATE FUNCTION try_code(locator bytea, at timestamptz) RETURNS TABLE (id uuid, group_id uuid)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE need n SET wrong_secrets = array_append(n.wrong_secrets[greatest(1, cardinality(n.wrong_secrets) - 8):], at)
    WHERE n.locator_hash = locator AND n.purged_at IS NULL
      AND (cardinality(n.wrong_secrets) < 10 OR n.wrong_secrets[10] - n.wrong_secrets[1] > interval '1 hour'
        OR n.wrong_secrets[10] <= at - interval '1 hour')
    RETURNING n.id, n.group_id
$$;

-- Has this member an address at all? Who is asked is written to by the matcher, which reads no address.
CREATE FUNCTION has_address(wanted uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT sealed_contact IS NOT NULL FROM member WHERE id = wanted
$$;

-- All needs of whoever asked for this one, itself included.
CREATE FUNCTION needs_of_same_asker(wanted uuid) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT other.id FROM need n JOIN need other ON other.member_id = n.member_id WHERE n.id = wanted
    UNION
    SELECT other.id FROM need n JOIN need other ON other.contact_index = n.contact_index WHERE n.id = wanted
$$;

-- Which master keys wrap any record? From one to the next in the index, without a look at what lies between.
CREATE FUNCTION masters() RETURNS SETOF smallint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH RECURSIVE found (version) AS (
        (SELECT master FROM data_key ORDER BY master LIMIT 1)
        UNION ALL
        SELECT (SELECT k.master FROM data_key k WHERE k.master > f.version ORDER BY k.master LIMIT 1) FROM found f WHERE f.version IS NOT NULL
    )
    SELECT version FROM found WHERE version IS NOT NULL
$$;

-- Data keys that another than the current master key wraps, held until the transaction ends; what is held already is skipped.
CREATE FUNCTION wrapped_by_others(current smallint, most int) RETURNS TABLE (record text, id uuid, master smallint, wrapped bytea)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT k.record, k.id, k.master, k.wrapped FROM data_key k WHERE k.master < current OR k.master > current LIMIT most FOR UPDATE SKIP LOCKED
$$;

-- The same data keys under another master key.
CREATE FUNCTION wrap_anew(records text[], ids uuid[], masters smallint[], keys bytea[]) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    UPDATE data_key k SET master = fresh.master, wrapped = fresh.wrapped
    FROM unnest(records, ids, masters, keys) AS fresh (record, id, master, wrapped)
    WHERE k.record = fresh.record AND k.id = fresh.id
$$;

-- How many offers of its group, or shared with the alliance, pass each test, and what fails for those that fail only one?
CREATE FUNCTION why_nobody(wanted uuid, cap int, at timestamptz) RETURNS TABLE (
    open boolean, category boolean, language boolean, distance boolean, capacity boolean, "time" boolean, unasked boolean, askable boolean,
    answered boolean, within_km int, speaks text[], offers bigint
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH the_need AS (
        SELECT n.*, c.remote, c.vetting AS vetting_needed FROM need n JOIN category c ON c.slug = n.category WHERE n.id = wanted
    ), usable AS (
        SELECT o.*, true AS open FROM the_need n
        JOIN offer o ON o.state <> 'ended' AND (o.group_id = n.group_id OR (o.reach = 'alliance' AND n.reach = 'alliance'))
        UNION ALL  -- shared ones that a need for its own group only leaves aside, as far as they fit: no walk through all of them
        SELECT o.*, false FROM offer o WHERE o.id IN (
            SELECT k.offer_id FROM the_need n
            CROSS JOIN LATERAL shared_languages(n.languages) s
            CROSS JOIN LATERAL zones_near(n.zone_code, n.remote) z
            JOIN offer_shelf h ON h.audience = '00000000-0000-0000-0000-000000000000' AND h.category = n.category AND h.language = s.language
            JOIN offer_key k ON k.shelf = h.id AND k.zone = z.zone
            WHERE n.reach = 'group' AND k.group_id <> n.group_id
        )
    ), tested AS (
        SELECT o.id, o.open, o.languages, o.radius_km, z.km,
            n.category = ANY (o.categories) AS category,
            EXISTS (SELECT FROM shared_languages(n.languages) s WHERE s.language = ANY (o.languages)) AS language,
            n.remote OR o.zone_code = n.zone_code OR coalesce(z.km <= o.radius_km + n.widened_km, false) AS distance,
            o.state = 'active' AND s.state = 'admitted' AND s.vetting >= n.vetting_needed
                AND (SELECT count(*) FROM unnest(m.task_times) t WHERE t > at - interval '7 days') < m.per_week AS capacity,
            o.hours & n.hours <> 0 AS time,
            NOT EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id) AS unasked,
            NOT EXISTS (SELECT FROM ask a WHERE a.member_id = m.id AND a.urgent = (n.urgency = 'urgent') AND a.state IN ('planned', 'sent'))
                AND (SELECT count(*) FROM unnest(m.ask_times) t WHERE t > at - interval '7 days') < coalesce(m.weekly_asks, cap) AS askable,
            EXISTS (SELECT FROM ask a WHERE a.need_id = n.id AND a.member_id = m.id AND a.state IN ('accepted', 'declined')) AS answered
        FROM the_need n
        CROSS JOIN usable o
        JOIN member m ON m.id = o.member_id AND m.confirmed AND NOT m.mail_stopped AND m.contact_kind = 'email'
            AND m.id IS DISTINCT FROM n.member_id AND m.contact_index IS DISTINCT FROM n.contact_index
        JOIN membership s ON s.member_id = m.id AND s.group_id = o.group_id AND s.state IN ('admitted', 'awaiting')
        LEFT JOIN zone_near z ON z.zone_code = n.zone_code AND z.near_code = o.zone_code
        WHERE NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))
    )
    SELECT open, category, language, distance, capacity, time, unasked, askable, answered,
        CASE WHEN NOT distance AND language THEN
            CASE WHEN km - radius_km <= 5 THEN 5 WHEN km - radius_km <= 15 THEN 15 WHEN km - radius_km <= 30 THEN 30 WHEN km - radius_km <= 60 THEN 60 WHEN km - radius_km <= 120 THEN 120 END
        END AS within_km,
        CASE WHEN NOT language THEN languages END AS speaks,
        count(*) AS offers
    FROM tested
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11;
END $$;

-- How many offers of other groups, not shared, are of this kind, language and place? No more are counted than `most`, and
-- only by what changes rarely: nobody learns from it who of them is busy.
CREATE FUNCTION closed_to_need(wanted uuid, most int) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*) FROM (
        SELECT DISTINCT k.offer_id FROM need n
        JOIN category c ON c.slug = n.category
        CROSS JOIN LATERAL shared_languages(n.languages) s
        CROSS JOIN LATERAL zones_near(n.zone_code, c.remote) z
        JOIN offer_shelf h ON h.audience NOT IN (n.group_id, '00000000-0000-0000-0000-000000000000') AND h.category = n.category AND h.language = s.language
        JOIN offer_key k ON k.shelf = h.id AND k.zone = z.zone
        JOIN offer o ON o.id = k.offer_id AND o.reach = 'group' AND o.member_id IS DISTINCT FROM n.member_id
        JOIN membership m ON m.member_id = o.member_id AND m.group_id = o.group_id AND m.state = 'admitted'
        WHERE n.id = wanted AND (c.remote OR z.km = 0 OR z.km <= k.radius_km + n.widened_km)
        LIMIT closed_to_need.most
    ) found
$$;

-- What triggers and the matcher's search do is done as the owner too: nobody else needs a look at shelves, loads and horizon.
ALTER FUNCTION stock_added() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION stock_changed() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION stock_admitted() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION unstock() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION restep_member() SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION age_loads(timestamptz, int) SECURITY DEFINER SET search_path = public, pg_temp;
ALTER FUNCTION best_candidates(uuid[], int, int, timestamptz, boolean) SECURITY DEFINER SET search_path = public, pg_temp;

-- With what the web or the matcher logs in, where the server wants a password; as it is kept, so that no log shows it. Done as
-- whoever asks, who must be allowed to.
CREATE FUNCTION give_password(login text, verifier text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF login NOT IN ('careweb_web', 'careweb_matcher') THEN
        RAISE EXCEPTION 'not a login of careweb';
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
END $$;

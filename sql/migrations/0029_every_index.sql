-- A block is of two people, not of the contact that one of them left this time: whoever asked is known by their need's contact,
-- by that of their account, and by those of the other needs they posted signed in. So all of them are kept apart, and whoever
-- looks for a block compares the need's and the account's.
-- The functions that act as their owner see the needs and accounts of every group, as a block must; they give ids, yes or no.

-- By which keyed hashes is this member known?
CREATE FUNCTION member_indexes(person uuid) RETURNS SETOF bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT m.contact_index FROM member m WHERE m.id = person
        UNION SELECT n.contact_index FROM need n WHERE n.member_id = person AND n.contact_index IS NOT NULL;
END $$;

-- And whoever asked for this need?
CREATE FUNCTION asker_indexes(wanted uuid) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    accounts CONSTANT uuid[] := ARRAY(
        SELECT n.member_id FROM need n WHERE n.id = wanted AND n.member_id IS NOT NULL
        UNION SELECT m.id FROM need n JOIN member m ON m.contact_index = n.contact_index WHERE n.id = wanted
    );
BEGIN
    RETURN ARRAY(
        SELECT n.contact_index FROM need n WHERE n.id = wanted AND n.contact_index IS NOT NULL
        UNION SELECT member_indexes(a) FROM unnest(accounts) a
    );
END $$;

-- Each of the one with each of the other, smaller first.
CREATE FUNCTION pairs_of_two(wanted uuid, helping uuid) RETURNS TABLE (one bytea, other bytea) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT DISTINCT least(a.known, h.known), greatest(a.known, h.known)
        FROM unnest(asker_indexes(wanted)) a (known), member_indexes(helping) h (known) WHERE a.known <> h.known ORDER BY 1, 2;
END $$;

-- Their accounts, and their needs that are not over; and the one this is about, whatever became of it.
CREATE FUNCTION members_of_two(wanted uuid, helping uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT bytea[] := asker_indexes(wanted) || ARRAY(SELECT member_indexes(helping));
BEGIN
    RETURN ARRAY(SELECT m.id FROM member m WHERE m.contact_index = ANY (known) ORDER BY m.id);
END $$;

CREATE FUNCTION needs_of_two(wanted uuid, helping uuid) RETURNS uuid[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT bytea[] := asker_indexes(wanted) || ARRAY(SELECT member_indexes(helping));
    members CONSTANT uuid[] := members_of_two(wanted, helping);
BEGIN
    RETURN ARRAY(
        SELECT n.id FROM need n WHERE n.contact_index = ANY (known) AND n.state IN ('held', 'open', 'matched', 'met')
        UNION SELECT n.id FROM need n WHERE n.member_id = ANY (members) AND n.state IN ('held', 'open', 'matched', 'met')
        UNION SELECT wanted
    );
END $$;

-- Of whom is whoever asked for this need kept apart? Once a need, so that a search stays cheap.
CREATE FUNCTION apart_from(wanted uuid) RETURNS bytea[] LANGUAGE plpgsql STABLE AS $$
DECLARE
    known CONSTANT bytea[] := ARRAY(
        SELECT n.contact_index FROM need n WHERE n.id = wanted
        UNION ALL SELECT own.contact_index FROM need n JOIN member own ON own.id = n.member_id WHERE n.id = wanted
    );
BEGIN
    RETURN ARRAY(SELECT p.other FROM apart p WHERE p.one = ANY (known) UNION ALL SELECT p.one FROM apart p WHERE p.other = ANY (known));
END $$;

-- Are whoever asked for this need and this member kept apart?
CREATE FUNCTION kept_apart(wanted uuid, helping uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN coalesce((SELECT m.contact_index FROM member m WHERE m.id = helping) = ANY (apart_from(wanted)), false);
END $$;

-- All needs of two people that are not over, held until the transaction ends: no yes and no plan for them meanwhile.
CREATE FUNCTION hold_needs_of_two(wanted uuid, helping uuid) RETURNS SETOF uuid
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT n.id FROM need n WHERE n.id = ANY (needs_of_two(wanted, helping)) ORDER BY n.id FOR UPDATE;
END $$;

-- Holds the two themselves and keeps them apart from here on. Whoever left nothing to know them by is known by this need, as
-- `otherwise`. Saying so twice is saying so once, and a report never loosens a block.
CREATE FUNCTION part_two(wanted uuid, helping uuid, manner text, otherwise bytea, at timestamptz) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE need n SET contact_index = otherwise
    WHERE n.id = wanted AND n.contact_index IS NULL AND n.member_id IS NULL AND n.purged_at IS NULL;
    PERFORM FROM member m WHERE m.id = ANY (members_of_two(wanted, helping)) ORDER BY m.id FOR NO KEY UPDATE;
    INSERT INTO apart (one, other, kind, created_at)
    SELECT two.one, two.other, manner, at FROM pairs_of_two(wanted, helping) two
    ON CONFLICT (one, other) DO UPDATE SET kind = CASE WHEN apart.kind = 'block' THEN 'block' ELSE excluded.kind END;
END $$;

-- What those who are kept apart have with each other: matches under way, and asks that are out.
CREATE FUNCTION between_two(wanted uuid, helping uuid) RETURNS TABLE (need_id uuid, ask_id uuid, match_id uuid, member_id uuid)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    needs CONSTANT uuid[] := needs_of_two(wanted, helping);
    members CONSTANT uuid[] := members_of_two(wanted, helping);
BEGIN
    RETURN QUERY
        SELECT t.need_id, CAST(NULL AS uuid), t.id, t.member_id FROM match t JOIN need n ON n.id = t.need_id
        WHERE t.need_id = ANY (needs) AND t.member_id = ANY (members) AND t.state IN ('accepted', 'awaiting_asker', 'connected')
          AND n.state IN ('open', 'matched') AND kept_apart(t.need_id, t.member_id)
        UNION ALL
        SELECT a.need_id, a.id, NULL, a.member_id FROM ask a
        WHERE a.need_id = ANY (needs) AND a.member_id = ANY (members) AND a.state IN ('planned', 'sent') AND kept_apart(a.need_id, a.member_id)
        ORDER BY 1, 3, 2;
END $$;

-- A report turned out to be nothing: the pause ends, unless another report of the two says otherwise. A block stays: only who
-- asked for it could end that.
CREATE FUNCTION let_together(wanted uuid, helping uuid) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM apart p USING pairs_of_two(wanted, helping) two
    WHERE p.one = two.one AND p.other = two.other AND p.kind = 'keep_apart' AND NOT EXISTS (
        SELECT FROM review r CROSS JOIN LATERAL pairs_of_two(r.need_id, r.member_id) said
        WHERE r.member_id = ANY (members_of_two(wanted, helping)) AND said.one = p.one AND said.other = p.other
          AND (r.state IN ('open', 'appealed') OR r.action IN ('kept_apart', 'suspended', 'closed'))
    );
END $$;

-- A report about a volunteer is judged by the group of their offer, and the need it came of may be another group's, whose rows
-- that group does not see: of the need it learns its kind, its day and how it stands.
CREATE FUNCTION need_of_review(judged uuid) RETURNS TABLE (
    category text, urgency text, state text, group_id uuid, needed_by timestamptz, expires_at timestamptz, time_zone text
)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp ROWS 1 AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT n.category, n.urgency, n.state, n.group_id, n.needed_by, n.expires_at, z.time_zone
        FROM review r JOIN need n ON n.id = r.need_id JOIN zone z ON z.code = n.zone_code WHERE r.id = judged;
END $$;

-- An ask is written only (0028) if its volunteer may still help.
CREATE OR REPLACE FUNCTION still_may_help(wanted uuid, offered uuid) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp COST 500 AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM offer o
        JOIN membership s ON s.group_id = o.group_id AND s.member_id = o.member_id AND s.state = 'admitted'
        WHERE o.id = offered AND o.state = 'active' AND NOT kept_apart(wanted, o.member_id)
    );
END $$;

-- The search of 0017 and 0022 as it stands, and "why nobody" of 0018: written as what is different.
DO $do$
DECLARE
    before text := pg_get_functiondef('best_candidates'::regproc);
    after text := replace(before,
        'ARRAY(SELECT p.other FROM apart p WHERE p.one = d.contact_index UNION ALL SELECT p.one FROM apart p WHERE p.other = d.contact_index) AS apart',
        'apart_from(d.id) AS apart');
BEGIN
    ASSERT before <> after, 'best_candidates is not what this file changes';
    EXECUTE after;
END $do$;

DO $do$
DECLARE
    before text := pg_get_functiondef('why_nobody'::regproc);
    between text := replace(before, 'SELECT n.*, c.remote, c.vetting AS vetting_needed FROM', 'SELECT n.*, c.remote, c.vetting AS vetting_needed, apart_from(n.id) AS apart FROM');
    after text := replace(between,
        'WHERE NOT EXISTS (SELECT FROM apart p WHERE p.one = least(m.contact_index, n.contact_index) AND p.other = greatest(m.contact_index, n.contact_index))',
        'WHERE m.contact_index <> ALL (n.apart)');
BEGIN
    ASSERT before <> between AND between <> after, 'why_nobody is not what this file changes';
    EXECUTE after;
END $do$;

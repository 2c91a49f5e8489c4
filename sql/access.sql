-- Who owns the tables, who sees which rows, and who may do what (ADR 20). Not a migration: applied anew, as a whole, whenever
-- it or the schema has changed. A test compares it with the catalogue: a new table has a line here or the test fails.

-- 1. Everything that is ours, and not an extension's, belongs to the owner.
DO $$
DECLARE
    one text;
BEGIN
    EXECUTE 'GRANT USAGE, CREATE ON SCHEMA public TO careweb_owner';
    FOR one IN
        SELECT format('ALTER TABLE %s OWNER TO careweb_owner', c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND c.relowner <> 'careweb_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('ALTER FUNCTION %s OWNER TO careweb_owner', p.oid::regprocedure) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner <> 'careweb_owner'::regrole
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        UNION ALL
        SELECT format('ALTER TYPE %s OWNER TO careweb_owner', t.oid::regtype) FROM pg_type t
        WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'c' AND t.typowner <> 'careweb_owner'::regrole
          AND (SELECT c.relkind FROM pg_class c WHERE c.oid = t.typrelid) = 'c'
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')
    LOOP
        EXECUTE one;
    END LOOP;
    -- Nobody but by the lines below. (A view of an extension in this schema stays as the extension has it.)
    FOR one IN
        SELECT format('REVOKE ALL ON TABLE %s FROM PUBLIC, careweb_web, careweb_matcher', c.oid::regclass) FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relowner = 'careweb_owner'::regrole AND c.relkind IN ('r', 'p', 'v', 'm')
        UNION ALL
        SELECT format('REVOKE ALL ON FUNCTION %s FROM PUBLIC, careweb_web, careweb_matcher', p.oid::regprocedure) FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND p.proowner = 'careweb_owner'::regrole
    LOOP
        EXECUTE one;
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO careweb_web, careweb_matcher', current_database());
    EXECUTE 'REVOKE CREATE ON SCHEMA public FROM PUBLIC';
END $$;

-- 2. Which rows. For each table with rows of a group: which of them the web sees, and whether the matcher sees any (then it
-- sees those of all groups, in the columns granted below). The group is the one that this transaction acts for; a person sees
-- what is theirs in every group. Someone of another group is seen by the group whose need they were asked about: both had
-- shared with the alliance, or there would be no ask. A sub-select is reckoned once a statement, which is good for lists of a
-- group's own rows; what only others come to is asked of a function (0023), which brings no policies of other tables with it.
DO $$
DECLARE
    mine CONSTANT text := 'group_id = (SELECT current_group())';
    mine_or_own CONSTANT text := mine || ' OR member_id = current_member()';
    of_need CONSTANT text := 'sees_need(need_id)';
    of_person CONSTANT text := 'id = current_member() OR of_this_group(id)';
    of_staff CONSTANT text := 'member_id = current_member()'
        ' OR EXISTS (SELECT FROM staff s WHERE s.member_id = %I.member_id AND s.group_id = current_group())';
    one record;
BEGIN
    FOR one IN
        SELECT * FROM (VALUES
            ('ask', mine_or_own, NULL, true),
            ('match', mine_or_own, NULL, true),
            ('membership', mine_or_own, NULL, true),
            ('staff', mine_or_own, NULL, false),
            ('offer', mine_or_own || ' OR asked_here(member_id, id)', NULL, true),
            ('need', mine_or_own || ' OR asked_about(id)', NULL, true),
            -- Whoever is new is of no group yet; and their key is written before them.
            ('member', of_person, 'true', true),
            ('data_key', 'CASE record WHEN ''need'' THEN sees_need(id) WHEN ''member'' THEN ' || of_person ||
                ' WHEN ''review'' THEN EXISTS (SELECT FROM review r WHERE r.id = data_key.id) ELSE false END', 'true', false),
            ('need_event', of_need, NULL, true),
            ('thread_note', 'EXISTS (SELECT FROM match t WHERE t.id = match_id)', NULL, false),
            ('notice', 'CASE WHEN member_id IS NULL THEN ' || of_need || ' ELSE member_id = current_member() OR of_this_group(member_id) END',
                NULL, true),
            ('tally', mine, NULL, false),
            ('disclosure', 'false', NULL, false),
            ('recruiting_line', mine, NULL, true),
            ('standing', of_need, NULL, true),
            ('claim', 'false', NULL, true),
            ('offer_key', 'false', NULL, true),
            -- One's own, and that there is one of those who coordinate the group: they vouch for each other.
            ('authenticator', format(of_staff, 'authenticator'), NULL, false),
            ('recovery_code', format(of_staff, 'recovery_code'), NULL, false),
            ('second_step_event', format(of_staff, 'second_step_event'), NULL, false),
            ('second_step_try', format(of_staff, 'second_step_try'), NULL, false),
            -- A report about a volunteer goes to the group of their offer, from a need that may be another's.
            ('review', mine_or_own || ' OR ' || of_need, NULL, true),
            ('opening', mine, NULL, true),
            -- Theirs alone; whoever asked has no account, so theirs are seen as the contact in their need is.
            ('channel', 'person_id = current_member() OR sees_need(person_id)', NULL, false),
            ('audit_line', mine, NULL, true),
            ('audit_link', 'false', NULL, true)
        ) AS guarded (name, web, written, matcher)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', one.name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', one.name);
        EXECUTE format('DROP POLICY IF EXISTS owner ON %I', one.name);
        EXECUTE format('DROP POLICY IF EXISTS web ON %I', one.name);
        EXECUTE format('DROP POLICY IF EXISTS matcher ON %I', one.name);
        EXECUTE format('CREATE POLICY owner ON %I TO careweb_owner USING (true)', one.name);
        EXECUTE format('CREATE POLICY web ON %I TO careweb_web USING (%s) WITH CHECK (%s)', one.name, one.web, coalesce(one.written, one.web));
        IF one.matcher THEN
            EXECUTE format('CREATE POLICY matcher ON %I TO careweb_matcher USING (true)', one.name);
        END IF;
    END LOOP;
END $$;

-- 3. What the web may do. Of the rows above, those it sees.
GRANT SELECT, INSERT, UPDATE ON need, match, membership, offer, member, need_event, tally TO careweb_web;
GRANT SELECT, UPDATE ON ask TO careweb_web;
GRANT SELECT, DELETE ON staff TO careweb_web;
GRANT SELECT, INSERT, DELETE ON thread_note, data_key TO careweb_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON notice, channel TO careweb_web;
GRANT SELECT ON recruiting_line, standing TO careweb_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON authenticator, recovery_code, second_step_try TO careweb_web;
GRANT SELECT, INSERT, DELETE ON second_step_event TO careweb_web;
GRANT SELECT, INSERT, UPDATE ON review, opening TO careweb_web;
GRANT SELECT, INSERT ON audit_line TO careweb_web;

-- 4. What the matcher may do, over all groups: never a name, contact, text, key, or a hash that finds any of them.
GRANT SELECT (id, group_id, member_id, state, category, zone_code, languages, urgency, helpers, filled, needed_by, hours, reach,
    widened_km, confirmed, posted_at, expires_at, repeats_of, round, waves, exhausted_at, closed_at, close_reason, purged_at),
    UPDATE (waves, exhausted_at) ON need TO careweb_matcher;
GRANT SELECT (id, group_id, member_id, state, rests_until, categories, languages, zone_code, radius_km, reach, hours, created_at, updated_at),
    UPDATE (state, rests_until) ON offer TO careweb_matcher;
GRANT SELECT (id, contact_kind, time_zone, per_week, weekly_asks, quiet_from, quiet_until, urgent_any_hour, mail_stopped, confirmed,
    task_times, ask_times, move_times, asks_answered, asks_accepted), UPDATE (task_times, ask_times, move_times) ON member TO careweb_matcher;
GRANT SELECT (group_id, member_id, state, vetting) ON membership TO careweb_matcher;
GRANT SELECT, INSERT ON ask TO careweb_matcher;
GRANT SELECT ON match TO careweb_matcher;
GRANT INSERT ON need_event TO careweb_matcher;
GRANT SELECT, INSERT, DELETE ON notice TO careweb_matcher;
GRANT SELECT, INSERT, UPDATE, DELETE ON claim, recruiting_line, standing, market, market_class TO careweb_matcher;
GRANT SELECT ON offer_shelf, offer_key TO careweb_matcher;
GRANT SELECT (id, state, kept_until, purged_at) ON review TO careweb_matcher;
GRANT SELECT (asked_at), DELETE ON opening TO careweb_matcher;
GRANT SELECT (id, group_id, mac) ON audit_line TO careweb_matcher;
GRANT SELECT, INSERT ON audit_link TO careweb_matcher;

-- 5. Tables without rows of a group. Reference: places, languages, groups' own public lines, what is installed.
GRANT SELECT ON care_group, category, market, zone, zone_postal, zone_near, zone_around, region_set, region, zone_region, language, language_alias,
    language_pair, reference_data, migration TO careweb_web, careweb_matcher;
GRANT UPDATE (two_people) ON care_group TO careweb_web;
GRANT SELECT, INSERT ON master_key TO careweb_web, careweb_matcher;
-- Found by a keyed hash of a secret only, and before any group is known.
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in, session TO careweb_web;
GRANT SELECT, INSERT, DELETE ON sent_form TO careweb_web;
GRANT SELECT (id, expires_at), DELETE ON sign_in TO careweb_matcher;
GRANT SELECT (expires_at, seen_at, idle), DELETE ON session TO careweb_matcher;
GRANT SELECT (sent_at), DELETE ON sent_form TO careweb_matcher;
-- Two keyed hashes that say nothing without both contacts; marks of what was erased; jobs owed: a name of a job and an id.
GRANT SELECT, INSERT, UPDATE, DELETE ON apart TO careweb_web;
GRANT SELECT, INSERT ON tombstone TO careweb_web;
GRANT SELECT, UPDATE, DELETE ON tombstone TO careweb_matcher;
GRANT SELECT, INSERT, UPDATE, DELETE ON promise TO careweb_web, careweb_matcher;

-- 6. Functions. Those that act as the owner give ids, groups, counts, yes or no.
GRANT EXECUTE ON FUNCTION current_group(), current_member(), group_of(uuid), shared_languages(text[]), zones_near(text, boolean),
    has_address(uuid), masters() TO careweb_web, careweb_matcher;
GRANT EXECUTE ON FUNCTION of_this_group(uuid), asked_about(uuid), sees_need(uuid), asked_here(uuid, uuid) TO careweb_web;
GRANT EXECUTE ON FUNCTION member_of_contact(bytea), needs_of_contact(bytea, timestamptz), need_of_locator(bytea), staff_of(uuid), may_judge(uuid, uuid),
    lines_of_record(bytea), channels_of_address(bytea), channels_of_browser(bytea), person_of_channel(uuid),
    ask_to_sign_in(uuid, uuid, bytea, boolean, bytea, timestamptz, timestamptz, timestamptz),
    add_member_once(uuid, bytea, text, bytea, text, text, timestamptz, smallint, bytea),
    why_nobody(uuid, int, timestamptz), closed_to_need(uuid, int), kept_apart(uuid, uuid), hold_needs_of_two(uuid, uuid),
    part_two(uuid, uuid, text, bytea, timestamptz), between_two(uuid, uuid), let_together(uuid, uuid), need_of_review(uuid) TO careweb_web;
GRANT EXECUTE ON FUNCTION best_candidates(uuid[], int, int, timestamptz, boolean), needs_of_same_asker(uuid), still_may_help(uuid, uuid), age_loads(timestamptz, int),
    reviews_left(timestamptz), wrapped_by_others(smallint, int), wrap_anew(text[], uuid[], smallint[], bytea[]) TO careweb_matcher;

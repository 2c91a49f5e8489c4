-- Sessions that end when nobody uses them, a second step for staff, and needs that a person looks at first.

-- How long a session may lie unused, and when the second step was shown in it.
ALTER TABLE session ADD COLUMN idle interval NOT NULL DEFAULT '30 days', ADD COLUMN second_at timestamptz;
-- "Forget this everywhere": which browsers may follow this need?
CREATE INDEX session_of_need ON session USING gin (needs) WITH (fastupdate = off);

-- A keyed hash of the cookie of the browser that asked: there a link needs no code.
ALTER TABLE sign_in ADD COLUMN asked_from bytea;

-- NULL: as the installation has it.
ALTER TABLE care_group ADD COLUMN second_step text CHECK (second_step IN ('off', 'required', 'many'));

-- An app that makes codes (RFC 6238) or a passkey (WebAuthn). What it proves itself by is sealed with the member's key.
CREATE TABLE authenticator (
    id uuid PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member (id),
    kind text NOT NULL CHECK (kind IN ('app', 'passkey')),
    credential_index bytea UNIQUE,              -- of a passkey: a keyed hash of its id
    sealed_secret bytea NOT NULL,
    counter bigint NOT NULL DEFAULT 0,          -- of an app: the last half minute whose code was used; of a passkey: its own
    confirmed_at timestamptz,                   -- NULL: begun, and counts for nothing
    created_at timestamptz NOT NULL,
    CHECK ((kind = 'passkey') = (credential_index IS NOT NULL))
);
CREATE INDEX authenticator_of_member ON authenticator (member_id);

-- One of the two ways back: codes on paper, each good once. Keyed hashes.
CREATE TABLE recovery_code (
    member_id uuid NOT NULL REFERENCES member (id),
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (member_id, code_hash)
);

-- What was done about somebody's second step, by whom and why; they read it, and so do the staff of the group it was done in.
CREATE TABLE second_step_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member (id),
    group_id uuid REFERENCES care_group (id),   -- whose coordinator vouched; NULL: nobody's
    by_member uuid REFERENCES member (id),      -- NULL: the operator
    at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('added', 'removed', 'codes_made', 'code_used', 'vouched', 'operator')),
    sealed_reason bytea                         -- under the member's key
);
CREATE INDEX second_step_event_of_member ON second_step_event (member_id, at);

-- Wrong codes of the last hour, and what a passkey was last asked to sign. A row for whoever is at that step.
CREATE TABLE second_step_try (
    member_id uuid PRIMARY KEY REFERENCES member (id),
    wrong timestamptz[] NOT NULL DEFAULT '{}',
    challenge bytea,
    challenge_until timestamptz
);

-- Why a need was held; the rule's name, never what somebody wrote.
ALTER TABLE need ADD COLUMN IF NOT EXISTS held_reason text;

-- Someone new who wants to help is written down; who is known stays as they are. One statement either way, so that
-- whoever asks learns nothing from it.
CREATE FUNCTION add_member_once(id uuid, contact_index bytea, contact_kind text, sealed_contact bytea, locale text, time_zone text,
    at timestamptz, master smallint, wrapped bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH added AS (
        INSERT INTO member (id, contact_index, contact_kind, sealed_contact, locale, time_zone, per_week, confirmed, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 2, false, $7) ON CONFLICT (contact_index) DO NOTHING
        RETURNING member.id
    )
    INSERT INTO data_key (record, id, master, wrapped) SELECT 'member', added.id, $8, $9 FROM added
$$;

-- Someone wants to sign in, or to find their need. Whoever has the contact is written to (or called back, by telephone);
-- nobody, if nobody has. The same statement, and the same answer, either way.
CREATE FUNCTION ask_to_sign_in(sign_in_id uuid, notice_id uuid, contact bytea, by_phone boolean, browser bytea,
    at timestamptz, expires timestamptz, ended_after timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH theirs AS (
        SELECT n.id, row_number() OVER (ORDER BY n.closed_at IS NOT NULL, n.posted_at DESC) AS place FROM need n
        WHERE n.contact_index = contact AND n.purged_at IS NULL AND (n.closed_at IS NULL OR n.closed_at > ended_after)
    ), called AS (
        UPDATE need n SET call_back = true FROM theirs t WHERE by_phone AND n.id = t.id
    ), asked AS (
        INSERT INTO sign_in (id, member_id, need_id, contact_index, asked_from, created_at, expires_at)
        SELECT sign_in_id, m.id, CASE WHEN m.id IS NULL THEN t.id END, contact, browser, at, expires
        FROM (SELECT) always LEFT JOIN member m ON m.contact_index = contact LEFT JOIN theirs t ON t.place = 1
        RETURNING member_id, need_id
    ), told AS (
        INSERT INTO notice (id, kind, subject, member_id, need_id, created_at)
        SELECT notice_id, 'sign_in', sign_in_id, member_id, need_id, at FROM asked
        WHERE NOT by_phone AND (
            EXISTS (SELECT FROM member m WHERE m.id = asked.member_id AND m.sealed_contact IS NOT NULL)
            OR EXISTS (SELECT FROM need n WHERE n.id = asked.need_id AND n.sealed_contact IS NOT NULL))
        RETURNING id
    )
    INSERT INTO promise (job, subject, due_at) SELECT 'deliver_notice', told.id, at FROM told
$$;

-- Which need has this first half of a return code? How often may be tried is counted elsewhere (ADR 22).
DROP FUNCTION try_code(bytea, timestamptz);
CREATE FUNCTION need_of_locator(locator bytea) RETURNS TABLE (id uuid, group_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT n.id, n.group_id FROM need n WHERE n.locator_hash = locator AND n.purged_at IS NULL
$$;

-- How many coordinate this group?
CREATE FUNCTION staff_of(wanted uuid) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(DISTINCT member_id) FROM staff WHERE group_id = wanted
$$;

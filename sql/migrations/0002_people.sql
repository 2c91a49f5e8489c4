-- People, what they need and what they can give. No table here has a geometry or coordinates:
-- a place is the code of a zone. Names, contacts and free text are sealed bytes whose data key
-- (table data_key) is itself wrapped by a master key that the database never sees.

CREATE TABLE care_group (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,40}$'),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    phone_line text NOT NULL DEFAULT '' CHECK (length(phone_line) <= 40),
    area_code text NOT NULL REFERENCES zone (code),
    languages text[] NOT NULL DEFAULT '{}',
    demo boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE category (
    slug text PRIMARY KEY,
    position smallint NOT NULL UNIQUE,
    remote boolean NOT NULL,           -- a call, a translation, a form: distance does not matter
    vetting smallint NOT NULL DEFAULT 0 CHECK (vetting BETWEEN 0 AND 2)
);

INSERT INTO category (slug, position, remote, vetting) VALUES
    ('groceries', 1, false, 0), ('meals', 2, false, 0), ('ride', 3, false, 0), ('medicine', 4, false, 0),
    ('translation', 5, true, 0), ('forms', 6, true, 0), ('company', 7, false, 0), ('call', 8, true, 0),
    ('appointment', 9, false, 0), ('childcare', 10, false, 1), ('household', 11, false, 0), ('technology', 12, true, 0);

-- One data key a record; deleting the row makes every sealed column of that record unreadable for ever.
CREATE TABLE data_key (
    record text NOT NULL CHECK (record IN ('need', 'member')),
    id uuid NOT NULL,
    master smallint NOT NULL,
    wrapped bytea NOT NULL,
    PRIMARY KEY (record, id)
);

CREATE TABLE member (
    id uuid PRIMARY KEY,
    contact_index bytea NOT NULL UNIQUE,        -- keyed hash of the contact: sign-in finds the member by it
    contact_kind text NOT NULL CHECK (contact_kind IN ('email', 'phone')),
    sealed_name bytea,
    sealed_contact bytea,
    locale text NOT NULL DEFAULT 'en',
    time_zone text NOT NULL DEFAULT 'America/Toronto',
    per_week smallint NOT NULL DEFAULT 2 CHECK (per_week BETWEEN 1 AND 50),
    weekly_asks smallint CHECK (weekly_asks BETWEEN 1 AND 50),
    quiet_from smallint NOT NULL DEFAULT 21 CHECK (quiet_from BETWEEN 0 AND 23),
    quiet_until smallint NOT NULL DEFAULT 8 CHECK (quiet_until BETWEEN 0 AND 23),
    urgent_any_hour boolean NOT NULL DEFAULT false,
    mail_stopped boolean NOT NULL DEFAULT false,
    confirmed boolean NOT NULL DEFAULT true,    -- an imported person gets one confirmation and nothing else until they say yes
    task_times timestamptz[] NOT NULL DEFAULT '{}',  -- acceptances; those of the last 7 days are what is used of per_week
    ask_times timestamptz[] NOT NULL DEFAULT '{}',   -- asks planned; the same for the weekly cap
    created_at timestamptz NOT NULL
);

CREATE TABLE membership (
    group_id uuid NOT NULL REFERENCES care_group (id),
    member_id uuid NOT NULL REFERENCES member (id),
    state text NOT NULL DEFAULT 'awaiting' CHECK (state IN ('awaiting', 'admitted', 'suspended')),
    vetting smallint NOT NULL DEFAULT 0 CHECK (vetting BETWEEN 0 AND 2),
    sealed_note bytea,                          -- why admitted or suspended, under the member's key
    decided_by uuid REFERENCES member (id),
    decided_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, member_id)
);
CREATE INDEX membership_of_member ON membership (member_id);

CREATE TABLE staff (
    group_id uuid NOT NULL REFERENCES care_group (id),
    member_id uuid NOT NULL REFERENCES member (id),
    role text NOT NULL CHECK (role IN ('coordinator', 'steward')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, member_id, role)
);

CREATE TABLE offer (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES care_group (id),
    member_id uuid NOT NULL REFERENCES member (id),
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'resting', 'paused', 'ended')),
    rests_until date,
    categories text[] NOT NULL CHECK (cardinality(categories) BETWEEN 1 AND 12),
    languages text[] NOT NULL CHECK (cardinality(languages) BETWEEN 1 AND 8),
    zone_code text NOT NULL REFERENCES zone (code),
    radius_km real NOT NULL CHECK (radius_km BETWEEN 0 AND 200),
    reach text NOT NULL DEFAULT 'group' CHECK (reach IN ('group', 'alliance')),
    hours bigint NOT NULL,                      -- 28 bits: 7 days from Monday, each morning, afternoon, evening, night
    source_ref text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK ((state = 'resting') = (rests_until IS NOT NULL)),
    UNIQUE (group_id, source_ref)
);
CREATE INDEX offer_of_member ON offer (member_id);

-- What candidate search walks: one row for each (category, language) an active offer serves.
CREATE TABLE offer_key (
    category text NOT NULL,
    language text NOT NULL,
    zone_code text NOT NULL,
    offer_id uuid NOT NULL REFERENCES offer (id) ON DELETE CASCADE,
    PRIMARY KEY (category, language, zone_code, offer_id)
);
CREATE INDEX offer_key_of_offer ON offer_key (offer_id);

CREATE FUNCTION keep_offer_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM offer_key WHERE offer_id = NEW.id;
    IF NEW.state = 'active' THEN
        INSERT INTO offer_key (category, language, zone_code, offer_id)
        SELECT DISTINCT c, l, NEW.zone_code, NEW.id FROM unnest(NEW.categories) c, unnest(NEW.languages) l;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER offer_keeps_its_keys AFTER INSERT OR UPDATE OF state, categories, languages, zone_code ON offer
    FOR EACH ROW EXECUTE FUNCTION keep_offer_key();

CREATE TABLE need (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES care_group (id),
    member_id uuid REFERENCES member (id),      -- who asked, where they were signed in
    state text NOT NULL DEFAULT 'open' CHECK (state IN
        ('held', 'open', 'matched', 'met', 'withdrawn', 'expired', 'handed_over', 'closed')),
    category text NOT NULL REFERENCES category (slug),
    zone_code text NOT NULL REFERENCES zone (code),
    languages text[] NOT NULL CHECK (cardinality(languages) BETWEEN 1 AND 8),  -- first, then also fine in
    urgency text NOT NULL CHECK (urgency IN ('urgent', 'medium', 'low')),
    helpers smallint NOT NULL CHECK (helpers BETWEEN 1 AND 10),
    filled smallint NOT NULL DEFAULT 0,
    needed_by timestamptz NOT NULL,
    hours bigint NOT NULL,                      -- 28 bits, as offer.hours: when the help could happen
    reach text NOT NULL DEFAULT 'group' CHECK (reach IN ('group', 'alliance')),
    widened_km real NOT NULL DEFAULT 0 CHECK (widened_km BETWEEN 0 AND 200),
    show_text boolean NOT NULL DEFAULT false,   -- asked volunteers who are signed in may read the free text
    see_first boolean NOT NULL DEFAULT false,   -- the asker wants to see who before being connected
    locale text NOT NULL,
    contact_kind text NOT NULL CHECK (contact_kind IN ('email', 'phone', 'code')),
    contact_index bytea,                        -- keyed hash: finds a need by the contact given, and blocks
    confirmed boolean NOT NULL DEFAULT true,
    sealed_name bytea,
    sealed_contact bytea,
    sealed_text bytea,
    form_hash bytea UNIQUE,                     -- the form it came from: sending twice makes one need
    locator_hash bytea UNIQUE,                  -- first half of the return code, keyed
    secret_hash text,                           -- second half, peppered Argon2id
    source_ref text,
    consent_reason text CHECK (length(consent_reason) <= 200),
    posted_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    round smallint NOT NULL DEFAULT 1,          -- a coordinator's "ask again" starts the next one
    waves smallint NOT NULL DEFAULT 0,
    exhausted_at timestamptz,                   -- nobody left to ask: unmet, a coordinator looks
    call_back boolean NOT NULL DEFAULT false,   -- reached by phone only: on the coordinators' call-back list
    closed_at timestamptz,
    close_reason text CHECK (close_reason IN ('helped_elsewhere', 'not_needed', 'no_answer', 'no_supply', 'duplicate', 'not_safe', 'other')),
    purged_at timestamptz,
    CHECK (filled BETWEEN 0 AND helpers),
    CHECK (state <> 'matched' OR filled = helpers),
    CHECK (state <> 'open' OR filled < helpers),
    CHECK ((closed_at IS NOT NULL) = (state IN ('met', 'withdrawn', 'expired', 'handed_over', 'closed'))),
    UNIQUE (group_id, source_ref)
);
CREATE INDEX need_open ON need (category, zone_code) WHERE state = 'open';
CREATE INDEX need_of_group ON need (group_id, state);
CREATE INDEX need_of_member ON need (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX need_of_contact ON need (contact_index) WHERE contact_index IS NOT NULL;

CREATE TABLE ask (
    id uuid PRIMARY KEY,
    need_id uuid NOT NULL REFERENCES need (id),
    offer_id uuid NOT NULL REFERENCES offer (id),
    member_id uuid NOT NULL REFERENCES member (id),
    group_id uuid NOT NULL REFERENCES care_group (id),  -- the need's
    round smallint NOT NULL,
    wave smallint NOT NULL,
    urgent boolean NOT NULL,
    state text NOT NULL DEFAULT 'planned' CHECK (state IN
        ('planned', 'sent', 'accepted', 'declined', 'timed_out', 'covered', 'cancelled')),
    language text NOT NULL,
    terms jsonb NOT NULL,                       -- every term of the cost, so that the ask explains itself
    planned_at timestamptz NOT NULL,
    sent_at timestamptz,
    answered_at timestamptz,
    times_out_at timestamptz NOT NULL,
    seen_at timestamptz,
    wrong_codes smallint NOT NULL DEFAULT 0,
    UNIQUE (need_id, member_id, round)
);
CREATE INDEX ask_of_member ON ask (member_id, planned_at);
-- One ask outstanding a volunteer; an urgent one may stand beside it.
CREATE UNIQUE INDEX ask_outstanding ON ask (member_id, urgent) WHERE state IN ('planned', 'sent');

CREATE TABLE match (
    id uuid PRIMARY KEY,
    need_id uuid NOT NULL REFERENCES need (id),
    slot smallint NOT NULL,
    ask_id uuid NOT NULL UNIQUE REFERENCES ask (id),
    offer_id uuid NOT NULL REFERENCES offer (id),
    member_id uuid NOT NULL REFERENCES member (id),
    group_id uuid NOT NULL REFERENCES care_group (id),
    state text NOT NULL CHECK (state IN ('accepted', 'awaiting_asker', 'connected', 'done', 'fell_through')),
    accepted_at timestamptz NOT NULL,
    connected_at timestamptz,
    ended_at timestamptz,
    ended_by text CHECK (ended_by IN ('asker', 'helper', 'coordinator', 'time'))
);
-- No slot of a need has two winners.
CREATE UNIQUE INDEX match_slot ON match (need_id, slot) WHERE state <> 'fell_through';
CREATE INDEX match_of_member ON match (member_id, accepted_at);

CREATE TABLE thread_note (
    id uuid PRIMARY KEY,
    match_id uuid NOT NULL REFERENCES match (id),
    author text NOT NULL CHECK (author IN ('asker', 'helper')),
    sealed_text bytea NOT NULL,                 -- under the need's key
    written_at timestamptz NOT NULL
);
CREATE INDEX thread_note_of_match ON thread_note (match_id, written_at);

-- Two people who must not be matched; either may have said so. Keyed hashes of contacts, smaller first.
CREATE TABLE apart (
    one bytea NOT NULL,
    other bytea NOT NULL,
    kind text NOT NULL CHECK (kind IN ('block', 'keep_apart')),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (one, other),
    CHECK (one < other)
);

-- What happened to a need, for those who follow it. No names, no free text but the sealed reason.
CREATE TABLE need_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    need_id uuid NOT NULL REFERENCES need (id),
    at timestamptz NOT NULL,
    actor text NOT NULL CHECK (actor IN ('asker', 'helper', 'coordinator', 'worker')),
    kind text NOT NULL CHECK (kind IN ('posted', 'changed', 'renewed', 'wave', 'exhausted', 'accepted', 'connected',
        'refused', 'fell_through', 'done', 'withdrawn', 'expired', 'widened', 'asked_again', 'closed', 'met', 'imported')),
    detail jsonb NOT NULL DEFAULT '{}',
    sealed_reason bytea
);
CREATE INDEX need_event_of_need ON need_event (need_id, at);

CREATE TABLE notice (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    channel text NOT NULL DEFAULT 'email' CHECK (channel IN ('email')),
    subject uuid NOT NULL,                      -- the ask, match, need or sign-in it is about
    member_id uuid REFERENCES member (id),      -- to this member, or
    need_id uuid REFERENCES need (id),          -- to whoever asked for this need
    state text NOT NULL DEFAULT 'owed' CHECK (state IN ('owed', 'claimed', 'sent', 'failed', 'parked')),
    lease_until timestamptz,
    tries smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    CHECK ((member_id IS NULL) <> (need_id IS NULL)),
    CHECK ((state = 'claimed') = (lease_until IS NOT NULL)),
    UNIQUE NULLS NOT DISTINCT (kind, subject, member_id, need_id)
);

-- The outbox: a job owed, written in the transaction of the fact that makes it owed, deleted in the
-- transaction that does it. One row for a job and its subject, so that promising twice is promising once.
CREATE TABLE promise (
    job text NOT NULL,
    subject uuid NOT NULL,
    due_at timestamptz NOT NULL,
    handed_at timestamptz,                      -- when a relay last gave it to the queue
    tries smallint NOT NULL DEFAULT 0,
    PRIMARY KEY (job, subject)
);
CREATE INDEX promise_due ON promise (due_at);

CREATE TABLE sign_in (
    id uuid PRIMARY KEY,
    member_id uuid REFERENCES member (id),
    need_id uuid REFERENCES need (id),
    contact_index bytea NOT NULL,
    wrong_codes smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX sign_in_of_contact ON sign_in (contact_index, created_at);

CREATE TABLE session (
    id_hash bytea PRIMARY KEY,
    member_id uuid REFERENCES member (id),
    needs uuid[] NOT NULL DEFAULT '{}',         -- needs this browser may follow: it posted them or typed their code
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_of_member ON session (member_id);

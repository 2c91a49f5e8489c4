-- What a person of a group has to look at, and the account of who opened or changed what.

ALTER TABLE need ADD COLUMN IF NOT EXISTS held_reason text;  -- why a person looks at it first; a word of ours, nobody's text

ALTER TABLE need_event DROP CONSTRAINT need_event_kind_check;
ALTER TABLE need_event ADD CONSTRAINT need_event_kind_check CHECK (kind IN ('posted', 'changed', 'renewed', 'wave', 'exhausted', 'accepted',
    'connected', 'refused', 'fell_through', 'done', 'withdrawn', 'expired', 'widened', 'asked_again', 'closed', 'met', 'imported',
    'held', 'released'));

ALTER TABLE data_key DROP CONSTRAINT data_key_record_check;
ALTER TABLE data_key ADD CONSTRAINT data_key_record_check CHECK (record IN ('need', 'member', 'disclosure', 'review'));

-- A held need, or a report by one of two people about the other. Words are sealed with the review's own key.
CREATE TABLE review (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    group_id uuid NOT NULL REFERENCES care_group (id),  -- whose people look at it
    kind text NOT NULL CHECK (kind IN ('held', 'report')),
    need_id uuid NOT NULL REFERENCES need (id),
    match_id uuid REFERENCES match (id),
    member_id uuid REFERENCES member (id),      -- the volunteer of that match
    author text CHECK (author IN ('asker', 'helper')),  -- who reported the other
    cause text NOT NULL,                        -- of a report: which; of a held need: its held_reason
    urgent boolean NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'decided', 'appealed', 'settled')),
    owner_id uuid REFERENCES member (id),       -- who has taken it
    opened_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    action text CHECK (action IN ('released', 'kept_apart', 'suspended', 'closed', 'withdrawn', 'lapsed')),
    decided_by uuid REFERENCES member (id),
    decided_at timestamptz,
    first_decided_by uuid REFERENCES member (id),  -- of what was appealed against
    kept_until timestamptz NOT NULL,            -- nothing of those involved is destroyed before, and the words here then
    sealed_text bytea,
    sealed_reason bytea,                        -- of the decision
    sealed_appeal bytea,
    purged_at timestamptz,
    CHECK ((kind = 'report') = (author IS NOT NULL)),
    CHECK ((kind = 'report') = (match_id IS NOT NULL AND member_id IS NOT NULL)),
    CHECK ((state IN ('decided', 'settled')) = (decided_at IS NOT NULL AND action IS NOT NULL)),
    CHECK (decided_by <> member_id),            -- nobody judges a report about themselves
    CHECK (decided_by <> first_decided_by)      -- an appeal goes to another person
);
CREATE INDEX review_of_group ON review (group_id, due_at) WHERE state IN ('open', 'appealed');
CREATE INDEX review_of_need ON review (need_id);
CREATE INDEX review_of_member ON review (member_id) WHERE member_id IS NOT NULL;
CREATE INDEX review_unpurged ON review (kept_until) WHERE purged_at IS NULL;
CREATE UNIQUE INDEX review_once ON review (need_id, match_id, author) NULLS NOT DISTINCT WHERE state IN ('open', 'appealed');

-- Whoever holds a need, a person has it to look at: in the transaction that holds it.
CREATE FUNCTION look_at_held_need() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := CASE TG_OP WHEN 'INSERT' THEN NEW.posted_at ELSE now() END;
BEGIN
    INSERT INTO review (group_id, kind, need_id, cause, urgent, opened_at, due_at, kept_until)
    VALUES (NEW.group_id, 'held', NEW.id, coalesce(NEW.held_reason, 'other'), NEW.urgency = 'urgent', began,
        began + CASE NEW.urgency WHEN 'urgent' THEN interval '24 hours' ELSE interval '72 hours' END, began + interval '90 days')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER need_held_on_insert AFTER INSERT ON need FOR EACH ROW WHEN (NEW.state = 'held') EXECUTE FUNCTION look_at_held_need();
CREATE TRIGGER need_held AFTER UPDATE OF state ON need FOR EACH ROW
    WHEN (NEW.state = 'held' AND OLD.state <> 'held') EXECUTE FUNCTION look_at_held_need();

-- What is held no longer needs no look any more: its asker withdrew it, or its day has passed.
CREATE FUNCTION look_no_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE review SET state = CASE state WHEN 'appealed' THEN 'settled' ELSE 'decided' END, action = 'withdrawn',
        decided_at = coalesce(NEW.closed_at, now()), kept_until = least(kept_until, coalesce(NEW.closed_at, now()) + interval '7 days')
    WHERE need_id = NEW.id AND kind = 'held' AND state IN ('open', 'appealed');
    RETURN NULL;
END $$;
CREATE TRIGGER need_held_no_more AFTER UPDATE OF state ON need FOR EACH ROW
    WHEN (OLD.state = 'held' AND NEW.state <> 'held') EXECUTE FUNCTION look_no_more();

-- Nobody judges what is about themselves: not the volunteer, not who asked (by their contact too), not who decided before.
CREATE FUNCTION may_judge(wanted uuid, by uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (
        SELECT FROM review r JOIN need n ON n.id = r.need_id JOIN member m ON m.id = by
        WHERE r.id = wanted AND (m.id = r.member_id OR m.id = n.member_id OR m.contact_index = n.contact_index OR m.id = r.first_decided_by)
    )
$$;

-- Reviews are of a group too: whoever follows one up acts for it.
CREATE OR REPLACE FUNCTION group_of(record uuid, OUT group_id uuid, OUT member_id uuid)
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
    IF NOT FOUND THEN
        SELECT group_id, NULL INTO group_id, member_id FROM review WHERE id = record;
    END IF;
END $$;

-- Somebody of the staff asks to see how to reach a person, outside a match.
CREATE TABLE opening (
    id uuid PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES care_group (id),
    record text NOT NULL CHECK (record IN ('need', 'member')),
    subject uuid NOT NULL,                      -- the need, or the volunteer
    asked_by uuid NOT NULL REFERENCES member (id),
    sealed_reason bytea NOT NULL,               -- with the subject's key
    state text NOT NULL CHECK (state IN ('asked', 'open', 'refused')),
    at_once boolean NOT NULL DEFAULT false,     -- without a second person, and all staff of the group were told
    decided_by uuid REFERENCES member (id),
    asked_at timestamptz NOT NULL,
    open_until timestamptz,
    CHECK (decided_by <> asked_by),             -- two people
    CHECK ((state = 'open') = (open_until IS NOT NULL))
);
CREATE INDEX opening_of_group ON opening (group_id, asked_at);

ALTER TABLE care_group ADD COLUMN two_people boolean;  -- to open a contact; NULL: where three or more are staff

-- Who of the staff opened or changed what, and why. `person` and `record` are keyed by data keys of their own records: when
-- those are destroyed, nobody can tell any more whose line this is.
CREATE TABLE audit_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    group_id uuid NOT NULL REFERENCES care_group (id),
    day date NOT NULL,
    role text NOT NULL CHECK (role IN ('coordinator', 'steward', 'operator')),
    action text NOT NULL,
    record bytea NOT NULL,
    person bytea NOT NULL,
    sealed_reason bytea,                        -- with the record's key
    reason_hash bytea NOT NULL,                 -- so that a line a day says a thing once
    mac bytea NOT NULL                          -- by a key that is not in the database: who writes here alone cannot make one
);
CREATE UNIQUE INDEX audit_line_once ON audit_line (group_id, day, role, action, record, person, reason_hash);
CREATE INDEX audit_line_of_record ON audit_line (record);

-- Each line chained to the one before it in its group, by a keyed hash; written by a job, once a minute.
CREATE TABLE audit_link (
    group_id uuid NOT NULL REFERENCES care_group (id),
    number bigint NOT NULL CHECK (number > 0),
    line_id bigint NOT NULL UNIQUE REFERENCES audit_line (id),
    hash bytea NOT NULL,
    PRIMARY KEY (group_id, number)
);

-- Who opened or changed this record, in any group? By its keyed hash, which only its data key gives.
CREATE FUNCTION lines_of_record(wanted bytea) RETURNS TABLE (id bigint, day date, role text, action text, sealed_reason bytea, group_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.id, l.day, l.role, l.action, l.sealed_reason, g.name FROM audit_line l JOIN care_group g ON g.id = l.group_id WHERE l.record = wanted
$$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is only ever added to' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_line_stays BEFORE UPDATE OR DELETE ON audit_line FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_line_stays_whole BEFORE TRUNCATE ON audit_line FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_stays BEFORE UPDATE OR DELETE ON audit_link FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_link_stays_whole BEFORE TRUNCATE ON audit_link FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

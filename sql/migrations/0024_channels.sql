-- Ways to reach a member beside the e-mail address they sign in with, in the order they want.

-- The row for e-mail is there once somebody ordered their channels, or once mail no longer arrived: its id is the member's,
-- and its address the member's contact.
CREATE TABLE channel (
    id uuid PRIMARY KEY,
    member_id uuid NOT NULL REFERENCES member (id),
    kind text NOT NULL CHECK (kind IN ('email', 'push', 'sms', 'telegram', 'signal', 'whatsapp', 'matrix', 'ntfy')),
    state text NOT NULL DEFAULT 'unproven' CHECK (state IN ('unproven', 'on', 'off', 'stopped')),
    position smallint NOT NULL,
    sealed_address bytea,                       -- under the member's key
    address_index bytea,                        -- keyed hash: whose is the telephone that this text comes from?
    details boolean NOT NULL DEFAULT false,     -- what it is about may stand in the message, not only on the page
    wrong_codes smallint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    CHECK ((kind = 'email') = (id = member_id)),
    CHECK ((kind = 'email') = (sealed_address IS NULL)),
    UNIQUE (member_id, address_index)
);
CREATE INDEX channel_of_address ON channel (address_index) WHERE address_index IS NOT NULL;

ALTER TABLE notice ADD COLUMN channel_id uuid;  -- on which it is tried, or went
ALTER TABLE notice ADD COLUMN detailed boolean NOT NULL DEFAULT false;  -- what it is about stood in it
ALTER TABLE notice DROP CONSTRAINT notice_channel_check, ADD CONSTRAINT notice_channel_check
    CHECK (channel IN ('email', 'push', 'sms', 'telegram', 'signal', 'whatsapp', 'matrix', 'ntfy'));

-- What can wait is told once a day, at this hour of their clock, if they want that.
ALTER TABLE member ADD COLUMN digest_at smallint CHECK (digest_at BETWEEN 0 AND 23);

-- Whose is this address? By its keyed hash; a family may share a telephone.
CREATE FUNCTION channels_of_address(address bytea) RETURNS TABLE (id uuid, member_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.member_id FROM channel c WHERE c.address_index = address AND c.state IN ('on', 'stopped') ORDER BY c.created_at
$$;

-- Whose channel is this? The link in a message names the channel alone.
CREATE FUNCTION member_of_channel(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT member_id FROM channel WHERE id = wanted
$$;

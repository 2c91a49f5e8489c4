-- Whoever asks has channels as members have: a channel is a person's, which is a member or whoever asked for a need. Like a
-- data key it is tied to that record by its id alone, goes with it, and lies under its key.
ALTER TABLE channel DROP CONSTRAINT channel_member_id_fkey;
ALTER TABLE channel RENAME COLUMN member_id TO person_id;
ALTER TABLE channel RENAME CONSTRAINT channel_member_id_address_index_key TO channel_person_id_address_index_key;

-- The row whose id is the person's is the e-mail address they gave. Who asked without one may add one as any other address.
ALTER TABLE channel DROP CONSTRAINT channel_check, DROP CONSTRAINT channel_check1;
ALTER TABLE channel ADD CONSTRAINT channel_given_is_mail CHECK (id <> person_id OR kind = 'email');
ALTER TABLE channel ADD CONSTRAINT channel_given_is_elsewhere CHECK ((id = person_id) = (sealed_address IS NULL));

-- Who stopped messages about a need sees so, and may use that address again.
INSERT INTO channel (id, person_id, kind, state, position, created_at)
SELECT id, id, 'email', 'stopped', 0, posted_at FROM need WHERE mail_stopped AND contact_kind = 'email' AND purged_at IS NULL;

DROP FUNCTION channels_of_address(bytea), channels_of_browser(bytea), member_of_channel(uuid);

-- Whose is this address? By its keyed hash; a family may share a telephone, and one person may have asked for several things.
CREATE FUNCTION channels_of_address(address bytea) RETURNS TABLE (id uuid, person_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.person_id FROM channel c WHERE c.address_index = address AND c.state IN ('on', 'stopped') ORDER BY c.created_at
$$;

-- Whose messages does this browser show? Several people's, on a shared phone.
CREATE FUNCTION channels_of_browser(browser bytea) RETURNS TABLE (id uuid, person_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.person_id FROM channel c WHERE c.browser_index = browser ORDER BY c.created_at
$$;

-- Whose channel is this? The link in a message names the channel alone.
CREATE FUNCTION person_of_channel(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT person_id FROM channel WHERE id = wanted
$$;

-- Which browser shows what is pushed to it, so that signing out there ends that: with its storage it drops the subscription.

ALTER TABLE channel ADD COLUMN browser_index bytea;  -- keyed hash of the secret in its cookie
CREATE INDEX channel_of_browser ON channel (browser_index) WHERE browser_index IS NOT NULL;

-- Whose messages does this browser show? Several people's, on a shared phone.
CREATE FUNCTION channels_of_browser(browser bytea) RETURNS TABLE (id uuid, member_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT c.id, c.member_id FROM channel c WHERE c.browser_index = browser ORDER BY c.created_at
$$;

-- name: channels_of_member(member_id)
-- How may this member be reached, in their order?
SELECT id, kind, state, sealed_address, details, created_at FROM channel WHERE member_id = :member_id ORDER BY position, created_at;

-- name: keep_mail_channel(member_id, now)!
-- E-mail has a row of its own from here on.
INSERT INTO channel (id, member_id, kind, state, position, created_at) VALUES (:member_id, :member_id, 'email', 'on', 0, :now)
ON CONFLICT DO NOTHING;

-- name: hold_member(id)^
-- One change of a member's channels at a time.
SELECT id FROM member WHERE id = :id FOR NO KEY UPDATE;

-- name: add_channel(id, member_id, kind, state, sealed_address, address_index, most, now)$
-- One more, as the last; not the same twice, and not more than `most`.
INSERT INTO channel (id, member_id, kind, state, position, sealed_address, address_index, created_at)
SELECT :id, :member_id, :kind, :state, 1 + coalesce(max(c.position), 0), :sealed_address, :address_index, :now
FROM channel c WHERE c.member_id = :member_id
HAVING count(*) < :most
ON CONFLICT DO NOTHING
RETURNING id;

-- name: set_browser(id, browser)!
-- Which browser shows what is pushed there, by a keyed hash of the secret in its cookie.
UPDATE channel SET browser_index = :browser WHERE id = :id AND kind = 'push';

-- name: channels_of_browser(browser)
-- Whose messages does this browser show?
SELECT id, member_id FROM channels_of_browser(:browser);

-- name: channel_codes_sent(member_id, since)$
-- How many codes went to new channels of this member lately?
SELECT count(*) FROM notice WHERE member_id = :member_id AND kind = 'channel_code' AND created_at > :since;

-- name: prove_channel(id, member_id)$
-- Its code was typed: it is theirs.
UPDATE channel SET state = 'on' WHERE id = :id AND member_id = :member_id AND state = 'unproven' AND wrong_codes < 5 RETURNING true;

-- name: count_wrong_channel_code(id, member_id)!
-- Five wrong codes and it cannot be proven any more.
UPDATE channel SET wrong_codes = wrong_codes + 1 WHERE id = :id AND member_id = :member_id;

-- name: turn_channel_off(id)$
-- It refuses for good. One that was never proven stays so: "use it again" must not make it theirs.
UPDATE channel SET state = 'off' WHERE id = :id AND state = 'on' RETURNING true;

-- name: stop_channel(id, member_id)$
-- Its person wants no more on it.
UPDATE channel SET state = 'stopped' WHERE id = :id AND member_id = :member_id AND state IN ('on', 'off') RETURNING true;

-- name: restart_channel(id, member_id)$
-- They want it again; if it still refuses, it goes off again.
UPDATE channel SET state = 'on' WHERE id = :id AND member_id = :member_id AND state IN ('off', 'stopped') RETURNING true;

-- name: order_channels(member_id, ids)!
-- In this order from now on.
UPDATE channel c SET position = wanted.at
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted (id, at) WHERE c.id = wanted.id AND c.member_id = :member_id;

-- name: set_channel_details(id, member_id, details)!
-- May what a message is about stand in it?
UPDATE channel SET details = :details WHERE id = :id AND member_id = :member_id;

-- name: remove_channel(id, member_id)!
-- It is forgotten; e-mail stays, since they sign in with it.
DELETE FROM channel WHERE id = :id AND member_id = :member_id AND kind <> 'email';

-- name: forget_channels(member_id)!
-- All of them, with the member.
DELETE FROM channel WHERE member_id = :member_id;

-- name: channels_of_address(address)
-- Whose telephone is this?
SELECT id, member_id FROM channels_of_address(:address);

-- name: member_of_channel(id)$
-- Whose channel is this?
SELECT member_of_channel(:id);

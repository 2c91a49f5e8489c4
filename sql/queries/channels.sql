-- A person here is a member, or whoever asked for a need: then `person_id` is the need's id.

-- name: channels_of_person(person_id)
-- How may this person be reached, in their order?
SELECT id, kind, state, sealed_address, details, created_at FROM channel WHERE person_id = :person_id ORDER BY position, created_at;

-- name: keep_mail_channel(person_id, now)!
-- The e-mail address they gave, if they gave one, has a row of its own from here on.
INSERT INTO channel (id, person_id, kind, state, position, created_at)
SELECT p.id, p.id, 'email', 'on', 0, :now FROM (
    SELECT id FROM member WHERE id = :person_id AND contact_kind = 'email'
    UNION ALL SELECT id FROM need WHERE id = :person_id AND contact_kind = 'email'
) p
ON CONFLICT DO NOTHING;

-- name: hold_person(id)
-- One change of a person's channels at a time; and none while their key is being destroyed.
WITH held AS (SELECT id FROM member WHERE id = :id FOR NO KEY UPDATE), asker AS (SELECT id FROM need WHERE id = :id FOR NO KEY UPDATE)
SELECT id FROM held UNION ALL SELECT id FROM asker;

-- name: add_channel(id, person_id, kind, state, sealed_address, address_index, most, now)$
-- One more, as the last; not the same twice, and not more than `most`.
INSERT INTO channel (id, person_id, kind, state, position, sealed_address, address_index, created_at)
SELECT :id, :person_id, :kind, :state, 1 + coalesce(max(c.position), 0), :sealed_address, :address_index, :now
FROM channel c WHERE c.person_id = :person_id
HAVING count(*) < :most
ON CONFLICT DO NOTHING
RETURNING id;

-- name: set_browser(id, browser)!
-- Which browser shows what is pushed there, by a keyed hash of the secret in its cookie.
UPDATE channel SET browser_index = :browser WHERE id = :id AND kind = 'push';

-- name: channels_of_browser(browser)
-- Whose messages does this browser show?
SELECT id, person_id FROM channels_of_browser(:browser);

-- name: channel_codes_sent(person_id, since)$
-- How many codes went to new channels of this person lately?
SELECT count(*) FROM notice WHERE kind = 'channel_code' AND CAST(:person_id AS uuid) IN (member_id, need_id) AND created_at > :since;

-- name: prove_channel(id, person_id)$
-- Its code was typed: it is theirs.
UPDATE channel SET state = 'on' WHERE id = :id AND person_id = :person_id AND state = 'unproven' AND wrong_codes < 5 RETURNING true;

-- name: count_wrong_channel_code(id, person_id)!
-- Five wrong codes and it cannot be proven any more.
UPDATE channel SET wrong_codes = wrong_codes + 1 WHERE id = :id AND person_id = :person_id;

-- name: turn_channel_off(id)$
-- It refuses for good. One that was never proven stays so: "use it again" must not make it theirs.
UPDATE channel SET state = 'off' WHERE id = :id AND state = 'on' RETURNING true;

-- name: stop_channel(id, person_id, series)$
-- Its person wants no more on it, nor at the same address about the other needs of its series.
UPDATE channel c SET state = 'stopped' FROM channel this
WHERE this.id = :id AND this.person_id = :person_id AND c.state IN ('on', 'off') AND (c.id = this.id OR (
    c.person_id = ANY (CAST(:series AS uuid[]))
    AND (c.address_index = this.address_index OR (c.id = c.person_id AND this.id = this.person_id))
)) RETURNING true;

-- name: restart_channel(id, person_id)$
-- They want it again; if it still refuses, it goes off again.
UPDATE channel SET state = 'on' WHERE id = :id AND person_id = :person_id AND state IN ('off', 'stopped') RETURNING true;

-- name: copy_channel(id, person_id, copied, sealed_address, now)!
-- What repeats a need is told of where that one was.
INSERT INTO channel (id, person_id, kind, state, position, sealed_address, address_index, browser_index, details, created_at)
SELECT :id, :person_id, kind, state, position, :sealed_address, address_index, browser_index, details, :now FROM channel WHERE id = :copied;

-- name: order_channels(person_id, ids)!
-- In this order from now on.
UPDATE channel c SET position = wanted.at
FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted (id, at) WHERE c.id = wanted.id AND c.person_id = :person_id;

-- name: set_channel_details(id, person_id, details)!
-- May what a message is about stand in it?
UPDATE channel SET details = :details WHERE id = :id AND person_id = :person_id;

-- name: remove_channel(id, person_id)!
-- It is forgotten; the e-mail address they gave stays, since a member signs in with it.
DELETE FROM channel WHERE id = :id AND person_id = :person_id AND id <> person_id;

-- name: forget_browsers(person_id)!
-- That their browsers were told.
DELETE FROM channel WHERE person_id = :person_id AND kind = 'push';

-- name: forget_channels(person_id)!
-- All of them, with the person.
DELETE FROM channel WHERE person_id = :person_id;

-- name: channels_of_address(address)
-- Whose telephone is this?
SELECT id, person_id FROM channels_of_address(:address);

-- name: person_of_channel(id)$
-- Whose channel is this?
SELECT person_of_channel(:id);

-- name: add_authenticator(id, member_id, kind, credential_index, sealed_secret, counter, confirmed_at, now)!
-- An app that makes codes, or a passkey. One that was begun and never confirmed gives way.
WITH begun AS (DELETE FROM authenticator WHERE member_id = :member_id AND confirmed_at IS NULL)
INSERT INTO authenticator (id, member_id, kind, credential_index, sealed_secret, counter, confirmed_at, created_at)
VALUES (:id, :member_id, :kind, :credential_index, :sealed_secret, :counter, :confirmed_at, :now);

-- name: authenticators(member_id)
-- What this member can show.
SELECT id, kind, sealed_secret, counter, confirmed_at, created_at FROM authenticator WHERE member_id = :member_id ORDER BY created_at, id;

-- name: use_authenticator(id, member_id, counter, now)$
-- Shown and right: no older code, and this one never again.
UPDATE authenticator SET counter = :counter, confirmed_at = coalesce(confirmed_at, :now)
WHERE id = :id AND member_id = :member_id AND counter < :counter RETURNING true;

-- name: use_passkey(id, member_id, counter)$
-- The same of a passkey: it counts itself, or says zero always.
UPDATE authenticator SET counter = :counter
WHERE id = :id AND member_id = :member_id AND kind = 'passkey' AND (counter < :counter OR counter = 0) RETURNING true;

-- name: remove_authenticator(id, member_id)$
-- It shows nothing any more.
DELETE FROM authenticator WHERE id = :id AND member_id = :member_id RETURNING confirmed_at IS NOT NULL;

-- name: remove_authenticators(member_id)!
-- Somebody comes back without: they begin anew.
WITH codes AS (DELETE FROM recovery_code WHERE member_id = :member_id),
    shown AS (UPDATE session SET second_at = NULL WHERE member_id = :member_id)
DELETE FROM authenticator WHERE member_id = :member_id;

-- name: replace_recovery_codes(member_id, hashes)!
-- New codes on paper; those before are good for nothing.
WITH before AS (DELETE FROM recovery_code WHERE member_id = :member_id)
INSERT INTO recovery_code (member_id, code_hash) SELECT :member_id, unnest(CAST(:hashes AS bytea[]));

-- name: use_recovery_code(member_id, code_hash, now)$
-- Once only.
UPDATE recovery_code SET used_at = :now WHERE member_id = :member_id AND code_hash = :code_hash AND used_at IS NULL RETURNING true;

-- name: recovery_codes_left(member_id)$
-- How many are there still?
SELECT count(*) FROM recovery_code WHERE member_id = :member_id AND used_at IS NULL;

-- name: begin_second_try(member_id, now)$
-- Counted as wrong until forgive_second_tries says otherwise; nothing is returned after ten within an hour.
INSERT INTO second_step_try AS t (member_id, wrong) VALUES (:member_id, ARRAY[CAST(:now AS timestamptz)])
ON CONFLICT (member_id) DO UPDATE SET wrong = array_append(t.wrong[greatest(1, cardinality(t.wrong) - 8):], CAST(:now AS timestamptz))
WHERE cardinality(t.wrong) < 10 OR t.wrong[1] <= CAST(:now AS timestamptz) - interval '1 hour'
RETURNING true;

-- name: forgive_second_tries(member_id)!
-- It was right.
UPDATE second_step_try SET wrong = '{}' WHERE member_id = :member_id;

-- name: set_challenge(member_id, challenge, until)!
-- What a passkey is asked to sign.
INSERT INTO second_step_try (member_id, challenge, challenge_until) VALUES (:member_id, :challenge, :until)
ON CONFLICT (member_id) DO UPDATE SET challenge = excluded.challenge, challenge_until = excluded.challenge_until;

-- name: take_challenge(member_id, now)$
-- Once only.
WITH there AS (SELECT challenge FROM second_step_try WHERE member_id = :member_id AND challenge_until > CAST(:now AS timestamptz) FOR UPDATE)
UPDATE second_step_try t SET challenge = NULL, challenge_until = NULL FROM there WHERE t.member_id = :member_id RETURNING there.challenge;

-- name: add_second_step_event(member_id, group_id, by_member, now, kind, sealed_reason)!
-- What was done about it, by whom, and why.
INSERT INTO second_step_event (member_id, group_id, by_member, at, kind, sealed_reason)
VALUES (:member_id, :group_id, :by_member, :now, :kind, :sealed_reason);

-- name: second_step_events(member_id)
-- All of it, latest first; with the name of who did it, where that was somebody else.
SELECT e.at, e.kind, e.sealed_reason, e.by_member, m.sealed_name AS by_name
FROM second_step_event e LEFT JOIN member m ON m.id = e.by_member AND m.id <> e.member_id
WHERE e.member_id = :member_id ORDER BY e.at DESC, e.id DESC LIMIT 50;

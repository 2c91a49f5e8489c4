-- name: add_sign_in(id, member_id, need_id, contact_index, now, expires_at)!
-- Someone wants to sign in, or to find their need: a message with a link and a code follows, if the contact is known.
INSERT INTO sign_in (id, member_id, need_id, contact_index, created_at, expires_at)
VALUES (:id, :member_id, :need_id, :contact_index, :now, :expires_at);

-- name: recent_sign_ins(contact_index, since)$
-- How many times was this contact written to lately?
SELECT count(*) FROM sign_in WHERE contact_index = :contact_index AND created_at > :since;

-- name: usable_sign_in(id, now)^
-- A sign-in that is neither used nor too old nor guessed at.
SELECT id, member_id, need_id FROM sign_in WHERE id = :id AND used_at IS NULL AND expires_at > :now AND wrong_codes < 5;

-- name: use_sign_in(id, now)^
-- Once only.
UPDATE sign_in SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now AND wrong_codes < 5
RETURNING member_id, need_id, contact_index;

-- name: count_wrong_sign_in(id)!
-- Five wrong codes and it is dead.
UPDATE sign_in SET wrong_codes = wrong_codes + 1 WHERE id = :id;

-- name: add_session(id_hash, member_id, needs, now, expires_at)!
-- A browser that may act for a member, for needs, or both.
INSERT INTO session (id_hash, member_id, needs, created_at, seen_at, expires_at)
VALUES (:id_hash, :member_id, CAST(:needs AS uuid[]), :now, :now, :expires_at);

-- name: session_by_hash(id_hash, now)^
-- Whose browser is this?
SELECT member_id, needs, seen_at FROM session WHERE id_hash = :id_hash AND expires_at > :now;

-- name: end_session(id_hash)!
-- Signed out.
DELETE FROM session WHERE id_hash = :id_hash;

-- name: end_old_sessions(now)!
-- Sessions and sign-ins nobody can use any more.
WITH gone AS (DELETE FROM sign_in WHERE expires_at <= :now) DELETE FROM session WHERE expires_at <= :now;

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
-- Once only. From here on the transaction acts for that person.
UPDATE sign_in SET used_at = :now WHERE id = :id AND used_at IS NULL AND expires_at > :now AND wrong_codes < 5
RETURNING member_id, need_id, contact_index, set_config('careweb.member', coalesce(CAST(member_id AS text), ''), true);

-- name: count_wrong_sign_in(id)!
-- Five wrong codes and it is dead.
UPDATE sign_in SET wrong_codes = wrong_codes + 1 WHERE id = :id;

-- name: add_session(id_hash, member_id, needs, now, expires_at)!
-- A browser that may act for a member, for needs, or both.
INSERT INTO session (id_hash, member_id, needs, created_at, seen_at, expires_at)
VALUES (:id_hash, :member_id, CAST(:needs AS uuid[]), :now, :now, :expires_at);

-- name: session_by_hash(id_hash, now)^
-- Whose browser is this? From here on the transaction acts for that person.
SELECT member_id, needs, seen_at, set_config('careweb.member', coalesce(CAST(member_id AS text), ''), true) FROM session WHERE id_hash = :id_hash AND expires_at > :now;

-- name: end_session(id_hash)!
-- Signed out.
DELETE FROM session WHERE id_hash = :id_hash;

-- name: end_old_sessions(now)!
-- Sessions and sign-ins nobody can use any more, and forms nobody sends twice any more.
WITH gone AS (DELETE FROM sign_in WHERE expires_at <= :now RETURNING id),
    told AS (DELETE FROM notice WHERE kind = 'sign_in' AND subject IN (SELECT id FROM gone) AND state <> 'claimed'),
    sent AS (DELETE FROM sent_form WHERE sent_at <= CAST(:now AS timestamptz) - interval '1 day')
DELETE FROM session WHERE expires_at <= :now;

-- name: try_code(locator_hash, now)^
-- Which need has this first half of a return code? Counted as a wrong try until forgive_code says otherwise: one
-- statement on one row, so that many guesses at once are counted one by one. None: refused after ten within an hour.
SELECT id, group_id FROM try_code(:locator_hash, :now);

-- name: secret_of_need(id)$
-- The second half of its return code, hashed.
SELECT secret_hash FROM need WHERE id = :id;

-- name: forgive_code(id)!
-- The second half fitted: this try and those before it do not count.
UPDATE need SET wrong_secrets = '{}' WHERE id = :id;

-- name: unconfirmed_needs(group_id)
-- Which live needs of this group wait for their own person's yes?
SELECT id FROM need WHERE group_id = :group_id AND state IN ('held', 'open', 'matched') AND NOT confirmed;

-- name: send_form(form_hash, now)$
-- True the first time this form is sent.
INSERT INTO sent_form (form_hash, sent_at) VALUES (:form_hash, :now) ON CONFLICT DO NOTHING RETURNING true;

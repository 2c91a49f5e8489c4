-- name: ask_to_sign_in(id, notice_id, contact_index, by_phone, browser, now, expires_at, ended_after)!
-- Someone wants to sign in, or to find their need: a message with a link and a code follows, if the contact is known.
SELECT ask_to_sign_in(:id, :notice_id, :contact_index, :by_phone, :browser, :now, :expires_at, :ended_after);

-- name: recent_sign_ins(contact_index, since)$
-- How many times was this contact written to lately?
SELECT count(*) FROM sign_in WHERE contact_index = :contact_index AND created_at > :since;

-- name: usable_sign_in(id, now, has_mail)^
-- A sign-in that is neither used nor too old nor guessed at; whoever has its mail guesses nothing.
SELECT id, member_id, need_id, asked_from FROM sign_in
WHERE id = :id AND used_at IS NULL AND expires_at > :now AND (wrong_codes < 5 OR CAST(:has_mail AS boolean));

-- name: use_sign_in(id, now, has_mail)^
-- Once only. From here on the transaction acts for that person.
UPDATE sign_in SET used_at = :now
WHERE id = :id AND used_at IS NULL AND expires_at > :now AND (wrong_codes < 5 OR CAST(:has_mail AS boolean))
RETURNING member_id, need_id, contact_index, set_config('careweb.member', coalesce(CAST(member_id AS text), ''), true);

-- name: count_wrong_sign_in(id)!
-- Five wrong codes and it is dead.
UPDATE sign_in SET wrong_codes = wrong_codes + 1 WHERE id = :id;

-- name: add_session(id_hash, member_id, needs, now, expires_at, idle, second_at)!
-- A browser that may act for a member, for needs, or both.
INSERT INTO session (id_hash, member_id, needs, created_at, seen_at, expires_at, idle, second_at)
VALUES (:id_hash, :member_id, CAST(:needs AS uuid[]), :now, :now, :expires_at, :idle, :second_at);

-- name: session_by_hash(id_hash, now)^
-- Whose browser is this? From here on the transaction acts for that person. `stale`: it is time to write down that it was used.
SELECT member_id, needs, second_at, seen_at + idle / 10 < CAST(:now AS timestamptz) AS stale,
    set_config('careweb.member', coalesce(CAST(member_id AS text), ''), true)
FROM session WHERE id_hash = :id_hash AND expires_at > CAST(:now AS timestamptz) AND seen_at + idle > CAST(:now AS timestamptz);

-- name: see_session(id_hash, now)!
-- It was used.
UPDATE session SET seen_at = :now WHERE id_hash = :id_hash AND seen_at + idle > CAST(:now AS timestamptz);

-- name: end_session(id_hash)!
-- Signed out.
DELETE FROM session WHERE id_hash = :id_hash;

-- name: end_sessions_of(member_id)!
-- Signed out everywhere. A link that is on its way opens nothing either.
WITH sent AS (DELETE FROM sign_in WHERE member_id = :member_id) DELETE FROM session WHERE member_id = :member_id;

-- name: forget_need_everywhere(need_id)!
-- No browser follows this need any more, until somebody types its code.
UPDATE session SET needs = array_remove(needs, CAST(:need_id AS uuid)) WHERE needs @> ARRAY[CAST(:need_id AS uuid)];

-- name: pass_second_step(id_hash, now)!
-- In this session the second step was shown.
UPDATE session SET second_at = :now WHERE id_hash = :id_hash;

-- name: end_old_sessions(now)!
-- Sessions and sign-ins nobody can use any more, and forms nobody sends twice any more.
WITH gone AS (DELETE FROM sign_in WHERE expires_at <= :now RETURNING id),
    told AS (DELETE FROM notice WHERE kind = 'sign_in' AND subject IN (SELECT id FROM gone) AND state <> 'claimed'),
    sent AS (DELETE FROM sent_form WHERE sent_at <= CAST(:now AS timestamptz) - interval '1 day')
DELETE FROM session WHERE expires_at <= :now OR seen_at + idle <= CAST(:now AS timestamptz);

-- name: need_of_locator(locator_hash)^
-- Which need has this first half of a return code?
SELECT id, group_id FROM need_of_locator(:locator_hash);

-- name: secret_of_need(id)$
-- The second half of its return code, hashed.
SELECT secret_hash FROM need WHERE id = :id AND purged_at IS NULL;


-- name: unconfirmed_needs(group_id)
-- Which live needs of this group wait for their own person's yes?
SELECT id FROM need WHERE group_id = :group_id AND state IN ('held', 'open', 'matched') AND NOT confirmed;

-- name: send_form(form_hash, now)$
-- True the first time this form is sent.
INSERT INTO sent_form (form_hash, sent_at) VALUES (:form_hash, :now) ON CONFLICT DO NOTHING RETURNING true;

-- name: add_need(id, group_id, member_id, category, zone_code, languages, urgency, helpers, needed_by, hours, reach, show_text, see_first, locale, contact_kind, contact_index, confirmed, sealed_name, sealed_contact, sealed_text, form_hash, locator_hash, secret_hash, source_ref, consent_reason, call_back, posted_at, expires_at, state, held_reason, repeats_until, repeats_of)$
-- A need, once: the same form or the same reference of a file adds nothing.
INSERT INTO need (id, group_id, member_id, category, zone_code, languages, urgency, helpers, needed_by, hours, reach, show_text, see_first,
    locale, contact_kind, contact_index, confirmed, sealed_name, sealed_contact, sealed_text, form_hash, locator_hash, secret_hash,
    source_ref, consent_reason, call_back, posted_at, expires_at, state, held_reason, repeats_until, repeats_of)
VALUES (:id, :group_id, :member_id, :category, :zone_code, :languages, :urgency, :helpers, :needed_by, :hours, :reach, :show_text, :see_first,
    :locale, :contact_kind, :contact_index, :confirmed, :sealed_name, :sealed_contact, :sealed_text, :form_hash, :locator_hash, :secret_hash,
    :source_ref, :consent_reason, :call_back, :posted_at, :expires_at, :state, :held_reason, :repeats_until, :repeats_of)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: need_of_form(form_hash)^
-- Which need came from this form, and with which first half of a code?
SELECT id, locator_hash FROM need WHERE form_hash = :form_hash;

-- name: need_by_id(id)^
-- One need.
SELECT n.*, g.slug AS group_slug, g.name AS group_name, g.phone_line, c.remote, z.time_zone, z.name_en AS zone_name_en, z.name_fr AS zone_name_fr
FROM need n JOIN care_group g ON g.id = n.group_id JOIN category c ON c.slug = n.category JOIN zone z ON z.code = n.zone_code
WHERE n.id = :id;

-- name: needs_of_contact(contact_index, ended_after)
-- Needs posted with this contact, latest first: live ones, then those that ended lately and are not forgotten yet.
SELECT id, group_id FROM needs_of_contact(:contact_index, :ended_after);

-- name: needs_of_member(member_id)
-- What a signed-in member asked for.
SELECT id, state, category, posted_at, needed_by FROM need WHERE member_id = :member_id AND purged_at IS NULL ORDER BY posted_at DESC;

-- name: lock_open_need(id, now)^
-- The need, held until the transaction ends, if it has slots to fill: nobody else plans for it meanwhile.
SELECT n.id, n.group_id, n.urgency, n.helpers, n.filled, n.needed_by, n.expires_at, n.round FROM need n
WHERE n.id = :id AND n.state = 'open' AND n.confirmed AND n.expires_at > :now FOR UPDATE OF n;

-- name: take_slot(id)$
-- Takes one slot of an open need, if one is free. One statement on one row: two at once cannot both take the last.
UPDATE need SET filled = filled + 1, state = CASE WHEN filled + 1 = helpers THEN 'matched' ELSE 'open' END
WHERE id = :id AND state = 'open' AND filled < helpers
RETURNING state;

-- name: free_slot(id, even_met)$
-- A match fell through: the slot opens again; where the asker says so, even after the helper said done.
UPDATE need SET filled = filled - 1, state = 'open', exhausted_at = NULL, closed_at = NULL
WHERE id = :id AND filled > 0 AND purged_at IS NULL AND (state IN ('open', 'matched') OR (state = 'met' AND CAST(:even_met AS boolean)))
RETURNING true;

-- name: change_need(id, category, zone_code, languages, urgency, helpers, needed_by, hours, reach, show_text, see_first, sealed_name, sealed_text, expires_at, repeats_until, series)$
-- The asker changed it: it is matched anew. Taken slots stay taken.
UPDATE need SET category = :category, zone_code = :zone_code, languages = :languages, urgency = :urgency, helpers = greatest(:helpers, filled),
    needed_by = :needed_by, hours = :hours, reach = :reach, show_text = :show_text, see_first = :see_first,
    sealed_name = :sealed_name, sealed_text = :sealed_text, expires_at = :expires_at, repeats_until = CAST(:repeats_until AS date),
    contact_index = coalesce(contact_index, CAST(:series AS bytea)), exhausted_at = NULL, round = round + 1,
    state = CASE WHEN state = 'held' THEN 'held' WHEN filled < greatest(:helpers, filled) THEN 'open' ELSE 'matched' END
WHERE id = :id AND state IN ('held', 'open', 'matched')
RETURNING true;

-- name: renew_need(id, needed_by, hours, expires_at)$
-- Still needed: a new by-when.
UPDATE need SET needed_by = :needed_by, hours = :hours, expires_at = :expires_at, exhausted_at = NULL, round = round + 1,
    state = 'open', closed_at = NULL
WHERE id = :id AND state IN ('open', 'expired') AND purged_at IS NULL
RETURNING true;

-- name: postpone_need(id, needed_by, hours, expires_at)!
-- A new by-when for a need that was let down after its day.
UPDATE need SET needed_by = :needed_by, hours = :hours, expires_at = :expires_at WHERE id = :id AND state = 'open';

-- name: hold_need(id)$
-- The need's state, held until the transaction ends.
SELECT state FROM need WHERE id = :id FOR UPDATE;

-- name: end_need(id, state, close_reason, now)$
-- Withdrawn, met, expired or closed: one move out of the live states.
UPDATE need SET state = :state, closed_at = :now, close_reason = :close_reason
WHERE id = :id AND state IN ('held', 'open', 'matched')
RETURNING true;

-- name: expire_need(id, now)$
-- Nobody came in time, or nobody looked at a held one: only a need whose day has passed, and that nobody renewed meanwhile.
UPDATE need SET state = 'expired', closed_at = :now WHERE id = :id AND state IN ('held', 'open') AND expires_at <= :now AND filled = 0 RETURNING expires_at;

-- name: close_silent_need(id, needed_before, now)$
-- A matched need silent long after its by-when: it counts as met, unconfirmed.
UPDATE need SET state = 'met', closed_at = :now
WHERE id = :id AND state IN ('open', 'matched') AND filled > 0 AND needed_by <= :needed_before
RETURNING true;

-- name: next_wave(id)$
-- Numbers the wave that is about to be planned.
UPDATE need SET waves = waves + 1, exhausted_at = NULL WHERE id = :id RETURNING waves;

-- name: mark_exhausted(id, now)$
-- Nobody is left to ask: unmet, until something changes.
UPDATE need SET exhausted_at = :now WHERE id = :id AND state = 'open' AND exhausted_at IS NULL RETURNING true;

-- name: allow_language(id, language, most)$
-- One more language is fine: more people may be asked, and nobody is asked twice.
UPDATE need SET languages = array_append(languages, CAST(:language AS text)), exhausted_at = NULL
WHERE id = :id AND state = 'open' AND CAST(:language AS text) <> ALL (languages) AND cardinality(languages) < :most
RETURNING true;

-- name: set_quiet_hours(id, quiet_from, quiet_until)!
-- When whoever asked is not written to about it; none at all, or both.
UPDATE need SET quiet_from = CAST(:quiet_from AS smallint), quiet_until = CAST(:quiet_until AS smallint) WHERE id = :id AND purged_at IS NULL;

-- name: set_need_locale(id, locale)!
-- Whoever asked reads its page in another language now: its messages come in that too.
UPDATE need SET locale = :locale WHERE id = :id AND purged_at IS NULL;

-- name: widen_need(id, widened_km)$
-- A coordinator lets volunteers be asked who said a little less far.
UPDATE need SET widened_km = :widened_km, exhausted_at = NULL WHERE id = :id AND state = 'open' RETURNING true;

-- name: ask_again(id)$
-- A new round: those who did not answer may be asked once more, those who said no may not.
UPDATE need SET round = round + 1, exhausted_at = NULL WHERE id = :id AND state = 'open' RETURNING round;

-- name: confirm_need(id)$
-- An imported or posted need whose person has answered.
UPDATE need SET confirmed = true WHERE id = :id AND NOT confirmed RETURNING true;

-- name: called_back(id, group_id)$
-- A coordinator has called.
UPDATE need SET call_back = false WHERE id = :id AND group_id = :group_id RETURNING true;

-- name: add_event(need_id, at, actor, kind, detail, sealed_reason)!
-- What happened to a need.
INSERT INTO need_event (need_id, at, actor, kind, detail, sealed_reason)
VALUES (:need_id, :at, :actor, :kind, CAST(:detail AS jsonb), :sealed_reason);

-- name: events_of_need(need_id)
-- Its history.
SELECT at, actor, kind, detail, sealed_reason FROM need_event WHERE need_id = :need_id ORDER BY at, id;

-- name: held_about_need(need_id)^
-- How many browsers follow it, and how many messages about it do we still know of?
SELECT (SELECT count(*) FROM session WHERE needs @> ARRAY[CAST(:need_id AS uuid)]) AS browsers,
    (SELECT count(*) FROM notice WHERE need_id = :need_id AND state = 'sent') AS messages;

-- name: need_after(id)$
-- Which need is this one again, a week later?
SELECT id FROM need WHERE repeats_of = :id;

-- name: take_code_away(id)!
-- Its return code opens the next one from now on, and so does its form.
UPDATE need SET locator_hash = NULL, secret_hash = NULL, form_hash = NULL WHERE id = :id;

-- name: follow_next(id, next_id)!
-- Whoever may follow a need may follow the one that comes after it.
UPDATE session SET needs = needs || CAST(:next_id AS uuid) WHERE needs @> ARRAY[CAST(:id AS uuid)];

-- name: stop_repeating(id)!
-- Not again. One that was there again already is a need of its own.
UPDATE need SET repeats_until = NULL WHERE id = :id;

-- name: series_of_need(id)
-- A need, those it repeats and those that repeat it, as far as they are not forgotten; the latest first.
WITH RECURSIVE before (id, repeats_of) AS (
    SELECT n.id, n.repeats_of FROM need n WHERE n.id = :id
    UNION
    SELECT n.id, n.repeats_of FROM before b JOIN need n ON n.id = b.repeats_of
), after (id) AS (
    SELECT n.id FROM need n WHERE n.id = :id
    UNION
    SELECT n.id FROM after a JOIN need n ON n.repeats_of = a.id
)
SELECT n.id FROM need n WHERE n.id IN (SELECT id FROM before UNION SELECT id FROM after) AND n.purged_at IS NULL ORDER BY n.needed_by DESC;

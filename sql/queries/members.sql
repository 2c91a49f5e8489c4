-- name: add_member(id, contact_index, contact_kind, sealed_name, sealed_contact, locale, time_zone, per_week, confirmed, now)!
-- A person who can be asked, sign in, or both.
INSERT INTO member (id, contact_index, contact_kind, sealed_name, sealed_contact, locale, time_zone, per_week, confirmed, created_at)
VALUES (:id, :contact_index, :contact_kind, :sealed_name, :sealed_contact, :locale, :time_zone, :per_week, :confirmed, :now);

-- name: add_member_once(id, contact_index, contact_kind, sealed_contact, locale, time_zone, now, master, wrapped)!
-- Someone who wants to help, if they are new here; nothing changes for who is known.
SELECT add_member_once(:id, :contact_index, :contact_kind, :sealed_contact, :locale, :time_zone, :now, :master, :wrapped);

-- name: member_by_contact(contact_index)^
-- Who has this contact?
SELECT id FROM member_of_contact(:contact_index) id WHERE id IS NOT NULL;

-- name: member_by_id(id)^
-- Who is this member?
SELECT * FROM member WHERE id = :id;

-- name: confirm_member(id)$
-- The person has answered: they exist and agreed. True the first time.
UPDATE member SET confirmed = true WHERE id = :id AND NOT confirmed RETURNING true;

-- name: rename_member(id, sealed_name)!
-- The name to be called by.
UPDATE member SET sealed_name = :sealed_name WHERE id = :id;

-- name: set_member_pace(id, per_week, weekly_asks, quiet_from, quiet_until, urgent_any_hour)!
-- How often and when a volunteer may be asked.
UPDATE member SET per_week = :per_week, weekly_asks = :weekly_asks, quiet_from = :quiet_from,
    quiet_until = :quiet_until, urgent_any_hour = :urgent_any_hour WHERE id = :id;

-- name: set_member_place(id, locale, time_zone)!
-- The language of their messages and the clock of their quiet hours.
UPDATE member SET locale = :locale, time_zone = :time_zone WHERE id = :id;

-- name: set_digest(id, hour)!
-- What can wait is told once a day at this hour, or at once.
UPDATE member SET digest_at = :hour WHERE id = :id;

-- name: stop_mail(id)!
-- No more messages to this member, but sign-in.
UPDATE member SET mail_stopped = true WHERE id = :id;

-- name: restart_mail(id)!
-- Messages to this member again.
UPDATE member SET mail_stopped = false WHERE id = :id;

-- name: take_task(id, now)$
-- Uses one task of the volunteer's week, if one is free. One statement on one row: two at once cannot both take the last.
UPDATE member
SET task_times = array_append(ARRAY(SELECT t FROM unnest(task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days'), CAST(:now AS timestamptz))
WHERE id = :id
  AND (SELECT count(*) FROM unnest(task_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < per_week
RETURNING true;

-- name: give_task_back(id, accepted_at)!
-- An accepted task fell through: it does not count.
UPDATE member SET task_times = array_remove(task_times, CAST(:accepted_at AS timestamptz)) WHERE id = :id;

-- name: count_ask(id, cap, now)$
-- Counts one ask against the volunteer's weekly cap, if there is room.
UPDATE member
SET ask_times = array_append(ARRAY(SELECT t FROM unnest(ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days'), CAST(:now AS timestamptz))
WHERE id = :id
  AND (SELECT count(*) FROM unnest(ask_times) t WHERE t > CAST(:now AS timestamptz) - interval '7 days') < coalesce(weekly_asks, :cap)
RETURNING true;

-- name: uncount_ask(id, at)!
-- That ask was not made after all.
UPDATE member SET ask_times = array_remove(ask_times, CAST(:at AS timestamptz)) WHERE id = :id;

-- name: add_membership(group_id, member_id, now)!
-- Someone wants to help in this group; a coordinator decides.
INSERT INTO membership (group_id, member_id, created_at) VALUES (:group_id, :member_id, :now) ON CONFLICT DO NOTHING;

-- name: decide_membership(group_id, member_id, state, vetting, sealed_note, decided_by, now)$
-- A coordinator admits or suspends.
UPDATE membership SET state = :state, vetting = :vetting, sealed_note = :sealed_note, decided_by = :decided_by, decided_at = :now
WHERE group_id = :group_id AND member_id = :member_id
RETURNING true;

-- name: leave_groups(member_id, now)!
-- Nobody is asked, and no yes is taken, from here on. A yes that is being given now holds these rows, and is seen after.
UPDATE membership SET state = 'suspended', sealed_note = NULL, decided_by = NULL, created_at = date_trunc('week', created_at),
    decided_at = date_trunc('week', CAST(:now AS timestamptz)) WHERE member_id = :member_id;

-- name: leave_roles(member_id)!
-- They coordinate nothing any more.
DELETE FROM staff WHERE member_id = :member_id;

-- name: forget_offers(member_id)!
-- What they could give stays as a figure, of the week and without what its file called it.
UPDATE offer SET source_ref = NULL, form_hash = NULL, sealed_consent = NULL,
    created_at = date_trunc('week', created_at), updated_at = date_trunc('week', updated_at) WHERE member_id = :member_id;

-- name: forget_own_needs(member_id)!
-- What they asked for is no longer tied to them.
UPDATE need SET member_id = NULL WHERE member_id = :member_id;

-- name: forget_sign_ins(member_id)!
-- No browser and no mailed link lets anyone in as them, and no second step is left.
WITH sent AS (DELETE FROM sign_in WHERE member_id = :member_id),
    second AS (DELETE FROM authenticator WHERE member_id = :member_id),
    codes AS (DELETE FROM recovery_code WHERE member_id = :member_id),
    tries AS (DELETE FROM second_step_try WHERE member_id = :member_id),
    told AS (DELETE FROM second_step_event WHERE member_id = :member_id)
DELETE FROM session WHERE member_id = :member_id;

-- name: leaves_by(id, gone_by)$
-- Asked to be removed, and a report keeps them for now: until this day at the latest. The first day that was said stands.
UPDATE member SET gone_by = coalesce(gone_by, :gone_by) WHERE id = :id RETURNING gone_by;

-- name: forget_member(id, contact_index)!
-- No name, no contact; whoever comes with the same contact later is somebody new. The row stays for what refers to it.
UPDATE member SET contact_index = :contact_index, sealed_name = NULL, sealed_contact = NULL, task_times = '{}', ask_times = '{}', move_times = '{}', gone_by = NULL,
    created_at = date_trunc('week', created_at) WHERE id = :id;

-- name: memberships(member_id)
-- Where does this member help, and are they admitted?
SELECT m.group_id, m.state, m.vetting, g.slug, g.name
FROM membership m JOIN care_group g ON g.id = m.group_id WHERE m.member_id = :member_id ORDER BY g.name;

-- name: groups_of_member(member_id)
-- In which groups does this member have a role, or help?
SELECT group_id FROM staff WHERE member_id = :member_id UNION SELECT group_id FROM membership WHERE member_id = :member_id ORDER BY 1;

-- name: members_of_group(group_id)
-- Who helps, or wants to help, in this group? Those waiting first; without those who had themselves removed.
SELECT p.id, p.sealed_name, p.confirmed, m.state, m.vetting, m.sealed_note, m.created_at, m.decided_at,
    (SELECT array_agg(DISTINCT c) FROM offer o, unnest(o.categories) c WHERE o.member_id = p.id AND o.group_id = m.group_id AND o.state <> 'ended') AS categories,
    (SELECT array_agg(DISTINCT l) FROM offer o, unnest(o.languages) l WHERE o.member_id = p.id AND o.group_id = m.group_id AND o.state <> 'ended') AS languages
FROM membership m JOIN member p ON p.id = m.member_id
WHERE m.group_id = :group_id AND p.sealed_contact IS NOT NULL
ORDER BY m.state <> 'awaiting', m.created_at DESC;

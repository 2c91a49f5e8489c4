-- name: add_opening(id, group_id, record, subject, asked_by, sealed_reason, state, at_once, now, open_until)!
-- Somebody of the staff asks to see how to reach a person.
INSERT INTO opening (id, group_id, record, subject, asked_by, sealed_reason, state, at_once, asked_at, open_until)
VALUES (:id, :group_id, :record, :subject, :asked_by, :sealed_reason, :state, :at_once, :now, :open_until);

-- name: opening_by_id(id, group_id)^
-- One of them.
SELECT * FROM opening WHERE id = :id AND group_id = :group_id;

-- name: openings_of_group(group_id, since)
-- What was asked lately; what waits for a second person first.
SELECT * FROM opening WHERE group_id = :group_id AND asked_at > :since ORDER BY state <> 'asked', asked_at DESC;

-- name: decide_opening(id, group_id, by, state, open_until)$
-- A second person says yes or no.
UPDATE opening SET state = :state, decided_by = :by, open_until = :open_until
WHERE id = :id AND group_id = :group_id AND state = 'asked' AND asked_by <> :by
RETURNING true;

-- name: staff_of_group(group_id)
-- Who is staff here, by any role? With whether two are needed to open a contact, if the group said so.
SELECT s.member_id, min(s.role) AS role, g.two_people FROM staff s JOIN care_group g ON g.id = s.group_id
WHERE s.group_id = :group_id GROUP BY s.member_id, g.two_people;

-- name: set_two_people(id, two_people)!
-- Whether it takes two to open a contact; NULL: where three or more are staff.
UPDATE care_group SET two_people = :two_people WHERE id = :id;

-- name: contact_of_need(id, group_id)^
-- How to reach whoever asked for a need of this group.
SELECT sealed_name, sealed_contact, contact_kind FROM need WHERE id = :id AND group_id = :group_id AND purged_at IS NULL;

-- name: contact_of_volunteer(id, group_id)^
-- How to reach a volunteer of this group.
SELECT p.sealed_name, p.sealed_contact, p.contact_kind FROM member p JOIN membership m ON m.member_id = p.id
WHERE p.id = :id AND m.group_id = :group_id AND p.sealed_contact IS NOT NULL;

-- name: forget_openings(before)!
-- That a contact was asked for; the audit keeps that it was opened.
DELETE FROM opening WHERE asked_at <= :before;

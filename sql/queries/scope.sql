-- name: enter_group(slug)!
-- From here on the transaction acts for this group.
SELECT set_config('careweb.group', CAST(id AS text), true) FROM care_group WHERE slug = :slug;

-- name: enter_record(id)!
-- The same for the group to which this need, ask, match, offer or notice belongs; and for its person, if for none before.
SELECT set_config('careweb.group', coalesce(CAST(g.group_id AS text), ''), true),
    set_config('careweb.member', coalesce(CAST(coalesce(current_member(), g.member_id) AS text), ''), true)
FROM group_of(:id) g;

-- name: enter_person(id)!
-- From here on the transaction acts for this person.
SELECT set_config('careweb.member', CAST(CAST(:id AS uuid) AS text), true);

-- name: give_password(login, verifier)$
-- With what the web or the matcher logs in.
SELECT give_password(:login, :verifier);

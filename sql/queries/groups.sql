-- name: add_group(id, slug, name, phone_line, area_code, languages, demo)!
-- Opens a group.
INSERT INTO care_group (id, slug, name, phone_line, area_code, languages, demo)
VALUES (:id, :slug, :name, :phone_line, :area_code, :languages, :demo);

-- name: all_groups()
-- Which groups are there?
SELECT id, slug, name, phone_line, area_code, languages, demo FROM care_group ORDER BY name, slug;

-- name: group_by_slug(slug)^
-- Which group has this slug?
SELECT id, slug, name, phone_line, area_code, languages, demo FROM care_group WHERE slug = :slug;

-- name: all_categories()
-- What can be asked for, in the order of the form?
SELECT slug, remote, vetting FROM category ORDER BY position;

-- name: add_staff(group_id, member_id, role, now)!
-- Gives a member a role in a group; giving it twice changes nothing.
INSERT INTO staff (group_id, member_id, role, created_at) VALUES (:group_id, :member_id, :role, :now)
ON CONFLICT DO NOTHING;

-- name: remove_staff(group_id, member_id, role)!
-- Takes a role back.
DELETE FROM staff WHERE group_id = :group_id AND member_id = :member_id AND role = :role;

-- name: staff_roles(member_id, usual)
-- In which groups does this member have which role, and who of them must show a second step? `usual`: where the group says nothing.
SELECT g.id, g.slug, g.name, s.role,
    CASE coalesce(g.second_step, :usual) WHEN 'required' THEN true WHEN 'off' THEN false
        ELSE staff_of(g.id) >= 3 END
    OR EXISTS (SELECT FROM authenticator a WHERE a.member_id = s.member_id AND a.confirmed_at IS NOT NULL) AS second_step
FROM staff s JOIN care_group g ON g.id = s.group_id WHERE s.member_id = :member_id ORDER BY g.name, s.role;

-- name: set_second_step(id, second_step)!
-- Whether this group's staff must show a second step; NULL: as the installation has it.
UPDATE care_group SET second_step = :second_step WHERE id = :id;

-- name: colleagues(group_id)
-- Who coordinates this group, and have they a second step?
SELECT m.id, m.sealed_name, array_agg(s.role ORDER BY s.role) AS roles,
    EXISTS (SELECT FROM authenticator a WHERE a.member_id = m.id AND a.confirmed_at IS NOT NULL) AS second_step
FROM staff s JOIN member m ON m.id = s.member_id WHERE s.group_id = :group_id GROUP BY m.id ORDER BY m.id;

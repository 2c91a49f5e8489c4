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

-- name: staff_roles(member_id)
-- In which groups does this member have which role?
SELECT g.id, g.slug, g.name, s.role
FROM staff s JOIN care_group g ON g.id = s.group_id WHERE s.member_id = :member_id ORDER BY g.name, s.role;

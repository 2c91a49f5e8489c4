-- name: add_audit_lines(group_id, day, role, action, person, records, reasons, hashes, macs)!
-- Somebody of the staff opened or changed these records; once a day is enough.
INSERT INTO audit_line (group_id, day, role, action, record, person, sealed_reason, reason_hash, mac)
SELECT :group_id, :day, :role, :action, r.record, :person, r.reason, r.hash, r.mac
FROM unnest(CAST(:records AS bytea[]), CAST(:reasons AS bytea[]), CAST(:hashes AS bytea[]), CAST(:macs AS bytea[])) AS r (record, reason, hash, mac)
ON CONFLICT DO NOTHING;

-- name: audit_lines_of(record)
-- Who opened or changed this record? Latest first.
SELECT day, role, action, sealed_reason, group_name FROM lines_of_record(:record) ORDER BY day DESC, id DESC;

-- name: unchained_lines(most)
-- Lines that have no link yet, in the order in which they were written; one worker at a time.
SELECT l.id, l.group_id, l.mac FROM audit_line l
WHERE (SELECT pg_try_advisory_xact_lock(7203114530)) AND NOT EXISTS (SELECT FROM audit_link k WHERE k.line_id = l.id) ORDER BY l.id LIMIT :most;

-- name: last_link(group_id)^
-- Where does the chain of this group end?
SELECT number, hash FROM audit_link WHERE group_id = :group_id ORDER BY number DESC LIMIT 1;

-- name: add_links(groups, numbers, lines, hashes)!
-- The next links.
INSERT INTO audit_link (group_id, number, line_id, hash)
SELECT * FROM unnest(CAST(:groups AS uuid[]), CAST(:numbers AS bigint[]), CAST(:lines AS bigint[]), CAST(:hashes AS bytea[]));

-- name: chained_lines(group_id, after, most)
-- The chain of a group with its lines, some at a time.
SELECT k.number, k.hash, l.* FROM audit_link k JOIN audit_line l ON l.id = k.line_id AND l.group_id = k.group_id
WHERE k.group_id = :group_id AND k.number > :after ORDER BY k.number LIMIT :most;

-- name: lines_not_chained()
-- The lines of the last minute.
SELECT l.* FROM audit_line l WHERE NOT EXISTS (SELECT FROM audit_link k WHERE k.line_id = l.id) ORDER BY l.id;

-- name: lines_twice()
-- Lines that were copied: none is written twice.
SELECT max(id) AS id FROM audit_line GROUP BY mac HAVING count(*) > 1 ORDER BY 1;

-- name: links_without_line()
-- Links whose line is gone, or of another group.
SELECT k.line_id FROM audit_link k LEFT JOIN audit_line l ON l.id = k.line_id AND l.group_id = k.group_id WHERE l.id IS NULL ORDER BY 1;

-- name: askers_to_export(group_id)
-- Needs of a group, or of all, out of which somebody can be read.
SELECT n.id, n.group_id FROM need n WHERE (CAST(:group_id AS uuid) IS NULL OR n.group_id = :group_id) AND n.purged_at IS NULL ORDER BY n.id;

-- name: volunteers_to_export(group_id)
-- The same of volunteers.
SELECT DISTINCT o.member_id AS id, o.group_id FROM offer o WHERE CAST(:group_id AS uuid) IS NULL OR o.group_id = :group_id ORDER BY 2, 1;

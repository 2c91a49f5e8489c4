-- name: add_match(id, need_id, ask_id, offer_id, member_id, group_id, state, now)$
-- An accepted ask takes the lowest free slot of its need; a unique index lets no slot have two winners.
INSERT INTO match (id, need_id, slot, ask_id, offer_id, member_id, group_id, state, accepted_at, connected_at)
SELECT :id, :need_id, min(slot), :ask_id, :offer_id, :member_id, :group_id, CAST(:state AS text), CAST(:now AS timestamptz),
    CASE WHEN CAST(:state AS text) = 'connected' THEN CAST(:now AS timestamptz) END
FROM generate_series(1, 10) slot
WHERE slot NOT IN (SELECT m.slot FROM match m WHERE m.need_id = :need_id AND m.state <> 'fell_through')
RETURNING slot;

-- name: match_by_id(id, member_id, need_id)^
-- One match, with both sides; of this member or need alone, where one is given. A row that is another's is left out before anything is
-- worked out of it: else it would take longer than one that is not there.
SELECT t.*, a.language, a.terms, n.state AS need_state, n.category, n.urgency, n.needed_by, n.expires_at, n.see_first, n.hours, n.helpers, n.contact_kind AS asker_contact_kind,
    n.sealed_name AS asker_sealed_name, n.sealed_contact AS asker_sealed_contact, n.sealed_text, n.purged_at, z.time_zone,
    p.sealed_name AS helper_sealed_name, p.sealed_contact AS helper_sealed_contact, p.contact_kind AS helper_contact_kind,
    kept_apart(n.id, p.id) OR EXISTS (SELECT FROM review r WHERE r.match_id = t.id AND r.action IS DISTINCT FROM 'released') AS apart
FROM match t JOIN ask a ON a.id = t.ask_id JOIN need n ON n.id = t.need_id JOIN member p ON p.id = t.member_id JOIN zone z ON z.code = n.zone_code
WHERE t.id = :id AND t.member_id = coalesce(CAST(:member_id AS uuid), t.member_id) AND t.need_id = coalesce(CAST(:need_id AS uuid), t.need_id);

-- name: matches_of_need(need_id)
-- Who said yes to this need?
SELECT t.id, t.member_id, t.state, t.accepted_at, t.connected_at, t.ended_by, a.language, a.terms,
    p.sealed_name, p.sealed_contact, p.contact_kind,
    kept_apart(n.id, p.id) OR EXISTS (SELECT FROM review r WHERE r.match_id = t.id AND r.action IS DISTINCT FROM 'released') AS apart
FROM match t JOIN ask a ON a.id = t.ask_id JOIN member p ON p.id = t.member_id JOIN need n ON n.id = t.need_id
WHERE t.need_id = :need_id ORDER BY t.accepted_at;

-- name: matches_of_member(member_id)
-- What a volunteer took on, latest first.
SELECT t.id, t.need_id, t.state, t.accepted_at, t.ended_by, a.language, n.category, n.needed_by, n.purged_at, g.name AS group_name, z.time_zone
FROM match t JOIN ask a ON a.id = t.ask_id JOIN need n ON n.id = t.need_id JOIN care_group g ON g.id = t.group_id JOIN zone z ON z.code = n.zone_code
WHERE t.member_id = :member_id ORDER BY t.accepted_at DESC LIMIT 50;

-- name: changes_since(need_id, since)
-- What of a need is not as it was when somebody said yes?
SELECT DISTINCT jsonb_array_elements_text(detail -> 'changed') AS change FROM need_event
WHERE need_id = :need_id AND kind IN ('changed', 'renewed') AND at >= :since;

-- name: connect_match(id, need_id, now)$
-- The second yes: the asker agrees to this helper.
UPDATE match t SET state = 'connected', connected_at = :now
WHERE t.id = :id AND t.need_id = :need_id AND t.state = 'awaiting_asker' AND NOT kept_apart(t.need_id, t.member_id)
RETURNING t.member_id;

-- name: finish_match(id, by, now)$
-- It happened.
UPDATE match SET state = 'done', ended_at = :now, ended_by = :by WHERE id = :id AND state = 'connected' RETURNING need_id;

-- name: finish_matches_of_need(need_id, by, now)
-- The need was met: so is all that was under way.
UPDATE match SET state = 'done', ended_at = :now, ended_by = :by WHERE need_id = :need_id AND state = 'connected' RETURNING id;

-- name: drop_match(id, by, now, even_done)$
-- It fell through.
UPDATE match SET state = 'fell_through', ended_at = :now, ended_by = :by
WHERE id = :id AND (state IN ('accepted', 'awaiting_asker', 'connected') OR (state = 'done' AND CAST(:even_done AS boolean)))
RETURNING true;

-- name: drop_matches_of_need(need_id, by, now)
-- The need was withdrawn or closed: what was under way ends. Returns whom to tell and whose week has room again.
UPDATE match SET state = 'fell_through', ended_at = :now, ended_by = :by
WHERE need_id = :need_id AND state IN ('accepted', 'awaiting_asker', 'connected')
RETURNING id, member_id, accepted_at;

-- name: matches_under_way(member_id, group_id)
-- What a volunteer of this group, or of all groups, has agreed to and not done yet.
SELECT t.id, t.need_id FROM match t JOIN offer o ON o.id = t.offer_id
WHERE t.member_id = :member_id AND (CAST(:group_id AS uuid) IS NULL OR o.group_id = CAST(:group_id AS uuid)) AND t.state IN ('accepted', 'awaiting_asker', 'connected')
ORDER BY t.need_id;

-- name: count_unfinished(need_id)$
-- How many matches of this need are under way?
SELECT count(*) FROM match WHERE need_id = :need_id AND state IN ('accepted', 'awaiting_asker', 'connected');

-- name: add_note(id, match_id, author, sealed_text, now)!
-- A line in the thread of two connected people.
INSERT INTO thread_note (id, match_id, author, sealed_text, written_at) VALUES (:id, :match_id, :author, :sealed_text, :now);

-- name: notes_of_match(match_id)
-- What the two wrote.
SELECT author, sealed_text, written_at, thanks FROM thread_note WHERE match_id = :match_id ORDER BY written_at, id;

-- name: add_thanks(id, match_id, author, sealed_text, now)$
-- A line of thanks after a task, once from each of the two.
INSERT INTO thread_note (id, match_id, author, sealed_text, written_at, thanks) VALUES (:id, :match_id, :author, :sealed_text, :now, true)
ON CONFLICT DO NOTHING
RETURNING true;

-- name: thanks_to_member(member_id)
-- What a volunteer was thanked with, where it is not destroyed yet.
SELECT t.need_id, n.sealed_text FROM match t JOIN thread_note n ON n.match_id = t.id AND n.thanks AND n.author = 'asker'
WHERE t.member_id = :member_id AND t.state = 'done' ORDER BY n.written_at DESC LIMIT 20;

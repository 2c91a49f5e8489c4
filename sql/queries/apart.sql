-- name: hold_needs_of_two(need_id, member_id)
-- All needs of whoever asked for this one, and of this volunteer, that are not over, held until the transaction ends.
SELECT hold_needs_of_two(:need_id, :member_id);

-- name: part_two(need_id, member_id, kind, otherwise, now)$
-- The two, held until the transaction ends, are kept apart by all that is known of them. Saying so twice is saying so once.
SELECT part_two(:need_id, :member_id, :kind, :otherwise, :now);

-- name: between_two(need_id, member_id)
-- What the two have under way with each other, and what one of them was asked for the other.
SELECT need_id, ask_id, match_id, member_id FROM between_two(:need_id, :member_id);

-- name: take_ask_back(id, now)$
-- An ask that is out is not any more.
UPDATE ask SET state = 'cancelled', answered_at = :now WHERE id = :id AND state IN ('planned', 'sent') RETURNING true;

-- name: let_together(need_id, member_id)$
-- A report turned out to be nothing: the pause ends.
SELECT let_together(:need_id, :member_id);

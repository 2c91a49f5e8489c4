-- name: hold_needs_of_two(one, other)
-- All needs of two people that are not over, held until the transaction ends: no yes and no plan for them meanwhile.
SELECT id FROM need WHERE contact_index IN (:one, :other) AND state IN ('held', 'open', 'matched', 'met') ORDER BY id FOR NO KEY UPDATE;

-- name: hold_two(one, other)
-- Two people, held until the transaction ends.
SELECT id FROM member WHERE contact_index IN (:one, :other) ORDER BY id FOR NO KEY UPDATE;

-- name: add_apart(one, other, kind, now)!
-- These two are kept apart; saying so twice is saying so once.
INSERT INTO apart (one, other, kind, created_at) VALUES (:one, :other, :kind, :now) ON CONFLICT DO NOTHING;

-- name: matches_of_two(one, other)
-- What these two have under way with each other.
SELECT t.id, t.member_id FROM match t JOIN need n ON n.id = t.need_id JOIN member m ON m.id = t.member_id
WHERE n.contact_index IN (:one, :other) AND m.contact_index IN (:one, :other) AND t.state IN ('accepted', 'awaiting_asker', 'connected')
ORDER BY t.need_id, t.id;

-- name: cancel_asks_of_two(one, other, now)
-- What one of them was asked for the other is taken back.
UPDATE ask a SET state = 'cancelled', answered_at = :now FROM need n, member m
WHERE n.id = a.need_id AND m.id = a.member_id AND n.contact_index IN (:one, :other) AND m.contact_index IN (:one, :other) AND a.state IN ('planned', 'sent')
RETURNING a.id, a.need_id;

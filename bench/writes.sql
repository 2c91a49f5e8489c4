-- Offers and people of the crowd, written as the product writes them.

-- name: choose_written(count)!
-- Offers to be written, anywhere in the crowd. Choosing them is no part of the writing: it goes through all of them.
CREATE TEMP TABLE written AS
SELECT CAST(row_number() OVER () AS int) AS at, c.* FROM (SELECT * FROM crowd ORDER BY md5(CAST(n AS text)) LIMIT :count) c;

-- name: index_written()!
-- By their order.
CREATE UNIQUE INDEX written_at ON written (at);

-- name: analyze_written()!
-- A temporary table is analyzed by nobody else.
ANALYZE written;

-- name: drop_written()!
-- They go with the measurement.
DROP TABLE written;

-- name: forget_offers()!
-- Of these people, so that they can be added again.
DELETE FROM offer WHERE id IN (SELECT offer_id FROM written);

-- name: number_anew()!
-- Under the old ids each would meet the row that was just deleted, in every index, as no new offer does.
UPDATE written SET offer_id = gen_random_uuid();

-- name: add_again(above, upto)!
-- Their offers, by the product's own triggers.
INSERT INTO offer (id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, created_at, updated_at)
SELECT offer_id, group_id, member_id, categories, languages, zone_code, radius_km, reach, hours, now(), now()
FROM written WHERE at > :above AND at <= :upto;

-- name: write_offers(above, upto)!
-- They change how far their people would go.
UPDATE offer o SET radius_km = CASE WHEN o.radius_km = 10 THEN 15 ELSE 10 END
FROM written w WHERE o.id = w.offer_id AND w.at > :above AND w.at <= :upto;

-- name: write_tasks(above, upto)!
-- Their people said yes to one more task.
UPDATE member m SET task_times = array_append(m.task_times, now())
FROM written w WHERE m.id = w.member_id AND w.at > :above AND w.at <= :upto;

-- name: write_asks(above, upto)!
-- Their people were asked once more.
UPDATE member m SET ask_times = array_append(m.ask_times, now())
FROM written w WHERE m.id = w.member_id AND w.at > :above AND w.at <= :upto;

-- name: rows_of_written()$
-- How many rows of the search their offers have.
SELECT count(*) FROM offer_key WHERE offer_id IN (SELECT offer_id FROM written);

-- name: add_data_key(record, id, master, wrapped)!
-- Keeps the wrapped data key of a record.
INSERT INTO data_key (record, id, master, wrapped) VALUES (:record, :id, :master, :wrapped);

-- name: data_key(record, id)^
-- Which wrapped key opens this record?
SELECT master, wrapped FROM data_key WHERE record = :record AND id = :id;

-- name: destroy_data_key(record, id, mark, week)!
-- Makes every sealed field of this record unreadable for ever, and remembers that, without saying whose it was.
WITH gone AS (DELETE FROM data_key WHERE record = :record AND id = :id RETURNING id)
INSERT INTO tombstone (mark, week) SELECT :mark, :week FROM gone ON CONFLICT DO NOTHING;

-- name: list_tombstones()
-- Which records were erased since this was last asked?
UPDATE tombstone SET listed = true
WHERE mark IN (SELECT mark FROM tombstone WHERE NOT listed ORDER BY week LIMIT 10000 FOR UPDATE SKIP LOCKED)
RETURNING mark, week;

-- name: list_all_again()!
-- The list is not there: all of it is written anew.
UPDATE tombstone SET listed = false WHERE listed;

-- name: drop_tombstones(before)!
-- Of weeks so long ago that no copy of the database from before them is kept.
DELETE FROM tombstone WHERE week < :before;

-- name: add_tombstones(marks, weeks)!
-- What the list in the state folder knows and a copy of the database did not.
INSERT INTO tombstone (mark, week, listed)
SELECT mark, week, true FROM unnest(CAST(:marks AS bytea[]), CAST(:weeks AS date[])) AS known (mark, week) ON CONFLICT DO NOTHING;

-- name: unknown_tombstones(marks)$
-- How many of these erasures does this database not know of?
SELECT count(*) FROM unnest(CAST(:marks AS bytea[])) AS known (mark) WHERE NOT EXISTS (SELECT FROM tombstone t WHERE t.mark = known.mark);

-- name: sealed_records(record, after, most)
-- Records that can still be read, some at a time.
SELECT id FROM data_key WHERE record = :record AND id > :after ORDER BY id LIMIT :most;

-- name: key_prints()
-- Which master keys was this database sealed with?
SELECT version, print FROM master_key ORDER BY version;

-- name: add_key_print(version, print)!
-- From now on this master key may be in use here.
INSERT INTO master_key (version, print) VALUES (:version, :print) ON CONFLICT DO NOTHING;

-- name: masters()
-- Which master keys wrap any record?
SELECT masters AS version FROM masters();

-- name: masters_in_use()
-- How many records does each master key wrap?
SELECT master AS version, count(*) AS records FROM data_key GROUP BY master ORDER BY master;

-- name: wrapped_by_others(current, most)
-- Data keys that another than the current master key wraps, held until the transaction ends; what is held already is skipped.
SELECT record, id, master, wrapped FROM wrapped_by_others(:current, :most);

-- name: wrap_anew(records, ids, masters, wrapped)$
-- The same data keys under another master key.
SELECT wrap_anew(CAST(:records AS text[]), CAST(:ids AS uuid[]), CAST(:masters AS smallint[]), CAST(:wrapped AS bytea[]));

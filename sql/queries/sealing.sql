-- name: add_data_key(record, id, master, wrapped)!
-- Keeps the wrapped data key of a record.
INSERT INTO data_key (record, id, master, wrapped) VALUES (:record, :id, :master, :wrapped);

-- name: data_key(record, id)^
-- Which wrapped key opens this record?
SELECT master, wrapped FROM data_key WHERE record = :record AND id = :id;

-- name: destroy_data_key(record, id)!
-- Makes every sealed field of this record unreadable for ever.
DELETE FROM data_key WHERE record = :record AND id = :id;

-- What came in by file. `imported_at` is the same for every row of one run; consent, where somebody stated it for
-- a whole file, is free text and so sealed like any other: with the need's key, or for an offer the member's.
ALTER TABLE need ADD COLUMN imported_at timestamptz, ADD COLUMN sealed_consent bytea;
ALTER TABLE offer ADD COLUMN imported_at timestamptz, ADD COLUMN sealed_consent bytea;

-- Names and contacts that left in a file, and why: one row a file, written before the first of them leaves.
CREATE TABLE disclosure (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    what text NOT NULL CHECK (what IN ('needs', 'offers')),
    group_id uuid REFERENCES care_group (id),   -- NULL: of all groups
    sealed_reason bytea NOT NULL
);
ALTER TABLE data_key DROP CONSTRAINT data_key_record_check;
ALTER TABLE data_key ADD CONSTRAINT data_key_record_check CHECK (record IN ('need', 'member', 'disclosure'));

-- How a row is called in a file: as its own file called it (after its group, where there are several), or by its id.
CREATE FUNCTION file_ref(slug text, source_ref text, id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(slug || '/' || source_ref, source_ref, CAST(id AS text))
$$;

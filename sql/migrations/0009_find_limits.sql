-- Times of the last ten wrong second halves of a need's return code, oldest first: ten within an hour, and the code
-- opens nothing for an hour after the tenth.
ALTER TABLE need ADD COLUMN wrong_secrets timestamptz[] NOT NULL DEFAULT '{}';

-- The form it came from: sending twice makes one offer.
ALTER TABLE offer ADD COLUMN form_hash bytea UNIQUE;

-- Forms sent within the last day whose second sending must change nothing, where the row they made cannot tell.
CREATE TABLE sent_form (
    form_hash bytea PRIMARY KEY,
    sent_at timestamptz NOT NULL
);

-- A line of thanks after a task, and needs that come again every week.

-- Thanks is a note like others, sealed and destroyed with them; each of the two says it once.
ALTER TABLE thread_note ADD COLUMN thanks boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX thread_note_thanks ON thread_note (match_id, author) WHERE thanks;

-- A need that comes again every week: until which day, and of which one it is the next. Each is a need of its own;
-- where its asker left no contact, all of a series have one keyed hash in `contact_index`, so that a block holds in each.
ALTER TABLE need ADD COLUMN repeats_until date;
ALTER TABLE need ADD COLUMN repeats_of uuid REFERENCES need (id);
ALTER TABLE need ADD CONSTRAINT need_repeats_another CHECK (repeats_of <> id);
CREATE UNIQUE INDEX need_repeated_once ON need (repeats_of) WHERE repeats_of IS NOT NULL;

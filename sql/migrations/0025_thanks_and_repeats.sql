-- A line of thanks after a task, and needs that come again every week.

-- Thanks is a note like others, sealed and destroyed with them; each of the two says it once.
ALTER TABLE thread_note ADD COLUMN thanks boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX thread_note_thanks ON thread_note (match_id, author) WHERE thanks;

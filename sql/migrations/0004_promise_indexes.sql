-- A relay asks ten times a second what is due and not yet handed over, and every second what was lost:
-- neither may walk through what waits in the queue.
DROP INDEX promise_due;
CREATE INDEX promise_fresh ON promise (due_at) WHERE handed_at IS NULL;
CREATE INDEX promise_handed ON promise (handed_at) WHERE handed_at IS NOT NULL;

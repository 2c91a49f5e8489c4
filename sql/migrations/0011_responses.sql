-- How often a volunteer said yes, for the chance that they say so again. Two sums, and no memory of which asks.
ALTER TABLE member
    ADD COLUMN asks_answered float8 NOT NULL DEFAULT 0,  -- that ended with a yes, a no, or silence until the time-out; each counts as its ease
    ADD COLUMN asks_accepted int NOT NULL DEFAULT 0;     -- of these, with a yes

UPDATE member m SET asks_answered = a.answered, asks_accepted = a.accepted
FROM (
    SELECT member_id, count(*) AS answered, count(*) FILTER (WHERE state = 'accepted') AS accepted
    FROM ask WHERE state IN ('accepted', 'declined', 'timed_out') GROUP BY member_id
) a
WHERE a.member_id = m.id;

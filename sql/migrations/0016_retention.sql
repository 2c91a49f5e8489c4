-- How long it took until somebody helped, counted before the times of a need are made those of its week.
CREATE TABLE tally (
    week date NOT NULL,                         -- in which it was posted: its Monday
    group_id uuid NOT NULL REFERENCES care_group (id),
    category text NOT NULL REFERENCES category (slug),
    language text NOT NULL,                     -- the asker's first
    urgency text NOT NULL,
    state text NOT NULL,                        -- how it ended
    helped text NOT NULL CHECK (helped IN ('1h', '6h', '1d', '3d', 'later', 'never')),  -- from posting to the first connection
    needs int NOT NULL,
    PRIMARY KEY (week, group_id, category, language, urgency, state, helped)
);

-- Messages are forgotten by age. They are written in the order of their times, which is all that this kind of index needs.
CREATE INDEX notice_of_age ON notice USING brin (created_at);

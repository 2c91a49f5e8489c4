-- Records whose key was destroyed, so that a copy of the database made before that brings nobody back. A mark is a
-- keyed hash of the record and its id; the week, and not the day, because times of what was purged are of the week.
CREATE TABLE tombstone (
    mark bytea PRIMARY KEY,
    week date NOT NULL,                         -- its Monday
    listed boolean NOT NULL DEFAULT false       -- in the state folder's list too, which outlives this database
);
CREATE INDEX tombstone_unlisted ON tombstone (week) WHERE NOT listed;
CREATE INDEX tombstone_of_week ON tombstone (week);

-- Which master keys this database was sealed with: a keyed hash each, which tells the right key from another.
CREATE TABLE master_key (
    version smallint PRIMARY KEY,
    print bytea NOT NULL
);

-- What a renewal of the master key looks for, and what a start asks: is a key in use that is not there?
CREATE INDEX data_key_of_master ON data_key (master);

-- Hours in which whoever asked is not written to about it, of the clock where the need is. Without any: only of what nobody is in
-- suspense about, at the usual hours.

ALTER TABLE need
    ADD COLUMN quiet_from smallint,
    ADD COLUMN quiet_until smallint,
    ADD CONSTRAINT need_quiet_hours CHECK (
        (quiet_from IS NULL) = (quiet_until IS NULL) AND quiet_from BETWEEN 0 AND 23 AND quiet_until BETWEEN 0 AND 23
    );

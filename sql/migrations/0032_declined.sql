-- A volunteer's no is a line of the need's history like a yes.

ALTER TABLE need_event DROP CONSTRAINT need_event_kind_check;
ALTER TABLE need_event ADD CONSTRAINT need_event_kind_check CHECK (kind IN ('posted', 'changed', 'renewed', 'wave', 'exhausted', 'accepted',
    'declined', 'connected', 'refused', 'fell_through', 'done', 'withdrawn', 'expired', 'widened', 'asked_again', 'closed', 'met', 'imported',
    'held', 'released'));

-- The sweep looks for rows that wait without a promise; these are few among all that ever were.
CREATE INDEX need_to_purge ON need (closed_at) WHERE closed_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX need_live ON need (expires_at) WHERE state IN ('open', 'matched');
CREATE INDEX ask_waiting ON ask (times_out_at) WHERE state IN ('planned', 'sent');
CREATE INDEX match_waiting ON match (accepted_at) WHERE state = 'awaiting_asker';

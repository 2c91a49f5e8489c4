-- An asker may stop messages about one need; a member stops them for all (member.mail_stopped).
ALTER TABLE need ADD COLUMN mail_stopped boolean NOT NULL DEFAULT false;

-- What the sweep and the gauges look at; what was sent is by far the most and interests neither.
CREATE INDEX notice_unsent ON notice (state, created_at) WHERE state <> 'sent';

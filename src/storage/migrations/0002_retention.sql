-- What was said in a call is deleted some day: then.
ALTER TABLE calls ADD COLUMN forgotten_at BIGINT;

-- What is to be forgotten, and nothing of what already is: the oldest is found at once, however many calls there were.
CREATE INDEX calls_with_words ON calls (ended_at) WHERE forgotten_at IS NULL;
CREATE INDEX calls_with_files ON calls (ended_at) WHERE recording IS NOT NULL OR replay IS NOT NULL;
DROP INDEX inbox_by_time;
CREATE INDEX inbox_with_bodies ON inbox (received_at) WHERE state <> 'forgotten';

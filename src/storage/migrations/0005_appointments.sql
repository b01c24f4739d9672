-- Of the book's rows a hold counts until its end, by the database's clock; a cancelled appointment counts no more.
ALTER TABLE appointments ADD COLUMN booking_key TEXT;
ALTER TABLE appointments ADD COLUMN held_until BIGINT;
ALTER TABLE appointments ADD COLUMN changed_at BIGINT;

-- Overlaps are kept out by a lock for each professional; should that fail, no two visits begin together all the same.
DROP INDEX appointments_by_professional;
CREATE UNIQUE INDEX appointments_once ON appointments (workspace_id, professional, starts_at) WHERE state <> 'cancelled';
CREATE UNIQUE INDEX appointments_by_key ON appointments (workspace_id, booking_key) WHERE state <> 'cancelled';
CREATE INDEX appointments_by_contact ON appointments (contact_id, starts_at);
CREATE INDEX appointments_by_session ON appointments (call_sid);
CREATE INDEX appointments_to_come ON appointments (workspace_id, ends_at) WHERE state = 'booked';

-- Who was visited, among all the records of a phone.
CREATE INDEX record_visit ON record (aid, parent) WHERE kind = 'visit';
-- The official a worker is, where they registered themselves.
ALTER TABLE worker ADD COLUMN official TEXT;
CREATE INDEX worker_official ON worker (official) WHERE official IS NOT NULL;

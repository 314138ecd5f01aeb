-- What coverage is told by ecosystem from: the code a worker is registered under, as typed.
ALTER TABLE worker ADD COLUMN ecosystem TEXT;
CREATE INDEX worker_ecosystem ON worker (ecosystem) WHERE ecosystem IS NOT NULL;
-- The attendance at a session that led to a registration.
ALTER TABLE worker ADD COLUMN attendance TEXT;
CREATE INDEX worker_attendance ON worker (attendance) WHERE attendance IS NOT NULL;

-- Records that only the server writes belong to every part of their area: read by area, whatever its feed holds.
ALTER TABLE record ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
UPDATE record SET shared = 1 WHERE kind = 'village';
CREATE INDEX record_shared ON record (area) WHERE shared = 1;

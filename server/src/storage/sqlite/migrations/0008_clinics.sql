-- The code of the clinic that an accident report names: what a clinic's phone is told is found by it. A code of the public
-- directory, nothing of a person; older reports get theirs when the server is next opened.
ALTER TABLE record ADD COLUMN clinic TEXT;
CREATE INDEX record_clinic ON record (clinic) WHERE clinic IS NOT NULL;

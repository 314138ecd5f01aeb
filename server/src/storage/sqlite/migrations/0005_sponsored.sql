-- What enrolments and renewals ask of sponsors' agreements, and who has a place. Months are text YYYY-MM; the person is the
-- keyed hash of the NIK.
CREATE TABLE sponsored (
    claim BLOB PRIMARY KEY, enrollment BLOB NOT NULL, agreement BLOB NOT NULL, person BLOB, first TEXT NOT NULL,
    last TEXT NOT NULL, place INTEGER NOT NULL, standing TEXT NOT NULL, code TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sponsored_enrollment ON sponsored (enrollment);
CREATE INDEX sponsored_agreement ON sponsored (agreement, place);
CREATE INDEX sponsored_person ON sponsored (person) WHERE person IS NOT NULL;

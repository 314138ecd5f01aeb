-- Records that this life of the database lacks, as phones last pulled them: each waits for a person.
CREATE TABLE offer (
    record BLOB PRIMARY KEY, device BLOB NOT NULL, received_at INTEGER NOT NULL, offer BLOB NOT NULL
) STRICT, WITHOUT ROWID;

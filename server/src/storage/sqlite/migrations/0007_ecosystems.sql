-- Whom an ecosystem says it has: keyed hashes of NIKs, nothing else.
CREATE TABLE ecosystem_member (
    ecosystem BLOB NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (ecosystem, hash)
) STRICT, WITHOUT ROWID;

-- The files that attachments name, by the SHA-256 of their ciphertext: which records name them.
CREATE TABLE media (
    hash BLOB NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (hash, record)
) STRICT, WITHOUT ROWID;
CREATE INDEX media_record ON media (record);

-- Files of erased records, until they are removed from where files lie.
CREATE TABLE media_gone (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Files of attachments, ciphertext, which lie in the folder media beside the database: what waits to be uploaded, how
-- far it is, and what is kept for showing. A file without a row is one that a kill left behind.
CREATE TABLE media (
    mid INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    record BLOB NOT NULL CHECK (length(record) = 16),
    size INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    wifi_only INTEGER NOT NULL,
    -- where its upload goes on, and what of it the server said it has
    server TEXT,
    url TEXT,
    "offset" INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    -- not before, milliseconds since 1970
    next_at INTEGER NOT NULL DEFAULT 0,
    -- when the server had all of it
    done_at INTEGER
) STRICT;
CREATE INDEX media_waiting ON media (priority DESC, mid) WHERE done_at IS NULL;
CREATE INDEX media_kept ON media (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX media_record ON media (record);

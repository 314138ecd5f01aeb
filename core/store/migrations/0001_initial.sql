-- Names are those of the wire. A u64 (epoch, checksum, tag) is stored as the i64 of the same bits.

-- Identity, cursor, epoch, clock, counters.
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- An area the phone holds records of, with the sum of protocol::record_check over those that were pulled.
CREATE TABLE area (
    aid INTEGER PRIMARY KEY,
    path TEXT NOT NULL UNIQUE,
    checksum INTEGER NOT NULL DEFAULT 0
) STRICT;

-- A record as last pulled (its base); epoch and body are NULL while only this phone has it.
CREATE TABLE record (
    rid INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    aid INTEGER NOT NULL REFERENCES area,
    parent BLOB,
    epoch INTEGER,
    version INTEGER NOT NULL DEFAULT 0,
    -- the full pull that last contained it
    pull INTEGER NOT NULL DEFAULT 0,
    -- 1: to be removed once nothing of ours waits for it; 2: the same, erased by law
    leaving INTEGER NOT NULL DEFAULT 0,
    alias_of BLOB,
    conflicts TEXT,
    body TEXT
) STRICT;
CREATE INDEX record_area ON record (aid, pull);
CREATE INDEX record_parent ON record (parent) WHERE parent IS NOT NULL;
CREATE INDEX record_alias ON record (alias_of) WHERE alias_of IS NOT NULL;
CREATE INDEX record_conflict ON record (rid) WHERE conflicts IS NOT NULL;
CREATE INDEX record_leaving ON record (rid) WHERE leaving <> 0;

-- What a restored server lacked at the end of a full pull: another person's record, kept to be offered back.
CREATE TABLE orphan (
    id BLOB PRIMARY KEY CHECK (length(id) = 16),
    kind TEXT NOT NULL,
    area TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;

-- Outbox, patch and acknowledged ops in one: k is the order of saving.
-- new: not sealed yet; sent: no outcome yet; held, refused: as answered; acked: taken, not yet pulled; done: pulled.
CREATE TABLE op (
    k INTEGER PRIMARY KEY,
    record BLOB NOT NULL CHECK (length(record) = 16),
    kind TEXT NOT NULL,
    creates INTEGER NOT NULL,
    -- not a list: SQLite would make a table of it for each row written
    state TEXT NOT NULL CHECK (state = 'sent' OR state = 'acked' OR state = 'done' OR state = 'new' OR state = 'held'
        OR state = 'refused' OR state = 'discarded'),
    device BLOB,
    n INTEGER,
    hash BLOB,
    reissue_device BLOB,
    reissue_n INTEGER,
    reissue_hash BLOB,
    stale TEXT,
    -- its receipt in an earlier epoch, with which it is offered again
    was_epoch INTEGER,
    was_version INTEGER,
    receipt_epoch INTEGER,
    receipt_version INTEGER,
    receipt_record BLOB,
    outcome TEXT,
    -- the fields that were refused though the op was taken, as a JSON list
    refused_fields TEXT,
    -- the official has seen the refusal and let it be
    noted INTEGER NOT NULL DEFAULT 0,
    -- when its final outcome came, milliseconds since 1970
    final_at INTEGER,
    CHECK ((n IS NULL) = (state = 'new')),
    CHECK ((device IS NULL) = (n IS NULL) AND (hash IS NULL) = (n IS NULL))
) STRICT;
CREATE UNIQUE INDEX op_name ON op (device, n) WHERE n IS NOT NULL;
CREATE INDEX op_record ON op (record);
-- an index for each state: SQLite does not see that a state of a list is in the list
CREATE INDEX op_new ON op (k) WHERE state = 'new';
CREATE INDEX op_sent ON op (n) WHERE state = 'sent';
CREATE INDEX op_held ON op (n) WHERE state = 'held';
CREATE INDEX op_acked ON op (receipt_record) WHERE state = 'acked';
CREATE INDEX op_refused ON op (k) WHERE (state = 'refused' OR refused_fields IS NOT NULL) AND noted = 0;

-- What an op carries, apart from it, so that a receipt does not rewrite it.
CREATE TABLE op_body (
    k INTEGER PRIMARY KEY REFERENCES op ON DELETE CASCADE,
    area TEXT NOT NULL,
    base_epoch INTEGER,
    base_version INTEGER,
    hlc INTEGER NOT NULL,
    "set" TEXT NOT NULL,
    resolve TEXT
) STRICT;

-- ROLLBACK, not ABORT: ABORT would make SQLite keep a journal for each statement that could meet it.
CREATE TRIGGER op_body_immutable BEFORE UPDATE ON op_body
WHEN (SELECT n FROM op WHERE k = OLD.k) IS NOT NULL
BEGIN
    SELECT RAISE(ROLLBACK, 'a numbered op is immutable');
END;
CREATE TRIGGER op_immutable BEFORE UPDATE OF k, record, kind, creates ON op
BEGIN
    SELECT RAISE(ROLLBACK, 'a saved op keeps its record');
END;
-- A form on its way, saved field by field, with the base and the values it was opened with.
CREATE TABLE draft (
    id INTEGER PRIMARY KEY,
    record BLOB UNIQUE,
    kind TEXT NOT NULL,
    base_epoch INTEGER,
    base_version INTEGER,
    shown TEXT NOT NULL,
    touched_at INTEGER NOT NULL
) STRICT;
CREATE TABLE draft_field (
    draft INTEGER NOT NULL REFERENCES draft ON DELETE CASCADE,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (draft, name)
) STRICT, WITHOUT ROWID;

-- A NIK typed on this phone; a Change never overwrites it, for it carries only {masked, tag}.
CREATE TABLE own_nik (
    record BLOB PRIMARY KEY CHECK (length(record) = 16),
    nik TEXT NOT NULL
) STRICT;
CREATE INDEX own_nik_digits ON own_nik (nik);

-- The key with which a village's NIK tags are made.
CREATE TABLE village (
    rid INTEGER PRIMARY KEY REFERENCES record ON DELETE CASCADE,
    tag_key BLOB NOT NULL
) STRICT;

-- A worker as shown, for lists and searching. A linked duplicate has no row.
CREATE TABLE worker (
    rid INTEGER PRIMARY KEY REFERENCES record ON DELETE CASCADE,
    aid INTEGER NOT NULL,
    sort TEXT NOT NULL,
    name TEXT NOT NULL,
    nik_head TEXT,
    nik_end TEXT,
    tag INTEGER,
    phone TEXT,
    occupation TEXT,
    occupation_second TEXT,
    -- the enrolment that counts, its stored status ('' before the office has it) and cover
    enrollment BLOB,
    status TEXT,
    covered_from TEXT,
    covered_until TEXT
) STRICT;
CREATE INDEX worker_sort ON worker (sort);
CREATE INDEX worker_area ON worker (aid);
CREATE INDEX worker_nik_end ON worker (nik_end);
CREATE INDEX worker_tag ON worker (tag) WHERE tag IS NOT NULL;
CREATE INDEX worker_phone ON worker (phone) WHERE phone IS NOT NULL;
CREATE INDEX worker_occupation ON worker (occupation);
CREATE INDEX worker_status ON worker (status, covered_until);

-- The folded words of a worker's name.
CREATE TABLE name_word (
    word TEXT NOT NULL,
    rid INTEGER NOT NULL,
    PRIMARY KEY (word, rid)
) STRICT, WITHOUT ROWID;

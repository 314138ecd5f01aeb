-- Clear: ids, area, state, months, counters. Everything a person could be known by is sealed or a keyed hash.

CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- One commit-ordered counter for each village: the feed's order is never a clock.
CREATE TABLE village (code TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- Leaf areas: sum modulo 2^64 of record_check(id, version) over the records in exactly this area.
CREATE TABLE area (path TEXT PRIMARY KEY, checksum INTEGER NOT NULL, records INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE record (
    rowid         INTEGER PRIMARY KEY,
    id            BLOB NOT NULL UNIQUE,
    kind          TEXT NOT NULL,
    area          TEXT NOT NULL,
    village       TEXT NOT NULL,
    seq           INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    parent        BLOB,
    alias_of      BLOB,
    status        TEXT,
    start_month   TEXT,
    covered_until TEXT,
    conflict      INTEGER NOT NULL,
    state         BLOB NOT NULL
) STRICT;
CREATE INDEX record_feed ON record (village, seq, area);
CREATE INDEX record_parent ON record (parent) WHERE parent IS NOT NULL;
CREATE INDEX record_alias ON record (alias_of) WHERE alias_of IS NOT NULL;
CREATE INDEX record_status ON record (status, id) WHERE status IS NOT NULL;
CREATE INDEX record_conflict ON record (id) WHERE conflict = 1;

-- One row is the history row, the dedupe hash (kept for ever) and the stored outcome (dropped at seen_through).
CREATE TABLE op (
    rowid       INTEGER PRIMARY KEY,
    device      BLOB NOT NULL,
    n           INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    record      BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    status      TEXT NOT NULL,
    waits_for   BLOB,
    code        TEXT,
    op          BLOB NOT NULL,
    outcome     BLOB,
    UNIQUE (device, n)
) STRICT;
CREATE INDEX op_record ON op (record);
CREATE INDEX op_held ON op (rowid) WHERE status = 'held';
CREATE INDEX op_waits ON op (waits_for) WHERE waits_for IS NOT NULL;

-- Old names of ops that were issued again under a new one.
CREATE TABLE taken (
    device BLOB NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL,
    new_device BLOB NOT NULL, new_n INTEGER NOT NULL,
    PRIMARY KEY (device, n, hash)
) STRICT, WITHOUT ROWID;

-- Ops of a bundle in which a number was found used twice: kept aside, never applied under that name.
CREATE TABLE quarantine (
    rowid INTEGER PRIMARY KEY,
    device BLOB NOT NULL, n INTEGER NOT NULL, hash BLOB NOT NULL, received_at INTEGER NOT NULL, op BLOB NOT NULL,
    UNIQUE (device, n, hash)
) STRICT;

CREATE TABLE tombstone (
    village TEXT NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL, area TEXT NOT NULL, why TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (village, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_record ON tombstone (record);

CREATE TABLE nik_claim (hash BLOB PRIMARY KEY, record BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE known_member (hash BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE name_word (hash BLOB NOT NULL, record BLOB NOT NULL, PRIMARY KEY (hash, record)) STRICT, WITHOUT ROWID;

-- Pairs that may be one person: under review, linked, kept apart.
CREATE TABLE duplicate (
    token BLOB PRIMARY KEY, later BLOB NOT NULL, earlier BLOB NOT NULL, state TEXT NOT NULL, opened_at INTEGER NOT NULL,
    decided_at INTEGER, closed BLOB,
    UNIQUE (later, earlier)
) STRICT, WITHOUT ROWID;
CREATE INDEX duplicate_earlier ON duplicate (earlier);

CREATE TABLE official (id BLOB PRIMARY KEY, person BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE device (
    id BLOB PRIMARY KEY, official BLOB NOT NULL, state TEXT NOT NULL, seen_through INTEGER NOT NULL,
    person BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE invite (hash BLOB PRIMARY KEY, expires INTEGER NOT NULL, person BLOB NOT NULL) STRICT, WITHOUT ROWID;

-- Who did or read what; each line's hash covers the one before it. Ids and counts only.
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, act TEXT NOT NULL, detail TEXT NOT NULL,
    hash BLOB NOT NULL
) STRICT;

-- Operator acts replayed after a restore that wait for a phone to bring their record again.
CREATE TABLE pending_act (seq INTEGER PRIMARY KEY, record BLOB NOT NULL, act BLOB NOT NULL) STRICT;
CREATE INDEX pending_act_record ON pending_act (record);

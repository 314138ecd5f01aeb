-- Numbers of membership cards and their places in the status list of their regency. The worker is taken out when the person is
-- erased: what is left tells that a place is taken, and was taken back. `facts` is a keyed hash of what the card says of the person.
CREATE TABLE card (
    id TEXT PRIMARY KEY, worker BLOB, list TEXT NOT NULL, place INTEGER NOT NULL, facts BLOB NOT NULL,
    revoked INTEGER NOT NULL, expires TEXT NOT NULL, UNIQUE (list, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX card_worker ON card (worker) WHERE worker IS NOT NULL;
CREATE INDEX card_revoked ON card (list, place) WHERE revoked = 1;

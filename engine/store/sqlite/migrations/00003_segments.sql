-- +goose Up

-- When the passing of time may move a member into a watched segment or out of one. Beside the member's state, which says the
-- same, because only some members have it.
CREATE TABLE looks (
    member TEXT    NOT NULL PRIMARY KEY,
    shard  INTEGER NOT NULL,
    at     INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX looks_due ON looks (shard, at);

-- The segments that triggers are about, and since when as they are.
CREATE TABLE watches (
    segment    TEXT    NOT NULL PRIMARY KEY,
    definition TEXT    NOT NULL,
    since      INTEGER NOT NULL
) WITHOUT ROWID;

-- +goose Up

-- Members of whom something that is stored cannot be read. Nothing is decided on them: their inputs stay in the inbox under a kind that
-- begins with 'held ', behind the watermark, until it can be read again.
CREATE TABLE held (
    member TEXT    NOT NULL PRIMARY KEY,
    shard  INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    error  TEXT    NOT NULL
) WITHOUT ROWID;

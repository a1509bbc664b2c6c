-- +goose Up

-- What requests with an idempotency key held: a hash of their content. The same key with other content is a mistake of the sender.
CREATE TABLE requests (
    key     TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) WITHOUT ROWID;

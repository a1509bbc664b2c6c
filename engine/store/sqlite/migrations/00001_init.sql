-- +goose Up

-- Everything the engine decides on, and the event history at the same time: one copy, with a watermark per shard.
-- Times are integer milliseconds; 0 is none. JSON documents are stored as blobs of text.
CREATE TABLE inbox (
    shard  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    kind   TEXT    NOT NULL, -- as engine.InputKind; 'poisoned' once it was set aside
    id     TEXT    NOT NULL,
    member TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    time   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    data   BLOB,
    PRIMARY KEY (shard, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX inbox_id ON inbox (id);

-- The last seq and the last instant that were given out, and the last number of a row of a list.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    at  INTEGER NOT NULL,
    n   INTEGER NOT NULL
);
INSERT INTO clock VALUES (1, 0, 0, 0);

CREATE TABLE shards (
    shard     INTEGER PRIMARY KEY,
    epoch     INTEGER NOT NULL,
    watermark INTEGER NOT NULL
);

-- A member's state (name empty, time and seq 0) and, beside it on the same pages, the member's indexes: of decided events into
-- the inbox (by name, time, seq), of runs and of refusals (names that no event can have; seq is their n). One page written a
-- decision instead of two: pages are what a commit costs.
CREATE TABLE members (
    id    TEXT    NOT NULL,
    name  TEXT    NOT NULL,
    time  INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    state BLOB,
    PRIMARY KEY (id, name, time, seq)
) WITHOUT ROWID;
CREATE INDEX members_all ON members (id) WHERE name = '';

-- n orders runs and refusals together, newest last. deliveries and coupons are lines of keys: they save the outbox and the
-- coupons an index each.
CREATE TABLE runs (
    n            INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL,
    playbook     TEXT    NOT NULL,
    revision     TEXT    NOT NULL,
    member       TEXT    NOT NULL,
    shard        INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    converted_at INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    pc           INTEGER NOT NULL,
    triggered    BLOB,
    actions      BLOB,
    deliveries   TEXT    NOT NULL,
    coupons      TEXT    NOT NULL,
    trace        TEXT    NOT NULL
);
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE INDEX runs_playbook ON runs (playbook);
CREATE INDEX runs_open ON runs (member) WHERE state = 'waiting';
CREATE INDEX runs_due ON runs (shard, due_at) WHERE state = 'waiting' AND due_at > 0;

CREATE TABLE refusals (
    n        INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    member   TEXT    NOT NULL,
    playbook TEXT    NOT NULL,
    input    TEXT    NOT NULL,
    reason   TEXT    NOT NULL,
    seen     BLOB
);
CREATE INDEX refusals_playbook ON refusals (playbook);

-- What a playbook did, kept as it happens: counting millions of runs anew would take seconds.
CREATE TABLE counts (
    playbook TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (playbook, what, key)
) WITHOUT ROWID;

-- What commits added to the counts and was not summed up yet: one row a commit, a JSON list.
CREATE TABLE tallies (
    n      INTEGER PRIMARY KEY,
    deltas BLOB NOT NULL
);

CREATE TABLE coupons (
    code          TEXT    NOT NULL PRIMARY KEY,
    pool          TEXT    NOT NULL,
    member        TEXT    NOT NULL,
    playbook      TEXT    NOT NULL,
    run           TEXT    NOT NULL,
    step          TEXT    NOT NULL,
    issued_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    redeemed_at   INTEGER NOT NULL DEFAULT 0,
    redemption_id TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;

CREATE TABLE pools (
    pool     TEXT    NOT NULL PRIMARY KEY,
    reserved INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE blocks (
    pool  TEXT    NOT NULL,
    shard INTEGER NOT NULL,
    free  INTEGER NOT NULL,
    PRIMARY KEY (pool, shard)
) WITHOUT ROWID;

CREATE TABLE deliveries (
    n          INTEGER PRIMARY KEY,
    key        TEXT    NOT NULL,
    member     TEXT    NOT NULL,
    playbook   TEXT    NOT NULL,
    run        TEXT    NOT NULL,
    step       TEXT    NOT NULL,
    channel    TEXT    NOT NULL,
    lane       INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    not_before INTEGER NOT NULL,
    at         INTEGER NOT NULL,
    attempts   INTEGER NOT NULL DEFAULT 0,
    settle_at  INTEGER NOT NULL DEFAULT 0,
    error      TEXT    NOT NULL DEFAULT '',
    message    BLOB    NOT NULL
);
CREATE UNIQUE INDEX deliveries_key ON deliveries (key);
CREATE INDEX deliveries_pending ON deliveries (channel, lane, not_before) WHERE state = 'pending';

CREATE TABLE failures (
    n     INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    what  TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    error TEXT    NOT NULL
);

CREATE TABLE occurrences (
    playbook TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    cursor   TEXT    NOT NULL,
    done     INTEGER NOT NULL,
    PRIMARY KEY (playbook, at)
) WITHOUT ROWID;
CREATE INDEX occurrences_open ON occurrences (at) WHERE done = 0;

CREATE TABLE workspaces (
    hash  TEXT NOT NULL PRIMARY KEY,
    files BLOB NOT NULL
);

CREATE TABLE revisions (
    revision TEXT NOT NULL PRIMARY KEY,
    playbook TEXT NOT NULL,
    hash     TEXT NOT NULL,
    at       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE paused (
    playbook TEXT    NOT NULL PRIMARY KEY,
    at       INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;

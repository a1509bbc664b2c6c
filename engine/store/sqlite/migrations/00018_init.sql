-- +goose Up

-- Everything the engine decides on, and the event history at the same time: one copy, with a watermark per lane.
-- Times are integer milliseconds; 0 is none. JSON documents are stored as blobs of text; those of the inbox and of subjects begin with a byte
-- that says their format.
CREATE TABLE inbox (
    lane  INTEGER NOT NULL,
    seq    INTEGER NOT NULL,
    kind   TEXT    NOT NULL, -- as engine.InputKind; 'poisoned' once it was set aside
    id     TEXT    NOT NULL,
    hash   INTEGER NOT NULL, -- of the member, as a subject has it
    member TEXT    NOT NULL,
    name   TEXT    NOT NULL,
    time   INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    -- 1 of an event that its member did just now: it moves when they were last seen.
    seen   INTEGER NOT NULL,
    data   BLOB,
    -- Of an event that a run emitted to its own member (kind 'cascaded'): seq of the input that began the cascade, -1 for a wait.
    -- It orders the event in the history; its own seq is given when it is stored.
    cause  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (lane, seq)
) WITHOUT ROWID;
-- The history of a member. What the watermark has not passed is not decided, and no history yet.
CREATE INDEX inbox_history ON inbox (hash, name, time, seq) WHERE kind IN ('event', 'cascaded');
-- Attributes and tags that were written: their member is known, if nothing was decided on them yet.
CREATE INDEX inbox_updates ON inbox (hash, seq) WHERE kind = 'update';
-- What is kept of members that are held.
CREATE INDEX inbox_held ON inbox (hash, seq) WHERE kind >= 'held ' AND kind < 'held!';

-- What inputs are known by, kept at least as long as they are: 63 bits of a hash of the kind that one was accepted as and of its id, under
-- the key of that number, and where it is in the inbox.
CREATE TABLE ids (
    hash  INTEGER PRIMARY KEY,
    key   INTEGER NOT NULL,
    lane INTEGER NOT NULL,
    seq   INTEGER NOT NULL
);

-- What who appends goes by, whatever the lane: the last seq and the last instant that were given out, and the last number of a row of a list.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    at  INTEGER NOT NULL,
    n   INTEGER NOT NULL
);
INSERT INTO clock VALUES (1, 0, 0, 0);

-- Order is kept among the inputs of a range of the subjects' hash. The lanes are numbered from 0, in the order of their ranges, which hold
-- every hash once. fence is raised by each new owner.
CREATE TABLE lanes (
    lane      INTEGER PRIMARY KEY,
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    fence     INTEGER NOT NULL,
    watermark INTEGER NOT NULL,
    seen      INTEGER NOT NULL, -- up to here subjects know when they were last seen
    earlier   INTEGER NOT NULL  -- up to here inputs may have been accepted before those with a lower seq
);

-- Of whom decisions are: members, and objects, whose ids begin with a control character. n is what rows refer to, given with the first decision. seen is when a member was last seen, as far as
-- that was brought here: the state says it, too, and events do that were decided since. A state without content: nothing is known of them.
CREATE TABLE subjects (
    n     INTEGER PRIMARY KEY,
    kind  TEXT    NOT NULL,
    id    TEXT    NOT NULL,
    hash  INTEGER NOT NULL, -- of kind and id: it spreads subjects
    state BLOB,
    seen  INTEGER NOT NULL DEFAULT 0,
    code  TEXT    NOT NULL DEFAULT '' -- by which others may call a member; objects have none
);
-- The id first, which tells two apart at once: nearly all are of one kind.
CREATE UNIQUE INDEX subjects_id ON subjects (id, kind);
-- Two members may have one code: it is nobody's then.
CREATE INDEX subjects_code ON subjects (code) WHERE code <> '';

-- By whom members were brought: the first referral of each. at is when it happened, event the id of the event that said so.
CREATE TABLE referrals (
    subject INTEGER PRIMARY KEY,
    inviter INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL
);
CREATE INDEX referrals_inviter ON referrals (inviter, at, subject);

-- Trees over the events of a name of members who have many, so that a window is added up without going through it. They are derived: what
-- is missing is built of the events. data begins with a byte that says its format; on level 8 is where the first node is.
CREATE TABLE trees (
    subject INTEGER NOT NULL,
    level   INTEGER NOT NULL,
    event   TEXT    NOT NULL,
    tree    TEXT    NOT NULL, -- a hash of the event's type and of what is taken of each event
    bucket  INTEGER NOT NULL,
    data    BLOB    NOT NULL,
    PRIMARY KEY (subject, level, event, tree, bucket)
) WITHOUT ROWID;

-- What decisions did, one row a decision that did something: appended, and never changed. Traces of runs, refusals and timelines are views of
-- it. data is as package records writes it. seq is up to which the member's inputs were decided.
CREATE TABLE records (
    n       INTEGER PRIMARY KEY,
    subject INTEGER NOT NULL,
    seq     INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    epoch   INTEGER NOT NULL, -- under which it was decided; 0: nobody says
    shows   INTEGER NOT NULL, -- what lists show of it, as records.Shown: they pass over no record of a member that has nothing for them
    data    BLOB    NOT NULL
);
CREATE INDEX records_subject ON records (subject, shows, n);
-- The id of a run begins with the instant of the record that began it.
CREATE INDEX records_at ON records (at);

-- What decisions depend on beside what they are about, as JSON.
CREATE TABLE epochs (
    n    INTEGER PRIMARY KEY,
    data TEXT    NOT NULL UNIQUE
);

-- Under which epoch the inputs of a lane behind a seq were decided, up to the next row.
CREATE TABLE spans (
    lane INTEGER NOT NULL,
    seq   INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    PRIMARY KEY (lane, seq)
) WITHOUT ROWID;

-- Which blocks of records hold something of a playbook, or of any ('').
CREATE TABLE marks (
    playbook TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    block    INTEGER NOT NULL,
    PRIMARY KEY (playbook, what, block)
) WITHOUT ROWID;

-- Runs that wait, and what is left of them when they have ended. A run that ends in the decision that began it is in the record of that
-- decision alone, and has a row when something changes it later. place is that of its beginning among the items of the records, last the
-- number of the last record that is about it.
CREATE TABLE runs (
    place        INTEGER PRIMARY KEY,
    id           TEXT    NOT NULL,
    playbook     TEXT    NOT NULL,
    revision     TEXT    NOT NULL,
    subject      INTEGER NOT NULL,
    lane         INTEGER NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    started_at   INTEGER NOT NULL,
    ended_at     INTEGER NOT NULL,
    converted_at INTEGER NOT NULL,
    due_at       INTEGER NOT NULL,
    pc           INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    triggered    BLOB,
    actions      BLOB
);
CREATE UNIQUE INDEX runs_id ON runs (id);
CREATE INDEX runs_open ON runs (subject) WHERE state = 'waiting';
CREATE INDEX runs_due ON runs (lane, due_at) WHERE state = 'waiting' AND due_at > 0;
-- Runs that cannot go on, and say why.
CREATE INDEX runs_parked ON runs (lane) WHERE state = 'waiting' AND reason <> '';

-- What a playbook did, kept as it happens: counting millions of runs anew would take seconds.
CREATE TABLE counts (
    playbook TEXT    NOT NULL,
    what     TEXT    NOT NULL,
    key      TEXT    NOT NULL,
    n        INTEGER NOT NULL,
    PRIMARY KEY (playbook, what, key)
) WITHOUT ROWID;

-- What commits added to the counts and was not summed up yet: one row a commit, as package tallies writes it. n is never given again.
CREATE TABLE tallies (
    n      INTEGER PRIMARY KEY,
    deltas BLOB NOT NULL
);

CREATE TABLE coupons (
    code          TEXT    NOT NULL PRIMARY KEY,
    pool          TEXT    NOT NULL,
    subject       INTEGER NOT NULL,
    playbook      TEXT    NOT NULL,
    run           TEXT    NOT NULL,
    step          TEXT    NOT NULL,
    issued_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    redeemed_at   INTEGER NOT NULL DEFAULT 0,
    redemption_id TEXT    NOT NULL DEFAULT ''
) WITHOUT ROWID;

-- What lanes take from: pools of coupons with a budget, and parts of quotas, which have a colon in their names. reserved counts all that was
-- issued, also without a budget, and what lies in blocks. Nothing is asked of it any more at until; 0: for ever.
CREATE TABLE pools (
    pool     TEXT    NOT NULL PRIMARY KEY,
    reserved INTEGER NOT NULL,
    until    INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX pools_until ON pools (until) WHERE until > 0;

-- Codes that were loaded and are not given out, in the order of n. lane is whose they are; -1: nobody's yet.
CREATE TABLE codes (
    pool TEXT    NOT NULL,
    lane INTEGER NOT NULL,
    n    INTEGER NOT NULL,
    code TEXT    NOT NULL,
    PRIMARY KEY (pool, lane, n)
) WITHOUT ROWID;
CREATE UNIQUE INDEX codes_code ON codes (code);

-- Raffles that have tickets, with their rules as they were at the first. drawn_at is when all tickets were drawn together; 0: they are not.
CREATE TABLE raffles (
    raffle   TEXT    NOT NULL PRIMARY KEY,
    rules    TEXT    NOT NULL,
    drawn_at INTEGER NOT NULL
) WITHOUT ROWID;

-- Entries for raffles. hit and prize are those of a ticket that was drawn at once; '' is none.
CREATE TABLE tickets (
    raffle  TEXT    NOT NULL,
    ticket  TEXT    NOT NULL,
    subject INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    hit     TEXT    NOT NULL,
    prize   TEXT    NOT NULL,
    PRIMARY KEY (raffle, ticket)
) WITHOUT ROWID;

CREATE TABLE blocks (
    pool  TEXT    NOT NULL,
    lane INTEGER NOT NULL,
    free INTEGER NOT NULL,
    PRIMARY KEY (pool, lane)
) WITHOUT ROWID;

-- released_at is when a message was last released; 0: it is deferred, or a webhook. A delivery in the state 'deferred' waits for a decision
-- on its member, which the table looks brings about.
CREATE TABLE deliveries (
    n           INTEGER PRIMARY KEY,
    key         TEXT    NOT NULL,
    subject     INTEGER NOT NULL,
    playbook    TEXT    NOT NULL,
    run         TEXT    NOT NULL,
    step        TEXT    NOT NULL,
    channel     TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    not_before  INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    settle_at   INTEGER NOT NULL DEFAULT 0,
    error       TEXT    NOT NULL DEFAULT '',
    message     BLOB    NOT NULL,
    released_at INTEGER NOT NULL DEFAULT 0,
    provider_id TEXT    NOT NULL DEFAULT '' -- what the receiver calls it, once it was sent
);
CREATE UNIQUE INDEX deliveries_key ON deliveries (key);
CREATE INDEX deliveries_pending ON deliveries (channel, not_before) WHERE state = 'pending';
CREATE INDEX deliveries_subject ON deliveries (subject) WHERE state IN ('pending', 'deferred');
CREATE INDEX deliveries_provider ON deliveries (provider_id) WHERE provider_id <> '';

-- outcome is what became of a failure: '' is open, else 'retried' or 'dropped'. kind is that of an input before it was set aside: it is
-- put back as that. lane and seq are where it is in the inbox.
CREATE TABLE failures (
    n          INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    error      TEXT    NOT NULL,
    kind       TEXT    NOT NULL DEFAULT '',
    outcome    TEXT    NOT NULL DEFAULT '',
    settled_at INTEGER NOT NULL DEFAULT 0,
    lane       INTEGER NOT NULL DEFAULT 0,
    seq        INTEGER NOT NULL DEFAULT 0,
    subject    INTEGER NOT NULL DEFAULT 0,  -- of a run or a wait
    playbook   TEXT    NOT NULL DEFAULT ''  -- of it
);
CREATE INDEX failures_outcome ON failures (outcome, n);

-- Fan-outs: occurrences of schedules, calls for many members, first looks at watched segments. members is a JSON list, of a call without
-- a segment. state is 'open' until the job ends. Of an occurrence the row stays: it says up to when the schedule was looked after.
CREATE TABLE jobs (
    n           INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    playbook    TEXT    NOT NULL,
    via         TEXT    NOT NULL,
    segment     TEXT    NOT NULL,
    members     BLOB,
    at          INTEGER NOT NULL,
    asked_by    TEXT    NOT NULL,
    data        BLOB,
    state       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    cursor      TEXT    NOT NULL,
    looked_at   INTEGER NOT NULL,
    reached     INTEGER NOT NULL,
    passed_over INTEGER NOT NULL,
    ended_at    INTEGER NOT NULL
);
CREATE UNIQUE INDEX jobs_name ON jobs (name);
CREATE INDEX jobs_open ON jobs (n) WHERE state = 'open';
CREATE INDEX jobs_occurrence ON jobs (playbook, via, at) WHERE kind = 'schedule';

-- When the passing of time may move a member into a watched segment or out of one. Beside the member's state, which says the
-- same, because only some members have it.
CREATE TABLE reevaluations (
    subject INTEGER PRIMARY KEY,
    lane   INTEGER NOT NULL,
    at      INTEGER NOT NULL
);
CREATE INDEX reevaluations_due ON reevaluations (lane, at);

-- The segments that triggers are about, and since when as they are.
CREATE TABLE watches (
    segment    TEXT    NOT NULL PRIMARY KEY,
    definition TEXT    NOT NULL,
    since      INTEGER NOT NULL
) WITHOUT ROWID;

-- What requests with an idempotency key held: a hash of their content. The same key with other content is a mistake of the sender.
CREATE TABLE requests (
    key     TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL
) WITHOUT ROWID;

-- Members of whom something that is stored cannot be read, or whose trees are being built. Nothing is decided on them: their inputs stay in
-- the inbox under a kind that begins with 'held ', behind the watermark. going is 1 when they go on with inputs that are accepted anew, 2
-- with inputs as they were: first to last is the part that was put back last, the others are kept until it is decided.
CREATE TABLE held (
    subject INTEGER PRIMARY KEY,
    lane   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    error   TEXT    NOT NULL,
    building INTEGER NOT NULL,
    going   INTEGER NOT NULL DEFAULT 0,
    first   INTEGER NOT NULL DEFAULT 0,
    last    INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX held_going ON held (lane) WHERE going > 0;

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

-- +goose Up

-- Fan-outs: occurrences of schedules, calls for many members, first looks at watched segments. members is a JSON list, of a call without
-- a segment. state is 'open' until the job ends. Of an occurrence the row stays: it says up to when the schedule was looked after.
CREATE TABLE jobs (
    n           INTEGER PRIMARY KEY,
    name        TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    playbook    TEXT    NOT NULL,
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
CREATE INDEX jobs_occurrence ON jobs (playbook, at) WHERE kind = 'schedule';
DROP TABLE occurrences;

-- +goose Up

-- Of an event that a run emitted to its own member (kind 'cascaded'): seq of the input that began the cascade, -1 for a wait.
-- It orders the event in the history; its own seq is given when it is stored.
ALTER TABLE inbox ADD COLUMN cause INTEGER NOT NULL DEFAULT 0;

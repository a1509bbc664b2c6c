-- +goose Up

-- What people ask for, among many that are done. A row of any other state costs nothing.
CREATE INDEX runs_failed ON runs (state) WHERE state = 'failed';
CREATE INDEX runs_exited ON runs (state) WHERE state = 'exited';
CREATE INDEX runs_holdout ON runs (state) WHERE state = 'holdout';

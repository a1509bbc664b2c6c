-- +goose Up

-- What became of a failure ('' is open, else 'retried' or 'dropped'), and when; and the kind of an input before it was set aside: it is
-- put back as that. Inputs that were set aside before have none.
ALTER TABLE failures ADD COLUMN kind TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE failures ADD COLUMN settled_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX failures_outcome ON failures (outcome, n);

-- +goose Up

-- When a message was last released; 0: it is deferred, or a webhook of before. A delivery in the state 'deferred' waits for a decision on its
-- member, which the table looks brings about.
ALTER TABLE deliveries ADD COLUMN released_at INTEGER NOT NULL DEFAULT 0;

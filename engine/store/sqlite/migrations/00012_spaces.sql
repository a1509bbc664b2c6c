-- +goose Up

-- Ids of each kind of input are among themselves. space is the kind that an input was accepted as, empty for events: its kind may become
-- another. Of inputs that were set aside or held before, it is the best guess.
ALTER TABLE inbox ADD COLUMN space TEXT NOT NULL DEFAULT '';
UPDATE inbox SET space = kind WHERE kind IN ('update', 'trigger', 'schedule', 'result');
UPDATE inbox SET space = substr(kind, 6) WHERE kind LIKE 'held %' AND kind <> 'held event';
ALTER TABLE failures ADD COLUMN space TEXT NOT NULL DEFAULT '';
DROP INDEX inbox_id;
CREATE UNIQUE INDEX inbox_id ON inbox (id, space);

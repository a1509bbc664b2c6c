-- +goose Up

-- Runs that cannot go on, and say why.
CREATE INDEX runs_parked ON runs (shard) WHERE state = 'waiting' AND reason <> '';

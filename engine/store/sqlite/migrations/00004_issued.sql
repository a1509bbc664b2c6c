-- +goose Up

-- A row of pools counts all that was issued of the pool, also without a budget, and what lies in blocks.
INSERT INTO pools SELECT pool, 0 FROM coupons WHERE true GROUP BY pool ON CONFLICT DO NOTHING;
UPDATE pools SET reserved = (SELECT count(*) FROM coupons c WHERE c.pool = pools.pool)
    + coalesce((SELECT sum(free) FROM blocks b WHERE b.pool = pools.pool), 0);

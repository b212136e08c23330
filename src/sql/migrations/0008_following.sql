-- What lists of orders show beyond their state, who has to be looked at by a person, and the full comparisons.
-- refunded: all that was given back, in fen. note: the newest one to the supplier. attention: why somebody has to look.
ALTER TABLE orders ADD COLUMN refunded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE orders ADD COLUMN note TEXT;
ALTER TABLE orders ADD COLUMN attention TEXT;
CREATE INDEX orders_attention ON orders (updated_at) WHERE attention IS NOT NULL;
UPDATE orders SET attention = 'unknown' WHERE state = 'unknown'
    AND id IN (SELECT order_id FROM order_events WHERE kind = 'handed_to_person');

-- The age of a debit's silence is looked at whether it was answered `unknown` or never.
DROP INDEX payment_orders_unknown;
CREATE INDEX payment_orders_open ON payment_orders (updated_at) WHERE state IN ('pending', 'unknown');

-- Who may say how a part went. fence: counts its holders, of whom only the newest writes. asked_at: when a debit was sent
-- last of which nobody knows that it ended. doubt_at: when to look whether a debit called failed was taken all the same.
ALTER TABLE payment_orders ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
ALTER TABLE payment_orders ADD COLUMN asked_at BIGINT;
ALTER TABLE payment_orders ADD COLUMN doubt_at BIGINT;
CREATE INDEX payment_orders_doubt ON payment_orders (doubt_at) WHERE doubt_at IS NOT NULL;
UPDATE payment_orders SET asked_at = updated_at WHERE state IN ('pending', 'unknown')
    AND payment IN (SELECT id FROM payments WHERE method = 'debit');
UPDATE payment_orders SET doubt_at = updated_at WHERE state = 'failed'
    AND payment IN (SELECT id FROM payments WHERE method = 'debit')
    AND order_id IN (SELECT order_id FROM order_events WHERE kind = 'paid');

-- When each world was last compared with the catalogue; moving it is the claim.
CREATE TABLE comparisons (
    mode TEXT PRIMARY KEY,
    begun_at BIGINT NOT NULL
);

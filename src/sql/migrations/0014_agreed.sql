-- What a partner agreed to when a payment was begun: the amount in fen with its currency, and the version of the order
-- that showed it. Parts of older gateways have none of it.
ALTER TABLE payment_orders ADD COLUMN agreed BIGINT;
ALTER TABLE payment_orders ADD COLUMN agreed_currency TEXT;
ALTER TABLE payment_orders ADD COLUMN agreed_version BIGINT;

-- Debits that are open though their order was paid: by whom is asked.
UPDATE payment_orders SET doubt_at = updated_at WHERE state IN ('pending', 'unknown')
    AND payment IN (SELECT id FROM payments WHERE method = 'debit')
    AND order_id IN (SELECT order_id FROM order_events WHERE kind = 'paid');

-- What was published while its endpoint was being disabled waits for nobody any more.
UPDATE webhook_deliveries SET state = 'failed', settled_at = due_at WHERE state = 'pending'
    AND endpoint IN (SELECT id FROM webhook_endpoints WHERE state = 'disabled');
DELETE FROM webhook_deliveries WHERE endpoint NOT IN (SELECT id FROM webhook_endpoints);

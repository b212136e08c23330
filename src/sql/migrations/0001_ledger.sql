-- Quotes, orders as events, idempotency, outbox, payments and feed cursors.
-- Times are milliseconds since 1970 UTC; money is fen; documents are JSON text written and read by ledger/words.rs.

CREATE TABLE quotes (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    document TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX quotes_by_expiry ON quotes (expires_at);

-- The partner's reference and the quote are each used once, for ever.
-- Everything from state on repeats what the events say, so that lists and compare-and-set need no fold.
-- look_at: when somebody should look whether an unsettled order can be settled; moving it is the claim.
CREATE TABLE orders (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    reference TEXT NOT NULL,
    quote TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    catalogue_order BIGINT,
    paying TEXT NOT NULL,
    pay_by BIGINT,
    reason TEXT,
    updated_at BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    UNIQUE (partner, mode, reference)
);
-- A rejected order gives its quote back, so only the others count.
CREATE UNIQUE INDEX orders_by_quote ON orders (quote) WHERE state <> 'rejected';
CREATE INDEX orders_of_partner ON orders (partner, mode, created_at, id);
CREATE INDEX orders_unsettled ON orders (look_at) WHERE state IN ('received', 'placing', 'unknown');

-- Append-only; the primary key is the compare-and-set.
CREATE TABLE order_events (
    order_id TEXT NOT NULL REFERENCES orders (id),
    version BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    facts TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (order_id, version)
);

-- One row per event, written with it; the webhooks' dispatcher takes them from here.
CREATE TABLE outbox (
    event TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    subject TEXT NOT NULL,
    type TEXT NOT NULL,
    document TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX outbox_of_partner ON outbox (partner, mode, event);

-- status is NULL while the first call is under way; fence grows with every lease, and only the newest may settle.
CREATE TABLE idempotency (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    body_hash {bytes} NOT NULL,
    subject TEXT NOT NULL,
    fence BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    status BIGINT,
    headers TEXT,
    body {bytes},
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, key)
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE payments (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    method TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE payment_orders (
    payment TEXT NOT NULL REFERENCES payments (id),
    order_id TEXT NOT NULL REFERENCES orders (id),
    position BIGINT NOT NULL,
    state TEXT NOT NULL,
    pay_url TEXT,
    problem TEXT,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (payment, order_id)
);
CREATE INDEX payment_orders_by_order ON payment_orders (order_id);
CREATE INDEX payment_orders_unknown ON payment_orders (updated_at) WHERE state = 'unknown';

-- How far each change feed was followed.
CREATE TABLE feed_cursors (
    feed TEXT PRIMARY KEY,
    seq BIGINT NOT NULL
);

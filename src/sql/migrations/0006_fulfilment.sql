-- Parcels that were heard of, consignments as events, and what is reported about them.
-- Documents are JSON text written and read by ledger/consignments/words.rs.

-- What is remembered of a parcel, so that each of its steps is told once; version is the compare-and-set.
CREATE TABLE shipments (
    mode TEXT NOT NULL,
    id BIGINT NOT NULL,
    partner TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id),
    transit TEXT NOT NULL,
    traces BIGINT NOT NULL,
    version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (mode, id)
);
CREATE INDEX shipments_of_order ON shipments (order_id);

-- Everything from state on repeats what the events say, so that lists and compare-and-set need no fold.
-- look_at: when somebody should look whether it can be settled or compared; moving it is the claim.
CREATE TABLE consignments (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    reference TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    catalogue_consignment BIGINT,
    reason TEXT,
    updated_at BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    UNIQUE (partner, mode, reference)
);
CREATE INDEX consignments_of_partner ON consignments (partner, mode, created_at, id);
CREATE INDEX consignments_due ON consignments (look_at) WHERE state NOT IN ('rejected', 'handed_over', 'cancelled');

-- An order is in one consignment at a time; active goes to 0 when its consignment was rejected or given up.
CREATE TABLE consignment_orders (
    consignment TEXT NOT NULL REFERENCES consignments (id),
    order_id TEXT NOT NULL REFERENCES orders (id),
    active BIGINT NOT NULL,
    PRIMARY KEY (consignment, order_id)
);
CREATE UNIQUE INDEX consignment_orders_once ON consignment_orders (order_id) WHERE active = 1;

-- Append-only; the primary key is the compare-and-set.
CREATE TABLE consignment_events (
    consignment TEXT NOT NULL REFERENCES consignments (id),
    version BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    facts TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (consignment, version)
);

-- What is said to the catalogue under its own id; written down before it is said.
CREATE TABLE consignment_reports (
    id TEXT PRIMARY KEY,
    consignment TEXT NOT NULL REFERENCES consignments (id),
    document TEXT NOT NULL,
    state TEXT NOT NULL,
    refusal TEXT,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT NOT NULL,
    look_at BIGINT NOT NULL
);
CREATE INDEX consignment_reports_of ON consignment_reports (consignment, created_at);
CREATE INDEX consignment_reports_open ON consignment_reports (look_at) WHERE state IN ('sent', 'unknown');

-- Followed from where orders are: what came before was told long ago.
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/fulfilment/live', seq FROM feed_cursors WHERE feed = 'changes/live';
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/fulfilment/sandbox', seq FROM feed_cursors WHERE feed = 'changes/sandbox';

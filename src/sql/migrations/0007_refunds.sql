-- Refunds as events, and the pictures that prove them.

-- Pictures by our id. The bytes are at the catalogue; what is not known of a picture that its warehouse took is NULL.
CREATE TABLE vouchers (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    catalogue_number BIGINT NOT NULL,
    media_type TEXT,
    size_bytes BIGINT,
    sha256 TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (partner, mode, catalogue_number)
);
CREATE INDEX vouchers_by_content ON vouchers (partner, mode, sha256);

-- The partner's reference is used once, for ever.
-- state, known and what follows repeat what the events say, so that lists and compare-and-set need no fold.
-- look_at: when somebody should look at it, to settle it or to compare it with the catalogue; moving it is the claim.
CREATE TABLE refunds (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    reference TEXT NOT NULL,
    order_id TEXT NOT NULL REFERENCES orders (id),
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    known TEXT NOT NULL,
    catalogue_refund BIGINT,
    updated_at BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    UNIQUE (partner, mode, reference)
);
CREATE INDEX refunds_of_partner ON refunds (partner, mode, created_at, id);
CREATE INDEX refunds_of_order ON refunds (order_id, created_at);
CREATE INDEX refunds_by_number ON refunds (catalogue_refund) WHERE catalogue_refund IS NOT NULL;
CREATE INDEX refunds_to_look_at ON refunds (look_at) WHERE state NOT IN ('rejected', 'succeeded', 'closed');
CREATE INDEX refunds_unknown ON refunds (created_at) WHERE state = 'unknown';

-- Append-only; the primary key is the compare-and-set.
CREATE TABLE refund_events (
    refund_id TEXT NOT NULL REFERENCES refunds (id),
    version BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    facts TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (refund_id, version)
);

-- Followed from where orders are: what came before was told long ago.
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/aftersale/live', seq FROM feed_cursors WHERE feed = 'changes/live';
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/aftersale/sandbox', seq FROM feed_cursors WHERE feed = 'changes/sandbox';

-- Where partners hear of events, and what became of each event on its way there. Times are milliseconds since 1970 UTC.

-- The secret is sealed by whoever keeps it here; the one before the last rotation signs as well until previous_until.
-- failing_since: the first failed attempt since the last success; NULL while things go well.
CREATE TABLE webhook_endpoints (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    patterns TEXT NOT NULL,
    state TEXT NOT NULL,
    why TEXT,
    failing_since BIGINT,
    master_version BIGINT NOT NULL,
    wrapped_key {bytes} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    previous_master_version BIGINT,
    previous_wrapped_key {bytes},
    previous_sealed_secret {bytes},
    previous_until BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX webhook_endpoints_of_partner ON webhook_endpoints (partner, mode, created_at, id);

-- The patterns once more, row by row, for matching in one statement.
CREATE TABLE webhook_patterns (
    endpoint TEXT NOT NULL REFERENCES webhook_endpoints (id),
    pattern TEXT NOT NULL,
    PRIMARY KEY (endpoint, pattern)
);

-- serial is the event's: within a subject earlier events have lower ones.
-- attempts: those of this round; sending it again starts a new one. fence grows with every claim and every new round,
-- and only the newest may settle. claimed_at is set while a node works on it; due_at is then the end of its lease.
CREATE TABLE webhook_deliveries (
    id TEXT PRIMARY KEY,
    endpoint TEXT NOT NULL,
    event TEXT NOT NULL,
    serial BIGINT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    claimed_at BIGINT,
    claim TEXT,
    created_at BIGINT NOT NULL,
    settled_at BIGINT,
    UNIQUE (endpoint, event)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (due_at) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_next ON webhook_deliveries (endpoint, due_at, serial) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_in_line ON webhook_deliveries (endpoint, subject, serial) WHERE state = 'pending';
CREATE INDEX webhook_deliveries_under_way ON webhook_deliveries (endpoint, due_at) WHERE claimed_at IS NOT NULL;
CREATE INDEX webhook_deliveries_claimed ON webhook_deliveries (claim) WHERE claim IS NOT NULL;
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (endpoint, created_at, id);
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at, id);

-- Append-only; number is the fence of the claim it was made under.
CREATE TABLE webhook_attempts (
    delivery TEXT NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status BIGINT,
    problem TEXT,
    answer TEXT NOT NULL,
    PRIMARY KEY (delivery, number)
);

-- Up to where a partner acknowledged the events it pulls.
CREATE TABLE event_cursors (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode)
);

-- Newly published events, whosever they are.
CREATE INDEX IF NOT EXISTS events_by_position ON events (position);

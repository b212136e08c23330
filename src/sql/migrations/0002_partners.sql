-- Plans, partners, their keys, and the record of who changed what. Times are milliseconds since 1970 UTC.

-- Raised in every transaction that changes something below; running nodes look at it every two seconds.
CREATE TABLE directory_version (
    id BIGINT PRIMARY KEY,
    version BIGINT NOT NULL
);
INSERT INTO directory_version (id, version) VALUES (1, 1);

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    in_flight BIGINT NOT NULL,
    price_tier TEXT NOT NULL
);

-- All policies of a plan must admit a call; quota and burst are cost units.
CREATE TABLE plan_policies (
    plan TEXT NOT NULL REFERENCES plans (id),
    name TEXT NOT NULL,
    quota BIGINT NOT NULL,
    window_s BIGINT NOT NULL,
    burst BIGINT NOT NULL,
    PRIMARY KEY (plan, name)
);

INSERT INTO plans (id, in_flight, price_tier) VALUES
    ('starter', 8, 'standard'),
    ('business', 32, 'standard'),
    ('enterprise', 128, 'preferred');

INSERT INTO plan_policies (plan, name, quota, window_s, burst) VALUES
    ('starter', 'second', 20, 1, 20),
    ('starter', 'minute', 600, 60, 600),
    ('starter', 'day', 50000, 86400, 50000),
    ('business', 'second', 100, 1, 100),
    ('business', 'minute', 3000, 60, 3000),
    ('business', 'day', 500000, 86400, 500000),
    ('enterprise', 'second', 1000, 1, 1000),
    ('enterprise', 'minute', 30000, 60, 30000),
    ('enterprise', 'day', 5000000, 86400, 5000000);

CREATE TABLE partners (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    country TEXT NOT NULL,
    plan TEXT NOT NULL REFERENCES plans (id),
    suspended_at BIGINT,
    created_at BIGINT NOT NULL
);

-- hmac-sha256: the secret is sealed under a data key of its own, which a master key wraps.
-- ed25519: only the partner's public key. scopes and allowed hold words with spaces between them.
CREATE TABLE partner_keys (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partners (id),
    algorithm TEXT NOT NULL,
    master_version BIGINT,
    wrapped_key {bytes},
    sealed_secret {bytes},
    public_key {bytes},
    scopes TEXT NOT NULL,
    allowed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    retired_at BIGINT,
    suspended_at BIGINT,
    rotated_from TEXT REFERENCES partner_keys (id)
);
CREATE INDEX partner_keys_of_partner ON partner_keys (partner, created_at);

-- Append-only; written in the same transaction as the change it tells of.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_subject ON audit (subject, at);

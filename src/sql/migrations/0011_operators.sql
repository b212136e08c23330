-- Who may open the operator's console: people, their sessions on any node, and tokens for programs. Of cookies and tokens
-- only SHA-256 digests are kept, in hexadecimal. Times are milliseconds since 1970 UTC.

CREATE TABLE operators (
    name TEXT PRIMARY KEY,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT
);

-- way: "person", "once", or "settings:" with a digest of the hash in the settings, so that another password ends them.
-- A person's role is read from the person, so that a change of it counts at once.
CREATE TABLE operator_sessions (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    way TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX operator_sessions_of ON operator_sessions (name, created_at);

CREATE TABLE operator_tokens (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL REFERENCES operators (name),
    role TEXT NOT NULL,
    purpose TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- What the console asks over all partners.
CREATE INDEX orders_by_state ON orders (state, created_at, id);
CREATE INDEX orders_by_catalogue_order ON orders (catalogue_order) WHERE catalogue_order IS NOT NULL;
CREATE INDEX webhook_deliveries_of_event ON webhook_deliveries (event);

-- What a partner ordered a day in the 28 days before it came, as it told the operator: in thousandths of an order.
-- Nothing of ours knows it, and growth is measured against it.
CREATE TABLE partner_baselines (
    partner TEXT PRIMARY KEY REFERENCES partners (id),
    daily_milli BIGINT NOT NULL,
    set_at BIGINT NOT NULL
);

-- Where visitors are sent, who was sent there, and which orders came of it.

-- Hosts that the operator registered for a partner: the only ones its template may name.
CREATE TABLE storefront_hosts (
    partner TEXT NOT NULL,
    host TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (partner, host)
);

-- countries, languages: words with spaces between them, empty for all.
CREATE TABLE storefronts (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    template TEXT NOT NULL,
    countries TEXT NOT NULL,
    languages TEXT NOT NULL,
    weight BIGINT NOT NULL,
    enabled BIGINT NOT NULL,
    version BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode)
);

-- day: since 1970, UTC. country: ZZ when it was not known.
CREATE TABLE referral_clicks (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    country TEXT NOT NULL,
    day BIGINT NOT NULL,
    clicks BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, country, day)
);

-- The order that a click led to: each click to one, each order from one.
CREATE TABLE referred_orders (
    click TEXT PRIMARY KEY,
    order_id TEXT NOT NULL UNIQUE,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    country TEXT NOT NULL,
    offer BIGINT NOT NULL,
    day BIGINT NOT NULL
);
CREATE INDEX referred_orders_by_day ON referred_orders (day);

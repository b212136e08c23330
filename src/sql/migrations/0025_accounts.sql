-- Buyer accounts of partners, where apps may send people for a grant, and for which account orders were placed.

-- account: the partner's own name for the main one, name:branch for the others. password: SHA-256 of a made one.
CREATE TABLE buyer_accounts (
    account TEXT PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partners (id),
    name TEXT NOT NULL,
    password TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX buyer_accounts_of_partner ON buyer_accounts (partner, account);

-- The only addresses that a grant of the app is told to, letter for letter.
CREATE TABLE app_redirects (
    app_key TEXT NOT NULL REFERENCES apps (app_key),
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (app_key, address)
);

-- Of a code: the address it was told to.
ALTER TABLE app_tokens ADD COLUMN redirect_uri TEXT;

-- An order without a row is the main account's.
CREATE TABLE order_buyers (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    reference TEXT NOT NULL,
    account TEXT NOT NULL,
    PRIMARY KEY (partner, mode, reference)
);
CREATE INDEX order_buyers_of_account ON order_buyers (partner, mode, account);

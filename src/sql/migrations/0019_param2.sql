-- The older door: who has it open, the apps that call through it, and their tokens. Times are milliseconds since 1970 UTC.

-- A partner without a row has the door closed.
CREATE TABLE param2_doors (
    partner TEXT PRIMARY KEY REFERENCES partners (id),
    opened_at BIGINT NOT NULL,
    timestamps_required BIGINT NOT NULL
);

-- The secret is sealed like that of a key. mode: live or sandbox.
CREATE TABLE apps (
    app_key TEXT PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partners (id),
    mode TEXT NOT NULL,
    master_version BIGINT NOT NULL,
    wrapped_key {bytes} NOT NULL,
    sealed_secret {bytes} NOT NULL,
    scopes TEXT NOT NULL,
    allowed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT,
    suspended_at BIGINT
);
CREATE INDEX apps_of_partner ON apps (partner, created_at);

-- digest: SHA-256 of the text, hexadecimal; the text itself is nowhere. kind: code, access or refresh.
-- account: whose buying it is. family: what one authorisation brought, withdrawn together. expires_at: none for ever.
CREATE TABLE app_tokens (
    digest TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    app_key TEXT NOT NULL REFERENCES apps (app_key),
    account TEXT NOT NULL,
    family TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX app_tokens_of_family ON app_tokens (family);
CREATE INDEX app_tokens_by_end ON app_tokens (expires_at);

-- How an endpoint is told: standard (Standard Webhooks 1.0) or aop (a signed form, by the secret of this app).
ALTER TABLE webhook_endpoints ADD COLUMN format TEXT NOT NULL DEFAULT 'standard';
ALTER TABLE webhook_endpoints ADD COLUMN app_key TEXT;
CREATE INDEX webhook_endpoints_of_app ON webhook_endpoints (app_key) WHERE app_key IS NOT NULL;

-- Messages that apps confirmed: all up to a position, and single ones behind it.
CREATE TABLE message_marks (
    app_key TEXT PRIMARY KEY,
    position BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE TABLE message_confirms (
    app_key TEXT NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (app_key, position)
);

-- When an app last called, and how many calls it made in all.
CREATE TABLE app_uses (
    app_key TEXT PRIMARY KEY,
    last_at BIGINT NOT NULL,
    calls BIGINT NOT NULL
);

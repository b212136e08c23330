-- What partners asked for, by day (UTC, counted from 1970-01-01), operation and outcome; code is empty for what went well.
-- Nodes add to the same rows.
CREATE TABLE usage_days (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    day BIGINT NOT NULL,
    operation TEXT NOT NULL,
    outcome TEXT NOT NULL,
    code TEXT NOT NULL,
    calls BIGINT NOT NULL,
    units BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, day, operation, outcome, code)
);
CREATE INDEX usage_days_by_day ON usage_days (day);

-- What was wanted in each second of a minute (counted from 1970), as one node saw it; refused is JSON, units by policy.
CREATE TABLE usage_minutes (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    minute BIGINT NOT NULL,
    node TEXT NOT NULL,
    flush BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    units BIGINT NOT NULL,
    refused TEXT NOT NULL,
    seconds {bytes} NOT NULL,
    PRIMARY KEY (partner, mode, minute, node, flush)
);
CREATE INDEX usage_minutes_by_minute ON usage_minutes (minute);

-- The last batch of each node that was written, so that none is written twice.
CREATE TABLE usage_nodes (
    node TEXT PRIMARY KEY,
    flush BIGINT NOT NULL,
    at BIGINT NOT NULL
);

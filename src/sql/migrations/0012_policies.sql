-- Calendar days, shadow policies and points in plans; overrides of a partner's own; who was told that a day runs out.

-- zone: the policy counts calendar days of this time zone, and each partner's day begins up to jitter_s after midnight;
-- NULL: it counts any stretch of window_s. shadow: 1 counts and never refuses. merit: points that paid orders add.
ALTER TABLE plan_policies ADD COLUMN zone TEXT;
ALTER TABLE plan_policies ADD COLUMN jitter_s BIGINT NOT NULL DEFAULT 0;
ALTER TABLE plan_policies ADD COLUMN shadow BIGINT NOT NULL DEFAULT 0;
ALTER TABLE plan_policies ADD COLUMN merit_per_order BIGINT;
ALTER TABLE plan_policies ADD COLUMN merit_most BIGINT;
ALTER TABLE plan_policies ADD COLUMN merit_days BIGINT;

-- What was 86,400 seconds and called a day is one from now on.
UPDATE plan_policies SET zone = 'UTC', jitter_s = 900 WHERE name = 'day' AND window_s = 86400;

-- The newest of a partner, policy and shadow that has neither ended nor reached its until is in force.
-- quota or burst NULL: as in the plan.
CREATE TABLE overrides (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL REFERENCES partners (id),
    policy TEXT NOT NULL,
    quota BIGINT,
    burst BIGINT,
    shadow BIGINT NOT NULL,
    reason TEXT NOT NULL,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    until BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT
);
CREATE INDEX overrides_of_partner ON overrides (partner, created_at);
CREATE INDEX overrides_in_force ON overrides (until) WHERE ended_at IS NULL;

-- Units that paid orders have added to a partner's day; they only grow. day: the policy's calendar day, YYYY-MM-DD.
CREATE TABLE earned_points (
    partner TEXT NOT NULL REFERENCES partners (id),
    policy TEXT NOT NULL,
    day TEXT NOT NULL,
    points BIGINT NOT NULL,
    PRIMARY KEY (partner, policy, day)
);

-- Partners that were told that a day runs out (quota.near_limit); written with the event, so that it is told once.
CREATE TABLE limit_notices (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    policy TEXT NOT NULL,
    day TEXT NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, policy, day)
);
CREATE INDEX limit_notices_by_time ON limit_notices (at);

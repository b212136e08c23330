-- Offers that partners follow, and what of them was told last.

-- standing, figures: what the last look saw; none until the first. revision: who writes the next change names it.
CREATE TABLE followed_offers (
    mode TEXT NOT NULL,
    offer BIGINT NOT NULL,
    standing TEXT,
    figures TEXT,
    revision BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (mode, offer)
);

CREATE TABLE follows (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    offer BIGINT NOT NULL,
    followed_at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, offer)
);
CREATE INDEX follows_by_offer ON follows (mode, offer);
CREATE INDEX follows_by_time ON follows (partner, mode, followed_at, offer);

-- How many offers each partner follows; its row is locked by whoever changes that.
CREATE TABLE follow_counts (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    follows BIGINT NOT NULL,
    PRIMARY KEY (partner, mode)
);

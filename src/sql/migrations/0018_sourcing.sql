-- Inquiries as events, and comparisons of what partners sell with what the catalogue has.

-- The partner's reference is used once, for ever.
-- state, known and what follows repeat what the events say, so that lists and compare-and-set need no fold.
-- look_at: when somebody should look at it, to settle it or to compare it with the catalogue; moving it is the claim.
CREATE TABLE inquiries (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    reference TEXT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    version BIGINT NOT NULL,
    known TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    UNIQUE (partner, mode, reference)
);
CREATE INDEX inquiries_of_partner ON inquiries (partner, mode, created_at, id);
CREATE INDEX inquiries_to_look_at ON inquiries (look_at)
    WHERE state NOT IN ('rejected', 'ordered', 'withdrawn', 'closed');
CREATE INDEX inquiries_unknown ON inquiries (created_at) WHERE state = 'unknown';

-- Append-only; the primary key is the compare-and-set.
CREATE TABLE inquiry_events (
    inquiry_id TEXT NOT NULL REFERENCES inquiries (id),
    version BIGINT NOT NULL,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    actor TEXT NOT NULL,
    cause TEXT NOT NULL,
    facts TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (inquiry_id, version)
);

-- One comparison of one or many things; its progress is counted from its items.
CREATE TABLE source_matches (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    document TEXT NOT NULL,
    items BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    finished_at BIGINT
);
CREATE INDEX source_matches_of_partner ON source_matches (partner, mode, created_at);

-- look_at: when it may be worked on; moving it is the claim. tries counts the claims, answer is what came of it.
CREATE TABLE source_match_items (
    source_match TEXT NOT NULL REFERENCES source_matches (id),
    place BIGINT NOT NULL,
    mode TEXT NOT NULL,
    partner TEXT NOT NULL,
    asked TEXT NOT NULL,
    state TEXT NOT NULL,
    answer TEXT,
    tries BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    PRIMARY KEY (source_match, place)
);
CREATE INDEX source_match_items_waiting ON source_match_items (look_at) WHERE state = 'waiting';

-- Followed from where orders are: what came before was told long ago.
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/sourcing/live', seq FROM feed_cursors WHERE feed = 'changes/live';
INSERT INTO feed_cursors (feed, seq) SELECT 'changes/sourcing/sandbox', seq FROM feed_cursors WHERE feed = 'changes/sandbox';

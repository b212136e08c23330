-- Everything partners hear of, written in the transaction that made it true.
-- serial: given when a row is written; within one subject it grows with the subject's story.
-- position: given when the event is published, without holes; who reads by it never overlooks a late commit.
-- Nodes of before that still run finish what they are writing first; they have to be stopped before this runs.
--postgres LOCK TABLE orders, order_events, outbox IN ACCESS EXCLUSIVE MODE;
CREATE TABLE events (
    serial {serial} PRIMARY KEY,
    event TEXT NOT NULL UNIQUE,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    position BIGINT
);
CREATE INDEX events_unpublished ON events (serial) WHERE position IS NULL;
CREATE UNIQUE INDEX events_of_partner ON events (partner, mode, position);
CREATE INDEX events_by_subject ON events (subject, serial);

INSERT INTO events (event, partner, mode, subject, kind, data, at)
SELECT o.event, o.partner, o.mode, o.subject, o.type, o.document, o.at
FROM outbox o LEFT JOIN order_events e ON e.id = o.event ORDER BY o.subject, e.version, o.event;
DROP TABLE outbox;

-- The newest position; moving it is how one publisher at a time is chosen.
CREATE TABLE event_head (
    id BIGINT PRIMARY KEY,
    position BIGINT NOT NULL
);
INSERT INTO event_head (id, position) VALUES (1, 0);

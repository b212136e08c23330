-- One node follows a feed at a time: holder is who, held_until for how long if it is not heard of again.
ALTER TABLE feed_cursors ADD COLUMN holder TEXT;
ALTER TABLE feed_cursors ADD COLUMN held_until BIGINT NOT NULL DEFAULT 0;

-- Changes that the cursor went past and that could not be taken in: looked up again, with growing pauses.
CREATE TABLE changes_left_out (
    feed TEXT NOT NULL,
    kind TEXT NOT NULL,
    reference TEXT NOT NULL,
    mode TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    tries BIGINT NOT NULL,
    look_at BIGINT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (feed, kind, reference)
);
CREATE INDEX changes_left_out_due ON changes_left_out (feed, look_at);

-- Long walks over many rows, some at a time: mark is where to go on, empty at the beginning; moving look_at is the claim.
CREATE TABLE walks (
    name TEXT PRIMARY KEY,
    look_at BIGINT NOT NULL,
    mark TEXT NOT NULL
);
CREATE INDEX orders_on_their_way ON orders (mode, id)
    WHERE state IN ('preparing', 'shipped', 'at_warehouse', 'inspected', 'handed_over', 'refunding');

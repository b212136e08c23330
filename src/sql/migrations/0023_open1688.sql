-- What things are called on the other side of an upstream that names them otherwise than we do.

-- kind: sku, seller, order, refund, voucher. name: as this gateway says it. told: as the other side does.
CREATE TABLE upstream_names (
    world TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    told TEXT NOT NULL,
    kept_at BIGINT NOT NULL,
    PRIMARY KEY (world, kind, name)
);

-- The carrier's number of a parcel, so that one without a known owner is found; none of what was heard of before.
ALTER TABLE shipments ADD COLUMN tracking_number TEXT;
CREATE INDEX shipments_of_waybill ON shipments (tracking_number);

-- Pieces taken out of what a consignment has at the warehouse; whoever takes out says a number of its own, once.
CREATE TABLE consignment_outbound (
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    taken_as TEXT NOT NULL,
    consignment TEXT NOT NULL REFERENCES consignments (id),
    sku BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (partner, mode, taken_as)
);
CREATE INDEX consignment_outbound_of ON consignment_outbound (consignment, sku);

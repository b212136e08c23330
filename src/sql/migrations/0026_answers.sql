-- How suppliers answer: one row for each that an inquiry was sent to.
-- answer: 'quoted' or 'declined', the first thing that was heard, at answered_at; both absent while nothing was.
-- left_at: when the inquiry ended without one.
CREATE TABLE inquiry_suppliers (
    inquiry_id TEXT NOT NULL REFERENCES inquiries (id),
    supplier BIGINT NOT NULL,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    answered_at BIGINT,
    answer TEXT,
    left_at BIGINT,
    PRIMARY KEY (inquiry_id, supplier)
);
CREATE INDEX inquiry_suppliers_of_partner ON inquiry_suppliers (partner, mode, supplier, asked_at);
CREATE INDEX inquiry_suppliers_asked ON inquiry_suppliers (asked_at);
CREATE INDEX inquiry_suppliers_waiting ON inquiry_suppliers (asked_at) WHERE answered_at IS NULL AND left_at IS NULL;

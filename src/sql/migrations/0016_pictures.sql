-- Pictures that partners search by. The bytes are at the catalogue; here is whose they are and until when.

-- sha256: of the bytes as the partner sent them, hexadecimal. catalogue_id: the catalogue's name of it.
-- code: what a QR code on it says, if there is one that can be read.
CREATE TABLE images (
    id TEXT PRIMARY KEY,
    partner TEXT NOT NULL,
    mode TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    catalogue_id TEXT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    code TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (partner, mode, sha256)
);
CREATE INDEX images_by_end ON images (expires_at);

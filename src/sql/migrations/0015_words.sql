-- What a machine translated, remembered for good.

-- digest: SHA-256 of the Chinese text, hexadecimal. provider: who translated it. characters: of the Chinese text.
CREATE TABLE translations (
    language TEXT NOT NULL,
    digest TEXT NOT NULL,
    original TEXT NOT NULL,
    translated TEXT NOT NULL,
    provider TEXT NOT NULL,
    characters BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (language, digest)
);
CREATE INDEX translations_by_time ON translations (created_at);

-- What a plan adds to exchange rates before prices are converted, in hundredths of a per cent.
ALTER TABLE plans ADD COLUMN margin BIGINT NOT NULL DEFAULT 0;

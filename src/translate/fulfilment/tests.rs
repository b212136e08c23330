//! Where the catalogue stands, read in our words.

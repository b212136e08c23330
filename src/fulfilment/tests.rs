//! The room against the sandbox catalogue.

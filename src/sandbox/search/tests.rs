//! The search against the authored queries.

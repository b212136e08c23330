//! The directory over a real database.

//! The moves between here and there.

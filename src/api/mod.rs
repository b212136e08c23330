//! The partner API: what partners call and read. Rooms do the work; this folder only unwraps and wraps.

pub mod docs;

//! Partner API v1: the gate, the operations and their views. Rooms do the work; a handler unwraps, asks one room, wraps.

pub mod gate;
pub mod operations;
//! The partner API: what partners call and read. Rooms do the work; this folder only unwraps and wraps.

pub mod docs;

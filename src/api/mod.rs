//! Partner API v1: the gate, the operations and their views. Rooms do the work; a handler unwraps, asks one room, wraps.

pub mod asked;
pub mod categories;
pub mod gate;
pub mod kept;
pub mod offers;
pub mod operations;
pub mod pictures;
pub mod price;
pub mod suppliers;

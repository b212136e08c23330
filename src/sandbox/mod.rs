//! The reference wholesale catalogue: a neighbour of the gateway that shares no type with it.

pub mod goods;

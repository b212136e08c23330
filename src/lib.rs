#![doc = include_str!("README.md")]

pub mod clock;
pub mod counters;
pub mod edge;
pub mod error;
pub mod limits;
pub mod model;
pub mod signing;

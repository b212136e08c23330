#![doc = include_str!("README.md")]

pub mod clock;
pub mod error;
pub mod model;
pub mod signing;

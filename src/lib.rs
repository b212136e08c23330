#![doc = include_str!("README.md")]

pub mod api;
pub mod clock;
pub mod error;
pub mod model;

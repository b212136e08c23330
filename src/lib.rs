#![doc = include_str!("README.md")]

// GROUND
pub mod clock;
pub mod config;
pub mod edge;
pub mod error;
pub mod model;
pub mod signing;

// DOORS
pub mod ledger;
pub mod sql;
pub mod upstream;

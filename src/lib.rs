#![doc = include_str!("README.md")]

// GROUND
pub mod clock;
pub mod config;
pub mod edge;
pub mod error;
pub mod model;
pub mod signing;
pub mod telemetry;

// DOORS
pub mod cache;
pub mod rates;
pub mod upstream;

// ROOMS
// pub mod catalog;
pub mod translate;

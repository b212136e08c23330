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
pub mod counters;
pub mod ledger;
pub mod sql;
pub mod upstream;

// ROOMS
pub mod orders;
pub mod translate;

// A NEIGHBOUR
pub mod sandbox;

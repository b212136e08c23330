#![doc = include_str!("README.md")]

// GROUND
pub mod clock;
pub mod config;
pub mod edge;
pub mod error;
pub mod model;
pub mod signing;

// DOORS
pub mod counters;
pub mod partners;
pub mod sql;

// ROOMS
pub mod auth;

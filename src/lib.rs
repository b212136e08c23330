#![doc = include_str!("README.md")]

// GROUND
pub mod clock;
<<<<<<< HEAD
pub mod config;
=======
pub mod counters;
>>>>>>> limits
pub mod edge;
pub mod error;
pub mod model;
pub mod signing;
pub mod telemetry;

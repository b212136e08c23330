#![doc = include_str!("README.md")]

// GROUND: words and pure tools, no I/O
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
// DOORS: where the process meets the outside
pub mod counters;
pub mod translate;

// DOORS
pub mod ledger;
pub mod sql;
pub mod upstream;

// ROOMS: what the product does
pub mod limits;
pub mod translate;

// A NEIGHBOUR: the reference wholesale catalogue; imports nothing of ours
pub mod sandbox;

// FRAME
pub mod commands;

// DOORS
pub mod counters;
pub mod partners;
pub mod sql;

// ROOMS
pub mod auth;

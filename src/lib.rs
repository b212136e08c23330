#![doc = include_str!("README.md")]
#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests may spawn and tell the time"))]

// GROUND: words and pure tools, no I/O
pub mod aop;
pub mod clock;
pub mod config;
pub mod edge;
pub mod error;
pub mod model;
pub mod signing;
pub mod telemetry;

// DOORS: where the process meets the outside
pub mod audit;
pub mod cache;
pub mod counters;
pub mod language;
pub mod ledger;
pub mod partners;
pub mod rates;
pub mod redis_link;
pub mod sql;
pub mod upstream;

// ROOMS: what the product does
pub mod admission;
pub mod aftersale;
pub mod asking;
pub mod auth;
pub mod catalog;
pub mod feed;
pub mod follows;
pub mod fulfilment;
pub mod landed;
pub mod limits;
pub mod links;
pub mod lookup;
pub mod orders;
pub mod pictures;
pub mod referrals;
pub mod sourcing;
pub mod translate;
pub mod usage;
pub mod webhooks;

// FACES: what callers see
pub mod api;
pub mod ops;
pub mod param2;

// FRAME: makes and runs all of it
pub mod commands;
pub mod server;

// A NEIGHBOUR: the reference wholesale catalogue; imports nothing of ours
pub mod sandbox;

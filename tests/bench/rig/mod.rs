//! What every bench is built from: pinned processes, a gateway with a counterparty, a bare server to compare with,
//! pre-signed requests, a generator, and figures.

#![allow(dead_code, reason = "each bench takes what it needs")]

pub mod bare;
pub mod batch;
pub mod contender;
pub mod figures;
pub mod gateway;
pub mod generator;
pub mod peers;
pub mod postgres;
pub mod process;
pub mod redis_server;
pub mod rival;

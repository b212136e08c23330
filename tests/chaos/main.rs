//! The parts of the nemesis that judge, tested: a checker that finds nothing proves nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "what drives a run is used by the nemesis itself, see nemesis.rs")]

mod books;
mod checker;
mod dice;
mod events;
mod history;
mod proofs;
mod receiver;

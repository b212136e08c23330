//! The integration tests: a whole house, its counterparty and its partners, as sentences. One binary.
//! XUNYUAN_TEST_REDIS and XUNYUAN_TEST_POSTGRES (see `tests/run`) make every test of it run on those engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod aftersale;
mod alerts;
mod answers;
mod browse;
mod cache;
mod chained;
mod console;
mod dashboard;
mod entry;
mod faults;
mod follows;
mod freight;
mod fulfilment;
mod harness;
mod inquiries;
mod kept;
mod language;
mod limits;
mod lines;
mod links;
mod money;
mod nodes;
mod orders;
mod param2;
mod pictures;
mod receiver;
mod referrals;
mod schema;
mod shapes;
mod signing;
mod source_matches;
mod telemetry;
mod usage;
mod walk;
mod webhooks;

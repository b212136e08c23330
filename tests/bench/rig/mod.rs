//! What every bench is built from: pinned processes, a gateway with a counterparty, a bare server to compare with,
//! pre-signed requests, a generator, and figures.

#![allow(dead_code, reason = "each bench takes what it needs")]

pub mod bare;
pub mod batch;
pub mod contender;
pub mod door;
pub mod figures;
pub mod gateway;
pub mod generator;
pub mod many;
pub mod peers;
pub mod postgres;
pub mod process;
pub mod redis_server;
pub mod rival;

use std::process::ExitCode;

use tokio::signal::unix::{SignalKind, signal};

/// Lives through a bench on one thread. Whatever ends it, the servers it started are dropped and end with it.
pub fn until_ended(bench: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut ended = signal(SignalKind::terminate())?;
        tokio::select! {
            done = bench => done,
            _ = tokio::signal::ctrl_c() => Ok(ExitCode::FAILURE),
            _ = ended.recv() => Ok(ExitCode::FAILURE),
        }
    })
}

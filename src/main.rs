//! The program `xunyuan`: reads the command line and starts what it asks for.
//! Exit codes: 0 done, 1 failed, 2 could not start (settings, ports, folders, or the command line itself).

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use xunyuan::commands::{Command, Line, sandbox, sign};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line = Line::parse();
    match run(line.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that telling failed.
            let _ = writeln!(std::io::stderr(), "xunyuan: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // TLS to the catalogue, Redis and PostgreSQL uses one provider, chosen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        Command::Sandbox(asked) => runtime.block_on(sandbox::run(asked)),
        Command::Sign(asked) => sign::sign(&asked),
        Command::Call(asked) => runtime.block_on(sign::call(&asked)),
    }
}

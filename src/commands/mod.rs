//! The command line: what people type, and what each command starts.

pub mod account;
pub mod app;
pub mod audit;
pub mod cache;
pub mod client;
pub mod console_password;
pub mod demo;
pub mod end;
pub mod entry;
pub mod health;
pub mod key;
pub mod key_file;
#[cfg(test)]
mod key_tests;
pub mod ledger;
pub mod limit;
pub mod openapi;
pub mod operator;
pub mod order;
pub mod partner;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod sandbox;
pub mod serve;
pub mod sign;
pub mod source_match;
pub mod storefront;
pub mod table;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::audit::Who;

/// A gateway that lets overseas procurement websites source from a Chinese wholesale marketplace.
#[derive(Debug, Parser)]
#[command(name = "xunyuan", version, about, after_help = "Start with: xunyuan demo")]
pub struct Line {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Everything in one process, with goods, a partner and keys: nothing to install
    Demo(demo::Asked),
    /// The gateway
    Serve(serve::Asked),
    /// The reference wholesale catalogue alone, to develop against
    Sandbox(sandbox::Asked),
    /// Partners: create, list, suspend, resume, audit
    Partner(partner::Asked),
    /// Keys: issue, list, rotate, retire, suspend, resume; make a master key
    Key(key::Asked),
    /// What partners may spend: list, show, create, set, drop, assign plans
    Plan(plan::Asked),
    /// One partner's own figures for a while: override, overrides, end
    Limit(limit::Asked),
    /// Orders of all partners: list, show, look up, retry, settle
    Order(order::Asked),
    /// What is kept of the catalogue: stats, purge, warm
    Cache(cache::Asked),
    /// Where visitors are sent: hosts of partners, counts of clicks and orders
    Storefront(storefront::Asked),
    /// Goods in cross-border trade: counts, enter, withdraw
    Entry(entry::Asked),
    /// Who changed what: list, export
    Audit(audit::Asked),
    /// People of the operator's console: add, list, role, password, remove; tokens for /ops/api
    Operator(operator::Asked),
    /// Sign a request and print it for `curl -K -`
    Sign(sign::Asked),
    /// Sign a request, send it, and print the answer
    Call(sign::Asked),
    /// Compare a list of what you sell with the catalogue: the same items, what they cost, what they save
    SourceMatch(source_match::Asked),
    /// Make the password of the operator's console, and the hash that the gateway wants
    ConsolePassword(console_password::Asked),
    /// Bring the database to this program's version
    Migrate(ConfigFile),
    /// Move everything the database holds: export, import
    Ledger(ledger::Asked),
    /// Print an OpenAPI document, or write all into openapi/
    Openapi(openapi::Asked),
    /// Ask a running gateway whether it is ready; exits 0 when it is
    Health(health::Asked),
}

/// Something has to be changed before this can start; the program exits with 2.
#[derive(Debug, thiserror::Error)]
#[error("{0:#}")]
pub struct CannotStart(pub anyhow::Error);

impl CannotStart {
    /// It cannot start because of this.
    pub fn because(error: impl Into<anyhow::Error>) -> anyhow::Error {
        Self(error.into()).into()
    }
}

/// It was done, and the outcome is still open; the program exits with 3.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StillOpen(pub String);

/// A filter by a partner that is not there: whom there is instead. A slip of the keyboard, so the program exits with 2.
pub fn no_such_partner(name: &str, known: &[String]) -> anyhow::Error {
    let known = match known {
        [] => "there is none yet; make one with `xunyuan partner create`".to_owned(),
        few if few.len() <= 20 => format!("there is {}", few.join(", ")),
        many => format!("there are {}; `xunyuan partner list` shows them", many.len()),
    };
    CannotStart::because(anyhow::anyhow!("there is no partner {name:?}: {known}"))
}

/// Where the settings are.
#[derive(Clone, Debug, clap::Args)]
pub struct ConfigFile {
    /// Settings file (TOML); only what differs from the defaults
    #[arg(long, value_name = "FILE", env = "XUNYUAN_CONFIG", global = true)]
    pub config: Option<PathBuf>,
}

/// Who changes something, for the audit.
#[derive(Clone, Debug, clap::Args)]
pub struct Actor {
    /// Who you are, for the audit
    #[arg(id = "actor", long = "actor", value_name = "NAME", env = "USER", default_value = "operator", global = true)]
    name: String,
}

impl Actor {
    /// The person's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The person, as the audit has it.
    pub fn who(&self) -> Who {
        Who::Operator(self.name.clone())
    }
}

/// Waits until the process is asked to stop (SIGTERM or Ctrl-C).
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut term) = signal(SignalKind::terminate()) else {
        // Without a handler for SIGTERM, Ctrl-C has to do.
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

//! The program `xunyuan`: reads the command line and starts what it asks for.
//! Exit codes: 0 done, 1 failed, 2 could not start (settings, ports, folders, or the command line itself), 3 done and the
//! outcome is still open.

use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use xunyuan::clock::Clock;
use xunyuan::commands::{
    CannotStart, Command, Line, StillOpen, audit, cache, console_password, demo, health, key, ledger, limit, openapi,
    operator, order, partner, plan, sandbox, serve, sign, source_match,
};
use xunyuan::ops::staff::Staff;
use xunyuan::partners::list_names;
use xunyuan::server::house::open_orders;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let line = Line::parse();
    match run(line.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody can be told that telling failed.
            let _ = writeln!(std::io::stderr(), "xunyuan: {error:#}");
            exit_code(&error)
        }
    }
}

fn exit_code(error: &anyhow::Error) -> ExitCode {
    if error.is::<CannotStart>() {
        ExitCode::from(2)
    } else if error.is::<StillOpen>() {
        ExitCode::from(3)
    } else {
        ExitCode::FAILURE
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    // TLS to the catalogue, Redis and PostgreSQL uses one provider, chosen here.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match command {
        Command::Demo(asked) => {
            let prepared = demo::prepare(asked)?;
            on_runtime(demo::run(prepared))
        }
        Command::Serve(asked) => match serve::prepare(&asked)? {
            Some((config, _guard)) => on_runtime(serve::run(config, asked.clock())),
            None => Ok(()),
        },
        Command::Sandbox(asked) => on_runtime(sandbox::run(asked)),
        Command::Partner(asked) => partners(asked),
        Command::Key(asked) => keys(asked),
        Command::Plan(asked) => plans(asked),
        Command::Limit(asked) => limits(asked),
        Command::Order(asked) => orders(asked),
        Command::Cache(asked) => on_runtime(cache::run(asked, &mut std::io::stdout())),
        Command::Audit(asked) => audited(asked),
        Command::Operator(asked) => operators(asked),
        Command::Sign(asked) => sign::sign(&asked),
        Command::Call(asked) => on_runtime(sign::call(&asked)),
        Command::SourceMatch(asked) => on_runtime(source_match::run(&asked)),
        Command::ConsolePassword(asked) => console_password::run(&asked, &mut std::io::stdin(), &mut std::io::stdout()),
        Command::Migrate(file) => on_runtime(serve::migrate(&file)),
        Command::Ledger(asked) => on_runtime(ledger::run(asked)),
        Command::Openapi(asked) => openapi::run(&asked),
        Command::Health(asked) => on_runtime(health::run(&asked)),
    }
}

fn partners(asked: partner::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    let makes = asked.makes_database();
    on_runtime(serve::with_directory(&file, makes, |directory| async move {
        partner::run(asked, &directory, &mut std::io::stdout()).await
    }))
}

fn plans(asked: plan::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    let makes = asked.makes_database();
    on_runtime(serve::with_directory(&file, makes, |directory| async move {
        plan::run(asked, &directory, &mut std::io::stdout()).await
    }))
}

fn limits(asked: limit::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    on_runtime(serve::with_directory(&file, false, |directory| async move {
        limit::run(asked, &directory, &mut std::io::stdout()).await
    }))
}

fn orders(asked: order::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    on_runtime(serve::with_sql(&file, |config, sql| async move {
        let (orders, ledger) = open_orders(&config, &sql, &Clock::System).map_err(CannotStart::because)?;
        let partners = list_names(&sql).await.map_err(CannotStart::because)?;
        order::run(asked, &order::Desk { orders, ledger, partners }, &mut std::io::stdout()).await
    }))
}

fn audited(asked: audit::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    on_runtime(serve::with_sql(&file, |_, sql| async move {
        audit::run(asked, &sql, Clock::System.now(), &mut std::io::stdout()).await
    }))
}

fn operators(asked: operator::Asked) -> anyhow::Result<()> {
    let file = asked.config.clone();
    on_runtime(serve::with_sql(&file, |_, sql| async move {
        let staff = Staff::new(sql, Clock::System);
        operator::run(asked, &staff, &mut operator::Terminal, &mut std::io::stdout()).await
    }))
}

/// A master key is made before there is a database to open.
fn keys(asked: key::Asked) -> anyhow::Result<()> {
    if let key::Action::Master { key_version } = asked.action {
        return key::master(key_version, &mut std::io::stdout());
    }
    let file = asked.config.clone();
    on_runtime(serve::with_directory(&file, false, |directory| async move {
        key::run(asked, &directory, &mut std::io::stdout()).await
    }))
}

fn on_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

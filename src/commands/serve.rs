//! `xunyuan serve` and `xunyuan migrate`: the gateway with the operator's settings.

use std::future::Future;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::Result;
use clap::Args;

use crate::clock::Clock;
use crate::commands::{CannotStart, ConfigFile, stop_signal};
use crate::config::Config;
use crate::partners::Directory;
use crate::server::house::{House, open_directory};
use crate::server::listeners::{Doors, Running, serve};
use crate::server::settings;
use crate::sql::{self, Sql};
use crate::telemetry::access::AccessLog;
use crate::telemetry::{self, Guard};

const WHERE_ELSE: &str = "give the gateway's settings with --config FILE or XUNYUAN__DATABASE__URL; a new one is made by \
    `xunyuan serve`, `xunyuan migrate` or the first `xunyuan partner create`";

/// How the gateway is started.
#[derive(Debug, Args)]
pub struct Asked {
    /// Where the settings are
    #[command(flatten)]
    pub file: ConfigFile,
    /// Print the settings in effect, secrets masked, and stop
    #[arg(long)]
    check: bool,
    /// How far this node's clock is off, in milliseconds; only for trials that want to see what comes of it
    #[arg(long, hide = true, default_value_t = 0, allow_negative_numbers = true)]
    clock_off_ms: i64,
}

impl Asked {
    /// The clock to serve by: the machine's, or one that is wrong on purpose.
    pub fn clock(&self) -> Clock {
        if self.clock_off_ms == 0 {
            return Clock::System;
        }
        let clock = Clock::shiftable();
        clock.advance_ms(self.clock_off_ms);
        clock
    }
}

/// Reads the settings of a file and the environment.
pub fn load(file: &ConfigFile) -> Result<Config> {
    // A variable that is not text cannot be one of ours.
    let environment =
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    Config::load(file.config.as_deref(), environment).map_err(CannotStart::because)
}

/// What `serve` does before there is a runtime; `None` when it was only asked to check.
pub fn prepare(asked: &Asked) -> Result<Option<(Config, Guard)>> {
    let config = load(&asked.file)?;
    settings::verify(&config).map_err(CannotStart::because)?;
    if asked.check {
        write!(std::io::stdout(), "{}", config.masked())?;
        return Ok(None);
    }
    let guard = telemetry::start(&settings::telemetry(&config.telemetry)).map_err(CannotStart::because)?;
    Ok(Some((config, guard)))
}

/// Serves until told to stop, then stops without failing a request.
pub async fn run(config: Config, clock: Clock) -> Result<()> {
    if let Clock::Shifted(by_ms) = &clock {
        tracing::warn!(
            by_ms = by_ms.load(Ordering::Relaxed),
            "this node's clock is off on purpose; never do so in earnest"
        );
    }
    let doors = Doors::bind(config.server.bind, config.ops.bind).map_err(CannotStart::because)?;
    let (log, writer) = AccessLog::to(std::io::stdout());
    let house = House::open(config, clock, log).await.map_err(CannotStart::because)?;
    let running = serve(house, doors).map_err(CannotStart::because)?;
    told(&running);
    stop_signal().await;
    tracing::info!("stopping: not ready any more, then finishing what is under way");
    running.stop().await;
    tracing::info!("stopped");
    drop(writer);
    Ok(())
}

fn told(running: &Running) {
    let config = &running.house.config;
    if config.server.public_names.is_empty() {
        tracing::warn!("server.public_names is empty: signatures for any host name are accepted; name yours");
    }
    if config.rates.source == "embedded" {
        tracing::warn!(
            "rates.source is \"embedded\": figures for trying things out, so that live keys get quotes in CNY only \
             (orders.quotes_on_embedded_rates); name a dated file or the ECB's address"
        );
    }
    tracing::info!(partners = %running.address, operator = %running.ops_address, "the gateway answers");
}

/// Brings the database to this version.
pub async fn migrate(file: &ConfigFile) -> Result<()> {
    let config = load(file)?;
    let (sql, _) = open_directory(&config, &Clock::System).await.map_err(CannotStart::because)?;
    writeln!(std::io::stdout(), "the database ({}) is at this program's version", sql.engine_name())?;
    sql.close().await;
    Ok(())
}

/// Opens the directory for `partner` and `key`, does what is asked, and closes it. Only what `makes` something to begin
/// with may find no database.
pub async fn with_directory<F>(file: &ConfigFile, makes: bool, work: impl FnOnce(Arc<Directory>) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let config = load(file)?;
    if !makes {
        open_existing(&config.database.url).await?.close().await;
    }
    let (sql, directory) = open_directory(&config, &Clock::System).await.map_err(CannotStart::because)?;
    let done = work(directory).await;
    sql.close().await;
    done
}

/// Opens a database that is there and was used before. Without this, opening a SQLite file would make one, and whoever
/// mistyped `database.url` would read that there is nothing to be seen.
pub async fn open_existing(url: &str) -> Result<Sql> {
    let path = url.strip_prefix("sqlite://").map(|rest| rest.split('?').next().unwrap_or(rest));
    if let Some(path) = path.filter(|path| !Path::new(path).exists()) {
        return Err(CannotStart::because(anyhow::anyhow!("there is no database at {path}; {WHERE_ELSE}")));
    }
    let sql = Sql::open(&sql::Settings { url: url.to_owned() }).await.map_err(CannotStart::because)?;
    match sql.is_bare().await {
        Ok(false) => return Ok(sql),
        Ok(true) => sql.close().await,
        Err(error) => return Err(CannotStart::because(error)),
    }
    let named = path.map_or("the one that database.url names".to_owned(), str::to_owned);
    Err(CannotStart::because(anyhow::anyhow!("the database at {named} is empty; {WHERE_ELSE}")))
}

/// Opens and migrates the database alone, which must be there; does what is asked, and closes it.
pub async fn with_sql<F>(file: &ConfigFile, work: impl FnOnce(Config, Sql) -> F) -> Result<()>
where
    F: Future<Output = Result<()>>,
{
    let config = load(file)?;
    let sql = open_existing(&config.database.url).await?;
    sql.migrate().await.map_err(CannotStart::because)?;
    let done = work(config, sql.clone()).await;
    sql.close().await;
    done
}

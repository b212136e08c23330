//! The two engines and how each is opened: SQLite as one writer and several readers, PostgreSQL as one pool.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::arg::bind;
use super::{Arg, Error, Row, Tx, row};

const READERS: u32 = 8;
const POSTGRES_CONNECTIONS: u32 = 16;
const PATIENCE: Duration = Duration::from_secs(10);

/// An opened engine.
pub(super) enum Engine {
    /// One file; writers queue for the one writing connection, readers never wait for them.
    Sqlite { writer: SqlitePool, readers: SqlitePool },
    /// A server that any number of nodes share.
    Postgres(PgPool),
}

impl Engine {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        match url.split_once("://") {
            Some(("sqlite", path)) => open_sqlite(url, path).await,
            Some(("postgres" | "postgresql", _)) => open_postgres(url).await,
            _ => Err(Error::Url("must start with sqlite:// or postgres://".to_owned())),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    pub(super) async fn fetch_all(&self, text: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite { readers, .. } => row::from_sqlite(bind!(text, args).fetch_all(readers).await?),
            Self::Postgres(pool) => row::from_postgres(bind!(text, args).fetch_all(pool).await?),
        }
    }

    pub(super) async fn execute(&self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        match self {
            Self::Sqlite { writer, .. } => Ok(bind!(text, args).execute(writer).await?.rows_affected()),
            Self::Postgres(pool) => Ok(bind!(text, args).execute(pool).await?.rows_affected()),
        }
    }

    /// Opens a writing transaction. Must not be cancelled half-way, hence only called inside `Sql::run`.
    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        match self {
            Self::Sqlite { writer, .. } => Ok(Tx::on_sqlite(writer.begin_with("BEGIN IMMEDIATE").await?)),
            Self::Postgres(pool) => Ok(Tx::on_postgres(pool.begin().await?)),
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

async fn open_sqlite(url: &str, path: &str) -> Result<Engine, Error> {
    if path.is_empty() || path.contains(":memory:") {
        return Err(Error::Url("SQLite needs a file: sqlite://path/to/file".to_owned()));
    }
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| Error::Url(error.to_string()))?
        .create_if_missing(true)
        // Before the switch to WAL, which itself has to wait for other processes.
        .busy_timeout(PATIENCE)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL would lose the last commits on a power cut; this file holds orders.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true);
    let folder = options.get_filename().parent().unwrap_or(Path::new("")).to_owned();
    if !folder.as_os_str().is_empty() {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Error::Open(format!("the folder {} cannot be made: {error}", folder.display())))?;
    }
    let pool = || SqlitePoolOptions::new().acquire_timeout(PATIENCE).idle_timeout(None).max_lifetime(None);
    let unopened = |error: sqlx::Error| Error::Open(format!("{path} in folder {}: {error}", folder.display()));
    let writer = pool().max_connections(1).connect_with(options.clone()).await.map_err(unopened)?;
    let reading = options.pragma("query_only", "ON");
    let readers = pool().max_connections(READERS).connect_with(reading).await.map_err(unopened)?;
    Ok(Engine::Sqlite { writer, readers })
}

async fn open_postgres(url: &str) -> Result<Engine, Error> {
    let options = PgConnectOptions::from_str(url)
        .map_err(|error| Error::Url(error.to_string()))?
        .application_name("xunyuan")
        // A frozen node must not hold its locks for long; transactions wait for nothing but the database.
        .options([("idle_in_transaction_session_timeout", "10000")]);
    let at = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
    let pool = PgPoolOptions::new().max_connections(POSTGRES_CONNECTIONS).acquire_timeout(PATIENCE);
    let pool = pool.max_lifetime(Duration::from_secs(600)).connect_with(options).await;
    Ok(Engine::Postgres(pool.map_err(|error| Error::Open(format!("{at}: {error}")))?))
}

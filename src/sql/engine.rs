//! The two engines and how each is opened: SQLite as one writer and several readers, PostgreSQL as one pool.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::arg::bind;
use super::postgres::Server;
use super::writer::Writer;
use super::{Arg, Error, Row, Tx, row};

const READERS: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(10);
/// Statements are prepared once per connection; there are more of them than sqlx keeps unasked.
const STATEMENTS: usize = 500;

/// An opened engine.
pub(super) enum Engine {
    /// One file; writers queue for the one writing connection, readers never wait for them.
    Sqlite { writer: Writer, readers: SqlitePool },
    /// A server that any number of nodes share.
    Postgres(Server),
}

impl Engine {
    /// Opens it; a SQLite writer lives on the runtime and rings the bell when something new was written.
    pub(super) async fn open(url: &str, runtime: &Handle, bell: &Arc<Notify>) -> Result<Self, Error> {
        match url.split_once("://") {
            Some(("sqlite", path)) => open_sqlite(url, path, runtime, bell).await,
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Server::open(url).await?)),
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
            Self::Postgres(server) => server.fetch_all(text, args).await,
        }
    }

    /// A transaction of its own that only reads.
    pub(super) async fn begin_snapshot(&self) -> Result<Tx, Error> {
        let (mut tx, begin) = match self {
            Self::Sqlite { readers, .. } => (Tx::on_sqlite(readers.acquire().await?.detach()), "BEGIN"),
            Self::Postgres(server) => {
                (server.begin().await?, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            }
        };
        tx.control(begin).await?;
        Ok(tx)
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                // Last, so that it leaves nothing but the one file behind.
                writer.close().await;
            }
            Self::Postgres(server) => server.close().await,
        }
    }
}

async fn open_sqlite(url: &str, path: &str, runtime: &Handle, bell: &Arc<Notify>) -> Result<Engine, Error> {
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
        .statement_cache_capacity(STATEMENTS)
        .foreign_keys(true);
    let folder = options.get_filename().parent().unwrap_or(Path::new("")).to_owned();
    if !folder.as_os_str().is_empty() {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder);
        made.map_err(|error| Error::Open(format!("the folder {} cannot be made: {error}", folder.display())))?;
    }
    let unopened = |error: sqlx::Error| Error::Open(format!("{path} in folder {}: {error}", folder.display()));
    let writing = options.connect().await.map_err(unopened)?;
    let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(PATIENCE);
    // A connection to a file needs no sign of life.
    let readers = readers.idle_timeout(None).max_lifetime(None).test_before_acquire(false);
    let readers = readers.connect_with(options.pragma("query_only", "ON")).await.map_err(unopened)?;
    let (writer, work) = Writer::new(Tx::on_sqlite(writing), bell.clone());
    runtime.spawn(work);
    Ok(Engine::Sqlite { writer, readers })
}

//! The unit: one row written durably by the engine itself, through the driver the gateway uses and nothing else.

use std::str::FromStr;

use anyhow::Result;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};

use super::drive::{drive, numbered};
use crate::rig::generator::{CONNECTIONS, Sent};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS bare (id TEXT PRIMARY KEY, document TEXT NOT NULL)";
const INSERT: &str = "INSERT INTO bare (id, document) VALUES ($1, $2)";
/// About as much as an order's row holds.
const DOCUMENT_BYTES: usize = 600;

/// An engine without anything around it.
pub enum Bare {
    /// As embedded: WAL, synchronous=FULL, one writing connection.
    Sqlite(SqlitePool),
    /// As many connections as there are writers.
    Postgres(PgPool),
}

impl Bare {
    /// Opens a database of its own.
    pub async fn open(url: &str) -> Result<Self> {
        let bare = if url.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true);
            let options = options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full);
            let pool = SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
            Self::Sqlite(pool.connect_with(options).await?)
        } else {
            let most = u32::try_from(CONNECTIONS)?;
            let pool = PgPoolOptions::new().max_connections(most).min_connections(most).test_before_acquire(false);
            Self::Postgres(pool.connect(url).await?)
        };
        match &bare {
            Self::Sqlite(pool) => sqlx::query(TABLE).execute(pool).await.map(|_| ())?,
            Self::Postgres(pool) => sqlx::query(TABLE).execute(pool).await.map(|_| ())?,
        }
        Ok(bare)
    }

    /// Writes so many rows, each its own commit.
    pub async fn turn(&self, at_once: usize, count: usize) -> Result<Sent> {
        let document = "x".repeat(DOCUMENT_BYTES);
        drive(at_once, numbered("row", count), async |id: String| {
            match self {
                Self::Sqlite(pool) => sqlx::query(INSERT).bind(id).bind(&document).execute(pool).await.map(|_| ())?,
                Self::Postgres(pool) => sqlx::query(INSERT).bind(id).bind(&document).execute(pool).await.map(|_| ())?,
            }
            Ok(())
        })
        .await
    }
}

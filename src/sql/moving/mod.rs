//! Everything a database holds, written to a file and read into another, of the same engine or the other one.
//! What is written is one consistent moment; what is read is taken whole or not at all.

mod export;
mod format;
mod import;
mod schema;
mod tables;
#[cfg(test)]
mod tests;

use std::io;

pub use export::export;
pub use import::import;

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: &'static str,
    /// Its rows that are done.
    pub done: i64,
    /// All its rows.
    pub of: i64,
    /// Rows of all tables that are done.
    pub all_done: i64,
    /// Rows of all tables.
    pub all: i64,
}

/// How many rows each table has, in the order they were moved.
pub type Counts = Vec<(&'static str, i64)>;

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] super::Error),
    /// The file cannot be read or written.
    #[error("the file cannot be used: {0}")]
    File(#[from] io::Error),
    /// The database was made by another version of the program.
    #[error(
        "the database has schema version {found}, this program has {known}: run `xunyuan migrate` with the program that is to read it, then export again"
    )]
    OldSchema {
        /// The database's version.
        found: i64,
        /// The program's version.
        known: i64,
    },
    /// The file was made by another version of the program.
    #[error(
        "the file has schema version {found}, this program has {known}: export and import with the same version of xunyuan"
    )]
    OtherSchema {
        /// The file's version.
        found: i64,
        /// The program's version.
        known: i64,
    },
    /// The target is in use.
    #[error(
        "the database is not empty: {table} has {rows} rows, a fresh one {fresh}; import into a database of its own"
    )]
    NotEmpty {
        /// The first such table.
        table: &'static str,
        /// How many rows it has.
        rows: i64,
        /// How many it should have.
        fresh: i64,
    },
    /// The file ends too early.
    #[error("the file is cut off after line {0}: nothing was imported; export again")]
    CutOff(u64),
    /// The file is damaged or another kind of file.
    #[error("line {line} of the file: {why}; nothing was imported")]
    Line {
        /// Its number, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
    /// What arrived is not what was sent.
    #[error("{table} has {found} rows after the import instead of {wanted}; nothing was imported")]
    Miscounted {
        /// The table.
        table: &'static str,
        /// How many rows there are.
        found: i64,
        /// How many the file tells.
        wanted: i64,
    },
}

async fn count(tx: &mut super::Tx, table: &str) -> Result<i64, super::Error> {
    let rows = tx.fetch_text(format!("SELECT COUNT(*) AS n FROM {table}")).await?;
    rows.first().map_or(Ok(0), |row| row.int("n"))
}

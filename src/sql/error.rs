//! What can go wrong at the database, in the operator's words; a caller only learns `internal_error`.

use crate::error::{Code, Failure};

/// A failed operation of the database.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL names neither engine or cannot be read.
    #[error("database.url: {0}")]
    Url(String),
    /// The database cannot be opened or reached.
    #[error("the database cannot be opened: {0}")]
    Open(String),
    /// The schema was made by a newer program.
    #[error(
        "the database has schema version {found}, this program knows versions up to {known}: start a newer program, or restore the backup made before the upgrade"
    )]
    NewerSchema {
        /// The version found in the database.
        found: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A migration failed.
    #[error("migration {version} ({name}) failed: {why}")]
    Migration {
        /// The migration's number.
        version: i64,
        /// The migration's name.
        name: &'static str,
        /// The engine's words.
        why: String,
    },
    /// A column is not there or holds something else than expected.
    #[error("column {column} does not hold {wanted}")]
    Column {
        /// The column's name.
        column: String,
        /// What was expected in it.
        wanted: &'static str,
    },
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] sqlx::Error),
    /// The transactions that shared a commit with this one, and this one, were not written.
    #[error("the transaction was not committed: {0}")]
    Uncommitted(String),
    /// The operation was cut off: the process is stopping, or the operation itself broke.
    #[error("the database operation was interrupted")]
    Interrupted,
}

impl Error {
    /// Whether a unique constraint stood against the write.
    pub fn is_unique(&self) -> bool {
        matches!(self, Self::Engine(sqlx::Error::Database(error)) if error.is_unique_violation())
    }

    /// The same failure for another transaction that shared it.
    pub(super) fn uncommitted(&self) -> Self {
        match self {
            Self::Uncommitted(why) => Self::Uncommitted(why.clone()),
            other => Self::Uncommitted(other.to_string()),
        }
    }

    pub(super) fn column(column: &str, wanted: &'static str) -> Self {
        Self::Column { column: column.to_owned(), wanted }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        Code::Internal
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

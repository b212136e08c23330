//! What can go wrong at the database, in the operator's words; a caller learns `ledger_unavailable` when it cannot be
//! reached, else `internal_error`.

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
    /// The connection was lost after a commit was sent and before its answer came.
    #[error("the database did not say whether it committed: {0}")]
    Unanswered(sqlx::Error),
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

    /// Whether the database cannot be reached or has no connection left: nothing is wrong with what it was asked.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Open(_) | Self::Unanswered(_) => true,
            Self::Engine(error) => is_out_of_reach(error),
            // The disk or another process stood against the whole batch.
            Self::Uncommitted(_) => true,
            _ => false,
        }
    }

    /// Whether the server undid the transaction because it and another waited for each other: begun anew it may go through.
    pub fn is_deadlock(&self) -> bool {
        const DEADLOCK: &str = "40P01";
        matches!(self, Self::Engine(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == DEADLOCK))
    }

    /// A failure of something whose effect is there at once if it was executed.
    pub(super) fn of_write(error: sqlx::Error) -> Self {
        // These come before anything was sent, or from a server that says that it undid it.
        let surely_not =
            matches!(error, sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::Database(_));
        if is_out_of_reach(&error) && !surely_not { Self::Unanswered(error) } else { Self::Engine(error) }
    }

    /// The same failure for another transaction that shared it.
    pub(super) fn uncommitted(&self) -> Self {
        match self {
            Self::Uncommitted(why) => Self::Uncommitted(why.clone()),
            other => Self::Uncommitted(other.to_string()),
        }
    }

    /// The same failure for another caller, who shared the transaction.
    pub(crate) fn shared(&self) -> Self {
        match self {
            Self::Unanswered(why) => Self::Unanswered(sqlx::Error::Protocol(why.to_string())),
            other => other.uncommitted(),
        }
    }

    pub(super) fn column(column: &str, wanted: &'static str) -> Self {
        Self::Column { column: column.to_owned(), wanted }
    }
}

/// Lost, refused and exhausted connections. Of PostgreSQL's words: class 08 is about the connection, 57P0x about a server
/// that stops or starts, 53300 about too many connections, 25P03 about a transaction that rested for too long. Of SQLite's:
/// 5 is a file that another process holds.
fn is_out_of_reach(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
        E::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08") || matches!(&*code, "57P01" | "57P02" | "57P03" | "53300" | "25P03" | "5")
        }),
        _ => false,
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        if self.is_unreachable() { Code::LedgerUnavailable } else { Code::Internal }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Unanswered(_) => Some(
                "The connection to the ledger was lost while it wrote: what was asked for may have been done."
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        self.is_unreachable().then_some(2)
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::Error;
    use crate::error::{Code, Failure};

    fn lost() -> sqlx::Error {
        sqlx::Error::Io(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))
    }

    #[test]
    fn only_a_database_that_is_out_of_reach_is_called_unavailable() {
        for error in [Error::Engine(lost()), Error::Engine(sqlx::Error::PoolTimedOut), Error::Open(String::new())] {
            assert_eq!((error.code(), error.retry_after_s(), error.detail()), (Code::LedgerUnavailable, Some(2), None));
        }
        for error in [Error::column("x", "text"), Error::Engine(sqlx::Error::RowNotFound), Error::Interrupted] {
            assert_eq!((error.code(), error.retry_after_s()), (Code::Internal, None));
        }
    }

    #[test]
    fn a_write_whose_answer_was_lost_says_that_it_may_have_been_done() {
        let error = Error::of_write(lost());
        assert!(matches!(error, Error::Unanswered(_)) && error.code() == Code::LedgerUnavailable);
        assert!(error.detail().is_some_and(|detail| detail.contains("may have been done")));
        for not_sent in [sqlx::Error::PoolTimedOut, sqlx::Error::PoolClosed, sqlx::Error::RowNotFound] {
            assert!(matches!(Error::of_write(not_sent), Error::Engine(_)));
        }
    }
}

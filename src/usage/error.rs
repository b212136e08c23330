//! What can go wrong when numbers are read or written.

use crate::error::{Code, Failure, Place};
use crate::sql;

/// A failure of this room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// The cursor was not made by a page before.
    #[error("the cursor cannot be read")]
    WrongCursor,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Sql(error) => error.code(),
            Self::WrongCursor => Code::InvalidRequest,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Sql(_) => Vec::new(),
            Self::WrongCursor => vec![Place::wrong_cursor()],
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Sql(error) => error.retry_after_s(),
            Self::WrongCursor => None,
        }
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

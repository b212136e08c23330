//! Why a text was not translated. Nobody outside hears of it: the text is shown as it is.

use crate::sql;

/// A text that stays Chinese for now.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made.
    #[error("the client to the translation provider cannot be made: {0}")]
    Setup(reqwest::Error),
    /// The provider did not answer, or refused.
    #[error("the translation provider: {0}")]
    Provider(#[from] reqwest::Error),
    /// Its answer is not one.
    #[error("the translation provider answered {0}")]
    Nonsense(String),
    /// As much was translated as may be in a day.
    #[error("{spent} characters were translated within a day, and {most} may be")]
    SpentForToday {
        /// Characters of the last 24 hours.
        spent: u64,
        /// The setting.
        most: u64,
    },
    /// The memory failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
}

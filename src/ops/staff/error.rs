//! Why something about the operator's people was not done, in words for whoever asked.

use crate::sql;

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// The name is in use.
    #[error("there already is an operator \"{0}\"")]
    NameTaken(String),
    /// Nobody has this name.
    #[error("there is no operator \"{0}\"; `xunyuan operator list` shows all")]
    NoSuchOperator(String),
    /// There is no such token.
    #[error("there is no token \"{0}\"")]
    NoSuchToken(String),
    /// A token that would end too late, or never began.
    #[error("a token counts for 1 to {0} days")]
    TokenLife(u32),
    /// Too short a password.
    #[error("the password has fewer than {0} characters; take a longer one")]
    ShortPassword(usize),
    /// Too long a password.
    #[error("the password has more than {0} bytes; take a shorter one")]
    LongPassword(usize),
    /// The hash could not be made.
    #[error("the password cannot be hashed: {0}")]
    Hash(String),
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl From<getrandom::Error> for Error {
    fn from(_: getrandom::Error) -> Self {
        Self::NoRandomness
    }
}

//! Why the room of pictures did not do what was asked, in words for the caller.

use crate::error::{Code, Failure};
use crate::model::ids::ImageId;
use crate::{ledger, upstream};

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The catalogue did not answer, or refused for a reason of its own.
    #[error(transparent)]
    Upstream(upstream::Error),
    /// There is no such picture of this partner.
    #[error("no picture {0}")]
    NotFound(ImageId),
    /// The picture's time is over.
    #[error("picture {0} is past its time")]
    Expired(ImageId),
    /// The bytes cannot be taken.
    #[error("the picture cannot be taken: {0}")]
    Picture(&'static str),
    /// No desk to decode at came free.
    #[error("no desk came free")]
    Busy,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Upstream(error) => error.code(),
            Self::NotFound(_) => Code::ImageNotFound,
            Self::Expired(_) => Code::ImageExpired,
            Self::Picture(_) => Code::ImageInvalid,
            Self::Busy => Code::Overloaded,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::NotFound(id) => Some(format!("You have no picture {id}; upload it at POST /v1/images.")),
            Self::Expired(id) => Some(format!("The picture {id} was kept for seven days; upload it again.")),
            Self::Picture(why) => Some(format!("It cannot be taken: {why}.")),
            _ => None,
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(error) => error.retry_after_s(),
            Self::Upstream(error) => error.retry_after_s(),
            Self::Busy => Some(1),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// What it means that a picture could not be given to the catalogue.
pub(super) fn of_giving(error: upstream::Error) -> Error {
    match error.refusal() {
        Some(refused) if refused.error_code == "PICTURE_INVALID" => {
            tracing::warn!(%error, "the catalogue does not take a picture that was made here");
            Error::Picture("the catalogue does not take it")
        }
        _ => Error::Upstream(error),
    }
}

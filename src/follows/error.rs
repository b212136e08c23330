//! Why the room of follows did not do what was asked, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::model::ids::OfferId;
use crate::translate::Nonsense;
use crate::{ledger, upstream};

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The catalogue did not answer, or refused for a reason of its own.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// The catalogue's answer makes no sense.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// There is no such offer.
    #[error("no offer {0}")]
    OfferNotFound(OfferId),
    /// The number is none of this marketplace's.
    #[error("{0} is no offer of this marketplace")]
    OfferForeign(OfferId),
    /// The partner does not follow it.
    #[error("{0} is not followed")]
    NotFollowed(OfferId),
    /// The partner follows as many as it may.
    #[error("{0} follows are all")]
    TooMany(u32),
    /// Others kept writing first; trying again helps.
    #[error("it kept moving")]
    Busy,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Upstream(error) => error.code(),
            Self::Nonsense(error) => error.code(),
            Self::OfferNotFound(_) => Code::OfferNotFound,
            Self::OfferForeign(_) => Code::OfferForeign,
            Self::NotFollowed(_) => Code::FollowNotFound,
            Self::TooMany(_) => Code::TooManyFollows,
            Self::Busy => Code::Overloaded,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::OfferNotFound(id) => Some(format!("Offer {id} does not exist; take ids from searches.")),
            Self::OfferForeign(id) => Some(format!("The number {id} is none of this marketplace's offers.")),
            Self::NotFollowed(id) => Some(format!("You do not follow offer {id}; GET /v1/follows lists those you do.")),
            Self::TooMany(most) => {
                Some(format!("Your plan lets you follow {most} offers; give up others, or ask for a larger plan."))
            }
            Self::Busy => Some(
                "The offers changed faster than they could be followed; nothing is lost by sending the same request again."
                    .to_owned(),
            ),
            Self::Nonsense(_) => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Ledger(error) => error.places(),
            _ => Vec::new(),
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
        let refused =
            matches!(self, Self::OfferNotFound(_) | Self::OfferForeign(_) | Self::NotFollowed(_) | Self::TooMany(_));
        (!refused).then(|| self.to_string())
    }
}

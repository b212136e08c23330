//! How the catalogue room fails, in the words of the code table.

use crate::cache::{self, Trouble};
use crate::error::{Code, Failure, Place};
use crate::model::ids::{CategoryId, ImageId, OfferId, PoolId, SupplierId};
use crate::translate::{Nonsense, search};
use crate::{rates, upstream};

/// A question without an answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// No such offer, or it may not be sold across borders.
    #[error("no offer {0}")]
    OfferNotFound(OfferId),
    /// The offer is held back from cross-border trade.
    #[error("offer {0} is held")]
    OfferHeld(OfferId),
    /// The number is none of this marketplace's.
    #[error("{0} is no offer of this marketplace")]
    OfferForeign(OfferId),
    /// No such category.
    #[error("no category {0}")]
    CategoryNotFound(CategoryId),
    /// Something was to be narrowed to a category that there is not.
    #[error("no category {0}")]
    CategoryUnknown(CategoryId),
    /// No such pool.
    #[error("no pool {0}")]
    PoolNotFound(PoolId),
    /// No such supplier.
    #[error("no supplier {0}")]
    SupplierNotFound(SupplierId),
    /// The catalogue has no such picture any more.
    #[error("picture {0} is gone")]
    ImageGone(ImageId),
    /// No domestic carrier goes to the place.
    #[error("the region is not served")]
    RegionNotServed,
    /// The question itself is not acceptable.
    #[error("not acceptable: {0:?}")]
    Invalid(Vec<Place>),
    /// No rate to show prices at.
    #[error(transparent)]
    Rate(#[from] rates::Error),
    /// The catalogue gave no answer.
    #[error(transparent)]
    Upstream(upstream::Error),
    /// The catalogue's answer cannot be understood.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// A figure of the answer does not fit its currency.
    #[error("a figure does not fit")]
    Unshowable,
    /// The fetch of the answer died.
    #[error("the fetch died")]
    Lost,
}

impl Error {
    /// Whether the catalogue answered, and has no such thing or does not do it; asking again does not help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Upstream(error) => error.refusal().is_some(),
            Self::Rate(_) | Self::Nonsense(_) | Self::Unshowable | Self::Lost => false,
            _ => true,
        }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::OfferNotFound(_) => Code::OfferNotFound,
            Self::OfferHeld(_) => Code::OfferHeld,
            Self::OfferForeign(_) => Code::OfferForeign,
            Self::CategoryNotFound(_) | Self::CategoryUnknown(_) => Code::CategoryNotFound,
            Self::PoolNotFound(_) => Code::PoolNotFound,
            Self::SupplierNotFound(_) => Code::SupplierNotFound,
            Self::ImageGone(_) => Code::ImageExpired,
            Self::RegionNotServed => Code::RegionNotServed,
            Self::Invalid(_) => Code::InvalidRequest,
            Self::Rate(error) => error.code(),
            Self::Upstream(error) => error.code(),
            Self::Nonsense(error) => error.code(),
            Self::Unshowable => Code::UpstreamNonsense,
            Self::Lost => Code::Internal,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::OfferNotFound(id) => Some(format!("offer {id} does not exist")),
            Self::OfferHeld(id) => Some(format!("offer {id} is held back from cross-border trade at present")),
            Self::OfferForeign(id) => Some(format!("the number {id} is none of this marketplace's offers")),
            Self::CategoryNotFound(id) | Self::CategoryUnknown(id) => Some(format!("category {id} does not exist")),
            Self::PoolNotFound(id) => Some(format!("pool {id} does not exist")),
            Self::SupplierNotFound(id) => Some(format!("supplier {id} does not exist")),
            Self::ImageGone(id) => {
                Some(format!("The catalogue does not have the picture {id} any more; upload it again."))
            }
            Self::Rate(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Invalid(places) => places.clone(),
            Self::CategoryUnknown(_) => {
                vec![Place::query("category", "the id of a category; GET /v1/categories lists them all")]
            }
            Self::Rate(rates::Error::NoRate { known, .. }) => {
                vec![Place::query("currency", format!("one of {}", known.join(", ")))]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Rate(error) => error.retry_after_s(),
            Self::Upstream(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Trouble for upstream::Error {
    fn stale_may_stand_in(&self) -> bool {
        self.is_outage()
    }
}

/// Whether what was rendered before may stand in for a failed lookup.
pub(crate) fn may_stand_in(error: &cache::Error<upstream::Error>) -> bool {
    match error {
        cache::Error::Fetch(error) => error.stale_may_stand_in(),
        cache::Error::Lost => true,
    }
}

/// A failed lookup as the room's failure; a parameter that the service refuses is told by our name for it.
pub(crate) fn of(error: cache::Error<upstream::Error>) -> Error {
    let error = match error {
        cache::Error::Fetch(error) => error,
        cache::Error::Lost => return Error::Lost,
    };
    let refused = error.refusal().filter(|refusal| refusal.error_code == "PARAM_INVALID");
    let theirs = refused.and_then(|refusal| refusal.data.get("param")?.as_str());
    match theirs.and_then(search::parameter) {
        Some(ours) => Error::Invalid(vec![Place::query(ours, "the catalogue does not accept this value")]),
        None => Error::Upstream(error),
    }
}

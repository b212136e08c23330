//! Why the room of fulfilment did not do what was asked, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::ledger;
use crate::model::consignment::Refusal;
use crate::translate::Nonsense;
use crate::upstream;

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger refused or failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The catalogue did not answer, or refused for a reason of its own.
    #[error(transparent)]
    Upstream(#[from] upstream::Error),
    /// The catalogue's answer makes no sense.
    #[error(transparent)]
    Nonsense(#[from] Nonsense),
    /// The catalogue was not reached; nothing happened, and the same request starts again.
    #[error("not said: {0}")]
    NotReached(upstream::Error),
    /// The request asks for something impossible.
    #[error("invalid request")]
    Invalid(Vec<Place>),
    /// There is no such order.
    #[error("no such order")]
    OrderNotFound,
    /// There is no such parcel.
    #[error("no such parcel")]
    ShipmentNotFound,
    /// There is no such consignment.
    #[error("no such consignment")]
    ConsignmentNotFound,
    /// Others kept writing first; trying again helps.
    #[error("it kept moving")]
    Busy,
}

const NOT_SAID: &str = "The catalogue could not be reached and nothing happened; repeat with the same Idempotency-Key.";

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Upstream(error) => error.code(),
            Self::Nonsense(nonsense) => nonsense.code(),
            Self::NotReached(error) => error.code_of_undone(),
            Self::Invalid(_) => Code::InvalidRequest,
            Self::OrderNotFound => Code::OrderNotFound,
            Self::ShipmentNotFound => Code::ShipmentNotFound,
            Self::ConsignmentNotFound => Code::ConsignmentNotFound,
            Self::Busy => Code::OrderInProgress,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::NotReached(error) => error.detail().or_else(|| Some(NOT_SAID.to_owned())),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Invalid(places) => places.clone(),
            Self::Ledger(error) => error.places(),
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ledger(error) => error.extras(),
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(error) => error.retry_after_s(),
            Self::Busy => Some(1),
            Self::NotReached(error) => error.retry_undone_after_s(),
            Self::Upstream(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        let ours = [Code::Internal, Code::LedgerUnavailable, Code::UpstreamNonsense, Code::UpstreamRefused];
        let worth = ours.contains(&self.code()) || matches!(self, Self::Upstream(_) | Self::NotReached(_));
        worth.then(|| self.to_string())
    }
}

/// The catalogue's refusal is told like any other failure.
impl Failure for Refusal {
    fn code(&self) -> Code {
        self.code
    }

    fn detail(&self) -> Option<String> {
        Some(format!("{} {}", self.detail, self.code.facts().advice))
    }

    fn places(&self) -> Vec<Place> {
        self.places.clone()
    }
}

//! Why the room of webhooks did not do what was asked, in words for the caller.

use super::target::Objection;
use crate::error::{Code, Failure, Place};
use crate::ledger;
use crate::partners::SealError;

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// A secret cannot be sealed or opened.
    #[error("an endpoint's secret: {0}")]
    Seal(#[from] SealError),
    /// The client cannot be made.
    #[error("the client for deliveries cannot be made: {0}")]
    Setup(String),
    /// The endpoint's URL will not do.
    #[error("url: {0}")]
    Url(#[from] Objection),
    /// The request asks for something impossible.
    #[error("invalid request")]
    Invalid(Vec<Place>),
    /// There is no such endpoint.
    #[error("no such endpoint")]
    EndpointNotFound,
    /// There is no such delivery.
    #[error("no such delivery")]
    DeliveryNotFound,
    /// The partner has as many endpoints as it may have.
    #[error("{0} endpoints are all")]
    TooManyEndpoints(u32),
    /// The endpoint is disabled.
    #[error("the endpoint is disabled")]
    EndpointDisabled,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Url(_) | Self::Invalid(_) => Code::InvalidRequest,
            Self::Seal(_) | Self::Setup(_) => Code::Internal,
            Self::EndpointNotFound => Code::EndpointNotFound,
            Self::DeliveryNotFound => Code::DeliveryNotFound,
            Self::TooManyEndpoints(_) => Code::TooManyEndpoints,
            Self::EndpointDisabled => Code::EndpointDisabled,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::TooManyEndpoints(most) => Some(format!(
                "You have {most} endpoints, as many as there may be. Delete one, or let one endpoint hear more types."
            )),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Url(why) => vec![Place::body("/url", why.to_string())],
            Self::Invalid(places) => places.clone(),
            Self::Ledger(error) => error.places(),
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        matches!(self.code(), Code::Internal | Code::LedgerUnavailable).then(|| self.to_string())
    }
}

//! Why the room of referrals did not do what was asked, in words for the caller.

use super::click::NotAClick;
use super::template::Objection;
use crate::error::{Code, Failure, Place};
use crate::ledger;

/// A refusal or failure of the room.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The ledger failed.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The template will not do.
    #[error("template: {0}")]
    Template(#[from] Objection),
    /// An order names no click of its partner's.
    #[error("referral: {0}")]
    Click(#[from] NotAClick),
    /// The partner has set no storefront.
    #[error("no storefront")]
    NoStorefront,
    /// Nobody takes this visitor.
    #[error("nobody takes this visitor")]
    Nowhere,
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Template(_) | Self::Click(_) => Code::InvalidRequest,
            Self::NoStorefront => Code::StorefrontNotFound,
            Self::Nowhere => Code::NoStorefrontOpen,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Template(why) => vec![Place::body("/template", why.to_string())],
            Self::Click(why) => vec![Place::body("/referral", why.to_string())],
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
        matches!(self, Self::Ledger(_)).then(|| self.to_string())
    }
}

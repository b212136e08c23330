//! Why the room of sourcing did not do what was asked, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::model::inquiry::{Rejection, State};
use crate::translate::Nonsense;
use crate::{ledger, lookup, rates, upstream};

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
    /// The catalogue could not be asked for what it has.
    #[error(transparent)]
    Lookup(#[from] lookup::Error),
    /// There is no rate to lock.
    #[error(transparent)]
    Rates(#[from] rates::Error),
    /// The wish cannot be as it is.
    #[error("the request cannot be as it is")]
    Invalid(Vec<Place>),
    /// The catalogue was not reached; nothing was done, and the same request starts again.
    #[error("not done: {0}")]
    NotDone(upstream::Error),
    /// The catalogue's answer was lost; the same request says it again, which cannot double it.
    #[error("perhaps done: {0}")]
    Unsure(upstream::Error),
    /// It cannot be done where the inquiry stands.
    #[error("{}", .0.detail)]
    Declined(Rejection),
    /// There is no such inquiry.
    #[error("no such inquiry")]
    InquiryNotFound,
    /// The inquiry has no such quotation.
    #[error("no such quotation")]
    QuotationNotFound,
    /// The total cannot be said in the currency.
    #[error("the total is too large")]
    TooMuch,
    /// There is no such comparison.
    #[error("no such source match")]
    SourceMatchNotFound,
    /// So many items wait at most.
    #[error("too many items wait")]
    TooManyWaiting(u32),
    /// What is stored cannot be read back.
    #[error("what is stored cannot be read back: {0}")]
    Unreadable(String),
    /// Others kept writing first; trying again helps.
    #[error("the inquiry kept moving")]
    Busy,
}

const NOT_ASKED: &str =
    "The catalogue could not be reached and nobody was asked; repeat with the same Idempotency-Key.";

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::NotDone(error) => error.code_of_undone(),
            Self::Unsure(_) => Code::UpstreamTimeout,
            Self::Upstream(error) => error.code(),
            Self::Lookup(error) => error.code(),
            Self::Nonsense(nonsense) => nonsense.code(),
            Self::Rates(error) => error.code(),
            Self::Invalid(_) | Self::TooMuch => Code::InvalidRequest,
            Self::Declined(rejection) => rejection.code,
            Self::InquiryNotFound => Code::InquiryNotFound,
            Self::QuotationNotFound => Code::QuotationNotFound,
            Self::SourceMatchNotFound => Code::SourceMatchNotFound,
            Self::TooManyWaiting(_) => Code::SourceMatchesWaiting,
            Self::Unreadable(_) => Code::Internal,
            Self::Busy => Code::OrderInProgress,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::Lookup(error) => error.detail(),
            Self::Rates(error) => error.detail(),
            Self::Declined(rejection) => Some(rejection.detail.clone()),
            Self::TooManyWaiting(most) => {
                Some(format!("At most {most} items wait at one time; read what is done, and send more later."))
            }
            Self::TooMuch => Some("The total is too large to be said in the inquiry's currency.".into()),
            Self::NotDone(error) => error.detail().or_else(|| Some(NOT_ASKED.to_owned())),
            Self::Unsure(_) => Some(
                "The catalogue did not answer; repeat with the same Idempotency-Key, which cannot do it twice.".into(),
            ),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Invalid(places) => places.clone(),
            Self::Ledger(error) => error.places(),
            Self::Lookup(error) => error.places(),
            Self::Rates(error) => error.places(),
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
            Self::NotDone(error) => error.retry_undone_after_s(),
            Self::Unsure(_) => Some(2),
            Self::TooManyWaiting(_) => Some(30),
            Self::Upstream(error) => error.retry_after_s(),
            Self::Lookup(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        let ours = [Code::Internal, Code::LedgerUnavailable, Code::UpstreamNonsense, Code::UpstreamRefused];
        let worth = ours.contains(&self.code())
            || matches!(self, Self::Upstream(_) | Self::Lookup(_) | Self::NotDone(_) | Self::Unsure(_));
        worth.then(|| self.to_string())
    }
}

/// Why an inquiry or a step was not taken, and where the inquiry stands.
#[derive(Clone, Debug)]
pub struct Declined {
    /// Why.
    pub rejection: Rejection,
    /// Where the inquiry stands.
    pub state: State,
}

impl Failure for Declined {
    fn code(&self) -> Code {
        self.rejection.code
    }

    fn detail(&self) -> Option<String> {
        Some(self.rejection.detail.clone())
    }

    fn places(&self) -> Vec<Place> {
        let detail = || self.rejection.detail.clone();
        self.rejection.pointer.iter().map(|pointer| Place::body(pointer, detail())).collect()
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self.rejection.code {
            Code::InquiryStateConflict | Code::QuotationClosed => vec![("state", format!("\"{}\"", self.state))],
            _ => Vec::new(),
        }
    }
}

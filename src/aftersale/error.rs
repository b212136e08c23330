//! Why the room of refunds did not do what was asked, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::ledger::{self, most_pieces};
use crate::model::money::Money;
use crate::model::order;
use crate::model::refund::{Rejection, Remedy, State};
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
    /// The catalogue was not reached; nothing was done, and the same request starts again.
    #[error("not done: {0}")]
    NotDone(upstream::Error),
    /// The catalogue's answer was lost and the refund does not show it; the same request decides it again.
    #[error("perhaps done: {0}")]
    Unsure(upstream::Error),
    /// Nothing of this kind can be asked for while the order stands there.
    #[error("no {} while the order is {state}", remedy.name())]
    NotNow {
        /// Where the order stands.
        state: order::State,
        /// What was asked for.
        remedy: Remedy,
    },
    /// There is no such refund.
    #[error("no such refund")]
    RefundNotFound,
    /// There is no such voucher.
    #[error("no such voucher")]
    VoucherNotFound,
    /// A picture cannot be taken.
    #[error("the picture cannot be taken: {0}")]
    Picture(&'static str),
    /// Others kept writing first; trying again helps.
    #[error("the refund kept moving")]
    Busy,
}

const NOT_DONE: &str = "The catalogue could not be reached and nothing was done; repeat with the same Idempotency-Key.";

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => error.code(),
            Self::NotDone(error) => error.code_of_undone(),
            Self::Unsure(_) => Code::UpstreamTimeout,
            Self::Upstream(error) => error.code(),
            Self::Nonsense(nonsense) => nonsense.code(),
            Self::NotNow { .. } => Code::RefundNotPossible,
            Self::RefundNotFound => Code::RefundNotFound,
            Self::VoucherNotFound => Code::VoucherNotFound,
            Self::Picture(_) => Code::VoucherInvalid,
            Self::Busy => Code::OrderInProgress,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::Ledger(error) => error.detail(),
            Self::Upstream(error) => error.detail(),
            Self::NotNow { state, remedy } => {
                Some(format!("While the order is {state}, a refund of type {} cannot be asked for.", remedy.name()))
            }
            Self::NotDone(error) => error.detail().or_else(|| Some(NOT_DONE.to_owned())),
            Self::Unsure(_) => Some(
                "The catalogue did not answer, and the refund does not show it yet; repeat with the same \
                 Idempotency-Key, which looks before it asks again."
                    .into(),
            ),
            Self::Picture(why) => Some(format!("It cannot be taken: {why}.")),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Ledger(error) => error.places(),
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ledger(error) => error.extras(),
            Self::NotNow { state, .. } => vec![("state", format!("\"{state}\""))],
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(error) => error.retry_after_s(),
            Self::Busy => Some(1),
            Self::NotDone(error) => error.retry_undone_after_s(),
            Self::Unsure(_) => Some(2),
            Self::Upstream(error) => error.retry_after_s(),
            _ => None,
        }
    }

    fn internal(&self) -> Option<String> {
        let ours = [Code::Internal, Code::LedgerUnavailable, Code::UpstreamNonsense, Code::UpstreamRefused];
        let worth =
            ours.contains(&self.code()) || matches!(self, Self::Upstream(_) | Self::NotDone(_) | Self::Unsure(_));
        worth.then(|| self.to_string())
    }
}

/// Why a refund or a step was not taken, where the refund stands, and the figures.
#[derive(Clone, Debug)]
pub struct Declined {
    /// Why.
    pub rejection: Rejection,
    /// Where the refund stands.
    pub state: State,
}

impl Failure for Declined {
    fn code(&self) -> Code {
        self.rejection.code
    }

    fn detail(&self) -> Option<String> {
        Some(self.rejection.detail.clone())
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        let Rejection { code, most, most_freight, lines, open, .. } = &self.rejection;
        let money = |money: Money| serde_json::json!({"amount": money.amount(), "currency": money.currency.code()});
        let mut extras = Vec::new();
        extras.extend(most.map(|most| ("max_refundable", money(most).to_string())));
        extras.extend(most_freight.map(|most| ("max_freight", money(most).to_string())));
        if !lines.is_empty() {
            extras.push(("lines", most_pieces(lines.iter().copied())));
        }
        extras.extend(open.as_ref().map(|open| ("refund_id", format!("\"{open}\""))));
        if *code == Code::RefundStateConflict {
            extras.push(("state", format!("\"{}\"", self.state)));
        }
        extras
    }
}

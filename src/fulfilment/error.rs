//! Why the room of fulfilment did not do what was asked, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::ledger::{self, Consigning};
use crate::model::consignment::{Hindrance, Obstacle, Refusal};
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

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::Ledger(error) => ledger_code(error),
            Self::Upstream(error) => error.code(),
            Self::Nonsense(nonsense) => nonsense.code(),
            // Whatever kept it from being sent, the same request can succeed later.
            Self::NotReached(error) if matches!(error.code(), Code::SandboxUnavailable | Code::UpstreamNotOffered) => {
                error.code()
            }
            Self::NotReached(_) => Code::UpstreamUnavailable,
            Self::Invalid(_) => Code::InvalidRequest,
            Self::OrderNotFound => Code::OrderNotFound,
            Self::ShipmentNotFound => Code::ShipmentNotFound,
            Self::ConsignmentNotFound => Code::ConsignmentNotFound,
            Self::Busy => Code::OrderInProgress,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotReached(error) | Self::Upstream(error) if error.code() == Code::UpstreamNotOffered => {
                error.detail()
            }
            Self::Ledger(ledger::Error::Sql(error)) => error.detail(),
            Self::Ledger(ledger::Error::Consigning(refused)) => detail_of(refused),
            Self::NotReached(_) => Some(
                "The catalogue could not be reached and nothing happened; repeat with the same Idempotency-Key."
                    .to_owned(),
            ),
            _ => None,
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Invalid(places) => places.clone(),
            Self::Ledger(ledger::Error::WrongCursor) => {
                vec![Place::query("cursor", "next_cursor of the page before, unaltered")]
            }
            Self::Ledger(ledger::Error::Consigning(Consigning::Obstacles(obstacles))) => {
                obstacles.iter().map(place_of).collect()
            }
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Ledger(ledger::Error::Consigning(Consigning::ReferenceTaken { first })) => {
                vec![("consignment_id", format!("\"{first}\""))]
            }
            Self::Ledger(ledger::Error::Consigning(Consigning::NotNow(not_now))) => {
                vec![("state", format!("\"{}\"", not_now.state))]
            }
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self {
            Self::Ledger(ledger::Error::InProgress { retry_after_s }) => Some(*retry_after_s),
            Self::Ledger(ledger::Error::LeaseLost | ledger::Error::Moved) | Self::Busy => Some(1),
            Self::Ledger(ledger::Error::Sql(error)) if error.is_unreachable() => error.retry_after_s(),
            Self::Ledger(_) if self.code() == Code::Internal => Some(1),
            Self::NotReached(error) if error.code() == Code::UpstreamNotOffered => None,
            Self::NotReached(_) => Some(2),
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

fn ledger_code(error: &ledger::Error) -> Code {
    use ledger::Error as E;
    match error {
        E::Consigning(refused) => consigning_code(refused),
        E::Sql(error) => error.code(),
        E::WrongCursor => Code::InvalidRequest,
        E::KeyMismatch => Code::IdempotencyMismatch,
        E::InProgress { .. } | E::LeaseLost | E::Moved => Code::OrderInProgress,
        E::OrderNotFound(_) => Code::OrderNotFound,
        _ => Code::Internal,
    }
}

fn consigning_code(refused: &Consigning) -> Code {
    match refused {
        Consigning::NotFound(_) => Code::ConsignmentNotFound,
        Consigning::ReferenceTaken { .. } => Code::ConsignmentReferenceTaken,
        Consigning::NotNow(_) => Code::ConsignmentStateConflict,
        Consigning::Obstacles(obstacles) => {
            let any = |wanted: fn(&Hindrance) -> bool| obstacles.iter().any(|obstacle| wanted(&obstacle.why));
            if any(|why| matches!(why, Hindrance::NotFound)) {
                Code::OrderNotFound
            } else if any(|why| matches!(why, Hindrance::Twice)) {
                Code::InvalidRequest
            } else if any(|why| matches!(why, Hindrance::Consigned(_))) {
                Code::OrderConsigned
            } else if any(|why| matches!(why, Hindrance::State(_))) {
                Code::OrderStateConflict
            } else {
                Code::InvalidRequest
            }
        }
    }
}

fn detail_of(refused: &Consigning) -> Option<String> {
    match refused {
        Consigning::NotFound(id) => Some(format!("There is no consignment {id}.")),
        Consigning::ReferenceTaken { first } => {
            Some(format!("The reference belongs to consignment {first}. Use a new reference for a new one."))
        }
        Consigning::NotNow(not_now) => Some(format!("The consignment is {}. {}", not_now.state, not_now.advice)),
        Consigning::Obstacles(obstacles) => {
            let named = if obstacles.len() == 1 { "One order" } else { "Some orders" };
            Some(format!("{named} cannot be part of this consignment; errors says which and why. Nothing was opened."))
        }
    }
}

/// An order in the way as a place in the request's body, with what would be right.
fn place_of(obstacle: &Obstacle) -> Place {
    let order = &obstacle.order;
    let detail = match &obstacle.why {
        Hindrance::NotFound => format!("you have no order {order}"),
        Hindrance::Twice => "this order is listed before".to_owned(),
        Hindrance::Consigned(other) => format!("order {order} is in consignment {other}"),
        Hindrance::State(state) => format!("order {order} is {state}; {}", advice(*state)),
        Hindrance::Warehouse(other) => {
            format!("order {order} is gathered at {other}, the first one elsewhere; open one consignment per warehouse")
        }
        Hindrance::Country(other) => {
            format!("order {order} goes to {other}, the first one elsewhere; open one consignment per country")
        }
    };
    Place::body(&format!("/order_ids/{}", obstacle.at), detail)
}

fn advice(state: crate::model::order::State) -> &'static str {
    use crate::model::order::State as S;
    match state {
        S::Received | S::Placing | S::Unknown => "wait until it is settled, and pay it",
        S::AwaitingPayment => "pay it first",
        S::Refunding => "wait until its refund is settled, or leave it out",
        _ => "it has ended or left already; leave it out",
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

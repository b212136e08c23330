//! Why the ledger did not write or find something about consignments, in words for the caller.

use crate::error::{Code, Failure, Place};
use crate::model::consignment::{Hindrance, NotNow, Obstacle};
use crate::model::ids::ConsignmentId;
use crate::model::order::State;

/// Why the ledger did not write or find something about consignments.
#[derive(Debug, thiserror::Error)]
pub enum Consigning {
    /// There is no such consignment among the partner's.
    #[error("no such consignment: {0}")]
    NotFound(ConsignmentId),
    /// The partner used this reference before.
    #[error("the reference is taken by {first}")]
    ReferenceTaken {
        /// The consignment that has it.
        first: ConsignmentId,
    },
    /// Some orders cannot leave together.
    #[error("{} orders stand in the way", .0.len())]
    Obstacles(Vec<Obstacle>),
    /// This cannot be reported of it now.
    #[error("not possible while {}: {}", .0.state, .0.advice)]
    NotNow(NotNow),
}

impl Failure for Consigning {
    fn code(&self) -> Code {
        match self {
            Self::NotFound(_) => Code::ConsignmentNotFound,
            Self::ReferenceTaken { .. } => Code::ConsignmentReferenceTaken,
            Self::NotNow(_) => Code::ConsignmentStateConflict,
            Self::Obstacles(obstacles) => {
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

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotFound(id) => Some(format!("There is no consignment {id}.")),
            Self::ReferenceTaken { first } => {
                Some(format!("The reference belongs to consignment {first}. Use a new reference for a new one."))
            }
            Self::NotNow(not_now) => Some(format!("The consignment is {}. {}", not_now.state, not_now.advice)),
            Self::Obstacles(obstacles) => {
                let named = if obstacles.len() == 1 { "One order" } else { "Some orders" };
                Some(format!(
                    "{named} cannot be part of this consignment; errors says which and why. Nothing was opened."
                ))
            }
        }
    }

    fn places(&self) -> Vec<Place> {
        match self {
            Self::Obstacles(obstacles) => obstacles.iter().map(place_of).collect(),
            _ => Vec::new(),
        }
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::ReferenceTaken { first } => vec![("consignment_id", format!("\"{first}\""))],
            Self::NotNow(not_now) => vec![("state", format!("\"{}\"", not_now.state))],
            _ => Vec::new(),
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

fn advice(state: State) -> &'static str {
    use State as S;
    match state {
        S::Received | S::Placing | S::Unknown => "wait until it is settled, and pay it",
        S::AwaitingPayment => "pay it first",
        S::Refunding => "wait until its refund is settled, or leave it out",
        _ => "it has ended or left already; leave it out",
    }
}

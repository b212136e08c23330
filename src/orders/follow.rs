//! Following the catalogue's changes of orders: an order is moved from where it stands to where the catalogue says it
//! stands. How the feed is read, and what becomes of a change that cannot be taken in, is in `feed`.

use std::time::Duration;

use super::compare::went_on;
use super::place::TRIES;
use super::steps::catch_up;
use super::{Error, Orders};
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::ledger;
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Attention, Happening, Kind, Order, State};
use crate::model::partner::Mode;
use crate::translate::trade::Standing;

impl Follows for Orders {
    type Error = Error;
    const FEED: &'static str = "changes";
    const KINDS: &'static str = "order";

    async fn take_in(&self, _: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        let Ok(id) = reference.parse() else { return Ok(Seen::NotOurs) };
        Ok(match self.catch_up_with(&id, mode).await? {
            Took::NotOurs => Seen::NotOurs,
            Took::Moved => Seen::Moved,
            Took::Nothing | Took::WentOn | Took::Missing => Seen::Same,
        })
    }

    async fn knows_of(&self, _: &str, reference: &str, mode: Mode) -> Result<bool, Error> {
        let Ok(id) = reference.parse() else { return Ok(false) };
        Ok(self.ledger.find_order_state(&id, mode).await?.is_some_and(is_taken))
    }

    fn fault(error: &Error) -> Fault {
        match error {
            Error::Nonsense(_) => Fault::Garbage,
            Error::Upstream(error) => Fault::of_upstream(error),
            Error::Ledger(error) => Fault::of_ledger(error),
            _ => Fault::OfOne,
        }
    }
}

impl Orders {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }

    /// Brings one order to where the catalogue says it stands.
    pub(super) async fn catch_up_with(&self, id: &OrderId, mode: Mode) -> Result<Took, Error> {
        for _ in 0..TRIES {
            let order = match self.ledger.get_order(id).await {
                Ok(order) if order.deed.mode == mode => order,
                // Another gateway's order, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::OrderNotFound(_)) => return Ok(Took::NotOurs),
                Err(other) => return Err(other.into()),
            };
            if order.state == State::Received {
                return Ok(Took::NotOurs);
            }
            let Some(standing) = self.look_up(&order.deed).await? else { return Ok(Took::Nothing) };
            let (moves, took) = if goes_on(&order, &standing) {
                let Some(marks) = self.undo(&order, &standing).await? else { return Ok(Took::Nothing) };
                (marks, Took::WentOn)
            } else {
                (moves_of(&order, &standing), Took::Moved)
            };
            if moves.is_empty() {
                return Ok(if took == Took::WentOn { took } else { Took::Nothing });
            }
            if self.write(&order, moves).await?.is_some() {
                return Ok(took);
            }
        }
        Err(Error::Busy)
    }

    /// An order that ended here and yet is alive at the catalogue: its quote may have been ordered again, so that it must
    /// not be paid and delivered. While nobody paid it is taken back; later a person has to look. Gives the marks to
    /// write; `None` when it is dealt with.
    async fn undo(&self, order: &Order, standing: &Standing) -> Result<Option<Vec<Happening>>, Error> {
        let (id, number) = (&order.deed.id, standing.number);
        if standing.state == State::AwaitingPayment {
            tracing::error!(order = %id, %number, state = %order.state, "an order that ended here is alive at the catalogue; it is taken back");
            self.take_back(&order.deed, number, "not wanted any more").await?;
            return Ok(None);
        }
        tracing::error!(order = %id, %number, state = %order.state, there = %standing.state, "an order that ended here goes on at the catalogue; somebody has to look");
        let seen = order.attention.is_some() || order.is_cleared_by_hand();
        Ok(Some(if !seen { vec![went_on(standing)] } else { Vec::new() }))
    }
}

/// Whether an order stands where only one that the catalogue took can stand, and has not ended: one that ended here may
/// have been taken there all the same.
fn is_taken(state: State) -> bool {
    use State::{Cancelled, Closed, Placing, Received, Rejected, Unknown};
    !matches!(state, Received | Placing | Unknown | Rejected | Cancelled | Closed)
}

/// What came of looking at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
    /// It is another gateway's, another world's, or was never sent: the catalogue was not asked.
    NotOurs,
    /// It stands where it stood.
    Nothing,
    /// It moved.
    Moved,
    /// It ended here and goes on there.
    WentOn,
    /// It is open here and not there.
    Missing,
}

/// Whether an order that ended here without having been delivered is alive at the catalogue, or money was taken for it
/// that did not go back.
pub(super) fn goes_on(order: &Order, standing: &Standing) -> bool {
    let over = matches!(standing.state, State::Cancelled | State::Closed);
    match order.state {
        State::Rejected | State::Cancelled => !over || (standing.paid && !standing.back.everything),
        State::Closed => !over,
        _ => false,
    }
}

/// The moves from here to there; if there are none, and somebody was asked to look, that it stands right again.
pub(super) fn moves_of(order: &Order, standing: &Standing) -> Vec<Happening> {
    let moves = catch_up(order, standing, Actor::Catalogue, "told by the catalogue");
    if moves.is_empty() && matches!(order.attention, Some(Attention::WentOn | Attention::WentMissing)) {
        return vec![Happening::new(Kind::Cleared, Actor::Gateway, "it stands at the catalogue as it does here")];
    }
    moves
}

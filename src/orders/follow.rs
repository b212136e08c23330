//! Following the catalogue's change feed: each change is taken in once, over restarts and for all nodes together.
//!
//! The cursor moves after what it points past is written. A pass that dies in between reads the same changes again and
//! finds nothing to do, because an order is moved from where it stands to where the catalogue says it stands.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::catalogue::CHANGES_AT_ONCE;
use super::compare::went_on;
use super::place::TRIES;
use super::steps::catch_up;
use super::{Error, Orders};
use crate::ledger;
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Attention, Happening, Kind, Order, State};
use crate::model::partner::Mode;
use crate::translate::trade::Standing;
use crate::upstream;

/// Orders that are looked up at one time.
const SIDE_BY_SIDE: usize = 8;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Changes read.
    pub seen: usize,
    /// Orders that moved.
    pub moved: usize,
}

impl Orders {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        let feed = format!("changes/{}", mode.name());
        let from = self.ledger.feed_cursor(&feed).await?;
        let page = self.changes(mode, from, wait).await?;
        if page.last_seq < from {
            // The catalogue counts from the start again (it lost its memory): read everything it has.
            tracing::warn!(from, last = page.last_seq, mode = mode.name(), "the change feed begins anew");
            self.ledger.advance_feed(&feed, from, 0).await?;
            return Ok(Followed::default());
        }
        let mut followed = Followed { seen: page.items.len(), moved: 0 };
        let (mut done, mut to) = (HashSet::new(), from);
        let mut outage = None;
        let changes = page.items.iter().map(|change| {
            let order = change.out_ref.as_deref().filter(|_| change.kind == "order").and_then(|id| id.parse().ok());
            // An order is read as it stands now, so that one look takes in all its changes of a page.
            (change.seq, order.filter(|id: &OrderId| done.insert(id.clone())))
        });
        let changes: Vec<_> = changes.collect();
        // Side by side, as each is another order; told in the feed's order, so that the cursor stops before an outage.
        let looks = stream::iter(changes).map(|(seq, order)| async move { (seq, self.follow_one(order, mode).await) });
        let mut looks = std::pin::pin!(looks.buffered(SIDE_BY_SIDE));
        while let Some((seq, took)) = looks.next().await {
            match took {
                Ok(moved) => followed.moved += usize::from(moved),
                Err(error) => {
                    outage = Some(error);
                    break;
                }
            }
            to = to.max(seq);
        }
        // A page that is not full is all there is; what lies between are changes of other things.
        if outage.is_none() && page.items.len() < CHANGES_AT_ONCE as usize {
            to = to.max(page.last_seq);
        }
        if to > from {
            self.ledger.advance_feed(&feed, from, to).await?;
        }
        outage.map_or(Ok(followed), Err)
    }

    /// Takes a change of an order in; true when the order moved.
    async fn follow_one(&self, order: Option<OrderId>, mode: Mode) -> Result<bool, Error> {
        let Some(id) = order else { return Ok(false) };
        match self.catch_up_with(&id, mode).await {
            Ok(took) => Ok(took == Took::Moved),
            Err(error) if is_of_one_order(&error) => {
                // One order that cannot be understood must not hold up all others.
                tracing::error!(order = %id, %error, "a change of an order could not be taken in; it is left out");
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Brings one order to where the catalogue says it stands.
    pub(super) async fn catch_up_with(&self, id: &OrderId, mode: Mode) -> Result<Took, Error> {
        for _ in 0..TRIES {
            let order = match self.ledger.get_order(id).await {
                Ok(order) if order.deed.mode == mode => order,
                // Another gateway's order, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::OrderNotFound(_)) => return Ok(Took::Nothing),
                Err(other) => return Err(other.into()),
            };
            if order.state == State::Received {
                return Ok(Took::Nothing);
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

/// What came of looking at an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Took {
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

/// Whether an error is about the one order that was looked at, so that trying again would bring the same.
pub(super) fn is_of_one_order(error: &Error) -> bool {
    match error {
        Error::Nonsense(_) | Error::Ledger(ledger::Error::Unreadable { .. }) => true,
        Error::Upstream(error) => error.refusal().is_some() || matches!(error, upstream::Error::Nonsense(_)),
        _ => false,
    }
}

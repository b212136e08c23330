//! Following the catalogue's change feed: each change is taken in once, over restarts and for all nodes together.
//!
//! The cursor moves after what it points past is written. A pass that dies in between reads the same changes again and
//! finds nothing to do, because an order is moved from where it stands to where the catalogue says it stands.

use std::collections::BTreeSet;
use std::time::Duration;

use super::place::TRIES;
use super::steps::catch_up;
use super::{Error, Orders};
use crate::ledger;
use crate::model::ids::OrderId;
use crate::model::order::{Actor, State};
use crate::model::partner::Mode;

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
        let orders: BTreeSet<OrderId> = page
            .items
            .iter()
            .filter(|change| change.kind == "order")
            .filter_map(|change| change.out_ref.as_deref()?.parse().ok())
            .collect();
        let mut followed = Followed { seen: page.items.len(), moved: 0 };
        for id in &orders {
            followed.moved += usize::from(self.catch_up_with(id, mode).await?);
        }
        let to = page.items.iter().map(|change| change.seq).max().unwrap_or(from);
        if to > from {
            self.ledger.advance_feed(&feed, from, to).await?;
        }
        Ok(followed)
    }

    /// Brings one order to where the catalogue says it stands; true when it moved.
    async fn catch_up_with(&self, id: &OrderId, mode: Mode) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let order = match self.ledger.get_order(id).await {
                Ok(order) if order.deed.mode == mode => order,
                // Another gateway's order, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::OrderNotFound(_)) => return Ok(false),
                Err(other) => return Err(other.into()),
            };
            if order.state == State::Received {
                return Ok(false);
            }
            let standing = match self.look_up(&order.deed).await {
                Ok(Some(standing)) => standing,
                Ok(None) => return Ok(false),
                Err(Error::Nonsense(nonsense)) => {
                    // One unreadable order must not hold up all others.
                    tracing::error!(order = %id, %nonsense, "an order at the catalogue cannot be understood");
                    return Ok(false);
                }
                Err(other) => return Err(other),
            };
            let moves = catch_up(&order, &standing, Actor::Catalogue, "told by the catalogue");
            if moves.is_empty() {
                return Ok(false);
            }
            if self.write(&order, moves).await?.is_some() {
                return Ok(true);
            }
        }
        Err(Error::Busy)
    }
}

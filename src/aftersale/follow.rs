//! Following the catalogue's changes to refunds: each is taken in once, over restarts and for all nodes together.
//!
//! The cursor moves after what it points past is written. A pass that dies in between reads the same changes again and
//! finds nothing to do, because a refund is moved from where it stands to where the catalogue says it stands.

use std::collections::HashSet;
use std::time::Duration;

use super::catalogue::PAGE;
use super::request::TRIES;
use super::{Aftersale, Error};
use crate::ledger;
use crate::model::ids::RefundId;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::refund::{Refund, State};
use crate::translate::aftersale::Standing;
use crate::upstream;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Changes read.
    pub seen: usize,
    /// Refunds that moved.
    pub moved: usize,
}

impl Aftersale {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        let feed = format!("changes/aftersale/{}", mode.name());
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
        for change in &page.items {
            let refund = change.out_ref.as_deref().filter(|_| change.kind == "refund").and_then(|id| id.parse().ok());
            // A refund is read as it stands now, so that one look takes in all its changes of a page.
            if let Some(id) = refund.filter(|id: &RefundId| done.insert(id.clone())) {
                match self.catch_up_with(&id, mode).await {
                    Ok(moved) => followed.moved += usize::from(moved),
                    Err(error) if is_of_one_refund(&error) => {
                        // One refund that cannot be understood must not hold up all others.
                        tracing::error!(refund = %id, %error, "a change of a refund could not be taken in; it is left out");
                    }
                    Err(error) => {
                        outage = Some(error);
                        break;
                    }
                }
            }
            to = to.max(change.seq);
        }
        // Between the numbers of refunds lie those of everything else.
        if outage.is_none() && page.items.len() < PAGE {
            to = to.max(page.last_seq);
        }
        if to > from {
            self.ledger.advance_feed(&feed, from, to).await?;
        }
        outage.map_or(Ok(followed), Err)
    }

    /// Brings one refund to where the catalogue says it stands; true when it moved.
    async fn catch_up_with(&self, id: &RefundId, mode: Mode) -> Result<bool, Error> {
        for _ in 0..TRIES {
            let refund = match self.ledger.get_refund(id).await {
                Ok(refund) if refund.deed.mode == mode => refund,
                // Another gateway's refund, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::RefundNotFound(_)) => return Ok(false),
                Err(other) => return Err(other.into()),
            };
            if refund.state == State::Received {
                return Ok(false);
            }
            let Some(standing) = self.look_up(&refund.deed).await? else { return Ok(false) };
            if refund.state == State::Rejected {
                return self.undo(&refund, &standing).await;
            }
            let moves = self.catch_up(&refund, &standing, Actor::Catalogue, "told by the catalogue").await?;
            if moves.is_empty() {
                return Ok(false);
            }
            if self.write(&refund, moves).await?.is_some() {
                return Ok(true);
            }
        }
        Err(Error::Busy)
    }

    /// A refund that was told to be rejected, and yet is at the catalogue: the partner may have asked again.
    async fn undo(&self, refund: &Refund, standing: &Standing) -> Result<bool, Error> {
        let (id, number, there) = (&refund.deed.id, standing.number, standing.state);
        match there {
            State::Closed => {}
            State::Succeeded | State::Arbitrating => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here goes on at the catalogue; somebody has to look");
            }
            _ => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here is alive at the catalogue; it is taken back");
                self.take_back(&refund.deed, number).await?;
            }
        }
        Ok(false)
    }
}

/// Whether an error is about the one refund that was looked at, so that trying again would bring the same.
fn is_of_one_refund(error: &Error) -> bool {
    match error {
        Error::Nonsense(_) | Error::Ledger(ledger::Error::Unreadable { .. }) => true,
        Error::Upstream(error) => error.refusal().is_some() || matches!(error, upstream::Error::Nonsense(_)),
        _ => false,
    }
}

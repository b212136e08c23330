//! Following the catalogue's changes of parcels and consignments: each is taken in once, over restarts and for all
//! nodes together, with a cursor of this room's own.
//!
//! The cursor moves after what it points past is written. A pass that dies in between reads the same changes again and
//! finds nothing to do.

use std::collections::HashSet;
use std::time::Duration;

use super::catalogue::CHANGES;
use super::{Error, Fulfilment, TRIES};
use crate::ledger::{self, Consigning, Written};
use crate::model::consignment::Consignment;
use crate::model::ids::{ConsignmentId, OrderId};
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::upstream;
use crate::upstream::wholesale::wire::changes::Change;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Changes read.
    pub seen: usize,
    /// Parcels and consignments that moved.
    pub moved: usize,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum About {
    Parcels(OrderId),
    Consignment(ConsignmentId),
}

impl Fulfilment {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        let feed = format!("changes/fulfilment/{}", mode.name());
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
            // Everything is read as it stands now, so that one look takes in all its changes of a page.
            if let Some(about) = about(change).filter(|about| done.insert(about.clone())) {
                match self.take_in(&about, mode).await {
                    Ok(moved) => followed.moved += usize::from(moved),
                    Err(error) if is_of_one_thing(&error) => {
                        // One thing that cannot be understood must not hold up all others.
                        tracing::error!(?about, %error, "a change could not be taken in; it is left out");
                    }
                    Err(error) => {
                        outage = Some(error);
                        break;
                    }
                }
            }
            to = to.max(change.seq);
        }
        // Numbers between are of other kinds: a page that is not full reaches to the newest of all.
        if outage.is_none() && page.items.len() < CHANGES as usize {
            to = to.max(page.last_seq);
        }
        if to > from {
            self.ledger.advance_feed(&feed, from, to).await?;
        }
        outage.map_or(Ok(followed), Err)
    }

    async fn take_in(&self, about: &About, mode: Mode) -> Result<bool, Error> {
        match about {
            About::Parcels(order) => self.follow_parcels(order, mode).await,
            About::Consignment(id) => match self.ledger.get_consignment(id).await {
                Ok(consignment) if consignment.deed.mode == mode => self.compare(consignment).await,
                // Another gateway's, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::Consigning(Consigning::NotFound(_))) => Ok(false),
                Err(other) => Err(other.into()),
            },
        }
    }

    /// Brings a consignment to where the catalogue says it stands; true when it moved.
    pub(super) async fn compare(&self, mut consignment: Consignment) -> Result<bool, Error> {
        for _ in 0..TRIES {
            if consignment.state.is_final() {
                return Ok(false);
            }
            let Some(there) = self.look_up(&consignment.deed).await? else { return Ok(false) };
            let moves = self.catch_up(&consignment, &there, Actor::Catalogue, "told by the catalogue").await?;
            let after = self.after(&consignment, moves);
            if after.version == consignment.version {
                return Ok(false);
            }
            let look_at = self.look_at(&after);
            let written = Written { consignment: &after, known: consignment.version, look_at, report: None };
            match self.ledger.append_consignment(written).await {
                Ok(()) => return Ok(true),
                Err(ledger::Error::Moved) => {}
                Err(other) => return Err(other.into()),
            }
            consignment = self.ledger.get_consignment(&consignment.deed.id).await?;
        }
        Err(Error::Busy)
    }
}

fn about(change: &Change) -> Option<About> {
    let reference = change.out_ref.as_deref()?;
    match change.kind.as_str() {
        "shipment" => reference.parse().ok().map(About::Parcels),
        "consignment" => reference.parse().ok().map(About::Consignment),
        _ => None,
    }
}

/// Whether an error is about the one thing that was looked at, so that trying again would bring the same.
fn is_of_one_thing(error: &Error) -> bool {
    match error {
        Error::Nonsense(_) | Error::Ledger(ledger::Error::Unreadable { .. }) => true,
        Error::Upstream(error) => error.refusal().is_some() || matches!(error, upstream::Error::Nonsense(_)),
        _ => false,
    }
}

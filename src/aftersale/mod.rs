//! After sales: money back, with or without the goods, and what is needed until it is settled.
//!
//! **Actors.** A partner asks for money back; the supplier agrees or refuses; the marketplace decides when they cannot
//! agree; the ledger is the truth between us and the catalogue. `request` and `step` answer requests; `follow` and
//! `reconcile` are single passes that background tasks repeat, on any number of nodes.
//!
//! **The path of a refund** is told in `asking`: the intent is durable with its key before the catalogue is asked under our
//! own refund id. It is taken (201), rejected (409 with the figures), or nobody knows (202, `unknown`).
//!
//! **What partners do about it later** (withdraw, modify, send the goods back, ask for arbitration) is a `step`: its key
//! is claimed, the catalogue is told, and the events that follow are written with the answer. A step whose answer was
//! lost is looked up first: what it should have brought about stands in the refund or it does not. When that cannot be
//! told, the key is given back, and the same request decides it again, looking before it speaks.
//!
//! **When it fails**, and **what moves on its own**: both in `asking`.
//!
//! **Pictures** that prove something are decoded before anybody sees them, and what a camera wrote into them (places,
//! names, dates) is removed; the catalogue keeps the bytes, the ledger our id of them.
//!
//! The order's own state follows from the order at the catalogue and is no matter of this room.

mod catalogue;
mod error;
mod follow;
mod numbered;
mod picture;
mod read;
mod request;
mod step;
mod steps;
#[cfg(test)]
mod tests;
mod vouchers;

pub use crate::ledger::{
    Answer, Counted, NewRefund, Once, RefundFilter, Slice, SoughtRefunds, Span, Told, Unsettled, WantedPieces,
};
pub use error::{Declined, Error};
pub use picture::{MOST_PIXELS, MOST_SIDE, MediaType};
pub use request::Render;
pub use step::{Change, Plea, SendBack, Step};
pub use vouchers::Picture;

use crate::asking;
pub use crate::asking::{Reconciled, Times as Settings};
use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::model::partner::Mode;
use crate::model::refund::Refund;
use crate::upstream::Upstream;

/// The room of refunds; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Aftersale {
    settings: Settings,
    ledger: Ledger,
    upstream: Upstream,
    clock: Clock,
    feed: Feed,
}

impl Aftersale {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, upstream: Upstream, clock: Clock) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock.clone());
        Self { settings, ledger, upstream, clock, feed }
    }

    /// How many refunds are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        Ok(self.ledger.unsettled::<Refund>().await?)
    }

    /// One pass over the refunds of one world whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        asking::reconcile(self, mode).await
    }
}

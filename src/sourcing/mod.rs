//! Sourcing: what partners ask suppliers for, and what the catalogue has in place of what they sell today.
//!
//! **Actors.** A partner asks several suppliers for their price; each quotes, asks back by another quotation, or declines;
//! the ledger is the truth between us and the catalogue. `request`, `step` and `lock` answer requests; `follow` and
//! `reconcile` are single passes that background tasks repeat, on any number of nodes.
//!
//! **The path of an inquiry** is told in `asking`: the intent is durable with its key before the catalogue is asked under
//! our own inquiry id. It is taken (201), rejected (409), or nobody knows (202, `unknown`). A counter-offer has a reference
//! made of its key, so that saying it again is harmless; whoever lost the answer says it again.
//!
//! **How a quotation becomes an order.** `lock` turns it into a quote whose id follows from the quotation's: whoever
//! accepts it, and however often, gets the same quote. The room of orders places it like any other, once, with all that
//! belongs to it. The catalogue takes an order of a quotation only while that holds, and ends the inquiry in the same
//! moment: accepting has no call of its own that could be lost between the two, and accepting races expiring in one
//! place only.
//!
//! **When it fails**, and what moves on its own: in `asking`.
//!
//! **Source exchange** is in `matching`.

mod accept;
mod error;
mod follow;
pub mod matching;
mod read;
mod request;
mod step;
mod steps;
#[cfg(test)]
mod tests;
mod wish;

pub use crate::ledger::{Answer, Answers, InquiryFilter, Once, Told, Unsettled};
pub use error::{Declined, Error};
pub use request::Render;
pub use step::{Counter, Step};
pub use wish::Wish;

use crate::asking;
pub use crate::asking::{Reconciled, Times};
use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::lookup::Lookup;
use crate::model::inquiry::Inquiry;
use crate::model::partner::Mode;
use crate::model::quote::Warehouse;
use crate::rates::Rates;
use crate::upstream::Upstream;

/// How inquiries are dealt with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long things may take.
    pub times: Times,
    /// Where goods are gathered when the partner does not say.
    pub warehouse: Warehouse,
    /// The rates are none that a live quote may be made on.
    pub live_in_cny_only: bool,
}

/// The room; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Sourcing {
    settings: Settings,
    ledger: Ledger,
    upstream: Upstream,
    lookup: Lookup,
    rates: Rates,
    clock: Clock,
    feed: Feed,
}

impl Sourcing {
    /// The room, with what it works on.
    pub fn new(
        settings: Settings,
        ledger: Ledger,
        upstream: Upstream,
        lookup: Lookup,
        rates: Rates,
        clock: Clock,
    ) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock.clone());
        Self { settings, ledger, upstream, lookup, rates, clock, feed }
    }

    /// How many inquiries are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        Ok(self.ledger.unsettled::<Inquiry>().await?)
    }

    /// How the suppliers that were asked in the last thirty days answered, and for how many seconds the longest has been
    /// waited for.
    pub async fn answers(&self) -> Result<(Vec<Answers>, u64), Error> {
        Ok((self.ledger.count_answers().await?, self.ledger.longest_wait_s().await?))
    }

    /// One pass over the inquiries of one world whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        asking::reconcile(self, mode).await
    }
}

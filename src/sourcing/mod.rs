//! Sourcing: what partners ask suppliers for, and what the catalogue has in place of what they sell today.
//!
//! **Actors.** A partner asks several suppliers for their price; each quotes, asks back by another quotation, or declines;
//! the ledger is the truth between us and the catalogue. `request`, `step` and `lock` answer requests; `follow` and
//! `reconcile` are single passes that background tasks repeat, on any number of nodes.
//!
//! **The path of an inquiry.** `request` claims the idempotency key and writes the inquiry with `received` and
//! `sending_started` in one transaction: from then on the intent is durable. Then it asks the catalogue under our own
//! inquiry id as reference, which the catalogue takes once. What comes back is written together with the answer that
//! every repeat gets: taken (201), rejected (409), or no answer (202, `unknown`). A counter-offer has a reference made of
//! its key, so that saying it again is harmless; whoever lost the answer says it again.
//!
//! **How a quotation becomes an order.** `lock` turns it into a quote whose id follows from the quotation's: whoever
//! accepts it, and however often, gets the same quote. The room of orders places it like any other, once, with all that
//! belongs to it. The catalogue takes an order of a quotation only while that holds, and ends the inquiry in the same
//! moment: accepting has no call of its own that could be lost between the two, and accepting races expiring in one
//! place only.
//!
//! **When it fails.** A worker that dies leaves an inquiry in `sending`; `reconcile` finds it once its lease is over,
//! looks it up under our reference and takes it in, or asks again under the same reference, which cannot double it.
//! What stays unknown for too long is handed to a person. Every event is written only if no other was written since it
//! was decided, and an answer older than what is known (by the catalogue's version) moves nothing.
//!
//! **Source exchange** is in `matching`.

mod accept;
mod catalogue;
mod error;
mod follow;
pub mod matching;
mod ratings;
mod read;
mod reconcile;
mod request;
mod step;
mod steps;
#[cfg(test)]
mod tests;
mod wish;

use jiff::Timestamp;

pub use crate::ledger::{Answer, InquiryFilter, Once, Told, Unsettled};
pub use error::{Declined, Error};
pub use reconcile::Reconciled;
pub use request::Render;
pub use step::{Counter, Step};
pub use wish::Wish;

use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::model::inquiry::{Happening, Inquiry, State};
use crate::model::quote::Warehouse;
use crate::rates::Rates;
use crate::upstream::Upstream;

/// The longest pause between two looks at an unknown inquiry.
const LONGEST_PAUSE_MS: i64 = 10_000;

/// How inquiries are dealt with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one attempt may take until another worker may take over; well above the upstream deadline.
    pub lease_ms: i64,
    /// Pause until an unknown inquiry is looked up first; later looks are spaced out.
    pub reconcile_ms: i64,
    /// After so long an unknown inquiry is handed to a person, in seconds.
    pub unknown_bound_s: i64,
    /// How often an inquiry that is under way is compared with the catalogue, beside what the feed tells.
    pub compare_ms: i64,
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
    rates: Rates,
    clock: Clock,
    feed: Feed,
    ratings: ratings::Ratings,
}

impl Sourcing {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, upstream: Upstream, rates: Rates, clock: Clock) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock.clone());
        Self { settings, ledger, upstream, rates, clock, feed, ratings: ratings::Ratings::default() }
    }

    /// How many inquiries are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        Ok(self.ledger.unsettled::<Inquiry>().await?)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The inquiry after these happenings; those that may not happen (any more) are left out, and with them the rest.
    fn after(&self, inquiry: &Inquiry, happenings: Vec<Happening>) -> Inquiry {
        let mut after = inquiry.clone();
        for happening in happenings {
            let Ok(event) = after.next(self.now(), happening) else { break };
            if after.apply(event).is_err() {
                break;
            }
        }
        after
    }

    /// When an inquiry should be looked at next: an unknown one soon at first, then less often; one that is under way to
    /// be compared.
    fn look_at(&self, inquiry: &Inquiry) -> i64 {
        let now = self.clock.now_ms();
        match inquiry.state {
            State::Received | State::Sending | State::Unknown => {
                let age_ms = now - inquiry.deed.created_at.as_millisecond();
                now + (age_ms / 4).clamp(self.settings.reconcile_ms, self.settings.reconcile_ms.max(LONGEST_PAUSE_MS))
            }
            _ => now + self.settings.compare_ms,
        }
    }
}

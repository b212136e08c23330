//! Fulfilment: parcels on their way to the warehouse, and consignments that leave the country from there.
//!
//! **Actors.** Suppliers send parcels; the catalogue tells where they are. A partner gathers paid orders into a
//! consignment. Who receives and inspects its goods is said when it is opened: the partner's own staff, who report what
//! they do, or the warehouse, whose reports the catalogue tells. The handover to the carrier abroad is always the
//! partner's to report, because the carrier is.
//!
//! **Opening** goes the way of an order: key and intent first (`requested`, `opening_started`), then the catalogue under
//! our own id, then event and answer together. Taken is 201, refused is a problem that says what to mend, no answer is
//! 202 and `unknown`.
//!
//! **Reports** (receipts, inspections, the handover, giving up) are written down with their key before they are said,
//! and said under their own id. What came of one is not read from the answer alone: the catalogue's word about the whole
//! consignment is, and the moves between there and here are written. An answer that was lost is looked up; only a report
//! that is surely not there is said again, under the same id, by which the catalogue knows it.
//!
//! **Parcels** are remembered with where they were seen last, so that each of their steps is told once, whoever sees it
//! first: a partner who looks, or the feed.
//!
//! **At the warehouse** pieces may be taken out of what passed inspection, each wish once; and a parcel whose owner nobody
//! knows is found by its carrier's number.
//!
//! **What moves on its own.** `follow` reads the catalogue's change feed with a cursor of its own and takes in where
//! each changed parcel and consignment stands; taking in a change twice finds nothing left to do. `reconcile` settles
//! what is unknown and, now and then, compares every unfinished consignment, and the parcels of every order that is on
//! its way, with the catalogue's, which makes up for what the feed missed.

mod catalogue;
mod error;
mod follow;
mod open;
mod parcels;
mod photos;
mod read;
mod reconcile;
mod report;
mod steps;
#[cfg(test)]
mod tests;
mod warehouse;

use jiff::Timestamp;

pub use crate::ledger::{Answer, NewConsignment, Once, Outbound, TakenOut, Told, Unsettled};
pub use error::Error;
pub use open::{MOST_ORDERS, Render};
pub use read::Shown;
pub use reconcile::Reconciled;
pub use report::MOST_LINES;

use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::{KeyUse, Ledger};
use crate::model::consignment::{Consignment, Happening, State};
use crate::model::partner::Caller;
use crate::upstream::Upstream;

/// How often a decision is taken again because somebody else wrote first.
const TRIES: usize = 8;

/// How consignments are dealt with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one attempt may take until another worker may take over; well above the upstream deadline.
    pub lease_ms: i64,
    /// Pause until something unknown is looked up first; later looks are spaced out.
    pub reconcile_ms: i64,
    /// After so long something unknown is handed to a person, in seconds.
    pub unknown_bound_s: i64,
    /// Pause between comparisons of an unfinished consignment with the catalogue's.
    pub compare_ms: i64,
}

/// The room; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Fulfilment {
    settings: Settings,
    ledger: Ledger,
    upstream: Upstream,
    clock: Clock,
    feed: Feed,
}

impl Fulfilment {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, upstream: Upstream, clock: Clock) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock.clone());
        Self { settings, ledger, upstream, clock, feed }
    }

    /// How many consignments and reports are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        Ok(self.ledger.unsettled_consignments().await?)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn key_use(&self, caller: &Caller, once: Once, operation: &'static str) -> KeyUse {
        KeyUse {
            partner: caller.partner.id.clone(),
            mode: caller.mode,
            operation,
            key: once.key,
            body_hash: once.body_hash,
            lease_ms: self.settings.lease_ms,
        }
    }

    /// The consignment after these happenings; those that may not happen (any more) are left out, and with them the rest.
    fn after(&self, consignment: &Consignment, happenings: Vec<Happening>) -> Consignment {
        let mut after = consignment.clone();
        for happening in happenings {
            let Ok(event) = after.next(self.now(), happening) else { break };
            if after.apply(event).is_err() {
                break;
            }
        }
        after
    }

    /// When a consignment should be looked at next: what is open in its own time, what is unknown soon.
    fn look_at(&self, consignment: &Consignment) -> i64 {
        match consignment.state {
            State::Opening | State::Unknown => self.soon(consignment.deed.created_at),
            State::Requested => consignment.deed.created_at.as_millisecond() + self.settings.unknown_bound_s * 1000,
            _ => self.clock.now_ms() + self.settings.compare_ms,
        }
    }

    /// When something that is unknown should be looked at next: soon at first, then less often.
    fn soon(&self, since: Timestamp) -> i64 {
        let now = self.clock.now_ms();
        let age_ms = now - since.as_millisecond();
        now + (age_ms / 4).clamp(self.settings.reconcile_ms, self.settings.reconcile_ms.max(20_000))
    }

    /// When something that a person has to look into should be looked at next.
    fn seldom(&self) -> i64 {
        const SELDOM_MS: i64 = 300_000;
        self.clock.now_ms() + SELDOM_MS
    }

    /// Whether every call that was made until then is surely over: what the catalogue does not have then, and refuses
    /// now, it will never have.
    fn is_quiet(&self, attempted_at: Timestamp) -> bool {
        self.clock.now_ms() - attempted_at.as_millisecond() >= self.settings.lease_ms
    }

    fn is_overdue(&self, since: Timestamp) -> bool {
        self.now().as_second() - since.as_second() > self.settings.unknown_bound_s
    }
}

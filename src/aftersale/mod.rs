//! After sales: money back, with or without the goods, and what is needed until it is settled.
//!
//! **Actors.** A partner asks for money back; the supplier agrees or refuses; the marketplace decides when they cannot
//! agree; the ledger is the truth between us and the catalogue. `request` and `step` answer requests; `follow` and
//! `reconcile` are single passes that background tasks repeat, on any number of nodes.
//!
//! **The path of a refund.** `request` claims the idempotency key and writes the refund with `received` and
//! `requesting_started` in one transaction: from then on the intent is durable. Then it asks the catalogue under our own
//! refund id as reference, which the catalogue takes once. What comes back is written together with the answer that
//! every repeat gets: taken (201), rejected (409 with the figures), or no answer (202, `unknown`).
//!
//! **What partners do about it later** (withdraw, modify, send the goods back, ask for arbitration) is a `step`: its key
//! is claimed, the catalogue is told, and the events that follow are written with the answer. A step whose answer was
//! lost is looked up first: what it should have brought about stands in the refund or it does not. When that cannot be
//! told, the key is given back, and the same request decides it again, looking before it speaks.
//!
//! **When it fails.** A worker that dies leaves a refund in `requesting`; `reconcile` finds it once its lease is over,
//! looks it up under our reference and takes it in, or asks again under the same reference, which cannot double it.
//! What stays unknown for too long is handed to a person. Every event is written only if no other was written since it
//! was decided (`append_refund` names the version), and takes the refund from where it stood to where the catalogue says
//! it stands; an answer older than what is known (by the catalogue's version) moves nothing.
//!
//! **What moves on its own.** `follow` reads the catalogue's changes to refunds with a cursor of its own; whatever that
//! should miss is found by `reconcile`, which compares every open refund from time to time.
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
mod reconcile;
mod request;
mod step;
mod steps;
#[cfg(test)]
mod tests;
mod vouchers;

use jiff::Timestamp;

pub use crate::ledger::{
    Answer, Counted, NewRefund, Once, RefundFilter, Slice, SoughtRefunds, Span, Told, Unsettled, WantedPieces,
};
pub use error::{Declined, Error};
pub use picture::{MOST_PIXELS, MOST_SIDE, MediaType};
pub use reconcile::Reconciled;
pub use request::Render;
pub use step::{Change, Plea, SendBack, Step};
pub use vouchers::Picture;

use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::model::refund::{Happening, Refund, State};
use crate::upstream::Upstream;

/// The longest pause between two looks at an unknown refund.
const LONGEST_PAUSE_MS: i64 = 10_000;

/// How refunds are dealt with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long one attempt may take until another worker may take over; well above the upstream deadline.
    pub lease_ms: i64,
    /// Pause until an unknown refund is looked up first; later looks are spaced out.
    pub reconcile_ms: i64,
    /// After so long an unknown refund is handed to a person, in seconds.
    pub unknown_bound_s: i64,
    /// How often a refund that is under way is compared with the catalogue, beside what the feed tells.
    pub compare_ms: i64,
}

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

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The refund after these happenings; those that may not happen (any more) are left out, and with them the rest.
    fn after(&self, refund: &Refund, happenings: Vec<Happening>) -> Refund {
        let mut after = refund.clone();
        for happening in happenings {
            let Ok(event) = after.next(self.now(), happening) else { break };
            if after.apply(event).is_err() {
                break;
            }
        }
        after
    }

    /// When a refund should be looked at next: an unknown one soon at first, then less often; one that is under way to
    /// be compared.
    fn look_at(&self, refund: &Refund) -> i64 {
        let now = self.clock.now_ms();
        match refund.state {
            State::Received | State::Requesting | State::Unknown => {
                let age_ms = now - refund.deed.created_at.as_millisecond();
                now + (age_ms / 4).clamp(self.settings.reconcile_ms, self.settings.reconcile_ms.max(LONGEST_PAUSE_MS))
            }
            _ => now + self.settings.compare_ms,
        }
    }
}

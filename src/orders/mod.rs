//! Quotes, orders and payments: placed once, never lost, followed until they end.
//!
//! **Actors.** A partner asks; the catalogue executes; the ledger is the truth between them. `place`, `cancel`, `pay`
//! answer requests; `follow` and `reconcile` are single passes that background tasks repeat, on any number of nodes.
//!
//! **The path of an order.** `place` claims the idempotency key and writes the order with `received` and
//! `placing_started` in one transaction: from then on the intent is durable. Then it calls the catalogue under our own
//! order id as reference, which the catalogue takes once. What comes back is written together with the answer that
//! every repeat gets: taken (201), refused (409 with the new figures), or no answer (202, `unknown`).
//! When the call surely never went out, the key is released: the same request starts again where this one ended.
//! An order by lines is quoted first, and the quote is stored; whether the key was seen before is asked even before that,
//! so that a repeat gets its answer whatever the lines would cost by then (`wish`).
//!
//! **When it fails.** A worker that dies leaves an order in `placing`; `reconcile` finds it once its lease is over,
//! looks it up at the catalogue under our reference and confirms it, or places it again under the same reference. A
//! request repeated with its key does the same. What stays unknown for too long is handed to a person. Open orders are
//! claimed in batches and looked at side by side; once the catalogue is back, the last of them is settled within a minute.
//! A debit without an answer is read back by its reference and said again only if it is not there. Nobody guesses:
//! every step is an event, written only if no other was written since it was decided (`append` names the version).
//! Likewise a part of a payment is held by whoever works on it, and only the newest holder debits and says how it went;
//! `failed` is said once no debit under its reference can be on its way any more. Should the order turn out to be paid
//! all the same, the catalogue is asked by which reference, and the part becomes `paid`.
//!
//! **What moves on its own.** `follow` reads the catalogue's change feed, asks where each changed order stands, and
//! appends the moves between there and here; taking in a change twice finds nothing left to do. A standing is always
//! read after the order it is compared with, and written only if nobody wrote on that order since: so the newest word of
//! the catalogue wins, also where an order can go back, as from `refunding`. `compare` walks everything now and then
//! and repairs by the same steps what the feed missed. What cannot be repaired by itself (the catalogue goes on with
//! what ended here, or lost what is open here) is marked for a person: `needing_attention` lists it.

mod buyers;
mod catalogue;
mod change;
mod compare;
mod error;
mod follow;
mod numbered;
mod operator;
mod pay;
mod pay_wish;
mod place;
mod quote;
mod read;
mod reconcile;
mod steps;
#[cfg(test)]
mod tests;
mod wish;

use std::sync::Arc;

use jiff::Timestamp;

pub use crate::ledger::{Answer, Counted, Filter, Once, Slice, Sought, Span, Told, Unsettled};
pub use compare::Compared;
pub use error::{Error, Refused};
pub use operator::{Declined, Looked};
pub use pay_wish::{Expected, MOST_ORDERS, NewPayment};
pub use place::Render;
pub use quote::{NewQuote, Quoted};
pub use read::PaymentOptions;
pub use reconcile::Reconciled;
pub use wish::{Basis, NewOrder, OtherTotal};

use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::model::order::{Happening, Order};
use crate::model::quote::Warehouse;
use crate::rates::Rates;
use crate::upstream::Upstream;

/// How orders are dealt with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long a quote holds, in seconds.
    pub quote_valid_s: i64,
    /// Where goods are gathered when the partner does not say.
    pub warehouse: Warehouse,
    /// How long one attempt may take until another worker may take over; well above the upstream deadline.
    pub lease_ms: i64,
    /// Pause until an unknown order is looked up first; later looks are spaced out.
    pub reconcile_ms: i64,
    /// After so long an unknown order is handed to a person, in seconds.
    pub unknown_bound_s: i64,
    /// How often all orders are compared with the catalogue's.
    pub compare_ms: i64,
    /// The rates are none that a live quote may be made on.
    pub live_in_cny_only: bool,
}

/// The room of orders; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Orders {
    settings: Settings,
    ledger: Ledger,
    upstream: Upstream,
    rates: Rates,
    clock: Clock,
    feed: Feed,
    found: Arc<compare::Tally>,
}

/// The longest pause between two looks at an unknown order. Once the catalogue is back, an order that it does not have
/// and refuses now is settled after one such pause and one lease: within a minute in all.
const LONGEST_PAUSE_MS: i64 = 10_000;

impl Orders {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, upstream: Upstream, rates: Rates, clock: Clock) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock.clone());
        Self { settings, ledger, upstream, rates, clock, feed, found: Arc::default() }
    }

    /// How many orders are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        Ok(self.ledger.unsettled::<Order>().await?)
    }

    /// Forgets keys past their life and quotes long expired; gives how many.
    pub async fn tidy(&self) -> Result<u64, Error> {
        Ok(self.ledger.tidy().await?)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The order after these happenings; those that may not happen (any more) are left out, and with them the rest.
    fn after(&self, order: &Order, happenings: Vec<Happening>) -> Order {
        let mut after = order.clone();
        for happening in happenings {
            let Ok(event) = after.next(self.now(), happening) else { break };
            if after.apply(event).is_err() {
                break;
            }
        }
        after
    }

    /// When an order that is unknown now should be looked at next: soon at first, then less often.
    fn look_at(&self, order: &Order) -> i64 {
        let now = self.clock.now_ms();
        let age_ms = now - order.deed.created_at.as_millisecond();
        now + (age_ms / 4).clamp(self.settings.reconcile_ms, self.settings.reconcile_ms.max(LONGEST_PAUSE_MS))
    }
}

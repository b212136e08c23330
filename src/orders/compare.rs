//! The full comparison: everything the catalogue has of our partners beside everything that is open here. It repairs
//! what the change feed missed, and counts and tells what it found.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use super::follow::Took;
use super::steps::catch_up;
use super::{Error, Orders};
use crate::feed::{Fault, Follows};
use crate::ledger;
use crate::model::ids::{OrderId, PartnerId};
use crate::model::order::{Actor, Attention, Facts, Happening, Kind, Order, State};
use crate::model::partner::Mode;
use crate::translate::trade::{self, Asked, Standing};
use crate::upstream::wholesale::wire::trade as wire;

/// Orders placed longer ago than this are walked no more; those that are still open here are asked for one by one.
const HORIZON_DAYS: i64 = 60;
/// So many partners that cannot be compared one after another are no matter of single partners any more.
const IN_A_ROW: usize = 5;
/// How many open orders are read at once.
const OPEN_AT_ONCE: u32 = 200;

/// What one comparison found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Orders of the catalogue that were looked at.
    pub seen: u64,
    /// Orders that had moved without our having heard of it, and were brought there.
    pub moved: u64,
    /// Orders that are open here and that the catalogue does not have.
    pub missing_there: u64,
    /// Orders of our partners at the catalogue that nobody here knows.
    pub unknown_here: u64,
    /// Orders that ended here and were paid or go on there.
    pub went_on: u64,
    /// Orders that could not be understood.
    pub unreadable: u64,
}

/// What all comparisons of this process found.
#[derive(Debug, Default)]
pub(super) struct Tally([AtomicU64; 5]);

impl Compared {
    /// What was found, by kind.
    pub fn rows(&self) -> [(&'static str, u64); 5] {
        [
            ("moved", self.moved),
            ("missing_there", self.missing_there),
            ("unknown_here", self.unknown_here),
            ("went_on", self.went_on),
            ("unreadable", self.unreadable),
        ]
    }
}

impl Orders {
    /// Compares all orders of a world with the catalogue's, if it is time and no other node does.
    pub async fn compare(&self, mode: Mode) -> Result<Option<Compared>, Error> {
        if !self.ledger.claim_comparison(mode, self.settings.compare_ms).await? {
            return Ok(None);
        }
        let mut found = Compared::default();
        let (mut failed, mut in_a_row, mut well) = (None, 0, 0);
        for partner in self.ledger.list_buyers(mode).await? {
            match self.compare_partner(mode, &partner, &mut found).await {
                Ok(()) => (well, in_a_row) = (well + 1, 0),
                Err(error) => {
                    tracing::error!(%partner, mode = mode.name(), %error, "a partner's orders could not be compared to the end");
                    (failed, in_a_row) = (Some(error), in_a_row + 1);
                    // The next partner's may be asked about, unless nobody's may.
                    if in_a_row >= IN_A_ROW {
                        break;
                    }
                }
            }
        }
        self.add_up(&found);
        tracing::info!(mode = mode.name(), ?found, "orders were compared with the catalogue's");
        let Some(error) = failed else { return Ok(Some(found)) };
        // What was not looked at must not wait for the next turn; nor must all others be walked again at once for it.
        let pause_ms = if well == 0 { 0 } else { self.settings.compare_ms / 12 };
        self.ledger.give_comparison_back(mode, self.settings.compare_ms, pause_ms).await?;
        Err(error)
    }

    /// What all comparisons of this process found, by kind.
    pub fn compared(&self) -> [(&'static str, u64); 5] {
        let mut rows = Compared::default().rows();
        for (row, count) in rows.iter_mut().zip(&self.found.0) {
            row.1 = count.load(Ordering::Relaxed);
        }
        rows
    }

    /// Orders that somebody has to look at, the longest waiting first, without their events.
    pub async fn needing_attention(&self, limit: u32) -> Result<Vec<Order>, Error> {
        Ok(self.ledger.needing_attention(limit).await?)
    }

    /// How many orders somebody has to look at, by why.
    pub async fn count_attention(&self) -> Result<Vec<(Attention, u64)>, Error> {
        Ok(self.ledger.count_attention().await?)
    }

    fn add_up(&self, found: &Compared) {
        for (count, (_, more)) in self.found.0.iter().zip(found.rows()) {
            count.fetch_add(more, Ordering::Relaxed);
        }
    }

    async fn compare_partner(&self, mode: Mode, partner: &PartnerId, found: &mut Compared) -> Result<(), Error> {
        let seen = self.walk(mode, partner, found).await?;
        let mut after: Option<OrderId> = None;
        loop {
            let open = self.ledger.list_open(partner, mode, after.as_ref(), OPEN_AT_ONCE).await?;
            for id in open.iter().filter(|id| !seen.contains(*id)) {
                let took = self.ask_for(id, mode).await;
                count(took, id, found)?;
            }
            match open.last() {
                Some(last) => after = Some(last.clone()),
                None => return Ok(()),
            }
        }
    }

    /// Walks the catalogue's orders of a partner, newest first; gives those that were seen.
    async fn walk(&self, mode: Mode, partner: &PartnerId, found: &mut Compared) -> Result<HashSet<OrderId>, Error> {
        let horizon = self.now() - jiff::SignedDuration::from_hours(24 * HORIZON_DAYS);
        let (mut seen, mut token) = (HashSet::new(), None::<String>);
        loop {
            let page = match self.page_there(mode, partner, token.as_deref()).await {
                Ok(page) => page,
                Err(error) if is_unreadable(&error) => {
                    // What is open here and was not seen yet is asked for one by one.
                    tracing::error!(%partner, %error, "a page of the catalogue's orders could not be read; the walk ends there");
                    found.unreadable += 1;
                    return Ok(seen);
                }
                Err(outage) => return Err(outage),
            };
            let old = page.items.last().and_then(trade::placed_at).is_some_and(|oldest| oldest < horizon);
            for order in page.items {
                found.seen += 1;
                let Ok(id) = order.out_ref.parse::<OrderId>() else {
                    unknown_here(&order, found);
                    continue;
                };
                let took = self.look_at_one(&id, mode, order, found).await;
                count(took, &id, found)?;
                seen.insert(id);
            }
            match page.next_page_token.filter(|_| !old) {
                Some(next) => token = Some(next),
                None => return Ok(seen),
            }
        }
    }

    /// Compares one order of the catalogue with ours; what differs is read again and brought up to date.
    async fn look_at_one(
        &self,
        id: &OrderId,
        mode: Mode,
        there: wire::Order,
        found: &mut Compared,
    ) -> Result<Took, Error> {
        let here = match self.ledger.get_order(id).await {
            Ok(here) if here.deed.mode == mode => here,
            // The other world's, where both worlds are one catalogue.
            Ok(_) => return Ok(Took::Nothing),
            Err(ledger::Error::OrderNotFound(_)) => {
                unknown_here(&there, found);
                return Ok(Took::Nothing);
            }
            Err(other) => return Err(other.into()),
        };
        let standing = trade::standing(there)?;
        if differs(&here, &standing) { self.catch_up_with(id, mode).await } else { Ok(Took::Nothing) }
    }

    /// Asks for an order that is open here and was not in the walk.
    async fn ask_for(&self, id: &OrderId, mode: Mode) -> Result<Took, Error> {
        let here = self.ledger.get_order(id).await?;
        match self.look_up(&here.deed).await? {
            Some(standing) if differs(&here, &standing) => self.catch_up_with(id, mode).await,
            Some(_) => Ok(Took::Nothing),
            None if here.catalogue_order.is_none() => Ok(Took::Nothing),
            None => {
                tracing::error!(order = %id, state = %here.state, "the catalogue does not have an order any more; somebody has to look");
                if here.attention.is_none() && !here.is_cleared_by_hand() {
                    let gone =
                        Happening::new(Kind::WentMissing, Actor::Gateway, "the catalogue does not have it any more");
                    self.write(&here, vec![gone]).await?;
                }
                Ok(Took::Missing)
            }
        }
    }
}

/// Whether an order does not stand where the catalogue says, as far as a list tells.
fn differs(here: &Order, there: &Standing) -> bool {
    if here.state == State::Received {
        return false;
    }
    let ended = |state| matches!(state, State::Rejected | State::Cancelled | State::Closed | State::Refunded);
    let undone = ended(here.state) && !ended(there.state);
    let refunding = (here.state == State::Refunding) != (there.back.asked != Asked::Nothing);
    undone || refunding || here.attention.is_some() || !catch_up(here, there, Actor::Catalogue, "").is_empty()
}

fn count(took: Result<Took, Error>, id: &OrderId, found: &mut Compared) -> Result<(), Error> {
    match took {
        Ok(Took::Nothing | Took::NotOurs) => {}
        Ok(Took::Moved) => {
            tracing::warn!(order = %id, "an order had moved without our having heard of it");
            found.moved += 1;
        }
        Ok(Took::WentOn) => found.went_on += 1,
        Ok(Took::Missing) => found.missing_there += 1,
        Err(error) if is_unreadable(&error) => {
            tracing::error!(order = %id, %error, "an order could not be compared; it is left out");
            found.unreadable += 1;
        }
        Err(outage) => return Err(outage),
    }
    Ok(())
}

/// Whether asking for something else may go well.
fn is_unreadable(error: &Error) -> bool {
    matches!(Orders::fault(error), Fault::OfOne | Fault::Garbage)
}

fn unknown_here(order: &wire::Order, found: &mut Compared) {
    found.unknown_here += 1;
    let (reference, partner) = (&order.out_ref, &order.partner_code);
    tracing::error!(
        number = order.order_no,
        reference,
        partner,
        status = order.status,
        "the catalogue has an order that nobody here knows"
    );
}

/// What an order that went on at the catalogue is marked with.
pub(super) fn went_on(standing: &Standing) -> Happening {
    let facts = Facts { catalogue_order: Some(standing.number), ..Facts::default() };
    let cause = if standing.paid {
        "it ended here, but was paid at the catalogue"
    } else {
        "it ended here, but goes on at the catalogue"
    };
    Happening::new(Kind::WentOn, Actor::Catalogue, cause).with(facts)
}

//! What a partner changes about an order afterwards: taking it back, and saying that the goods arrived.

use super::place::TRIES;
use super::steps::catch_up;
use super::{Error, Orders};
use crate::ledger;
use crate::model::ids::{CatalogueOrderId, OrderId};
use crate::model::order::{Actor, Facts, Happening, Kind, Order, State};
use crate::model::partner::Caller;
use crate::translate::trade::Standing;
use crate::upstream::Outcome;

impl Orders {
    /// Takes an unpaid order back; asked twice it answers the same. While the order's own outcome is unknown it cannot
    /// be taken back: what does not surely exist cannot surely be cancelled.
    pub async fn cancel(&self, caller: &Caller, id: &OrderId, reason: Option<&str>) -> Result<Order, Error> {
        for _ in 0..TRIES {
            let order = self.get(caller, id).await?;
            let moved = match (order.state, order.catalogue_order) {
                (State::Cancelled, _) => return Ok(order),
                (State::Received, _) => {
                    let cause = reason.unwrap_or("cancelled before it was placed");
                    self.write(&order, vec![Happening::new(Kind::Cancelled, Actor::Partner, cause)]).await?
                }
                (State::AwaitingPayment, Some(number)) => self.cancel_there(&order, number, reason).await?,
                (state, _) => return Err(Error::Conflict { state, advice: advice_on_cancel(state) }),
            };
            match moved {
                Some(after) if after.state == State::Cancelled => return Ok(after),
                Some(after) => {
                    return Err(Error::Conflict { state: after.state, advice: advice_on_cancel(after.state) });
                }
                None => {}
            }
        }
        Err(Error::Busy)
    }

    async fn cancel_there(
        &self,
        order: &Order,
        number: CatalogueOrderId,
        reason: Option<&str>,
    ) -> Result<Option<Order>, Error> {
        let cause = reason.unwrap_or("cancelled by the partner");
        let there = self.take_back(&order.deed, number, cause).await;
        self.take_in(order, there, cause).await
    }

    /// Says that the goods arrived; asked twice it answers the same.
    pub async fn confirm_receipt(&self, caller: &Caller, id: &OrderId) -> Result<Order, Error> {
        for _ in 0..TRIES {
            let order = self.get(caller, id).await?;
            let moved = match (order.state, order.catalogue_order) {
                (State::Completed, _) => return Ok(order),
                // The catalogue may be further than we have heard; it knows best whether this can be said now.
                (
                    State::Shipped
                    | State::AtWarehouse
                    | State::Inspected
                    | State::HandedOver
                    | State::Paid
                    | State::Preparing,
                    Some(number),
                ) => {
                    let there = self.say_received(&order.deed, number).await;
                    self.take_in(&order, there, "receipt confirmed by the partner").await?
                }
                (state, _) => return Err(Error::Conflict { state, advice: ADVICE_ON_RECEIPT }),
            };
            match moved {
                Some(after) if after.state == State::Completed => return Ok(after),
                Some(after) => return Err(Error::Conflict { state: after.state, advice: ADVICE_ON_RECEIPT }),
                None => {}
            }
        }
        Err(Error::Busy)
    }

    /// Writes to the supplier: replaces the note that the catalogue shows with the order, and keeps it as an event. The
    /// note that is there already changes nothing. Whoever does not know whether it arrived says it again.
    pub async fn add_note(&self, caller: &Caller, id: &OrderId, note: &str) -> Result<Order, Error> {
        for _ in 0..TRIES {
            let order = self.get(caller, id).await?;
            if order.note.as_deref() == Some(note) {
                return Ok(order);
            }
            let Some(number) = order.catalogue_order.filter(|_| Kind::Noted.from().contains(&order.state)) else {
                return Err(Error::Conflict { state: order.state, advice: advice_on_note(order.state) });
            };
            match self.write_memo(&order.deed, number, note).await {
                Ok(()) => {}
                Err(Error::Upstream(error))
                    if error.refusal().is_some_and(|refused| refused.error_code == "STATUS_NOT_ALLOWED") =>
                {
                    return Err(Error::Conflict { state: order.state, advice: ENDED });
                }
                Err(other) => return Err(other),
            }
            let facts = Facts { note: Some(note.to_owned()), ..Facts::default() };
            let noted = Happening::new(Kind::Noted, Actor::Partner, "a note to the supplier").with(facts);
            if let Some(after) = self.write(&order, vec![noted]).await? {
                return Ok(after);
            }
        }
        Err(Error::Busy)
    }

    /// Takes in how an order stands after an instruction. Whether it was carried out, was not allowed, or nobody knows:
    /// the catalogue's own word about the order decides. `None` when another wrote first.
    async fn take_in(
        &self,
        order: &Order,
        there: Result<Standing, Error>,
        cause: &str,
    ) -> Result<Option<Order>, Error> {
        let (standing, actor, lost) = match there {
            Ok(standing) => (standing, Actor::Partner, None),
            // Only this refusal is about where the order stands; any other is for the operator to look into.
            Err(Error::Upstream(error))
                if error.refusal().is_some_and(|refused| refused.error_code != "STATUS_NOT_ALLOWED") =>
            {
                return Err(error.into());
            }
            Err(Error::Upstream(error)) if error.outcome() != Outcome::NotExecuted => {
                let stands = self.look_up(&order.deed).await?;
                (
                    stands.ok_or(Error::OrderNotFound)?,
                    Actor::Catalogue,
                    (error.outcome() == Outcome::Unknown).then_some(error),
                )
            }
            Err(other) => return Err(other),
        };
        let moves = catch_up(order, &standing, actor, cause);
        match (moves.is_empty(), lost) {
            // It stands where it stood and the instruction may still arrive: nothing can be promised.
            (true, Some(error)) => Err(error.into()),
            (true, None) => Ok(Some(order.clone())),
            (false, _) => self.write(order, moves).await,
        }
    }

    /// Writes happenings on an order; `None` when another wrote first.
    pub(super) async fn write(&self, order: &Order, happenings: Vec<Happening>) -> Result<Option<Order>, Error> {
        self.write_until(order, happenings, self.look_at(order)).await
    }

    /// The same, saying when an order that is unsettled then should be looked at.
    pub(super) async fn write_until(
        &self,
        order: &Order,
        happenings: Vec<Happening>,
        look_at: i64,
    ) -> Result<Option<Order>, Error> {
        let after = self.after(order, happenings);
        match self.ledger.append(&after, order.version, look_at).await {
            Ok(()) => Ok(Some(after)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

const ADVICE_ON_RECEIPT: &str = "Receipt can be confirmed once the goods are at the warehouse.";

const ENDED: &str = "It has ended already.";

fn advice_on_note(state: State) -> &'static str {
    match state {
        State::Received | State::Placing | State::Unknown => {
            "Its placing is not settled yet; wait until it is awaiting_payment, then write."
        }
        _ => ENDED,
    }
}

fn advice_on_cancel(state: State) -> &'static str {
    match state {
        State::Placing | State::Unknown => {
            "Its placing is not settled yet; wait until it is awaiting_payment or rejected, then cancel."
        }
        State::Rejected => "Nothing was ordered, so there is nothing to cancel.",
        State::Closed | State::Refunded => ENDED,
        _ => "Only orders that are not paid can be cancelled.",
    }
}

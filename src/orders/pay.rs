//! Paying: a page for a person, or a debit. Each order's part is settled by itself; a debit whose answer was lost is
//! read back, and said again only under its own reference, by which the catalogue knows it.

use std::collections::HashSet;

use super::steps::catch_up;
use super::{Answer, Error, Once, Orders, Told};
use crate::error::{Failure, Place};
use crate::ledger::{Begun, OpenPart};
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Happening, Kind, Order, State};
use crate::model::partner::Caller;
use crate::model::payment::{Method, Part, PartState, Payment};
use crate::translate::trade::PaidHow;
use crate::upstream::Outcome;
use crate::upstream::wholesale::wire::trade::PayMode;

/// How many orders one payment may be for.
pub const MOST_ORDERS: usize = 20;

/// A wish to pay.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// For which orders.
    pub orders: Vec<OrderId>,
    /// How.
    pub method: Method,
}

impl Orders {
    /// Pays once, however often it is asked for.
    pub async fn pay(
        &self,
        caller: &Caller,
        once: Once,
        wish: NewPayment,
        render: &(dyn Fn(&Payment) -> Answer + Sync),
    ) -> Result<Told, Error> {
        check(&wish.orders)?;
        let asked = self.key_use(caller, once, "create_payment");
        let (lease, payment, fresh) = match self.ledger.begin_payment(asked, wish.method, wish.orders).await? {
            Begun::Seen(answer) => return Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, payment) => (lease, payment, true),
            Begun::Resumed(lease, payment) => (lease, payment, false),
        };
        for part in payment.parts.iter().filter(|part| is_open(part)) {
            self.pay_part(&payment, &part.order, fresh).await?;
        }
        let payment = self.payment(caller, &payment.id).await?;
        let answer = render(&payment);
        self.ledger.commit_payment(&lease, &answer).await?;
        Ok(Told { answer, replayed: false })
    }

    /// Settles one order's part. `fresh` says that nothing was asked for before.
    async fn pay_part(&self, payment: &Payment, id: &OrderId, fresh: bool) -> Result<(), Error> {
        let order = self.ledger.get_order(id).await?;
        let settled = |state, pay_url, problem: Option<&str>| Part {
            order: id.clone(),
            state,
            pay_url,
            problem: problem.map(str::to_owned),
        };
        let (State::AwaitingPayment, Some(number)) = (order.state, order.catalogue_order) else {
            let part = if order.paying == crate::model::order::Paying::Paid {
                settled(PartState::Paid, None, None)
            } else {
                settled(PartState::Failed, None, Some("order_state_conflict"))
            };
            return Ok(self.ledger.settle_part(&payment.id, &part).await?);
        };
        if !fresh && payment.method == Method::Debit && self.read_back(&order).await? {
            return Ok(());
        }
        let how = match payment.method {
            Method::Page => PayMode::Page,
            Method::Debit => PayMode::Debit,
        };
        let part = match self.ask_to_pay(payment.mode, number, how, payment.id.as_str()).await {
            // Read the order rather than trust the answer alone: the event follows from where the order stands.
            Ok(PaidHow::Taken) if self.read_back(&order).await? => return Ok(()),
            Ok(PaidHow::Taken) => settled(PartState::Unknown, None, None),
            Ok(PaidHow::At(url)) => {
                let opened = Happening::new(Kind::PageOpened, Actor::Partner, "a payment page was opened");
                self.write(&order, vec![opened]).await?;
                settled(PartState::Pending, Some(url), None)
            }
            Err(error) => match problem(&error) {
                Some(problem) => settled(PartState::Failed, None, Some(problem)),
                None if payment.method == Method::Page => {
                    settled(PartState::Failed, None, Some(error.code().facts().name))
                }
                None => match self.read_back(&order).await {
                    Ok(true) => return Ok(()),
                    _ => settled(PartState::Unknown, None, None),
                },
            },
        };
        Ok(self.ledger.settle_part(&payment.id, &part).await?)
    }

    /// Takes in where an order stands at the catalogue; true when it is not waiting for money any more (its payments
    /// are settled by the event that says so).
    async fn read_back(&self, order: &Order) -> Result<bool, Error> {
        let Some(standing) = self.look_up(&order.deed).await? else { return Err(Error::OrderNotFound) };
        let mut order = order.clone();
        while order.state == State::AwaitingPayment {
            let moves = catch_up(&order, &standing, Actor::Catalogue, "read back after a payment");
            if moves.is_empty() {
                return Ok(false);
            }
            if self.write(&order, moves).await?.is_some() {
                return Ok(true);
            }
            order = self.ledger.get_order(&order.deed.id).await?;
        }
        Ok(true)
    }

    /// Settles a debit that nobody heard of for a while: read back first, then said again under its own reference.
    pub(super) async fn settle_open(&self, open: &OpenPart) -> Result<(), Error> {
        let order = self.ledger.get_order(&open.order).await?;
        let payment = self.ledger.find_payment(&order.deed.partner, order.deed.mode, &open.payment).await?;
        let payment = payment.ok_or(Error::PaymentNotFound)?;
        self.pay_part(&payment, &open.order, false).await
    }
}

fn is_open(part: &Part) -> bool {
    matches!(part.state, PartState::Pending | PartState::Unknown) && part.pay_url.is_none()
}

/// The code of a payment that surely failed; none when it may have been executed.
fn problem(error: &Error) -> Option<&'static str> {
    let Error::Upstream(error) = error else { return None };
    match (error.outcome(), error.refusal()) {
        (_, Some(refused)) if refused.error_code == "PAY_EXPIRED" => Some("payment_expired"),
        (_, Some(_)) => Some("order_state_conflict"),
        (Outcome::NotExecuted, None) => Some(error.code().facts().name),
        (_, None) => None,
    }
}

fn check(orders: &[OrderId]) -> Result<(), Error> {
    let mut places = Vec::new();
    if orders.is_empty() || orders.len() > MOST_ORDERS {
        places.push(Place::body("/order_ids", format!("1 to {MOST_ORDERS} orders")));
    }
    let mut seen = HashSet::new();
    for (at, order) in orders.iter().enumerate() {
        if !seen.insert(order) {
            places.push(Place::body(&format!("/order_ids/{at}"), "this order is listed before"));
        }
    }
    if places.is_empty() { Ok(()) } else { Err(Error::Invalid(places)) }
}

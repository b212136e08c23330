//! Reading: orders one by one and in lists, and how they can be paid.

use jiff::Timestamp;

use super::{Error, Filter, Orders};
use crate::model::ids::{OrderId, PaymentId};
use crate::model::money::Money;
use crate::model::order::{Order, Paying, Reference, State};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Caller;
use crate::model::payment::{Method, Payment};

/// How an order can be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentOptions {
    /// The ways; none when there is nothing to pay.
    pub methods: &'static [Method],
    /// How much, in CNY.
    pub total: Money,
    /// Until when; none when it does not wait for money.
    pub pay_by: Option<Timestamp>,
    /// Where the order stands.
    pub state: State,
    /// Why there is no way to pay, and what to do; none when there is one.
    pub why_not: Option<&'static str>,
}

impl Orders {
    /// A partner's order with its events.
    pub async fn get(&self, caller: &Caller, id: &OrderId) -> Result<Order, Error> {
        let found = self.ledger.find_order(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::OrderNotFound)
    }

    /// The same by the partner's own number.
    pub async fn by_reference(&self, caller: &Caller, reference: &Reference) -> Result<Order, Error> {
        let found = self.ledger.find_by_reference(&caller.partner.id, caller.mode, reference).await?;
        found.ok_or(Error::OrderNotFound)
    }

    /// A partner's orders, newest first, without their events.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &Filter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Order>, Error> {
        Ok(self.ledger.list_orders(&caller.partner.id, caller.mode, filter, after, size).await?)
    }

    /// How an order can be paid now.
    pub async fn payment_options(&self, caller: &Caller, id: &OrderId) -> Result<PaymentOptions, Error> {
        let order = self.get(caller, id).await?;
        let pay_by = order.pay_by.filter(|_| order.state == State::AwaitingPayment);
        let open = order.state == State::AwaitingPayment && pay_by.is_none_or(|until| until > self.now());
        let methods = if open { Method::ALL } else { &[] };
        let why_not = (!open).then(|| why_not(&order));
        Ok(PaymentOptions { methods, total: order.payable, pay_by, state: order.state, why_not })
    }

    /// A partner's payment.
    pub async fn payment(&self, caller: &Caller, id: &PaymentId) -> Result<Payment, Error> {
        let found = self.ledger.find_payment(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::PaymentNotFound)
    }
}

/// Why there is nothing to pay, for those who look at an order that has no way to be paid.
fn why_not(order: &Order) -> &'static str {
    match (order.state, order.paying) {
        (_, Paying::Refunded) => "All that was paid was given back; there is nothing to pay.",
        (_, Paying::Paid) => "It is paid already.",
        (State::Received | State::Placing | State::Unknown, _) => {
            "It is not known yet whether the catalogue took it; wait until it is awaiting_payment."
        }
        (State::AwaitingPayment, _) => "The time to pay is over; the catalogue closes it. Order again.",
        _ => "It ended without having been paid; there is nothing to pay. Order again if you still want it.",
    }
}

//! Reading: orders one by one and in lists, their parcels, and how they can be paid.

use jiff::Timestamp;

use super::{Ask, Error, Filter, Orders};
use crate::model::ids::{OrderId, PaymentId};
use crate::model::money::Money;
use crate::model::order::{Order, Reference, State};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::payment::{Method, Payment};
use crate::model::shipment::Shipment;

/// How an order can be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentOptions {
    /// The ways; none when there is nothing to pay.
    pub methods: &'static [Method],
    /// How much, in CNY.
    pub total: Money,
    /// Until when.
    pub pay_by: Option<Timestamp>,
}

impl Orders {
    /// A partner's order with its events.
    pub async fn get(&self, ask: Ask<'_>, id: &OrderId) -> Result<Order, Error> {
        let found = self.ledger.find_order(&ask.caller.partner.id, ask.caller.mode, id).await?;
        found.ok_or(Error::OrderNotFound)
    }

    /// The same by the partner's own number.
    pub async fn by_reference(&self, ask: Ask<'_>, reference: &Reference) -> Result<Order, Error> {
        let found = self.ledger.find_by_reference(&ask.caller.partner.id, ask.caller.mode, reference).await?;
        found.ok_or(Error::OrderNotFound)
    }

    /// A partner's orders, newest first, without their events.
    pub async fn list(
        &self,
        ask: Ask<'_>,
        filter: &Filter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Order>, Error> {
        let caller = ask.caller;
        Ok(self.ledger.list_orders(&caller.partner.id, caller.mode, filter, after, size).await?)
    }

    /// The parcels of an order, as the catalogue knows them now.
    pub async fn shipments(&self, ask: Ask<'_>, id: &OrderId) -> Result<Vec<Shipment>, Error> {
        let order = self.get(ask, id).await?;
        match order.catalogue_order {
            Some(number) => self.parcels(&order.deed, number, ask.trace).await,
            None => Ok(Vec::new()),
        }
    }

    /// How an order can be paid now.
    pub async fn payment_options(&self, ask: Ask<'_>, id: &OrderId) -> Result<PaymentOptions, Error> {
        let order = self.get(ask, id).await?;
        let open = order.state == State::AwaitingPayment && order.pay_by.is_none_or(|until| until > self.now());
        let methods = if open { Method::ALL } else { &[] };
        Ok(PaymentOptions { methods, total: order.deed.basket.total, pay_by: order.pay_by })
    }

    /// A partner's payment.
    pub async fn payment(&self, ask: Ask<'_>, id: &PaymentId) -> Result<Payment, Error> {
        let found = self.ledger.find_payment(&ask.caller.partner.id, ask.caller.mode, id).await?;
        found.ok_or(Error::PaymentNotFound)
    }
}

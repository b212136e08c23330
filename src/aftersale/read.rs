//! Reading: refunds one by one and in lists, and what can be asked for.

use super::{Aftersale, Error, RefundFilter};
use crate::ledger;
use crate::model::ids::{OrderId, RefundId};
use crate::model::language::Language;
use crate::model::order::{Order, Paying};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Caller;
use crate::model::refund::{Options, Refund, Remedy};

impl Aftersale {
    /// A partner's refund with its events.
    pub async fn get(&self, caller: &Caller, id: &RefundId) -> Result<Refund, Error> {
        let found = self.ledger.find::<Refund>(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::RefundNotFound)
    }

    /// A partner's refunds, newest first, without their events.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &RefundFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Refund>, Error> {
        Ok(self.ledger.list_refunds(&caller.partner.id, caller.mode, filter, after, size).await?)
    }

    /// What can be asked for now, of an order of the partner's.
    pub async fn options(
        &self,
        caller: &Caller,
        order: &OrderId,
        remedy: Remedy,
        language: Language,
    ) -> Result<Options, Error> {
        let order = self.order(caller, order).await?;
        let not_now = || Error::Ledger(ledger::Error::NotRefundable(order.state));
        let number = order.catalogue_order.filter(|_| order.paying == Paying::Paid).ok_or_else(not_now)?;
        match self.reasons(caller.mode, number, remedy, language).await {
            Err(Error::Upstream(error))
                if error.refusal().is_some_and(|refused| refused.error_code == "STATUS_NOT_ALLOWED") =>
            {
                Err(Error::NotNow { state: order.state, remedy })
            }
            other => other,
        }
    }

    async fn order(&self, caller: &Caller, id: &OrderId) -> Result<Order, Error> {
        let found = self.ledger.find_order(&caller.partner.id, caller.mode, id).await?;
        found.ok_or_else(|| Error::Ledger(ledger::Error::OrderNotFound(id.clone())))
    }
}

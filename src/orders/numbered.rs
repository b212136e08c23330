//! Reading for those who know orders by the catalogue's number and turn numbered pages.

use super::{Counted, Error, Orders, Slice, Sought};
use crate::model::ids::CatalogueOrderId;
use crate::model::order::Order;
use crate::model::partner::Caller;

impl Orders {
    /// A partner's order by the catalogue's number, with its events.
    pub async fn by_number(&self, caller: &Caller, number: CatalogueOrderId) -> Result<Order, Error> {
        let found = self.ledger.find_by_number(&caller.partner.id, caller.mode, number).await?;
        found.ok_or(Error::OrderNotFound)
    }

    /// A page of a partner's orders that the catalogue has, newest first, with their events.
    pub async fn search(&self, caller: &Caller, sought: &Sought, slice: Slice) -> Result<Counted<Order>, Error> {
        Ok(self.ledger.page_orders(&caller.partner.id, caller.mode, sought, slice).await?)
    }
}

//! What a warehouse asks and says besides its reports: whose a parcel is, and how many pieces it took out of a consignment.

use super::{Error, Fulfilment};
use crate::ledger::{Outbound, TakenOut};
use crate::model::consignment::Consignment;
use crate::model::ids::OrderId;
use crate::model::partner::Caller;

impl Fulfilment {
    /// The order of a parcel that bears this carrier's number, as far as the parcel was heard of.
    pub async fn order_of_waybill(&self, caller: &Caller, number: &str) -> Result<OrderId, Error> {
        let known = self.ledger.find_waybill(&caller.partner.id, caller.mode, number).await?;
        known.map(|known| known.order).ok_or(Error::ShipmentNotFound)
    }

    /// Takes pieces out of an inspected consignment, once however often it is said; never more than passed.
    pub async fn take_out(&self, of: &Consignment, wish: Outbound) -> Result<TakenOut, Error> {
        let of_sku = of.lines.iter().filter(|line| line.sku == wish.sku);
        let passed = of_sku.filter_map(|line| line.inspection.as_ref()).map(|inspection| inspection.passed).sum();
        Ok(self.ledger.take_out(of, wish, passed).await?)
    }
}

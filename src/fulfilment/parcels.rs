//! Parcels: shown as the catalogue knows them now, and remembered so that each of their steps is told once.

use super::{Error, Fulfilment, TRIES};
use crate::feed::Seen;
use crate::ledger;
use crate::model::ids::{OrderId, ShipmentId};
use crate::model::order::Order;
use crate::model::partner::{Caller, Mode};
use crate::model::shipment::Shipment;

impl Fulfilment {
    /// The parcels of an order, as the catalogue knows them now.
    pub async fn shipments(&self, caller: &Caller, id: &OrderId) -> Result<Vec<Shipment>, Error> {
        let order = self.ledger.find_order(&caller.partner.id, caller.mode, id).await?;
        let order = order.ok_or(Error::OrderNotFound)?;
        Ok(self.look_at_parcels(&order).await?.0)
    }

    /// A parcel, as the catalogue knows it now, and its order.
    pub async fn shipment(&self, caller: &Caller, id: ShipmentId) -> Result<(OrderId, Shipment), Error> {
        let known = self.ledger.find_shipment(&caller.partner.id, caller.mode, id).await?;
        let known = known.ok_or(Error::ShipmentNotFound)?;
        let parcels = self.shipments(caller, &known.order).await?;
        let found = parcels.into_iter().find(|parcel| parcel.id == id);
        Ok((known.order, found.ok_or(Error::ShipmentNotFound)?))
    }

    /// Takes in where the parcels of an order are that changed.
    pub(super) async fn follow_parcels(&self, id: &OrderId, mode: Mode) -> Result<Seen, Error> {
        match self.ledger.get_order(id).await {
            Ok(order) if order.deed.mode == mode => {
                // A parcel may be heard of before the answer to its order was.
                let number = match order.catalogue_order {
                    Some(number) => Some(number),
                    None => self.number_of(&order.deed).await?,
                };
                let (_, news) = self.look_at_parcels(&Order { catalogue_order: number, ..order }).await?;
                Ok(if news > 0 { Seen::Moved } else { Seen::Same })
            }
            // Another gateway's order, or another world's: not ours to tell.
            Ok(_) | Err(ledger::Error::OrderNotFound(_)) => Ok(Seen::NotOurs),
            Err(other) => Err(other.into()),
        }
    }

    /// Whoever looks takes in what is new: the parcels, and how many steps were news.
    async fn look_at_parcels(&self, order: &Order) -> Result<(Vec<Shipment>, usize), Error> {
        let Some(number) = order.catalogue_order else { return Ok((Vec::new(), 0)) };
        for _ in 0..TRIES {
            // Read anew whenever somebody else wrote first: what is known by then may be newer than the last look.
            let parcels = self.parcels(&order.deed, number).await?;
            match self.ledger.take_in_shipments(&order.deed, &parcels).await {
                Ok(news) => return Ok((parcels, news)),
                Err(ledger::Error::Moved) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }
}

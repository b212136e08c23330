//! Parcels that were heard of: each of their steps is told once, whoever heard of it first.

use super::outbox::{self, Notice};
use super::{Error, Ledger};
use crate::model::ids::{EventId, OrderId, PartnerId, ShipmentId};
use crate::model::order::Deed;
use crate::model::partner::Mode;
use crate::model::shipment::{Known, Shipment, Transit};
use crate::sql::{Row, Tx, args};

impl Ledger {
    /// Takes in where an order's parcels are now; gives how many steps were news. What is behind what is known already
    /// changes nothing.
    pub async fn take_in_shipments(&self, deed: &Deed, parcels: &[Shipment]) -> Result<usize, Error> {
        if self.is_known(deed, parcels).await? {
            return Ok(0);
        }
        let (deed, parcels, now) = (deed.clone(), parcels.to_vec(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let mut news = 0;
                    for parcel in &parcels {
                        news += take_in(tx, &deed, parcel, now).await?;
                    }
                    Ok(news)
                })
            })
            .await
    }

    /// A partner's parcel, as far as it was heard of.
    pub async fn find_shipment(&self, partner: &PartnerId, mode: Mode, id: ShipmentId) -> Result<Option<Known>, Error> {
        const FIND: &str = "SELECT id, order_id, transit, traces, tracking_number FROM shipments \
            WHERE mode = $1 AND id = $2 AND partner = $3";
        let row = self.sql.fetch_optional(FIND, args![mode.name(), id.number(), partner.as_str()]).await?;
        row.as_ref().map(known).transpose()
    }

    /// A partner's parcel by its carrier's number, the newest if a number came twice.
    pub async fn find_waybill(&self, partner: &PartnerId, mode: Mode, number: &str) -> Result<Option<Known>, Error> {
        const FIND: &str = "SELECT id, order_id, transit, traces, tracking_number FROM shipments \
            WHERE tracking_number = $1 AND partner = $2 AND mode = $3 ORDER BY created_at DESC, id DESC LIMIT 1";
        let row = self.sql.fetch_optional(FIND, args![number, partner.as_str(), mode.name()]).await?;
        row.as_ref().map(known).transpose()
    }

    /// The parcels of an order that were heard of.
    pub async fn list_shipments(&self, order: &OrderId) -> Result<Vec<Known>, Error> {
        const LIST: &str =
            "SELECT id, order_id, transit, traces, tracking_number FROM shipments WHERE order_id = $1 ORDER BY id";
        self.sql.fetch_all(LIST, args![order.as_str()]).await?.iter().map(known).collect()
    }

    /// Whether nothing of this is news, so that a look at parcels costs no write.
    async fn is_known(&self, deed: &Deed, parcels: &[Shipment]) -> Result<bool, Error> {
        if parcels.is_empty() {
            return Ok(true);
        }
        let known = self.list_shipments(&deed.id).await?;
        let is_old = |parcel: &Shipment| known.iter().any(|known| known.id == parcel.id && !is_news(known, parcel));
        Ok(parcels.iter().all(is_old))
    }
}

fn is_news(known: &Known, parcel: &Shipment) -> bool {
    let renumbered = known.tracking_number.as_ref() != Some(&parcel.tracking_number);
    !parcel.transit.since(Some(known.transit)).is_empty() || traces(parcel) > known.traces || renumbered
}

fn traces(parcel: &Shipment) -> u32 {
    u32::try_from(parcel.traces.len()).unwrap_or(u32::MAX)
}

async fn take_in(tx: &mut Tx, deed: &Deed, parcel: &Shipment, now: i64) -> Result<usize, Error> {
    const FIND: &str = "SELECT id, order_id, transit, traces, tracking_number, version FROM shipments \
        WHERE mode = $1 AND id = $2";
    const FIRST: &str = "INSERT INTO shipments \
        (mode, id, partner, order_id, transit, traces, tracking_number, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $8) ON CONFLICT (mode, id) DO NOTHING";
    const NEXT: &str = "UPDATE shipments SET transit = $3, traces = $4, tracking_number = $5, version = $6, \
        updated_at = $7 WHERE mode = $1 AND id = $2 AND version = $8";
    let (mode, id) = (deed.mode.name(), parcel.id.number());
    let row = tx.fetch_optional(FIND, args![mode, id]).await?;
    let before = row.as_ref().map(known).transpose()?;
    if before.as_ref().is_some_and(|before| !is_news(before, parcel)) {
        return Ok(0);
    }
    let waybill = parcel.tracking_number.as_str();
    let steps = parcel.transit.since(before.as_ref().map(|before| before.transit));
    let written = match (&row, &before) {
        (Some(row), Some(before)) => {
            let version = row.int("version")?;
            let transit = if steps.is_empty() { before.transit } else { parcel.transit };
            let count = traces(parcel).max(before.traces);
            tx.execute(NEXT, args![mode, id, transit.name(), count, waybill, version + 1, now, version]).await?
        }
        _ => {
            let (partner, order, transit) = (deed.partner.as_str(), deed.id.as_str(), parcel.transit.name());
            tx.execute(FIRST, args![mode, id, partner, order, transit, traces(parcel), waybill, now]).await?
        }
    };
    if written == 0 {
        // Somebody else took it in first, and told it.
        return Err(Error::Moved);
    }
    tell(tx, deed, parcel, steps, now).await?;
    Ok(steps.len())
}

async fn tell(tx: &mut Tx, deed: &Deed, parcel: &Shipment, steps: &[Transit], now: i64) -> Result<(), Error> {
    let subject = parcel.id.to_string();
    for step in steps {
        let data = serde_json::json!({
            "shipment_id": subject, "order_id": deed.id.as_str(), "reference": deed.reference.as_str(),
            "state": step.name(), "carrier_code": parcel.carrier_code, "tracking_number": parcel.tracking_number,
        });
        let notice = Notice {
            event: &EventId::fresh(),
            partner: &deed.partner,
            mode: deed.mode,
            subject: &subject,
            kind: format!("shipment.{}", step.event()),
            data,
            at: now,
        };
        outbox::post(tx, &[notice]).await?;
    }
    Ok(())
}

fn known(row: &Row) -> Result<Known, Error> {
    Ok(Known {
        id: ShipmentId::new(row.int("id")?),
        order: row.parse("order_id")?,
        transit: row.parse("transit")?,
        tracking_number: row.opt_text("tracking_number")?,
        traces: u32::try_from(row.int("traces")?).map_err(|error| Error::unreadable("shipment", error))?,
    })
}

#[cfg(test)]
mod tests;

//! Parcels from the seller to the warehouse, and what their carriers tell on the way.

use super::book::Book;
use super::order::{Order, Shipment};
use super::steps::road_s;
use super::warehouses;
use super::wire::{ParcelLine, ParcelStatus, ShipmentWire, Shipments, Trace};
use crate::sandbox::goods::{Lang, Shop};
use crate::sandbox::words::beijing;

/// Chinese name, code, and how its numbers begin.
const CARRIERS: [(&str, &str, &str); 5] = [
    ("中通快递", "ZTO", "7531"),
    ("圆通速递", "YTO", "YT87"),
    ("申通快递", "STO", "7730"),
    ("韵达快递", "YUNDA", "4627"),
    ("顺丰速运", "SF", "SF14"),
];

impl Book {
    /// Sends what was not sent yet of the first `lines` lines in one parcel.
    pub(super) fn send(&mut self, order: &mut Order, lines: usize, now_ms: i64) {
        let mut content = Vec::new();
        for line in order.lines.iter_mut().take(lines) {
            let open = line.quantity - line.shipped_quantity;
            if open > 0 {
                line.shipped_quantity = line.quantity;
                content.push((line.line_no, open));
            }
        }
        if content.is_empty() {
            return;
        }
        let id = self.number(now_ms);
        let carrier = usize::try_from(order.seller_id.unsigned_abs() % 5).unwrap_or(0);
        order.shipments.push(Shipment { id, carrier, lines: content, sent_at: now_ms / 1000, signed_at: None });
    }
}

/// Writes all parcels of an order as they are now.
pub fn shipments(shop: &Shop, order: &Order, pace: f64, now: i64) -> Shipments {
    let from = shop.seller(order.seller_id).map_or("", |seller| seller.belt.city.get(Lang::Zh));
    let to = warehouses::find(&order.warehouse_code).map_or("", |warehouse| warehouse.city);
    let items = order.shipments.iter().map(|parcel| wire(order, parcel, from, to, pace, now)).collect();
    Shipments { items }
}

fn wire(order: &Order, parcel: &Shipment, from: &'static str, to: &'static str, pace: f64, now: i64) -> ShipmentWire {
    let (carrier, carrier_code, prefix) = CARRIERS.get(parcel.carrier).copied().unwrap_or(("", "", ""));
    let on_road = on_road_since(parcel, pace, now);
    let trace = |at: i64, place, text: String| Trace { time: beijing(at), place, text };
    let mut traces = vec![trace(parcel.sent_at, from, String::from("快件已揽收"))];
    traces.extend(on_road.map(|at| trace(at, from, format!("快件已发往{to}"))));
    traces.extend(parcel.signed_at.map(|at| trace(at, to, String::from("快件已由集运仓签收"))));
    ShipmentWire {
        shipment_id: parcel.id,
        order_no: order.order_no,
        carrier,
        carrier_code,
        mail_no: format!("{prefix}{:011}", parcel.id % 100_000_000_000),
        status: match (parcel.signed_at, on_road) {
            (Some(_), _) => ParcelStatus::Signed,
            (None, Some(_)) => ParcelStatus::InTransit,
            (None, None) => ParcelStatus::Collected,
        },
        lines: parcel
            .lines
            .iter()
            .map(|(line_no, quantity)| ParcelLine { line_no: *line_no, quantity: *quantity })
            .collect(),
        gmt_send: beijing(parcel.sent_at),
        gmt_sign: parcel.signed_at.map(beijing),
        traces,
    }
}

/// A parcel leaves its city after a third of its way; one that only moves on command, halfway until it was signed.
fn on_road_since(parcel: &Shipment, pace: f64, now: i64) -> Option<i64> {
    let planned = road_s(pace).map(|road| parcel.sent_at + road / 3);
    match (parcel.signed_at, planned) {
        (Some(signed), Some(planned)) => Some(planned.min(signed)),
        (Some(signed), None) => Some(parcel.sent_at + (signed - parcel.sent_at) / 2),
        (None, planned) => planned.filter(|planned| *planned <= now),
    }
}

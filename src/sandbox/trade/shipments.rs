//! Parcels from the seller to the warehouse, and what their carriers tell on the way.

use super::book::{Book, Told};
use super::filing::Document;
use super::order::{Order, Shipment};
use super::parcel::{ParcelLine, ParcelStatus, ShipmentWire, Shipments, Trace};
use super::steps::paced_ms;
use super::warehouses;
use crate::sandbox::feed::{Kind, What};
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

/// Seconds at pace 1 until a parcel leaves its city.
const DEPARTS_S: i64 = 60;

impl Shipment {
    fn status(&self) -> ParcelStatus {
        match (self.signed_at, self.on_road_at) {
            (Some(_), _) => ParcelStatus::Signed,
            (None, Some(_)) => ParcelStatus::InTransit,
            (None, None) => ParcelStatus::Collected,
        }
    }
}

/// When a parcel leaves its city by itself; none when it has, or only moves on command.
pub fn departs_ms(parcel: &Shipment, pace: f64) -> Option<i64> {
    let waits = parcel.on_road_at.is_none() && parcel.signed_at.is_none();
    paced_ms(DEPARTS_S, pace).filter(|_| waits).map(|wait| parcel.sent_at * 1000 + wait)
}

impl Book {
    /// Sends what was not sent yet of the first `lines` lines that lack something, in one parcel.
    pub(super) fn send(&mut self, order: &mut Order, lines: usize, now_ms: i64) {
        let mut content = Vec::new();
        let unsent: Vec<i64> = order.lines.iter().map(|line| order.unsent(line)).collect();
        for (line, open) in order.lines.iter_mut().zip(unsent).filter(|(_, open)| *open > 0).take(lines) {
            line.shipped_quantity += open;
            content.push((line.line_no, open));
        }
        if content.is_empty() {
            return;
        }
        let id = self.number(now_ms);
        let carrier = usize::try_from(order.seller_id.unsigned_abs() % 5).unwrap_or(0);
        let sent_at = now_ms / 1000;
        let parcel = Shipment { id, carrier, lines: content, sent_at, on_road_at: None, signed_at: None };
        self.tell_parcel(order, &parcel, What::Created, now_ms);
        order.shipments.push(parcel);
    }

    /// The warehouse signs for all parcels of an order.
    pub(super) fn sign(&mut self, order: &mut Order, now_ms: i64) {
        let now = now_ms / 1000;
        let mut parcels = std::mem::take(&mut order.shipments);
        for parcel in parcels.iter_mut().filter(|parcel| parcel.signed_at.is_none()) {
            if parcel.on_road_at.is_none() {
                // One that only moves on command left its city halfway, nobody heard when.
                parcel.on_road_at = Some(parcel.sent_at + (now - parcel.sent_at) / 2);
                self.tell_parcel(order, parcel, What::Status, now_ms);
            }
            parcel.signed_at = Some(now);
            self.tell_parcel(order, parcel, What::Status, now_ms);
        }
        order.shipments = parcels;
    }

    /// A parcel leaves its city.
    pub(super) fn depart(&mut self, order_no: i64, parcel_id: i64, now_ms: i64) {
        let Ok(mut order) = self.order(order_no).cloned() else {
            return;
        };
        let waiting = |parcel: &&mut Shipment| parcel.id == parcel_id && parcel.status() == ParcelStatus::Collected;
        if let Some(parcel) = order.shipments.iter_mut().find(waiting) {
            parcel.on_road_at = Some(now_ms / 1000);
            let gone = parcel.clone();
            self.tell_parcel(&order, &gone, What::Status, now_ms);
            self.amend(order);
        }
    }

    fn tell_parcel(&mut self, order: &Order, parcel: &Shipment, change: What, now_ms: i64) {
        let status = parcel.status();
        self.tell_of(
            &Parcel { order, id: parcel.id },
            Told { kind: Kind::Shipment, change, order_no: Some(order.order_no), version: status.version() },
            status.word(),
            now_ms,
        );
    }
}

/// A parcel as the feed names it: by its own number and its order's references.
struct Parcel<'a> {
    order: &'a Order,
    id: i64,
}

impl Document for Parcel<'_> {
    fn number(&self) -> i64 {
        self.id
    }

    fn partner(&self) -> &str {
        &self.order.partner_code
    }

    fn out_ref(&self) -> &str {
        &self.order.out_ref
    }
}

/// Writes all parcels of an order as they are now.
pub fn shipments(shop: &Shop, order: &Order) -> Shipments {
    let from = shop.seller(order.seller_id).map_or("", |seller| seller.belt.city.get(Lang::Zh));
    let to = warehouses::find(&order.warehouse_code).map_or("", |warehouse| warehouse.city);
    let items = order.shipments.iter().map(|parcel| wire(order, parcel, from, to)).collect();
    Shipments { items }
}

fn wire(order: &Order, parcel: &Shipment, from: &'static str, to: &'static str) -> ShipmentWire {
    let (carrier, carrier_code, prefix) = CARRIERS.get(parcel.carrier).copied().unwrap_or(("", "", ""));
    // One that was signed for before departures were written down left its city halfway.
    let halfway = parcel.signed_at.map(|signed| parcel.sent_at + (signed - parcel.sent_at) / 2);
    let on_road = parcel.on_road_at.or(halfway);
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
        status: parcel.status(),
        version: parcel.status().version(),
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

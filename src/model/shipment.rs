//! Shipments: a supplier's parcels on their way to the domestic warehouse.

use std::str::FromStr;

use jiff::Timestamp;

use crate::model::ids::{ShipmentId, SkuId};
use crate::model::order::named;
use crate::model::quote::Unfit;

named! {
    /// Where a parcel is.
    Transit {
        Collected = "collected", "The carrier has it.";
        InTransit = "in_transit", "It is on its way.";
        Delivered = "delivered", "The warehouse signed for it.";
    }
}

/// One mark on a parcel's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// When.
    pub at: Timestamp,
    /// Where, in Chinese.
    pub place: String,
    /// What happened, in the carrier's Chinese words.
    pub description: String,
}

/// What a parcel holds of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The variant.
    pub sku: SkuId,
    /// How many of it.
    pub quantity: i64,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its id.
    pub id: ShipmentId,
    /// The carrier's Chinese name.
    pub carrier: String,
    /// The carrier's short code, e.g. `ZTO`.
    pub carrier_code: String,
    /// The carrier's number of it.
    pub tracking_number: String,
    /// Where it is.
    pub transit: Transit,
    /// What is in it.
    pub packed: Vec<Packed>,
    /// When it was sent.
    pub shipped_at: Option<Timestamp>,
    /// When the warehouse signed for it.
    pub delivered_at: Option<Timestamp>,
    /// Its way so far, oldest first.
    pub traces: Vec<Trace>,
}

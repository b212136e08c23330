//! How parcels are answered.

use serde::Serialize;
use utoipa::ToSchema;

/// How far a parcel is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum ParcelStatus {
    Collected,
    InTransit,
    Signed,
}

impl ParcelStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            ParcelStatus::Collected => "collected",
            ParcelStatus::InTransit => "in_transit",
            ParcelStatus::Signed => "signed",
        }
    }

    /// The version of a parcel that has come so far.
    pub fn version(self) -> i64 {
        self as i64 + 1
    }
}

/// Pieces of a line in a parcel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ParcelLine {
    /// Line of the order.
    pub line_no: u32,
    /// Pieces.
    pub quantity: i64,
}

/// Something that happened to a parcel.
#[derive(Serialize, ToSchema)]
pub struct Trace {
    /// Beijing time.
    pub time: String,
    /// Chinese city.
    pub place: &'static str,
    /// What, in Chinese.
    pub text: String,
}

/// A parcel on its way to the warehouse.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentWire {
    /// Its number.
    pub shipment_id: i64,
    /// The order it belongs to.
    pub order_no: i64,
    /// Chinese name.
    pub carrier: &'static str,
    /// Code.
    pub carrier_code: &'static str,
    /// The carrier's number.
    pub mail_no: String,
    /// How far it is.
    pub status: ParcelStatus,
    /// What is in it.
    pub lines: Vec<ParcelLine>,
    /// Beijing time.
    pub gmt_send: String,
    /// Beijing time.
    pub gmt_sign: Option<String>,
    /// 1 collected, 2 in transit, 3 signed.
    pub version: i64,
    /// Oldest first.
    pub traces: Vec<Trace>,
}

/// All parcels of an order.
#[derive(Serialize, ToSchema)]
pub struct Shipments {
    /// In the order they were sent.
    pub items: Vec<ShipmentWire>,
}

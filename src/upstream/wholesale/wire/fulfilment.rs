//! Parcels and consignments, field for field.

use serde::{Deserialize, Serialize};

/// The parcels of an order.
#[derive(Clone, Debug, Deserialize)]
pub struct Shipments {
    /// The parcels.
    pub items: Vec<Shipment>,
}

/// A parcel.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shipment {
    /// Id.
    pub shipment_id: i64,
    /// Its order.
    pub order_no: i64,
    /// Carrier's Chinese name.
    pub carrier: String,
    /// Carrier's code.
    pub carrier_code: String,
    /// Tracking number.
    pub mail_no: String,
    /// `collected`, `in_transit` or `signed`.
    pub status: String,
    /// What is in it.
    #[serde(default)]
    pub lines: Vec<ShipmentLine>,
    /// Sent.
    pub gmt_send: Option<String>,
    /// Signed for.
    pub gmt_sign: Option<String>,
    /// Where it was seen.
    #[serde(default)]
    pub traces: Vec<Trace>,
}

/// Part of an order line in a parcel.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentLine {
    /// Number of the order's line.
    pub line_no: u32,
    /// How many.
    pub quantity: u32,
}

/// A parcel seen somewhere.
#[derive(Clone, Debug, Deserialize)]
pub struct Trace {
    /// When.
    pub time: String,
    /// Where.
    pub place: Option<String>,
    /// What happened, in Chinese.
    pub text: String,
}

/// Opens a consignment.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewConsignment {
    /// Our reference.
    pub out_ref: String,
    /// Whose it is.
    pub partner_code: String,
    /// Where the goods are gathered.
    pub warehouse_code: String,
    /// Where they go, ISO 3166.
    pub dest_country: String,
    /// The orders.
    pub order_nos: Vec<i64>,
    /// `WAREHOUSE` or `PARTNER`.
    pub operated_by: &'static str,
}

/// A consignment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Consignment {
    /// Its number.
    pub consignment_no: i64,
    /// Our reference.
    pub out_ref: String,
    /// `open`, `received`, `inspected`, `handedover` or `cancel`.
    pub status: String,
    /// Its orders.
    pub orders: Vec<ConsignedOrder>,
    /// What came in.
    #[serde(default)]
    pub receipts: Vec<Receipt>,
    /// How it left.
    pub handover: Option<HandedOver>,
}

/// An order of a consignment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsignedOrder {
    /// The service's number of the order.
    pub order_no: i64,
    /// Its lines.
    pub lines: Vec<ConsignedLine>,
}

/// A line of a consignment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConsignedLine {
    /// Number of the order's line.
    pub line_no: u32,
    /// Pieces that should come.
    pub expected: u32,
    /// Pieces that came.
    pub received: u32,
    /// `PASS`, `SHORT`, `DAMAGED`, `WRONG` or `OTHER`, once it was looked at.
    pub result: Option<String>,
    /// Pieces that are as they should be.
    #[serde(default)]
    pub passed: u32,
    /// More about it.
    pub note: Option<String>,
    /// Vouchers.
    #[serde(default)]
    pub photo_ids: Vec<i64>,
}

/// Goods that came in.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The reference it was reported under.
    pub out_ref: String,
    /// When.
    pub time: String,
    /// What came.
    #[serde(default)]
    pub lines: Vec<ReceivedLine>,
}

/// Pieces of a line that came in.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedLine {
    /// The order.
    pub order_no: i64,
    /// Number of the order's line.
    pub line_no: u32,
    /// How many.
    pub quantity: u32,
}

/// How a consignment left.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandedOver {
    /// The reference it was reported under.
    pub out_ref: Option<String>,
    /// The carrier abroad.
    pub carrier: String,
    /// Its number.
    pub tracking_no: String,
    /// Grams.
    pub weight_gram: u32,
    /// Parcels.
    pub pieces: u32,
    /// When.
    pub time: String,
}

/// Reports goods that came in.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipts {
    /// Our reference of the report.
    pub out_ref: String,
    /// What came.
    pub lines: Vec<ReceivedLine>,
    /// Whether nothing more will come.
    pub complete: bool,
}

/// Reports lines that were looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspections {
    /// Our reference of the report.
    pub out_ref: String,
    /// The lines.
    pub lines: Vec<InspectedLine>,
}

/// A line that was looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InspectedLine {
    /// The order.
    pub order_no: i64,
    /// Number of the order's line.
    pub line_no: u32,
    /// `PASS`, `SHORT`, `DAMAGED`, `WRONG` or `OTHER`.
    pub result: &'static str,
    /// Pieces that are as they should be.
    pub passed: u32,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Vouchers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub photo_ids: Vec<i64>,
}

/// Reports that a consignment was given to the carrier abroad.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Handover<'a> {
    /// Our reference of the report.
    pub out_ref: &'a str,
    /// The carrier.
    pub carrier: &'a str,
    /// Its number.
    pub tracking_no: &'a str,
    /// Grams.
    pub weight_gram: u32,
    /// Parcels.
    pub pieces: u32,
}

/// Facts of a refusal about orders or a consignment.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InTheWay {
    /// The order that is in the way.
    pub order_no: Option<i64>,
    /// Where the order or the consignment is.
    pub status: Option<String>,
    /// What field makes no sense, e.g. `lines[0].passed`.
    pub param: Option<String>,
    /// Lines that are concerned.
    #[serde(default)]
    pub lines: Vec<LineInTheWay>,
}

/// A line a refusal is about.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LineInTheWay {
    /// The order.
    pub order_no: Option<i64>,
    /// Number of the order's line.
    pub line_no: u32,
    /// How many pieces are possible.
    pub max: Option<u32>,
}

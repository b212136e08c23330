//! How consignments are asked for and answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ConsignedOrder, Consignment, ConsignmentStatus, InspectedLine, Operator, ReceivedLine};
use crate::sandbox::words::beijing;

/// Opens a consignment.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenAsked {
    /// The caller's unique reference; the same call again answers the same consignment.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// On whose behalf; part of the reference.
    #[schema(min_length = 1, max_length = 64)]
    pub partner_code: String,
    /// Where all orders are collected.
    #[schema(example = "YW01")]
    pub warehouse_code: String,
    /// Where it goes (ISO 3166 alpha-2).
    #[schema(example = "JP")]
    pub dest_country: String,
    /// Paid orders of the partner that were not handed over yet, in any sequence.
    #[schema(min_items = 1, max_items = 100)]
    pub order_nos: Vec<i64>,
    /// Whose people receive and inspect.
    pub operated_by: Operator,
}

/// Tells what came.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptAsked {
    /// The caller's reference, once per consignment.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// Each line at most once; may be empty with `complete`.
    #[serde(default)]
    pub lines: Vec<ReceivedLine>,
    /// Nothing more comes, though something may be missing.
    #[serde(default)]
    pub complete: bool,
}

/// Tells what was found.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectionAsked {
    /// The caller's reference, once per consignment.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// Each line at most once.
    #[schema(min_items = 1)]
    pub lines: Vec<InspectedLine>,
}

/// Tells to whom it was given.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandoverAsked {
    /// The caller's reference, once per consignment.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// The international carrier.
    #[schema(min_length = 1, max_length = 64)]
    pub carrier: String,
    /// The carrier's number.
    #[schema(min_length = 1, max_length = 64)]
    pub tracking_no: String,
    /// All parcels.
    #[schema(minimum = 1)]
    pub weight_gram: i64,
    /// Parcels.
    #[schema(minimum = 1)]
    pub pieces: i64,
}

/// Something came.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceiptWire {
    /// The caller's reference; `WH-…` of the warehouse's own.
    pub out_ref: String,
    /// Beijing time.
    pub time: String,
    /// Whether nothing more was to come.
    pub complete: bool,
    /// What came.
    pub lines: Vec<ReceivedLine>,
}

/// It was given to the international carrier.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HandoverWire {
    /// The caller's reference.
    pub out_ref: String,
    /// The international carrier.
    pub carrier: String,
    /// The carrier's number.
    pub tracking_no: String,
    /// All parcels.
    pub weight_gram: i64,
    /// Parcels.
    pub pieces: i64,
    /// Beijing time.
    pub time: String,
}

/// A consignment.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsignmentWire {
    /// 19 digits.
    #[schema(example = 2_600_000_000_000_123_456_i64)]
    pub consignment_no: i64,
    /// The caller's reference.
    pub out_ref: String,
    /// On whose behalf.
    pub partner_code: String,
    /// Where it is gathered.
    pub warehouse_code: String,
    /// Where it goes.
    pub dest_country: String,
    /// Whose people receive and inspect.
    pub operated_by: Operator,
    /// Where it stands.
    pub status: ConsignmentStatus,
    /// What is in it.
    pub orders: Vec<ConsignedOrder>,
    /// What came.
    pub receipts: Vec<ReceiptWire>,
    /// To whom it was given.
    pub handover: Option<HandoverWire>,
    /// Beijing time.
    pub gmt_create: String,
    /// Beijing time.
    pub gmt_modified: String,
    /// Grows with every change.
    pub version: i64,
    /// Whether this answer repeats a consignment that was opened before.
    pub replayed: bool,
}

impl ConsignmentWire {
    /// Writes a consignment.
    pub fn new(consignment: &Consignment, replayed: bool) -> ConsignmentWire {
        let consignment = consignment.clone();
        let receipts = consignment.receipts.into_iter().map(|receipt| ReceiptWire {
            out_ref: receipt.out_ref,
            time: beijing(receipt.at),
            complete: receipt.complete,
            lines: receipt.lines,
        });
        ConsignmentWire {
            consignment_no: consignment.consignment_no,
            out_ref: consignment.out_ref,
            partner_code: consignment.partner_code,
            warehouse_code: consignment.warehouse_code,
            dest_country: consignment.dest_country,
            operated_by: consignment.operated_by,
            status: consignment.status,
            orders: consignment.orders,
            receipts: receipts.collect(),
            handover: consignment.handover.map(|handover| HandoverWire {
                out_ref: handover.out_ref,
                carrier: handover.carrier,
                tracking_no: handover.tracking_no,
                weight_gram: handover.weight_gram,
                pieces: handover.pieces,
                time: beijing(handover.at),
            }),
            gmt_create: beijing(consignment.created_at),
            gmt_modified: beijing(consignment.modified_at),
            version: consignment.version,
            replayed,
        }
    }
}

/// One page of consignments, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsignmentPage {
    /// Ask with this for the next page; null on the last.
    pub next_page_token: Option<String>,
    /// This page.
    pub items: Vec<ConsignmentWire>,
}

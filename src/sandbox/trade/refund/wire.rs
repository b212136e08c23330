//! How refunds are asked for and answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Decision, Pieces, Refund, RefundStatus, RefundType, WhyClosed};
use crate::sandbox::words::beijing;

/// A reason that can be given now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReasonWire {
    /// Names it in calls.
    #[schema(example = "DAMAGED")]
    pub code: &'static str,
    /// Chinese name.
    pub name: &'static str,
    /// Name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// Whether it has to be proved with a voucher.
    pub need_voucher: bool,
}

/// What can be asked for now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reasons {
    /// The largest amount for all pieces that are still to be had.
    pub max_fen: i64,
    /// How much of it is freight.
    pub freight_fen: i64,
    /// The reasons that can be given.
    pub items: Vec<ReasonWire>,
}

/// Applies for a refund.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplyAsked {
    /// The caller's unique reference; the same call again answers the same refund.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// On whose behalf; part of the reference.
    #[schema(min_length = 1, max_length = 64)]
    pub partner_code: String,
    /// The order.
    pub order_no: i64,
    /// Money only, or money for goods that go back.
    #[serde(rename = "type")]
    pub kind: RefundType,
    /// One of those that `refundReasons` gives.
    #[schema(example = "DAMAGED")]
    pub reason_code: String,
    /// The whole amount.
    #[schema(minimum = 1)]
    pub apply_fen: i64,
    /// How much of it is freight.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub freight_fen: i64,
    /// What it is about.
    #[schema(min_items = 1, max_items = 50)]
    pub lines: Vec<Pieces>,
    /// What is wrong, for the seller to read.
    #[schema(min_length = 2, max_length = 200)]
    pub description: String,
    /// Pictures that prove it.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub voucher_ids: Vec<i64>,
}

/// Asks for something else after a refusal.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModifyAsked {
    /// The whole amount.
    #[schema(minimum = 1)]
    pub apply_fen: i64,
    /// How much of it is freight; as before when absent.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub freight_fen: Option<i64>,
    /// What is wrong, for the seller to read.
    #[schema(min_length = 2, max_length = 200)]
    pub description: String,
    /// Pictures that prove it.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub voucher_ids: Vec<i64>,
}

/// Tells how the goods go back.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnAsked {
    /// The carrier.
    #[schema(min_length = 1, max_length = 32, example = "ZTO")]
    pub carrier_code: String,
    /// The carrier's number.
    #[schema(min_length = 1, max_length = 64)]
    pub mail_no: String,
    /// For the seller to read.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub note: String,
}

/// Calls the platform.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArbitrationAsked {
    /// Why, for the platform to read.
    #[schema(min_length = 2, max_length = 500)]
    pub reason: String,
    /// Pictures that prove it.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub voucher_ids: Vec<i64>,
}

/// How the goods went back.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnWire {
    /// The carrier.
    pub carrier_code: String,
    /// The carrier's number.
    pub mail_no: String,
    /// For the seller to read.
    pub note: String,
    /// Beijing time.
    pub gmt_send: String,
}

/// The platform was called.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArbitrationWire {
    /// Why.
    pub reason: String,
    /// Pictures that prove it.
    pub voucher_ids: Vec<i64>,
    /// Whom the platform gave right; null until it decided.
    pub decision: Option<Decision>,
    /// What it said.
    pub note: Option<String>,
    /// Beijing time.
    pub gmt_create: String,
}

/// A refund.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundWire {
    /// 19 digits.
    #[schema(example = 2_600_000_000_000_123_456_i64)]
    pub refund_no: i64,
    /// The caller's reference.
    pub out_ref: String,
    /// The order.
    pub order_no: i64,
    /// The caller's reference of the order.
    pub order_out_ref: String,
    /// On whose behalf.
    pub partner_code: String,
    /// Money only, or money for goods that go back.
    #[serde(rename = "type")]
    pub kind: RefundType,
    /// Where it stands.
    pub status: RefundStatus,
    /// Why.
    pub reason_code: String,
    /// The whole amount asked for.
    pub apply_fen: i64,
    /// How much of it is freight.
    pub freight_fen: i64,
    /// What the seller or the platform agreed to.
    pub agreed_fen: Option<i64>,
    /// What it is about.
    pub lines: Vec<Pieces>,
    /// What is wrong.
    pub description: String,
    /// Pictures that prove it.
    pub voucher_ids: Vec<i64>,
    /// What the seller said.
    pub seller_note: Option<String>,
    /// Where the goods go back to, once a return was agreed to.
    pub return_address: Option<String>,
    /// How the goods went back.
    pub return_shipment: Option<ReturnWire>,
    /// The platform was called.
    pub arbitration: Option<ArbitrationWire>,
    /// Why nothing goes back.
    pub close_reason: Option<WhyClosed>,
    /// Until when somebody has to act, Beijing time.
    pub deadline: Option<String>,
    /// Beijing time.
    pub gmt_create: String,
    /// Beijing time.
    pub gmt_modified: String,
    /// When the money went back, Beijing time.
    pub gmt_refund: Option<String>,
    /// Grows with every change.
    pub version: i64,
    /// Whether this answer repeats a refund that was applied for before.
    pub replayed: bool,
}

impl RefundWire {
    /// Writes a refund.
    pub fn new(refund: &Refund, replayed: bool) -> RefundWire {
        let refund = refund.clone();
        RefundWire {
            refund_no: refund.refund_no,
            out_ref: refund.out_ref,
            order_no: refund.now.order_no,
            order_out_ref: refund.order_out_ref,
            partner_code: refund.partner_code,
            kind: refund.now.kind,
            status: refund.status,
            reason_code: refund.now.reason_code,
            apply_fen: refund.now.apply_fen,
            freight_fen: refund.now.freight_fen,
            agreed_fen: refund.agreed_fen,
            lines: refund.now.lines,
            description: refund.now.description,
            voucher_ids: refund.now.voucher_ids,
            seller_note: refund.seller_note,
            return_address: refund.return_address,
            return_shipment: refund.return_shipment.map(|sent| ReturnWire {
                carrier_code: sent.carrier_code,
                mail_no: sent.mail_no,
                note: sent.note,
                gmt_send: beijing(sent.sent_at),
            }),
            arbitration: refund.arbitration.map(|called| ArbitrationWire {
                reason: called.reason,
                voucher_ids: called.voucher_ids,
                decision: called.decision,
                note: called.note,
                gmt_create: beijing(called.asked_at),
            }),
            close_reason: refund.close_reason,
            deadline: refund.deadline.map(beijing),
            gmt_create: beijing(refund.created_at),
            gmt_modified: beijing(refund.modified_at),
            gmt_refund: refund.refunded_at.map(beijing),
            version: refund.version,
            replayed,
        }
    }
}

/// One page of refunds, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefundPage {
    /// Ask with this for the next page; null on the last.
    pub next_page_token: Option<String>,
    /// This page.
    pub items: Vec<RefundWire>,
}

//! Refunds and the pictures that prove them. Amounts are fen, times Beijing wall clock.

use serde::{Deserialize, Serialize};

/// What can be asked for now.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundReasons {
    /// The largest amount for all pieces.
    pub max_fen: i64,
    /// The part of it that is freight.
    pub freight_fen: i64,
    /// The reasons.
    pub items: Vec<RefundReason>,
}

/// A reason to ask for money back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundReason {
    /// Its code, e.g. `DAMAGED`.
    pub code: String,
    /// What it says, in Chinese.
    pub name: String,
    /// The same in the asked language.
    pub name_trans: Option<String>,
    /// Whether a picture has to prove it.
    #[serde(default)]
    pub need_voucher: bool,
}

/// Asks for money back; the service knows it again by `(partner_code, out_ref)`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewRefund<'a> {
    /// Our own unique reference, at most 64 characters.
    pub out_ref: &'a str,
    /// Whom it is for.
    pub partner_code: &'a str,
    /// The order.
    pub order_no: i64,
    /// `MONEY` or `RETURN`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The reason's code.
    pub reason_code: &'a str,
    /// How much in all.
    pub apply_fen: i64,
    /// How much of it is freight.
    pub freight_fen: i64,
    /// Which pieces.
    pub lines: Vec<RefundLine>,
    /// What is said for it.
    pub description: &'a str,
    /// What proves it.
    pub voucher_ids: Vec<i64>,
}

/// Pieces of an order's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundLine {
    /// Number of the line, from 1.
    pub line_no: u32,
    /// How many pieces.
    pub quantity: u32,
}

/// Asks for something else after the seller refused.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Modify<'a> {
    /// How much in all.
    pub apply_fen: i64,
    /// How much of it is freight.
    pub freight_fen: i64,
    /// What is said for it.
    pub description: &'a str,
    /// What proves it.
    pub voucher_ids: Vec<i64>,
}

/// Says that the goods were sent back.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SendBack<'a> {
    /// Who carries them.
    pub carrier_code: &'a str,
    /// The carrier's number of them.
    pub mail_no: &'a str,
    /// Words for the seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
}

/// Asks the platform to decide.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plead<'a> {
    /// What is said for it.
    pub reason: &'a str,
    /// What proves it.
    pub voucher_ids: Vec<i64>,
}

/// A refund at the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The service's number.
    pub refund_no: i64,
    /// Our reference.
    pub out_ref: String,
    /// The order.
    pub order_no: i64,
    /// Whom it is for.
    pub partner_code: String,
    /// The service's status word, e.g. `waitselleragree`.
    pub status: String,
    /// How much is asked for.
    pub apply_fen: i64,
    /// How much of it is freight.
    #[serde(default)]
    pub freight_fen: i64,
    /// How much was agreed.
    pub agreed_fen: Option<i64>,
    /// What is said for it.
    pub description: String,
    /// What proves it.
    #[serde(default)]
    pub voucher_ids: Vec<i64>,
    /// What the seller said.
    pub seller_note: Option<String>,
    /// Where goods go back to.
    pub return_address: Option<String>,
    /// The goods on their way back.
    pub return_shipment: Option<ReturnShipment>,
    /// The case before the platform.
    pub arbitration: Option<Arbitration>,
    /// Why it was closed: `withdrawn`, `seller_won`, `timeout` or `order_closed`.
    pub close_reason: Option<String>,
    /// Until when whoever's turn it is has to act.
    pub deadline: Option<String>,
    /// When the money went back.
    pub gmt_refund: Option<String>,
    /// Grows with each change.
    #[serde(default)]
    pub version: i64,
}

/// Goods on their way back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnShipment {
    /// Who carries them.
    pub carrier_code: String,
    /// The carrier's number of them.
    pub mail_no: String,
    /// When they were sent.
    pub gmt_send: Option<String>,
}

/// A case before the platform.
#[derive(Clone, Debug, Deserialize)]
pub struct Arbitration {
    /// What was said for it.
    pub reason: String,
    /// `BUYER`, `SELLER` or `SPLIT`, once it is decided.
    pub decision: Option<String>,
    /// What the platform said to it.
    pub note: Option<String>,
}

/// A picture that was taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Voucher {
    /// The service's number of it.
    pub voucher_id: i64,
    /// The SHA-256 of the bytes it has, in hexadecimal digits.
    pub sha256: String,
}

/// Facts of `AMOUNT_TOO_LARGE`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MostAmount {
    /// The largest amount for these lines.
    pub max_fen: i64,
    /// The part of it that is freight.
    #[serde(default)]
    pub freight_fen: i64,
}

/// Facts of `QUANTITY_TOO_LARGE`.
#[derive(Clone, Debug, Deserialize)]
pub struct MostPieces {
    /// The lines it is true of.
    #[serde(default)]
    pub lines: Vec<MostOfLine>,
}

/// How many pieces of a line are left to ask for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MostOfLine {
    /// Number of the line, from 1.
    pub line_no: u32,
    /// How many pieces.
    pub max: u32,
}

/// Facts of `REFUND_OPEN` and of `OUT_REF_CONFLICT`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherRefund {
    /// The refund that is in the way.
    pub refund_no: i64,
}

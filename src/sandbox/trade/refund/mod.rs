//! A refund as the sandbox remembers it. Applying for one is left to `apply`, its walk to `moves`, what can be had to
//! `worth` and `reasons`, answers to `wire`.

mod apply;
mod moves;
pub mod reasons;
pub mod wire;
pub mod worth;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filing::Document;
pub use moves::Act;

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum RefundType {
    Money,
    Return,
}

/// Where a refund stands; the last two are its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum RefundStatus {
    WaitSellerAgree,
    SellerRefused,
    WaitBuyerSend,
    WaitSellerReceive,
    Arbitrating,
    RefundSuccess,
    RefundClose,
}

impl RefundStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            RefundStatus::WaitSellerAgree => "waitselleragree",
            RefundStatus::SellerRefused => "sellerrefused",
            RefundStatus::WaitBuyerSend => "waitbuyersend",
            RefundStatus::WaitSellerReceive => "waitsellerreceive",
            RefundStatus::Arbitrating => "arbitrating",
            RefundStatus::RefundSuccess => "refundsuccess",
            RefundStatus::RefundClose => "refundclose",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_over(self) -> bool {
        self >= RefundStatus::RefundSuccess
    }
}

/// Why nothing goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum WhyClosed {
    Withdrawn,
    SellerWon,
    Timeout,
    OrderClosed,
}

/// Whom the platform gives right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Decision {
    Buyer,
    Seller,
    Split,
}

/// Pieces of a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pieces {
    /// Line of the order; each at most once.
    pub line_no: u32,
    /// Pieces, at least 1.
    #[schema(minimum = 1)]
    pub quantity: i64,
}

/// What was applied for, as it was first said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::ApplyAsked`")]
pub struct Content {
    pub order_no: i64,
    pub kind: RefundType,
    pub reason_code: String,
    pub apply_fen: i64,
    pub freight_fen: i64,
    pub lines: Vec<Pieces>,
    pub description: String,
    pub voucher_ids: Vec<i64>,
}

/// How the goods went back.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::ReturnWire`")]
pub struct Return {
    pub carrier_code: String,
    pub mail_no: String,
    pub note: String,
    pub sent_at: i64,
}

/// The platform was called.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::ArbitrationWire`")]
pub struct Arbitration {
    pub reason: String,
    pub voucher_ids: Vec<i64>,
    pub decision: Option<Decision>,
    pub note: Option<String>,
    pub asked_at: i64,
}

/// Everything about a refund. Times are unix seconds, amounts fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::RefundWire`")]
pub struct Refund {
    pub refund_no: i64,
    pub out_ref: String,
    pub partner_code: String,
    pub order_out_ref: String,
    /// As first applied for: what a repeat is compared with.
    pub first: Content,
    /// As it is now; a modify changes amounts, description and vouchers.
    pub now: Content,
    pub status: RefundStatus,
    pub agreed_fen: Option<i64>,
    pub seller_note: Option<String>,
    pub return_address: Option<String>,
    pub return_shipment: Option<Return>,
    pub arbitration: Option<Arbitration>,
    pub close_reason: Option<WhyClosed>,
    pub deadline: Option<i64>,
    pub created_at: i64,
    pub modified_at: i64,
    pub refunded_at: Option<i64>,
    pub version: i64,
    /// When somebody else acts, milliseconds.
    pub due_ms: Option<i64>,
}

impl Document for Refund {
    fn number(&self) -> i64 {
        self.refund_no
    }

    fn partner(&self) -> &str {
        &self.partner_code
    }

    fn out_ref(&self) -> &str {
        &self.out_ref
    }
}

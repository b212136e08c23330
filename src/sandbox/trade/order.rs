//! An order as the sandbox remembers it, with its payment and shipments. How it is written in answers is left to `wire`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where an order stands, in the order of the walk; the last two are ways out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Status {
    WaitBuyerPay,
    WaitSellerSend,
    SellerPartSend,
    WaitBuyerReceive,
    WarehouseSigned,
    Inspected,
    HandedOver,
    Success,
    Cancel,
    Terminated,
}

/// Why an order was closed without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum CloseReason {
    BuyerCancel,
    SellerGoodsLack,
    PayTimeout,
}

/// One line of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// 1, 2, 3 …
    pub line_no: u32,
    /// What was bought.
    pub sku_id: i64,
    /// The goods it belongs to.
    pub goods_id: i64,
    /// Chinese subject when it was bought.
    pub subject: String,
    /// Chinese values of its specs.
    #[schema(example = "红色/L")]
    pub spec_text: String,
    /// Pieces.
    pub quantity: i64,
    /// Price of a piece.
    pub unit_price_fen: i64,
    /// Pieces times price.
    pub amount_fen: i64,
    /// Pieces that were sent.
    pub shipped_quantity: i64,
}

/// How an order was paid.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Payment {
    /// Our number of the payment.
    pub pay_no: i64,
    /// The caller's reference, when it was a debit.
    pub pay_ref: Option<String>,
}

/// A parcel.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shipment {
    /// Its number.
    pub id: i64,
    /// Row in the table of carriers.
    pub carrier: usize,
    /// Line numbers and pieces in it.
    pub lines: Vec<(u32, i64)>,
    /// Unix seconds.
    pub sent_at: i64,
    /// Unix seconds.
    pub signed_at: Option<i64>,
}

/// Everything about an order. Times are unix seconds, amounts fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::OrderWire`")]
pub struct Order {
    pub order_no: i64,
    pub out_ref: String,
    pub partner_code: String,
    pub channel: String,
    pub dest_country: String,
    pub warehouse_code: String,
    pub seller_id: i64,
    pub buyer_memo: String,
    pub status: Status,
    pub lines: Vec<Line>,
    pub goods_fen: i64,
    pub freight_fen: i64,
    /// What the seller added (or, negative, let off) by hand.
    pub adjust_fen: i64,
    pub paid_fen: i64,
    pub refunded_fen: i64,
    pub close_reason: Option<CloseReason>,
    pub created_at: i64,
    pub paid_at: Option<i64>,
    pub sent_at: Option<i64>,
    pub signed_at: Option<i64>,
    pub finished_at: Option<i64>,
    pub pay_expire: i64,
    pub version: i64,
    pub payment: Option<Payment>,
    /// The secret word in the cashier's address, once a page was asked for.
    pub cashier: Option<String>,
    pub shipments: Vec<Shipment>,
    /// When the order moves on by itself, milliseconds.
    pub due_ms: Option<i64>,
}

impl Order {
    /// What has to be paid.
    pub fn total_fen(&self) -> i64 {
        self.goods_fen + self.freight_fen + self.adjust_fen
    }
}

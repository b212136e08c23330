//! An order as the sandbox remembers it, with its payment and shipments. How it is written in answers is left to `wire`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filing::Document;

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

impl Status {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Status::WaitBuyerPay => "waitbuyerpay",
            Status::WaitSellerSend => "waitsellersend",
            Status::SellerPartSend => "sellerpartsend",
            Status::WaitBuyerReceive => "waitbuyerreceive",
            Status::WarehouseSigned => "warehousesigned",
            Status::Inspected => "inspected",
            Status::HandedOver => "handedover",
            Status::Success => "success",
            Status::Cancel => "cancel",
            Status::Terminated => "terminated",
        }
    }

    /// Whether nothing comes after it.
    pub fn is_over(self) -> bool {
        self >= Status::Success
    }
}

/// Why an order was closed without success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum CloseReason {
    BuyerCancel,
    SellerGoodsLack,
    PayTimeout,
    Refunded,
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
    /// Pieces of refunds that succeeded.
    #[serde(default)]
    pub refunded_quantity: i64,
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
    /// When it left its city, unix seconds.
    #[serde(default)]
    pub on_road_at: Option<i64>,
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
    /// How much of `refunded_fen` is freight.
    #[serde(default)]
    pub refunded_freight_fen: i64,
    /// Refunds that are not settled yet.
    #[serde(default)]
    pub open_refunds: Vec<i64>,
    /// Pieces by line that were called off before they were sent.
    #[serde(default)]
    pub called_off: BTreeMap<u32, i64>,
    /// The consignment it is in.
    #[serde(default)]
    pub consignment_no: Option<i64>,
    /// The quotation it was placed of.
    #[serde(default)]
    pub quotation_no: Option<i64>,
    /// How often the call that placed it came.
    #[serde(default = "once")]
    pub create_calls: u64,
}

fn once() -> u64 {
    1
}

impl Document for Order {
    fn number(&self) -> i64 {
        self.order_no
    }

    fn partner(&self) -> &str {
        &self.partner_code
    }

    fn out_ref(&self) -> &str {
        &self.out_ref
    }
}

impl Order {
    /// The line with a number.
    pub fn line(&self, line_no: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.line_no == line_no)
    }

    /// Pieces of a line that were called off.
    pub fn called_off(&self, line_no: u32) -> i64 {
        self.called_off.get(&line_no).copied().unwrap_or(0)
    }

    /// Pieces of a line that are still to be sent.
    pub fn unsent(&self, line: &Line) -> i64 {
        line.quantity - line.shipped_quantity - self.called_off(line.line_no)
    }

    /// Whether it waits for somebody and does not move on by itself: for its consignment, or for a refund before
    /// anything more is sent.
    pub fn is_held(&self) -> bool {
        let before_sent = matches!(self.status, Status::WaitSellerSend | Status::SellerPartSend);
        self.waits_for_consignment() || (before_sent && !self.open_refunds.is_empty())
    }

    /// Whether only its consignment moves it.
    pub fn waits_for_consignment(&self) -> bool {
        let here = matches!(self.status, Status::WaitBuyerReceive | Status::WarehouseSigned | Status::Inspected);
        here && self.consignment_no.is_some()
    }

    /// What has to be paid.
    pub fn total_fen(&self) -> i64 {
        self.goods_fen + self.freight_fen + self.adjust_fen
    }
}

#[cfg(test)]
pub mod tests {
    use super::{Line, Order, Status};

    /// An unpaid order with lines of so many pieces at a price each.
    pub fn order(lines: &[(i64, i64)], freight_fen: i64) -> Order {
        let line = |(line_no, (quantity, unit_price_fen)): (u32, &(i64, i64))| Line {
            line_no,
            sku_id: i64::from(line_no),
            goods_id: 1,
            subject: String::new(),
            spec_text: String::new(),
            quantity: *quantity,
            unit_price_fen: *unit_price_fen,
            amount_fen: quantity * unit_price_fen,
            shipped_quantity: 0,
            refunded_quantity: 0,
        };
        let lines: Vec<Line> = (1..).zip(lines).map(line).collect();
        Order {
            order_no: 1,
            out_ref: String::from("T-1"),
            partner_code: String::from("acme"),
            channel: String::new(),
            dest_country: String::from("JP"),
            warehouse_code: String::from("YW01"),
            seller_id: 1,
            buyer_memo: String::new(),
            status: Status::WaitBuyerPay,
            goods_fen: lines.iter().map(|line| line.amount_fen).sum(),
            lines,
            freight_fen,
            adjust_fen: 0,
            paid_fen: 0,
            refunded_fen: 0,
            close_reason: None,
            created_at: 0,
            paid_at: None,
            sent_at: None,
            signed_at: None,
            finished_at: None,
            pay_expire: 0,
            version: 1,
            payment: None,
            cashier: None,
            shipments: Vec::new(),
            due_ms: None,
            refunded_freight_fen: 0,
            open_refunds: Vec::new(),
            called_off: std::collections::BTreeMap::new(),
            consignment_no: None,
            quotation_no: None,
            create_calls: 1,
        }
    }

    #[test]
    fn an_order_of_an_earlier_journal_can_still_be_read() {
        let mut old = serde_json::to_value(order(&[(2, 50)], 0)).unwrap();
        for field in
            ["refunded_freight_fen", "open_refunds", "called_off", "consignment_no", "quotation_no", "create_calls"]
        {
            old.as_object_mut().unwrap().remove(field);
        }
        old["lines"][0].as_object_mut().unwrap().remove("refundedQuantity");
        let read: Order = serde_json::from_value(old).unwrap();
        assert_eq!((read.create_calls, read.unsent(&read.lines[0])), (1, 2));
    }
}

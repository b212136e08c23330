//! Previews, orders, payments, shipments and warehouses. Amounts are fen, booleans real, times Beijing wall clock.

use super::trans::Trans;
use serde::{Deserialize, Serialize};

/// Warehouses that collect goods.
#[derive(Clone, Debug, Deserialize)]
pub struct Warehouses {
    /// The warehouses.
    pub items: Vec<Warehouse>,
}

/// A warehouse that collects goods.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Warehouse {
    /// Short code, e.g. `YW01`.
    pub code: String,
    /// Chinese name.
    pub name: String,
    /// Name in the asked language.
    pub name_trans: Option<Trans>,
    /// GB/T 2260 code of the place.
    pub region_code: Option<String>,
    /// Postal address.
    pub address: Option<String>,
}

/// Asks what lines would cost.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewRequest {
    /// What is wanted.
    pub lines: Vec<PreviewLine>,
    /// Where the sellers send it.
    pub warehouse_code: String,
    /// Where it goes in the end, ISO 3166.
    pub dest_country: String,
}

/// A wanted quantity of a variant.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewLine {
    /// The variant.
    pub sku_id: i64,
    /// How many.
    pub quantity: u32,
}

/// What lines would cost, by seller, and what stands against some of them.
#[derive(Clone, Debug, Deserialize)]
pub struct Preview {
    /// One group per seller.
    #[serde(default)]
    pub groups: Vec<PreviewGroup>,
    /// Lines that cannot be bought so.
    #[serde(default)]
    pub problems: Vec<PreviewProblem>,
}

/// The lines of one seller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewGroup {
    /// The seller.
    pub seller_id: i64,
    /// Its Chinese name.
    pub seller_name: String,
    /// Its lines.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// Freight to the warehouse.
    pub freight_fen: i64,
    /// Both together.
    pub total_fen: i64,
}

/// A line with its price.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PricedLine {
    /// The variant.
    pub sku_id: i64,
    /// Its goods.
    pub goods_id: i64,
    /// How many.
    pub quantity: u32,
    /// Fen per piece.
    pub unit_price_fen: i64,
    /// Where the price range begins that this price is of.
    pub tier_begin_amount: Option<u32>,
    /// Fen for all.
    pub amount_fen: i64,
    /// Grams per piece.
    pub weight_gram: Option<u32>,
    /// Pieces in stock.
    pub stock: Option<u64>,
    /// Version of the goods the price is from.
    pub goods_version: Option<i64>,
    /// Chinese title.
    pub subject: String,
    /// Chinese words for the variant, e.g. `红色/L`.
    pub spec_text: Option<String>,
}

/// Why a line cannot be bought so.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PreviewProblem {
    /// The variant.
    pub sku_id: i64,
    /// The service's word: `SKU_NOT_FOUND`, `STOCK_NOT_ENOUGH`, `BELOW_BEGIN_AMOUNT`, `NOT_BATCH_MULTIPLE`,
    /// `COUNTRY_RESTRICTED`, `GOODS_HELD` or `GOODS_OFFLINE`.
    pub code: String,
    /// Its sentence in Chinese.
    pub msg: Option<String>,
    /// Pieces left.
    pub stock: Option<u64>,
    /// Smallest quantity.
    pub begin_amount: Option<u32>,
    /// Quantities must be a multiple of this.
    pub batch_amount: Option<u32>,
    /// What would waive the smallest quantity, and how far these lines are.
    pub mix: Option<Mix>,
}

/// A seller's rule for mixed orders, and what the lines of the seller come to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mix {
    /// Pieces of several SKUs together that are enough.
    pub min_pieces: Option<u32>,
    /// Or fen for all of them.
    pub min_fen: Option<i64>,
    /// Pieces there are.
    pub pieces: i64,
    /// Fen they cost.
    pub fen: i64,
}

/// Places an order; the service knows it again by `(partner_code, out_ref)`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrder {
    /// Our own unique reference, at most 64 characters.
    pub out_ref: String,
    /// Whom the order is for.
    pub partner_code: String,
    /// Always `CROSS_BORDER`.
    pub channel: &'static str,
    /// Where it goes in the end, ISO 3166.
    pub dest_country: String,
    /// Where the seller sends it.
    pub warehouse_code: String,
    /// The one seller.
    pub seller_id: i64,
    /// What is bought, at the price that was agreed.
    pub lines: Vec<NewOrderLine>,
    /// Freight that was agreed.
    pub freight_fen: i64,
    /// Everything together.
    pub total_fen: i64,
    /// Words for the seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub buyer_memo: Option<String>,
    /// The seller's quotation that is ordered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quotation_no: Option<i64>,
}

/// A line of a new order.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewOrderLine {
    /// The variant.
    pub sku_id: i64,
    /// How many.
    pub quantity: u32,
    /// Fen per piece.
    pub unit_price_fen: i64,
}

/// The channel of every order placed through the gateway.
pub const CHANNEL: &str = "CROSS_BORDER";

/// An order at the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The service's number, 19 digits.
    pub order_no: i64,
    /// Our reference.
    pub out_ref: String,
    /// Whom it is for.
    pub partner_code: String,
    /// Where it goes in the end.
    pub dest_country: Option<String>,
    /// Where the seller sends it.
    pub warehouse_code: Option<String>,
    /// The seller.
    pub seller_id: i64,
    /// The service's status word, e.g. `waitbuyerpay`.
    pub status: String,
    /// What was bought.
    #[serde(default)]
    pub lines: Vec<OrderLine>,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// Freight to the warehouse.
    pub freight_fen: i64,
    /// Everything together.
    pub total_fen: i64,
    /// Paid so far.
    #[serde(default)]
    pub paid_fen: i64,
    /// Given back so far: by refunds, and what was left when the seller closed it.
    #[serde(default)]
    pub refunded_fen: i64,
    /// `none`, `open` while a refund is open, else `part` or `full`.
    pub refund_status: Option<String>,
    /// Why it was closed: `buyer_cancel`, `seller_goods_lack`, `pay_timeout` or `refunded`.
    pub close_reason: Option<String>,
    /// Created.
    pub gmt_create: String,
    /// Paid.
    pub gmt_pay: Option<String>,
    /// Sent by the seller.
    pub gmt_send: Option<String>,
    /// Signed for at the warehouse.
    pub gmt_sign: Option<String>,
    /// Finished.
    pub gmt_finish: Option<String>,
    /// To be paid by.
    pub pay_expire: Option<String>,
    /// Grows with each change.
    #[serde(default)]
    pub version: i64,
    /// The same order was placed before.
    #[serde(default)]
    pub replayed: bool,
}

/// A line of an order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderLine {
    /// Number of the line, from 1.
    pub line_no: u32,
    /// The variant.
    pub sku_id: i64,
    /// Its goods.
    pub goods_id: i64,
    /// Chinese title.
    pub subject: String,
    /// Chinese words for the variant.
    pub spec_text: Option<String>,
    /// How many.
    pub quantity: u32,
    /// Fen per piece.
    pub unit_price_fen: i64,
    /// Fen for all.
    pub amount_fen: i64,
    /// How many were sent.
    #[serde(default)]
    pub shipped_quantity: u32,
    /// How many were given up by refunds that succeeded.
    #[serde(default)]
    pub refunded_quantity: u32,
}

/// A page of orders.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderPage {
    /// Where the next page starts.
    pub next_page_token: Option<String>,
    /// This page.
    pub items: Vec<Order>,
}

/// What an order's refunds are about; the rest of them is for those who deal with refunds.
#[derive(Clone, Debug, Deserialize)]
pub struct RefundsInShort {
    /// The refunds.
    pub items: Vec<RefundInShort>,
}

/// Which pieces a refund is about.
#[derive(Clone, Debug, Deserialize)]
pub struct RefundInShort {
    /// The service's status word, e.g. `waitselleragree`.
    pub status: String,
    /// The pieces.
    #[serde(default)]
    pub lines: Vec<ShipmentLine>,
}

/// Replaces the buyer's memo of an order.
#[derive(Clone, Debug, Serialize)]
pub struct Memo<'a> {
    /// The words for the seller.
    pub memo: &'a str,
}

/// Cancels an order.
#[derive(Clone, Debug, Serialize)]
pub struct Cancel<'a> {
    /// Why.
    pub reason: &'a str,
}

/// How an order is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PayMode {
    /// A person opens a page and pays there.
    Page,
    /// An agreed account is debited.
    Debit,
}

/// Pays an order; the service knows it again by `pay_ref`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pay<'a> {
    /// How.
    pub mode: PayMode,
    /// Our own unique reference.
    pub pay_ref: &'a str,
    /// What the order has to cost; another amount is refused.
    pub total_fen: i64,
}

/// What came of a wish to pay: a page to open, or money taken.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// The page to open.
    pub pay_url: Option<String>,
    /// Until when the page works.
    pub expire: Option<String>,
    /// `PAID` once money was taken.
    pub status: Option<String>,
    /// How much was taken.
    pub paid_fen: Option<i64>,
    /// The service's number of the payment.
    pub pay_no: Option<Number>,
}

/// A debit that was read back.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Debited {
    /// The order it was for.
    pub order_no: i64,
    /// `PAID`.
    pub status: String,
}

/// A number that the service writes as JSON number or string.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Number {
    /// Written as a number.
    Integer(i64),
    /// Written as a string.
    Text(String),
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// Part of an order line, in a refund.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShipmentLine {
    /// Number of the order's line.
    pub line_no: u32,
    /// How many.
    pub quantity: u32,
}

/// Facts of `PRICE_CHANGED`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PriceChanged {
    /// New prices.
    #[serde(default)]
    pub lines: Vec<NewPrice>,
    /// New freight.
    pub freight_fen: Option<i64>,
    /// New total.
    pub total_fen: Option<i64>,
}

/// A new price.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewPrice {
    /// The variant.
    pub sku_id: i64,
    /// Fen per piece now.
    pub unit_price_fen: i64,
}

/// Facts of `STOCK_NOT_ENOUGH`.
#[derive(Clone, Debug, Deserialize)]
pub struct StockLeft {
    /// What is left.
    #[serde(default)]
    pub lines: Vec<SkuStock>,
}

/// Pieces left of a variant.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SkuStock {
    /// The variant.
    pub sku_id: i64,
    /// Pieces left.
    pub stock: u64,
}

/// Facts of `OUT_REF_CONFLICT`.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Conflict {
    /// The order that has the reference.
    pub order_no: i64,
}

/// Facts of `STATUS_NOT_ALLOWED`.
#[derive(Clone, Debug, Deserialize)]
pub struct StatusNow {
    /// The order's status word.
    pub status: String,
}

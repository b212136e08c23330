//! How trade calls are asked and answered. What they do is left to the other files of this folder.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::order::{CloseReason, Line, Order, Status};
use crate::sandbox::words::beijing;

/// A consolidation warehouse.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WarehouseWire {
    /// Names it in orders.
    #[schema(example = "YW01")]
    pub code: &'static str,
    /// Chinese name.
    pub name: &'static str,
    /// Name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_trans: Option<&'static str>,
    /// GB/T 2260, six digits.
    pub region_code: &'static str,
    /// Chinese address.
    pub address: &'static str,
}

/// All warehouses.
#[derive(Serialize, ToSchema)]
pub struct Warehouses {
    /// Three or four.
    pub items: Vec<WarehouseWire>,
}

/// A SKU and how many of it.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WantedLine {
    /// Which SKU; each at most once.
    pub sku_id: i64,
    /// How many, 1 to 1,000,000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
}

/// Asks what a purchase would cost.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PreviewAsked {
    /// At most 50, of any sellers.
    pub lines: Vec<WantedLine>,
    /// Where it is collected.
    pub warehouse_code: String,
    /// Where it goes in the end (ISO 3166 alpha-2).
    #[schema(example = "JP")]
    pub dest_country: String,
}

/// A line with its price.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PricedLine {
    /// Which SKU.
    pub sku_id: i64,
    /// Which goods.
    pub goods_id: i64,
    /// How many.
    pub quantity: i64,
    /// Price of a piece at the reached range.
    pub unit_price_fen: i64,
    /// Where that range begins, all SKUs of the goods together.
    pub tier_begin_amount: u32,
    /// Pieces times price.
    pub amount_fen: i64,
    /// One packed piece.
    pub weight_gram: u32,
    /// Pieces that can be ordered now.
    pub stock: i64,
    /// The goods' version this price belongs to.
    pub goods_version: i64,
    /// Chinese subject.
    pub subject: String,
    /// Chinese values of the specs.
    pub spec_text: String,
}

/// What one seller sends.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The seller.
    pub seller_id: i64,
    /// Chinese name.
    pub seller_name: &'static str,
    /// What is bought there.
    pub lines: Vec<PricedLine>,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// To the warehouse, by the seller's template.
    pub freight_fen: i64,
    /// Both.
    pub total_fen: i64,
}

/// What freight is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateBy {
    /// Grams.
    Weight,
    /// Pieces.
    Piece,
    /// Cubic centimetres.
    Volume,
    /// Nothing: it is always free.
    Free,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Zone {
    /// Anywhere in the country but …
    Usual,
    /// … the far provinces.
    Remote,
}

/// A seller's freight template as it is for a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TemplateWire {
    /// What is counted.
    pub by: TemplateBy,
    /// How far it is.
    pub zone: Zone,
    /// How much is in the first price: grams, pieces or cubic centimetres.
    pub first: u32,
    /// The first price.
    pub first_fen: i64,
    /// How much a further step is.
    pub step: u32,
    /// What each begun step costs.
    pub step_fen: i64,
    /// Free for goods of this price; null when never.
    pub free_above_fen: Option<i64>,
}

/// A line whose freight is estimated.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoadedLine {
    #[serde(flatten)]
    #[allow(missing_docs)]
    pub line: PricedLine,
    /// Length, width and height of one packed piece.
    pub size_mm: [u32; 3],
}

/// What one seller would charge for the road.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightGroup {
    /// The seller.
    pub seller_id: i64,
    /// Chinese name.
    pub seller_name: &'static str,
    /// Where it is sent from, GB/T 2260.
    pub from_region_code: &'static str,
    /// What is sent.
    pub lines: Vec<LoadedLine>,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// What an order of these lines would be charged.
    pub freight_fen: i64,
    /// Both.
    pub total_fen: i64,
    /// Pieces of all lines.
    pub pieces: i64,
    /// Weight of all lines.
    pub weight_gram: i64,
    /// Space of all lines.
    pub volume_cm3: i64,
    /// By which it was reckoned.
    pub template: TemplateWire,
}

/// What the road to a place costs, seller by seller.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FreightEstimate {
    /// Where it goes.
    pub region_code: String,
    /// By seller.
    pub groups: Vec<FreightGroup>,
    /// As of a preview.
    pub problems: Vec<Problem>,
}

/// A seller's rule for mixed orders, and what the lines of his come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MixWire {
    /// Pieces of two or more SKUs that are enough.
    pub min_pieces: u32,
    /// Or fen for them.
    pub min_fen: i64,
    /// Pieces of the lines.
    pub pieces: i64,
    /// Fen for the lines.
    pub fen: i64,
}

/// Why a line could not be ordered as asked.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Which SKU.
    pub sku_id: i64,
    /// `SKU_NOT_FOUND`, `STOCK_NOT_ENOUGH`, `BELOW_BEGIN_AMOUNT`, `NOT_BATCH_MULTIPLE`, `COUNTRY_RESTRICTED`, `GOODS_HELD` or `GOODS_OFFLINE`.
    pub code: &'static str,
    /// The same in Chinese.
    pub msg: &'static str,
    /// What is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stock: Option<i64>,
    /// The fewest pieces of the goods, all SKUs together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub begin_amount: Option<u32>,
    /// Multiples of this only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_amount: Option<u32>,
    /// What else would do for `BELOW_BEGIN_AMOUNT`, where the seller takes mixed orders.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<MixWire>,
}

/// What a purchase would cost, seller by seller. Lines that do not exist or are offline are in `problems` only.
#[derive(Serialize, ToSchema)]
pub struct Preview {
    /// In the order in which sellers first appear.
    pub groups: Vec<Group>,
    /// Empty when everything can be ordered.
    pub problems: Vec<Problem>,
}

/// A line at the price the caller agreed to.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgreedLine {
    /// Which SKU; each at most once.
    pub sku_id: i64,
    /// How many.
    pub quantity: i64,
    /// Price of a piece as previewed.
    pub unit_price_fen: i64,
}

/// Places an order with one seller.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlaceAsked {
    /// The caller's unique reference; the same call again answers the same order.
    #[schema(max_length = 64)]
    pub out_ref: String,
    /// On whose behalf; part of the reference.
    #[schema(max_length = 64)]
    pub partner_code: String,
    /// Always `CROSS_BORDER`.
    pub channel: String,
    /// Where it goes in the end (ISO 3166 alpha-2).
    pub dest_country: String,
    /// Where it is collected.
    pub warehouse_code: String,
    /// The one seller of all lines.
    pub seller_id: i64,
    /// 1 to 50.
    pub lines: Vec<AgreedLine>,
    /// As previewed.
    pub freight_fen: i64,
    /// As previewed.
    pub total_fen: i64,
    /// For the seller to read; not part of what makes a call the same.
    #[serde(default)]
    pub buyer_memo: String,
    /// The quotation that is ordered: its one variant, quantity, price and freight, instead of what the list says.
    #[serde(default)]
    pub quotation_no: Option<i64>,
}

/// How an order stands with its refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum RefundState {
    None,
    Open,
    Part,
    Full,
}

impl RefundState {
    fn of(order: &Order) -> RefundState {
        match (order.open_refunds.is_empty(), order.refunded_fen) {
            (false, _) => RefundState::Open,
            (true, 0) => RefundState::None,
            (true, refunded) if refunded < order.paid_fen => RefundState::Part,
            (true, _) => RefundState::Full,
        }
    }
}

/// An order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderWire {
    /// 19 digits.
    #[schema(example = 2_600_000_000_000_123_456_i64)]
    pub order_no: i64,
    /// The caller's reference.
    pub out_ref: String,
    /// On whose behalf.
    pub partner_code: String,
    /// `CROSS_BORDER`.
    pub channel: String,
    /// Where it goes in the end.
    pub dest_country: String,
    /// Where it is collected.
    pub warehouse_code: String,
    /// Who sells.
    pub seller_id: i64,
    /// Where it stands.
    pub status: Status,
    /// What was bought.
    pub lines: Vec<Line>,
    /// What the buyer wants the seller to read.
    pub buyer_memo: String,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// To the warehouse.
    pub freight_fen: i64,
    /// What the seller added or (negative) let off by hand.
    pub adjust_fen: i64,
    /// What has to be paid: goods, freight and adjustment.
    pub total_fen: i64,
    /// What was paid.
    pub paid_fen: i64,
    /// All that was given back.
    pub refunded_fen: i64,
    /// Whether a refund is open, and how much was given back.
    pub refund_status: RefundState,
    /// The consignment it is in.
    pub consignment_no: Option<i64>,
    /// Why it was closed without success.
    pub close_reason: Option<CloseReason>,
    /// Beijing time.
    pub gmt_create: String,
    /// Beijing time.
    pub gmt_pay: Option<String>,
    /// When the last parcel was sent.
    pub gmt_send: Option<String>,
    /// When the warehouse signed.
    pub gmt_sign: Option<String>,
    /// When it ended, well or not.
    pub gmt_finish: Option<String>,
    /// Until when it can be paid.
    pub pay_expire: String,
    /// Grows with every change.
    pub version: i64,
    /// Whether this answer repeats an order that was placed before.
    pub replayed: bool,
}

impl OrderWire {
    /// Writes an order.
    pub fn new(order: &Order, replayed: bool) -> OrderWire {
        let order = order.clone();
        OrderWire {
            total_fen: order.total_fen(),
            refund_status: RefundState::of(&order),
            consignment_no: order.consignment_no,
            buyer_memo: order.buyer_memo,
            order_no: order.order_no,
            out_ref: order.out_ref,
            partner_code: order.partner_code,
            channel: order.channel,
            dest_country: order.dest_country,
            warehouse_code: order.warehouse_code,
            seller_id: order.seller_id,
            status: order.status,
            lines: order.lines,
            goods_fen: order.goods_fen,
            freight_fen: order.freight_fen,
            adjust_fen: order.adjust_fen,
            paid_fen: order.paid_fen,
            refunded_fen: order.refunded_fen,
            close_reason: order.close_reason,
            gmt_create: beijing(order.created_at),
            gmt_pay: order.paid_at.map(beijing),
            gmt_send: order.sent_at.map(beijing),
            gmt_sign: order.signed_at.map(beijing),
            gmt_finish: order.finished_at.map(beijing),
            pay_expire: beijing(order.pay_expire),
            version: order.version,
            replayed,
        }
    }
}

/// One page of orders, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderPage {
    /// Ask with this for the next page; null on the last.
    pub next_page_token: Option<String>,
    /// This page.
    pub items: Vec<OrderWire>,
}

/// A debit that was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Debit {
    /// The caller's reference.
    pub pay_ref: String,
    /// The order it paid.
    pub order_no: i64,
    /// `PAID`.
    pub status: &'static str,
    /// How much.
    pub paid_fen: i64,
    /// Our number of the payment.
    pub pay_no: i64,
}

/// Writes another memo.
#[derive(Deserialize, ToSchema)]
pub struct MemoAsked {
    /// What the seller shall read from now on; may be empty.
    #[schema(max_length = 500)]
    pub memo: String,
}

/// An order as a checker wants it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedOrder {
    /// The order.
    #[serde(flatten)]
    pub order: OrderWire,
    /// How often the call that placed it came, repeats and calls whose answer was dropped included.
    pub create_calls: u64,
    /// The reference of the debit that paid it.
    pub pay_ref: Option<String>,
    /// Our number of its payment.
    pub pay_no: Option<i64>,
}

/// Orders for a checker, smallest number first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckedOrders {
    /// At most `limit`.
    pub items: Vec<CheckedOrder>,
    /// What to ask on with as `after`; null when there are none.
    pub last_order_no: Option<i64>,
}

/// Cancels an order.
#[derive(Deserialize, ToSchema)]
pub struct CancelAsked {
    /// For the seller to read.
    #[serde(default)]
    #[allow(dead_code, reason = "part of the contract; the sandbox's sellers do not read")]
    pub reason: String,
}

/// The two ways to pay.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum PayMode {
    Page,
    Debit,
}

/// Pays an order.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PayAsked {
    /// `PAGE`: a person pays at the cashier. `DEBIT`: the agreed account is debited now.
    pub mode: PayMode,
    /// The caller's reference of the payment; required for `DEBIT`.
    #[serde(default)]
    pub pay_ref: Option<String>,
    /// What the caller believes the order costs; `PRICE_CHANGED` when it does not. Not checked when absent.
    #[serde(default)]
    pub total_fen: Option<i64>,
}

/// Where to pay, or that it was paid. Fields of the other mode are absent.
#[derive(Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paid {
    /// The cashier's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_url: Option<String>,
    /// Until when, Beijing time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expire: Option<String>,
    /// `PAID`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
    /// How much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid_fen: Option<i64>,
    /// Our number of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pay_no: Option<i64>,
}

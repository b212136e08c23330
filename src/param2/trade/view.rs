//! An order as `alibaba.trade.get.buyerView` tells it: yuan but for discounts, numbers with their twins.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::member;
use crate::model::money::Money;
use crate::model::order::{Event, Kind, Order, Paying};
use crate::model::quote::Line;
use crate::model::refund::{self, Refund};
use crate::model::shipment::{Shipment, Transit};
use crate::model::warehouse::Site;
use crate::param2::dates;
use crate::param2::discovery::spec;
use crate::param2::lenient::AsText;
use crate::param2::trade::yuan::Yuan;
use crate::param2::trade::{entry, saved, words};

/// Trade 4.0: the money is kept until the goods are there.
pub const TRADE_TYPE: &str = "50060";

/// What an order is told from.
#[derive(Debug)]
pub struct Known<'a> {
    /// The order with its events.
    pub order: &'a Order,
    /// Its refunds, newest first.
    pub refunds: &'a [Refund],
    /// Its parcels; none where they are not told.
    pub parcels: Option<&'a [Shipment]>,
    /// Where its goods are gathered.
    pub site: Option<&'a Site>,
    /// The buyer account that it was placed for.
    pub account: &'a str,
}

/// `TradeInfo`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeInfo {
    base_info: BaseInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    native_logistics: Option<NativeLogistics>,
    product_items: Vec<ProductItem>,
    trade_terms: Vec<TradeTerm>,
    ext_attributes: Vec<()>,
    order_rate_info: RateInfo,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct BaseInfo {
    #[serde(skip_serializing_if = "Option::is_none")]
    all_delivered_time: Option<String>,
    business_type: &'static str,
    #[serde(rename = "buyerID")]
    buyer_id: String,
    create_time: String,
    id: i64,
    id_of_str: AsText,
    modify_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receiving_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complete_time: Option<String>,
    refund: Yuan,
    refund_payment: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<String>,
    #[serde(rename = "sellerID")]
    seller_id: String,
    seller_user_id: i64,
    shipping_fee: Yuan,
    status: &'static str,
    total_amount: Yuan,
    sum_product_payment: Yuan,
    discount: i64,
    buyer_contact: Contact,
    seller_contact: Contact,
    trade_type: &'static str,
    receiver_info: Receiver,
    buyer_login_id: String,
    seller_login_id: String,
    step_pay_all: bool,
    out_order_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_timeout: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_operate_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remark: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_memo: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_feedback: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    name: String,
    im_in_platform: String,
    company_name: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Receiver {
    to_full_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    to_division_code: Option<String>,
    to_area: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct NativeLogistics {
    address: String,
    province: String,
    city: String,
    area: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    area_code: Option<String>,
    contact_person: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    logistics_items: Option<Vec<LogisticsItem>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogisticsItem {
    id: i64,
    logistics_code: String,
    r#type: &'static str,
    status: &'static str,
    logistics_bill_no: String,
    logistics_company_name: String,
    logistics_company_no: String,
    sub_item_ids: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_create: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ProductItem {
    item_amount: Yuan,
    name: String,
    price: Yuan,
    #[serde(rename = "productID")]
    product_id: i64,
    quantity: u32,
    quantity_factor: u32,
    #[serde(rename = "skuID")]
    sku_id: i64,
    spec_id: String,
    status: &'static str,
    status_str: &'static str,
    #[serde(rename = "subItemID")]
    sub_item_id: i64,
    #[serde(rename = "subItemIDString")]
    sub_item_id_string: AsText,
    r#type: &'static str,
    guarantees_terms: Vec<()>,
    sku_infos: Vec<SkuInfo>,
    entry_discount: i64,
    logistics_status: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund_id: Option<String>,
    gmt_create: String,
    gmt_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_pay_expire_time: Option<String>,
}

#[derive(Debug, Serialize)]
struct SkuInfo {
    name: &'static str,
    value: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TradeTerm {
    pay_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_time: Option<String>,
    pay_way: &'static str,
    phas_amount: Yuan,
    phase: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RateInfo {
    buyer_rate_status: u8,
    seller_rate_status: u8,
}

/// When something of this kind happened last.
fn when(order: &Order, kind: Kind) -> Option<Timestamp> {
    order.events.iter().rev().find(|event: &&Event| event.kind == kind).map(|event| event.at)
}

/// A refund's number as the platform writes it.
pub fn refund_id(refund: &Refund) -> Option<String> {
    refund.known.catalogue_refund.map(|number| format!("TQ{number}"))
}

/// A parcel's number as the platform writes it.
pub fn logistics_id(parcel: &Shipment) -> String {
    format!("LP{}", parcel.id)
}

/// The lines of which a parcel has pieces, as `1,2`.
pub fn packed(order: &Order, parcel: &Shipment) -> String {
    let holds = |line: &Line| parcel.packed.iter().any(|packed| packed.sku == line.sku);
    let lines = entry::all(order).into_iter().filter(|(_, line)| holds(line));
    lines.map(|(number, _)| number.to_string()).collect::<Vec<_>>().join(",")
}

impl TradeInfo {
    /// The order; none while the catalogue has given it no number.
    pub fn of(known: &Known<'_>) -> Option<Self> {
        let order = known.order;
        let number = order.catalogue_order?.number();
        let items = entry::all(order).into_iter().map(|(number, line)| ProductItem::of(known, number, line));
        Some(Self {
            base_info: BaseInfo::of(known, number),
            native_logistics: known.site.map(|site| NativeLogistics::of(known, site)),
            product_items: items.collect(),
            trade_terms: vec![TradeTerm {
                pay_status: pay_status(order),
                pay_time: when(order, Kind::Paid).map(dates::wire),
                pay_way: "1",
                phas_amount: Yuan(order.payable),
                phase: number,
            }],
            ext_attributes: Vec::new(),
            order_rate_info: RateInfo { buyer_rate_status: 5, seller_rate_status: 5 },
        })
    }
}

/// 1 unpaid, 2 paid, 4 refunded, 6 settled, 8 cancelled.
fn pay_status(order: &Order) -> &'static str {
    match (order.paying, words::of_order(order).0) {
        (Paying::Refunded, _) => "4",
        (Paying::Paid, "success") => "6",
        (Paying::Paid, _) => "2",
        (_, "cancel" | "terminated") => "8",
        _ => "1",
    }
}

/// Why it ended, and who ended it.
fn closing(order: &Order) -> (Option<&'static str>, Option<&'static str>) {
    if when(order, Kind::Cancelled).is_some() {
        return (Some("buyerCancel"), Some("CLOSE_TRADE_BY_BUYER"));
    }
    if when(order, Kind::Closed).is_none() {
        return (None, None);
    }
    match order.reason.as_deref() {
        Some("seller_goods_lack") => (Some("sellerGoodsLack"), Some("CLOSE_TRADE_BY_SELLER")),
        _ => (Some("other"), Some("CLOSE_TRADE_BY_SYSTEM")),
    }
}

impl BaseInfo {
    fn of(known: &Known<'_>, number: i64) -> Self {
        let order = known.order;
        let (deed, basket) = (&order.deed, &order.deed.basket);
        let newest = known.refunds.first();
        let (close_reason, close_operate_type) = closing(order);
        let place = known.site.and_then(|site| site.address.as_deref()).map(saved::place);
        Self {
            all_delivered_time: when(order, Kind::Shipped).map(dates::wire),
            business_type: "cn",
            buyer_id: member::id_of(known.account),
            create_time: dates::wire(deed.created_at),
            id: number,
            id_of_str: number.into(),
            modify_time: dates::wire(order.updated_at),
            pay_time: when(order, Kind::Paid).map(dates::wire),
            receiving_time: when(order, Kind::Completed).map(dates::wire),
            complete_time: when(order, Kind::Completed).map(dates::wire),
            refund: Yuan(order.refunded),
            refund_payment: Yuan(asked_back(known.refunds)),
            refund_status: newest.map(|refund| words::of_refund(refund.state).0),
            refund_id: newest.and_then(refund_id),
            seller_id: format!("b2b-{}", basket.supplier),
            seller_user_id: basket.supplier.number(),
            shipping_fee: Yuan(basket.freight),
            status: words::of_order(order).0,
            total_amount: Yuan(order.payable),
            sum_product_payment: Yuan(basket.goods),
            discount: order.payable.minor - basket.total.minor,
            buyer_contact: Contact {
                name: known.account.to_owned(),
                im_in_platform: known.account.to_owned(),
                company_name: deed.partner.to_string(),
            },
            seller_contact: Contact {
                name: basket.supplier_name.clone(),
                im_in_platform: basket.supplier_name.clone(),
                company_name: basket.supplier_name.clone(),
            },
            trade_type: TRADE_TYPE,
            receiver_info: Receiver {
                to_full_name: known
                    .site
                    .map_or_else(|| basket.warehouse.to_string(), |site| site.name.original.clone()),
                to_division_code: known.site.and_then(|site| site.region_code.clone()),
                to_area: place.unwrap_or_default(),
            },
            buyer_login_id: known.account.to_owned(),
            seller_login_id: basket.supplier.to_string(),
            step_pay_all: false,
            out_order_id: deed.reference.to_string(),
            pay_timeout: order.pay_by.filter(|_| words::of_order(order).0 == "waitbuyerpay").map(dates::wire),
            close_reason,
            close_operate_type,
            remark: deed.note.clone(),
            buyer_memo: order.note.clone(),
            buyer_feedback: order.note.clone(),
        }
    }
}

/// What the refunds that are open ask back together.
fn asked_back(refunds: &[Refund]) -> Money {
    let open = refunds.iter().filter(|refund| !refund.state.is_final());
    open.fold(Money::fen(0), |sum, refund| sum.plus(refund.amount()).unwrap_or(sum))
}

impl NativeLogistics {
    fn of(known: &Known<'_>, site: &Site) -> Self {
        let address = site.address.as_deref().unwrap_or_default();
        let [province, city, area, street] = saved::split(address).map(str::to_owned);
        let item = |parcel: &Shipment| LogisticsItem {
            id: parcel.id.number(),
            logistics_code: logistics_id(parcel),
            r#type: "0",
            status: if parcel.transit == Transit::Delivered { "signed" } else { "alreadysend" },
            logistics_bill_no: parcel.tracking_number.clone(),
            logistics_company_name: parcel.carrier.clone(),
            logistics_company_no: parcel.carrier_code.clone(),
            sub_item_ids: packed(known.order, parcel),
            delivered_time: parcel.shipped_at.map(dates::wire),
            gmt_create: parcel.shipped_at.map(dates::wire),
        };
        Self {
            address: street,
            province,
            city,
            area,
            area_code: site.region_code.clone(),
            contact_person: site.name.original.clone(),
            logistics_items: known.parcels.map(|parcels| parcels.iter().map(item).collect()),
        }
    }
}

impl ProductItem {
    fn of(known: &Known<'_>, number: i64, line: &Line) -> Self {
        let order = known.order;
        let (status, status_str) = words::of_order(order);
        let concerns = |refund: &&Refund| refund.deed.lines.iter().any(|one| one.sku == line.sku);
        let refund = known.refunds.iter().find(concerns);
        Self {
            item_amount: Yuan(line.amount),
            name: line.title.clone(),
            price: Yuan(line.unit_price),
            product_id: line.offer.number(),
            quantity: line.quantity.get(),
            quantity_factor: 1,
            sku_id: line.sku.number(),
            spec_id: spec::of(line.sku),
            status,
            status_str,
            sub_item_id: number,
            sub_item_id_string: number.into(),
            r#type: "common",
            guarantees_terms: Vec::new(),
            sku_infos: vec![SkuInfo { name: "规格", value: line.specification.clone() }],
            entry_discount: 0,
            logistics_status: logistics_status(order, refund),
            refund_status: refund.map(|refund| words::of_refund(refund.state).1),
            refund_id: refund.and_then(refund_id),
            gmt_create: dates::wire(order.deed.created_at),
            gmt_modified: dates::wire(order.updated_at),
            gmt_pay_expire_time: order.pay_by.map(dates::plain),
        }
    }
}

/// 1 not sent, 2 sent, 3 received, 4 sent back, 5 sent in part.
fn logistics_status(order: &Order, refund: Option<&Refund>) -> u8 {
    let back = refund.is_some_and(|refund| refund.has_been(refund::State::ReturnSent));
    match (back, words::of_order(order).0) {
        (true, _) => 4,
        (_, "success") => 3,
        (_, "waitbuyerreceive") => 2,
        _ if when(order, Kind::Shipped).is_some() => 2,
        _ if when(order, Kind::PartShipped).is_some() => 5,
        _ => 1,
    }
}

//! Placing an order: once per reference, at the agreed price, with the stock set aside.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::basket::{Basket, check_shape, price};
use super::book::Book;
use super::inquiry::{Inquiry, Quotation};
use super::order::{Line, Order, Status};
use super::warehouses;
use super::wire::{Group, PlaceAsked, WantedLine};
use crate::sandbox::asked;
use crate::sandbox::envelope::{Code, Refusal};
use crate::sandbox::feed::What;
use crate::sandbox::goods::Shop;

/// How long an order waits to be paid.
const PAY_WINDOW_S: i64 = 24 * 3600;
const CHANNEL: &str = "CROSS_BORDER";
/// Refusals in the order in which they are told when several apply.
const BEFORE_PRICE: [Code; 5] =
    [Code::SkuNotFound, Code::GoodsOffline, Code::CountryRestricted, Code::BelowBeginAmount, Code::NotBatchMultiple];

/// An order, and whether it was there before.
pub struct Placed {
    /// The order.
    pub order: Order,
    /// Whether this call only repeated an earlier one.
    pub replayed: bool,
}

impl Book {
    /// Places an order, or finds the one that the same call placed before.
    pub fn place(&mut self, shop: &Shop, asked: &PlaceAsked, now_ms: i64) -> Result<Placed, Refusal> {
        let wanted = check(asked)?;
        if let Some(order) = self.by_ref(&asked.partner_code, &asked.out_ref) {
            if !same_content(order, asked) {
                return Err(Refusal::with(Code::OutRefConflict, json!({ "orderNo": order.order_no })));
            }
            let order = order.clone();
            self.count_again(order.order_no);
            return Ok(Placed { order, replayed: true });
        }
        let zone = warehouses::zone_of(&asked.warehouse_code)?;
        let mut basket = price(shop, &self.shelf, &wanted, &asked.dest_country, zone);
        if let Some(quotation_no) = asked.quotation_no {
            let (inquiry, quotation) = self.orderable(&asked.partner_code, quotation_no, now_ms / 1000)?;
            check_quoted(inquiry, quotation, asked)?;
            agreed(&mut basket, quotation);
        }
        refuse_first(&basket, &BEFORE_PRICE)?;
        let group = match basket.groups.as_slice() {
            [group] if group.seller_id == asked.seller_id => group,
            _ => return Err(Refusal::param("sellerId")),
        };
        refuse_price(group, asked)?;
        refuse_first(&basket, &[Code::StockNotEnough])?;
        let number = self.number(now_ms);
        let order = written(group, asked, number, now_ms / 1000);
        for line in &order.lines {
            self.take_stock(shop, line.sku_id, line.quantity, now_ms);
        }
        let order = self.keep(order, What::Created, now_ms);
        if let Some(quotation_no) = asked.quotation_no {
            self.ordered(quotation_no, order.order_no, &order.out_ref, now_ms);
        }
        Ok(Placed { order, replayed: false })
    }
}

fn check(asked: &PlaceAsked) -> Result<Vec<WantedLine>, Refusal> {
    asked::reference("outRef", &asked.out_ref, 64)?;
    asked::reference("partnerCode", &asked.partner_code, 64)?;
    asked::country("destCountry", &asked.dest_country)?;
    if asked.channel != CHANNEL {
        return Err(Refusal::param("channel"));
    }
    if warehouses::find(&asked.warehouse_code).is_none() {
        return Err(Refusal::param("warehouseCode"));
    }
    if asked.buyer_memo.chars().count() > 500 {
        return Err(Refusal::param("buyerMemo"));
    }
    let wanted: Vec<WantedLine> =
        asked.lines.iter().map(|line| WantedLine { sku_id: line.sku_id, quantity: line.quantity }).collect();
    check_shape(&wanted)?;
    Ok(wanted)
}

/// Whether a call says what an order was placed with. The memo is talk, not content.
fn same_content(order: &Order, asked: &PlaceAsked) -> bool {
    let before = order.lines.iter().map(|line| (line.sku_id, line.quantity, line.unit_price_fen));
    let now = asked.lines.iter().map(|line| (line.sku_id, line.quantity, line.unit_price_fen));
    order.dest_country == asked.dest_country
        && order.warehouse_code == asked.warehouse_code
        && order.seller_id == asked.seller_id
        && order.freight_fen == asked.freight_fen
        && order.goods_fen + order.freight_fen == asked.total_fen
        && order.quotation_no == asked.quotation_no
        && before.eq(now)
}

/// Refuses an order that says something else than the inquiry whose quotation it is of.
fn check_quoted(inquiry: &Inquiry, quotation: &Quotation, asked: &PlaceAsked) -> Result<(), Refusal> {
    if inquiry.content.dest_country != asked.dest_country {
        return Err(Refusal::param("destCountry"));
    }
    if inquiry.content.warehouse_code != asked.warehouse_code {
        return Err(Refusal::param("warehouseCode"));
    }
    match asked.lines.as_slice() {
        [line] if (line.sku_id, line.quantity) == (quotation.sku_id, quotation.quantity) => Ok(()),
        _ => Err(Refusal::param("lines")),
    }
}

/// Prices a basket by a quotation. What the seller agreed to is enough for him, and in his multiples.
fn agreed(basket: &mut Basket, quotation: &Quotation) {
    basket.problems.retain(|flaw| !matches!(flaw.code, Code::BelowBeginAmount | Code::NotBatchMultiple));
    for group in &mut basket.groups {
        for line in &mut group.lines {
            line.unit_price_fen = quotation.unit_price_fen;
            line.amount_fen = quotation.goods_fen();
        }
        group.goods_fen = quotation.goods_fen();
        group.freight_fen = quotation.freight_fen;
        group.total_fen = quotation.goods_fen() + quotation.freight_fen;
    }
}

fn refuse_first(basket: &Basket, codes: &[Code]) -> Result<(), Refusal> {
    for code in codes {
        let lines: Vec<Value> =
            basket.problems.iter().filter(|flaw| flaw.code == *code).map(|flaw| flaw.facts()).collect();
        if !lines.is_empty() {
            return Err(Refusal::with(*code, json!({ "lines": lines })));
        }
    }
    Ok(())
}

/// Refuses when any agreed amount is not what it costs now, telling what it costs.
fn refuse_price(group: &Group, asked: &PlaceAsked) -> Result<(), Refusal> {
    let agreed = |sku_id| asked.lines.iter().find(|line| line.sku_id == sku_id).map(|line| line.unit_price_fen);
    let lines_agree = group.lines.iter().all(|line| agreed(line.sku_id) == Some(line.unit_price_fen));
    if lines_agree && group.freight_fen == asked.freight_fen && group.total_fen == asked.total_fen {
        return Ok(());
    }
    let lines: Vec<Value> =
        group.lines.iter().map(|line| json!({ "skuId": line.sku_id, "unitPriceFen": line.unit_price_fen })).collect();
    let facts = json!({ "lines": lines, "freightFen": group.freight_fen, "totalFen": group.total_fen });
    Err(Refusal::with(Code::PriceChanged, facts))
}

fn written(group: &Group, asked: &PlaceAsked, order_no: i64, now: i64) -> Order {
    let lines = (1u32..).zip(&group.lines).map(|(line_no, line)| Line {
        line_no,
        sku_id: line.sku_id,
        goods_id: line.goods_id,
        subject: line.subject.clone(),
        spec_text: line.spec_text.clone(),
        quantity: line.quantity,
        unit_price_fen: line.unit_price_fen,
        amount_fen: line.amount_fen,
        shipped_quantity: 0,
        refunded_quantity: 0,
    });
    Order {
        order_no,
        out_ref: asked.out_ref.clone(),
        partner_code: asked.partner_code.clone(),
        channel: asked.channel.clone(),
        dest_country: asked.dest_country.clone(),
        warehouse_code: asked.warehouse_code.clone(),
        seller_id: asked.seller_id,
        buyer_memo: asked.buyer_memo.clone(),
        status: Status::WaitBuyerPay,
        lines: lines.collect(),
        goods_fen: group.goods_fen,
        freight_fen: group.freight_fen,
        adjust_fen: 0,
        paid_fen: 0,
        refunded_fen: 0,
        close_reason: None,
        created_at: now,
        paid_at: None,
        sent_at: None,
        signed_at: None,
        finished_at: None,
        pay_expire: now + PAY_WINDOW_S,
        version: 0,
        payment: None,
        cashier: None,
        shipments: Vec::new(),
        due_ms: None,
        refunded_freight_fen: 0,
        open_refunds: Vec::new(),
        called_off: BTreeMap::new(),
        consignment_no: None,
        quotation_no: asked.quotation_no,
        create_calls: 1,
    }
}

//! Trade over HTTP: unwrap, ask the book, wrap.

use std::sync::PoisonError;

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{self, Body};
use super::cashier::secret_word;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::goods_http::LangAsked;
use super::market::Market;
use super::trade::parcel::Shipments;
use super::trade::wire::{
    CancelAsked, Debit, MemoAsked, OrderPage, OrderWire, Paid, PayAsked, PayMode, PlaceAsked, Preview, PreviewAsked,
    Warehouses,
};
use super::trade::{self, Book, PaidHow, WAREHOUSES, check_shape, price};

type Shared = web::Data<Market>;

/// The consolidation warehouses.
#[utoipa::path(tag = "trade", params(LangAsked), responses((status = 200, description = "All of them.", body = Envelope<Warehouses>)))]
#[get("/trade/warehouses")]
pub async fn list_warehouses(asked: web::Query<LangAsked>) -> Answer<Warehouses> {
    let lang = asked::lang(asked.lang.as_deref())?;
    Ok(Sent(Warehouses { items: WAREHOUSES.iter().map(|warehouse| warehouse.wire(lang)).collect() }))
}

/// What a purchase would cost, seller by seller, and everything that is wrong with it. Nothing is reserved.
#[utoipa::path(tag = "trade", request_body = PreviewAsked, responses((status = 200, description = "Prices and problems; PARAM_INVALID or TOO_MANY_LINES when malformed.", body = Envelope<Preview>)))]
#[post("/trade/preview")]
pub async fn preview(market: Shared, asked: Body<PreviewAsked>) -> Answer<Preview> {
    let asked = asked.0;
    check_shape(&asked.lines)?;
    asked::country("destCountry", &asked.dest_country)?;
    let zone = trade::zone_of(&asked.warehouse_code)?;
    let basket = market.book(|book| price(&market.shop, &book.shelf, &asked.lines, &asked.dest_country, zone));
    let problems = basket.problems.iter().map(|flaw| flaw.wire()).collect();
    Ok(Sent(Preview { groups: basket.groups, problems }))
}

/// Places an order with one seller and sets its stock aside. The same call again answers the same order with
/// `replayed`; other content under the same `(partnerCode, outRef)` is refused.
#[utoipa::path(tag = "trade", request_body = PlaceAsked, responses((status = 200, description = "The order, or OUT_REF_CONFLICT, PRICE_CHANGED, STOCK_NOT_ENOUGH, SKU_NOT_FOUND, GOODS_OFFLINE, COUNTRY_RESTRICTED, BELOW_BEGIN_AMOUNT, NOT_BATCH_MULTIPLE, TOO_MANY_LINES, PARAM_INVALID.", body = Envelope<OrderWire>)))]
#[post("/trade/orders")]
pub async fn place_order(market: Shared, asked: Body<PlaceAsked>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    let placed = market.lasting(|book| book.place(&market.shop, &asked.0, now_ms)).await;
    let mut stats = market.stats.lock().unwrap_or_else(PoisonError::into_inner);
    match &placed {
        Ok(placed) if placed.replayed => stats.duplicates_seen += 1,
        Ok(_) => stats.orders_created += 1,
        Err(refusal) => stats.conflicts_seen += u64::from(refusal.code == Code::OutRefConflict),
    }
    let placed = placed?;
    Ok(Sent(OrderWire::new(&placed.order, placed.replayed)))
}

/// Names an order, a refund or a consignment by the caller's reference.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct RefAsked {
    /// On whose behalf.
    #[param(required = true, value_type = String)]
    partner_code: Option<String>,
    /// The caller's reference.
    #[param(required = true, value_type = String)]
    out_ref: Option<String>,
}

impl RefAsked {
    /// Both, or which one is missing.
    pub fn both(&self) -> Result<(&str, &str), Refusal> {
        let partner = self.partner_code.as_deref().ok_or_else(|| Refusal::param("partnerCode"))?;
        Ok((partner, self.out_ref.as_deref().ok_or_else(|| Refusal::param("outRef"))?))
    }
}

/// The order under a caller's reference: how to learn whether a call whose answer was lost did its work.
#[utoipa::path(tag = "trade", params(RefAsked), responses((status = 200, description = "The order, or ORDER_NOT_FOUND.", body = Envelope<OrderWire>)))]
#[get("/trade/orders/byOutRef")]
pub async fn get_order_by_ref(market: Shared, asked: web::Query<RefAsked>) -> Answer<OrderWire> {
    let (partner, out_ref) = asked.both()?;
    let find = |book: &mut Book| book.by_ref(partner, out_ref).cloned().ok_or_else(|| Code::OrderNotFound.into());
    Ok(Sent(OrderWire::new(&market.lasting(find).await?, false)))
}

/// One order.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), responses((status = 200, description = "The order, or ORDER_NOT_FOUND.", body = Envelope<OrderWire>)))]
#[get("/trade/orders/{orderNo}")]
pub async fn get_order(market: Shared, order_no: web::Path<i64>) -> Answer<OrderWire> {
    let order = market.lasting(|book| book.order(*order_no).cloned()).await?;
    Ok(Sent(OrderWire::new(&order, false)))
}

/// Whose orders to list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct OrdersAsked {
    /// On whose behalf they were placed.
    #[param(required = true, value_type = String)]
    partner_code: Option<String>,
    /// Where the page before ended.
    page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

/// Orders of a partner, newest first.
#[utoipa::path(tag = "trade", params(OrdersAsked), responses((status = 200, description = "One page.", body = Envelope<OrderPage>)))]
#[get("/trade/orders")]
pub async fn list_orders(market: Shared, asked: web::Query<OrdersAsked>) -> Answer<OrderPage> {
    let partner = asked.partner_code.as_deref().ok_or_else(|| Refusal::param("partnerCode"))?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let below = asked::number("pageToken", asked.page_token.as_deref(), 1..=i64::MAX)?.unwrap_or(i64::MAX);
    let find = |book: &mut Book| {
        let orders = book.of_partner(partner, below, size + 1);
        Ok(orders.into_iter().map(|order| OrderWire::new(order, false)).collect())
    };
    let (items, next_page_token) = asked::page(market.lasting(find).await?, size, |order: &OrderWire| order.order_no);
    Ok(Sent(OrderPage { next_page_token, items }))
}

/// Takes an unpaid order back and puts its stock back. Said again, it answers the same.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), request_body = CancelAsked, responses((status = 200, description = "The order, or STATUS_NOT_ALLOWED with errorData.status.", body = Envelope<OrderWire>)))]
#[post("/trade/orders/{orderNo}/cancel")]
pub async fn cancel_order(market: Shared, order_no: web::Path<i64>, _asked: Body<CancelAsked>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    let order = market.lasting(|book| book.cancel(&market.shop, *order_no, now_ms)).await?;
    Ok(Sent(OrderWire::new(&order, false)))
}

/// Pays an order, or opens a page at which a person pays. An order that was paid before answers its first payment.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), request_body = PayAsked, responses((status = 200, description = "The page or the payment, or PAY_EXPIRED, STATUS_NOT_ALLOWED, PRICE_CHANGED with errorData.totalFen.", body = Envelope<Paid>)))]
#[post("/trade/orders/{orderNo}/pay")]
pub async fn pay_order(market: Shared, order_no: web::Path<i64>, asked: Body<PayAsked>) -> Answer<Paid> {
    let now_ms = market.clock.now_ms();
    let believed_fen = asked.0.total_fen;
    let order = match (asked.0.mode, asked.0.pay_ref) {
        (PayMode::Debit, None) => return Err(Refusal::param("payRef")),
        (PayMode::Debit, Some(pay_ref)) => {
            asked::reference("payRef", &pay_ref, 64)?;
            let settle = |book: &mut Book| {
                book.check_total(*order_no, believed_fen)?;
                book.settle(*order_no, PaidHow::Debit(pay_ref), now_ms)
            };
            market.lasting(settle).await?
        }
        (PayMode::Page, _) => {
            let word = secret_word()?;
            let open = |book: &mut Book| {
                book.check_total(*order_no, believed_fen)?;
                book.cashier(*order_no, word, now_ms)
            };
            market.lasting(open).await?
        }
    };
    let paid = trade::receipt(&order).or_else(|| trade::page(&order, market.public_url()));
    paid.map(Sent).ok_or_else(|| Code::SystemError.into())
}

/// Names a debit by the caller's reference.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct DebitAsked {
    /// On whose behalf.
    #[param(required = true, value_type = String)]
    partner_code: Option<String>,
    /// The caller's reference of the payment.
    #[param(required = true, value_type = String)]
    pay_ref: Option<String>,
    /// Of which order; the first that was paid under the reference when absent.
    #[param(value_type = Option<i64>)]
    order_no: Option<String>,
}

/// The debit under a caller's reference: how to learn whether one whose answer was lost was made.
#[utoipa::path(tag = "trade", params(DebitAsked), responses((status = 200, description = "The debit, or PAYMENT_NOT_FOUND.", body = Envelope<Debit>)))]
#[get("/trade/payments/byRef")]
pub async fn get_payment_by_ref(market: Shared, asked: web::Query<DebitAsked>) -> Answer<Debit> {
    let partner = asked.partner_code.as_deref().ok_or_else(|| Refusal::param("partnerCode"))?;
    let pay_ref = asked.pay_ref.as_deref().ok_or_else(|| Refusal::param("payRef"))?;
    let order_no = asked::number("orderNo", asked.order_no.as_deref(), 1..=i64::MAX)?;
    let find = |book: &mut Book| {
        let debit = book.by_debit(partner, pay_ref, order_no).and_then(trade::debit);
        debit.ok_or_else(|| Code::PaymentNotFound.into())
    };
    market.lasting(find).await.map(Sent)
}

/// Writes another memo for the seller to read. The same memo again changes nothing.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), request_body = MemoAsked, responses((status = 200, description = "The order, or STATUS_NOT_ALLOWED once it has ended.", body = Envelope<OrderWire>)))]
#[post("/trade/orders/{orderNo}/memo")]
pub async fn write_memo(market: Shared, order_no: web::Path<i64>, asked: Body<MemoAsked>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    if asked.0.memo.chars().count() > 500 {
        return Err(Refusal::param("memo"));
    }
    let order = market.lasting(|book| book.write_memo(*order_no, &asked.0.memo, now_ms)).await?;
    Ok(Sent(OrderWire::new(&order, false)))
}

/// The buyer has the goods: the order succeeds. Said again, it answers the same.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), responses((status = 200, description = "The order, or STATUS_NOT_ALLOWED before the warehouse signed.", body = Envelope<OrderWire>)))]
#[post("/trade/orders/{orderNo}/confirmReceipt")]
pub async fn confirm_receipt(market: Shared, order_no: web::Path<i64>) -> Answer<OrderWire> {
    let now_ms = market.clock.now_ms();
    let order = market.lasting(|book| book.confirm_receipt(*order_no, now_ms)).await?;
    Ok(Sent(OrderWire::new(&order, false)))
}

/// The order's parcels to the warehouse.
#[utoipa::path(tag = "trade", params(("orderNo" = i64, Path, description = "Which order.")), responses((status = 200, description = "All parcels, or ORDER_NOT_FOUND.", body = Envelope<Shipments>)))]
#[get("/trade/orders/{orderNo}/shipments")]
pub async fn list_shipments(market: Shared, order_no: web::Path<i64>) -> Answer<Shipments> {
    let order = market.lasting(|book| book.order(*order_no).cloned()).await?;
    Ok(Sent(trade::shipments(&market.shop, &order)))
}

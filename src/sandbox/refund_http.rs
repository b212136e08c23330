//! Refunds over HTTP: unwrap, ask the book, wrap.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{self, Body};
use super::envelope::{Answer, Envelope, Refusal, Sent};
use super::market::Market;
use super::trade::Book;
use super::trade::refund::RefundType;
use super::trade::refund::wire::{
    ApplyAsked, ArbitrationAsked, ModifyAsked, Reasons, RefundPage, RefundWire, ReturnAsked,
};
use super::trade_http::RefAsked;

type Shared = web::Data<Market>;

/// For what kind of refund.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ReasonsAsked {
    /// Money only, or money for goods that go back.
    #[serde(rename = "type")]
    #[param(required = true, value_type = RefundType)]
    kind: Option<String>,
    /// Language of the translations: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; zh when absent.
    lang: Option<String>,
}

/// What can be asked back for an order now, and why.
#[utoipa::path(tag = "refunds", params(("orderNo" = i64, Path, description = "Which order."), ReasonsAsked), responses((status = 200, description = "Amounts and reasons, or ORDER_NOT_FOUND, STATUS_NOT_ALLOWED when nothing is possible.", body = Envelope<Reasons>)))]
#[get("/trade/orders/{orderNo}/refundReasons")]
pub async fn list_reasons(
    market: Shared,
    order_no: web::Path<i64>,
    asked: web::Query<ReasonsAsked>,
) -> Answer<Reasons> {
    let kind = match asked.kind.as_deref() {
        Some("MONEY") => RefundType::Money,
        Some("RETURN") => RefundType::Return,
        _ => return Err(Refusal::param("type")),
    };
    let lang = asked::lang(asked.lang.as_deref())?;
    market.lasting(|book| book.reasons(*order_no, kind, lang)).await.map(Sent)
}

/// Applies for a refund. The same call again answers the same refund with `replayed`; other content under the same
/// `(partnerCode, outRef)` is refused.
#[utoipa::path(tag = "refunds", request_body = ApplyAsked, responses((status = 200, description = "The refund, or OUT_REF_CONFLICT, ORDER_NOT_FOUND, STATUS_NOT_ALLOWED, REASON_INVALID, VOUCHER_REQUIRED, VOUCHER_NOT_FOUND, REFUND_OPEN, QUANTITY_TOO_LARGE, AMOUNT_TOO_LARGE, PARAM_INVALID.", body = Envelope<RefundWire>)))]
#[post("/trade/refunds")]
pub async fn apply(market: Shared, asked: Body<ApplyAsked>) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let applied = market.lasting(|book| book.apply(&asked.0, now_ms)).await?;
    Ok(Sent(RefundWire::new(&applied.refund, applied.replayed)))
}

/// The refund under a caller's reference.
#[utoipa::path(tag = "refunds", params(RefAsked), responses((status = 200, description = "The refund, or REFUND_NOT_FOUND.", body = Envelope<RefundWire>)))]
#[get("/trade/refunds/byOutRef")]
pub async fn get_refund_by_ref(market: Shared, asked: web::Query<RefAsked>) -> Answer<RefundWire> {
    let (partner, out_ref) = asked.both()?;
    let refund = market.lasting(|book| book.refund_by_ref(partner, out_ref).cloned()).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// One refund.
#[utoipa::path(tag = "refunds", params(("refundNo" = i64, Path, description = "Which refund.")), responses((status = 200, description = "The refund, or REFUND_NOT_FOUND.", body = Envelope<RefundWire>)))]
#[get("/trade/refunds/{refundNo}")]
pub async fn get_refund(market: Shared, refund_no: web::Path<i64>) -> Answer<RefundWire> {
    let refund = market.lasting(|book| book.refund(*refund_no).cloned()).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// Whose refunds to list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct RefundsAsked {
    /// On whose behalf they were applied for.
    #[param(required = true, value_type = String)]
    partner_code: Option<String>,
    /// Only those of this order.
    #[param(value_type = Option<i64>)]
    order_no: Option<String>,
    /// Where the page before ended.
    page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

/// Refunds of a partner, newest first.
#[utoipa::path(tag = "refunds", params(RefundsAsked), responses((status = 200, description = "One page.", body = Envelope<RefundPage>)))]
#[get("/trade/refunds")]
pub async fn list_refunds(market: Shared, asked: web::Query<RefundsAsked>) -> Answer<RefundPage> {
    let partner = asked.partner_code.as_deref().ok_or_else(|| Refusal::param("partnerCode"))?;
    let order_no = asked::number("orderNo", asked.order_no.as_deref(), 1..=i64::MAX)?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let below = asked::number("pageToken", asked.page_token.as_deref(), 1..=i64::MAX)?.unwrap_or(i64::MAX);
    let find = |book: &mut Book| {
        let refunds = book.refunds_of(partner, order_no, below, size + 1);
        Ok(refunds.into_iter().map(|refund| RefundWire::new(refund, false)).collect())
    };
    let (items, next_page_token) = asked::page(market.lasting(find).await?, size, |item: &RefundWire| item.refund_no);
    Ok(Sent(RefundPage { next_page_token, items }))
}

/// Asks for something else after the seller refused.
#[utoipa::path(tag = "refunds", params(("refundNo" = i64, Path, description = "Which refund.")), request_body = ModifyAsked, responses((status = 200, description = "The refund, or STATUS_NOT_ALLOWED, VOUCHER_REQUIRED, VOUCHER_NOT_FOUND, AMOUNT_TOO_LARGE.", body = Envelope<RefundWire>)))]
#[post("/trade/refunds/{refundNo}/modify")]
pub async fn modify_refund(market: Shared, refund_no: web::Path<i64>, asked: Body<ModifyAsked>) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let refund = market.lasting(|book| book.modify(*refund_no, &asked.0, now_ms)).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// Tells how the goods go back. Said again, it answers the same.
#[utoipa::path(tag = "refunds", params(("refundNo" = i64, Path, description = "Which refund.")), request_body = ReturnAsked, responses((status = 200, description = "The refund, or STATUS_NOT_ALLOWED.", body = Envelope<RefundWire>)))]
#[post("/trade/refunds/{refundNo}/returnShipment")]
pub async fn send_back(market: Shared, refund_no: web::Path<i64>, asked: Body<ReturnAsked>) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let refund = market.lasting(|book| book.send_back(*refund_no, &asked.0, now_ms)).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// Calls the platform. Said again, it answers the same.
#[utoipa::path(tag = "refunds", params(("refundNo" = i64, Path, description = "Which refund.")), request_body = ArbitrationAsked, responses((status = 200, description = "The refund, or STATUS_NOT_ALLOWED, VOUCHER_NOT_FOUND.", body = Envelope<RefundWire>)))]
#[post("/trade/refunds/{refundNo}/arbitration")]
pub async fn arbitrate(market: Shared, refund_no: web::Path<i64>, asked: Body<ArbitrationAsked>) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let refund = market.lasting(|book| book.arbitrate(*refund_no, &asked.0, now_ms)).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

/// Takes a refund back. Said again, it answers the same.
#[utoipa::path(tag = "refunds", params(("refundNo" = i64, Path, description = "Which refund.")), responses((status = 200, description = "The refund, or STATUS_NOT_ALLOWED.", body = Envelope<RefundWire>)))]
#[post("/trade/refunds/{refundNo}/withdraw")]
pub async fn withdraw(market: Shared, refund_no: web::Path<i64>) -> Answer<RefundWire> {
    let now_ms = market.clock.now_ms();
    let refund = market.lasting(|book| book.withdraw(*refund_no, now_ms)).await?;
    Ok(Sent(RefundWire::new(&refund, false)))
}

//! Inquiries over HTTP: unwrap, ask the book, wrap; and the sellers' hands, for tests.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::asked::Body;
use super::envelope::{Answer, Envelope, Refusal, Sent};
use super::goods::Lang;
use super::market::Market;
use super::trade::inquiry::wire::{CounterAsked, InquireAsked, InquiryWire};
use super::trade::inquiry::{Act, Inquiry};
use super::trade_http::RefAsked;

type Shared = web::Data<Market>;

fn told(market: &Market, inquiry: &Inquiry, replayed: bool) -> Sent<InquiryWire> {
    let name = |seller| market.shop.seller(seller).map_or_else(String::new, |it| it.name.get(Lang::Zh).to_owned());
    Sent(InquiryWire::new(inquiry, replayed, name))
}

/// Asks several sellers for their price. The same call again answers the same inquiry with `replayed`; other content
/// under the same `(partnerCode, outRef)` is refused.
#[utoipa::path(tag = "inquiries", request_body = InquireAsked, responses((status = 200, description = "The inquiry, or OUT_REF_CONFLICT, SELLER_NOT_FOUND, SKU_NOT_FOUND, VOUCHER_NOT_FOUND, PARAM_INVALID.", body = Envelope<InquiryWire>)))]
#[post("/trade/inquiries")]
pub async fn inquire(market: Shared, asked: Body<InquireAsked>) -> Answer<InquiryWire> {
    let now_ms = market.clock.now_ms();
    let inquired = market.lasting(|book| book.inquire(&market.shop, &asked.0, now_ms)).await?;
    Ok(told(&market, &inquired.inquiry, inquired.replayed))
}

/// The inquiry under a caller's reference.
#[utoipa::path(tag = "inquiries", params(RefAsked), responses((status = 200, description = "The inquiry, or INQUIRY_NOT_FOUND.", body = Envelope<InquiryWire>)))]
#[get("/trade/inquiries/byOutRef")]
pub async fn get_inquiry_by_ref(market: Shared, asked: web::Query<RefAsked>) -> Answer<InquiryWire> {
    let (partner, out_ref) = asked.both()?;
    let inquiry = market.lasting(|book| book.inquiry_by_ref(partner, out_ref).cloned()).await?;
    Ok(told(&market, &inquiry, false))
}

/// One inquiry.
#[utoipa::path(tag = "inquiries", params(("inquiryNo" = i64, Path, description = "Which inquiry.")), responses((status = 200, description = "The inquiry, or INQUIRY_NOT_FOUND.", body = Envelope<InquiryWire>)))]
#[get("/trade/inquiries/{inquiryNo}")]
pub async fn get_inquiry(market: Shared, inquiry_no: web::Path<i64>) -> Answer<InquiryWire> {
    let inquiry = market.lasting(|book| book.inquiry(*inquiry_no).cloned()).await?;
    Ok(told(&market, &inquiry, false))
}

/// Asks a seller for another price than the one quoted. Said again under its `outRef`, it answers the same.
#[utoipa::path(tag = "inquiries", params(("inquiryNo" = i64, Path, description = "Which inquiry.")), request_body = CounterAsked, responses((status = 200, description = "The inquiry, or QUOTATION_NOT_FOUND, QUOTATION_CLOSED, OUT_REF_CONFLICT, PARAM_INVALID.", body = Envelope<InquiryWire>)))]
#[post("/trade/inquiries/{inquiryNo}/counter")]
pub async fn counter(market: Shared, inquiry_no: web::Path<i64>, asked: Body<CounterAsked>) -> Answer<InquiryWire> {
    let now_ms = market.clock.now_ms();
    let inquiry = market.lasting(|book| book.counter(*inquiry_no, &asked.0, now_ms)).await?;
    Ok(told(&market, &inquiry, false))
}

/// Takes an inquiry back. Said again, it answers the same.
#[utoipa::path(tag = "inquiries", params(("inquiryNo" = i64, Path, description = "Which inquiry.")), responses((status = 200, description = "The inquiry, or STATUS_NOT_ALLOWED.", body = Envelope<InquiryWire>)))]
#[post("/trade/inquiries/{inquiryNo}/withdraw")]
pub async fn withdraw_inquiry(market: Shared, inquiry_no: web::Path<i64>) -> Answer<InquiryWire> {
    let now_ms = market.clock.now_ms();
    let inquiry = market.lasting(|book| book.withdraw_inquiry(*inquiry_no, now_ms)).await?;
    Ok(told(&market, &inquiry, false))
}

/// What sellers do.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum InquiryDo {
    Answer,
    Quote,
    Decline,
    Expire,
}

/// Acts as the sellers of an inquiry.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquiryTouched {
    /// `answer` by their rules, `quote` a price given, `decline`, or have quotations `expire`.
    #[serde(rename = "do")]
    what: InquiryDo,
    /// Only this seller; all whom it concerns when absent.
    #[serde(default)]
    seller_id: Option<i64>,
    /// For a piece; of `quote`.
    #[serde(default)]
    #[schema(minimum = 1)]
    price_fen: Option<i64>,
}

/// Sellers act on an inquiry.
#[utoipa::path(tag = "control", params(("inquiryNo" = i64, Path, description = "Which inquiry.")), request_body = InquiryTouched, responses((status = 200, description = "The inquiry, or STATUS_NOT_ALLOWED, INQUIRY_NOT_FOUND.", body = Envelope<InquiryWire>)))]
#[post("/control/inquiries/{inquiryNo}")]
pub async fn act_on_inquiry(
    market: Shared,
    inquiry_no: web::Path<i64>,
    asked: Body<InquiryTouched>,
) -> Answer<InquiryWire> {
    let now_ms = market.clock.now_ms();
    let InquiryTouched { what, seller_id, price_fen } = asked.0;
    let act = match (what, price_fen) {
        (InquiryDo::Answer, None) => Act::Answer,
        (InquiryDo::Decline, None) => Act::Decline,
        (InquiryDo::Expire, None) => Act::Expire,
        (InquiryDo::Quote, Some(fen)) if fen > 0 => Act::Quote(fen),
        _ => return Err(Refusal::param("priceFen")),
    };
    let act = |book: &mut super::trade::Book| book.act_on_inquiry(&market.shop, *inquiry_no, seller_id, act, now_ms);
    let inquiry = market.lasting(act).await?;
    Ok(told(&market, &inquiry, false))
}

//! Consignments over HTTP: unwrap, ask the book, wrap.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{self, Body};
use super::envelope::{Answer, Envelope, Refusal, Sent};
use super::market::Market;
use super::trade::Book;
use super::trade::consignment::wire::{
    ConsignmentPage, ConsignmentWire, HandoverAsked, InspectionAsked, OpenAsked, ReceiptAsked,
};
use super::trade_http::RefAsked;

type Shared = web::Data<Market>;

/// Opens a consignment. The same call again answers the same consignment with `replayed`; other content under the same
/// `(partnerCode, outRef)` is refused.
#[utoipa::path(tag = "consignments", request_body = OpenAsked, responses((status = 200, description = "The consignment, or OUT_REF_CONFLICT, ORDER_NOT_FOUND, STATUS_NOT_ALLOWED, WAREHOUSE_MISMATCH, COUNTRY_MISMATCH, ALREADY_CONSIGNED, PARAM_INVALID.", body = Envelope<ConsignmentWire>)))]
#[post("/trade/consignments")]
pub async fn open_consignment(market: Shared, asked: Body<OpenAsked>) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let opened = market.lasting(|book| book.open_consignment(&asked.0, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&opened.consignment, opened.replayed)))
}

/// The consignment under a caller's reference.
#[utoipa::path(tag = "consignments", params(RefAsked), responses((status = 200, description = "The consignment, or CONSIGNMENT_NOT_FOUND.", body = Envelope<ConsignmentWire>)))]
#[get("/trade/consignments/byOutRef")]
pub async fn get_consignment_by_ref(market: Shared, asked: web::Query<RefAsked>) -> Answer<ConsignmentWire> {
    let (partner, out_ref) = asked.both()?;
    let consignment = market.lasting(|book| book.consignment_by_ref(partner, out_ref).cloned()).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

/// One consignment.
#[utoipa::path(tag = "consignments", params(("consignmentNo" = i64, Path, description = "Which consignment.")), responses((status = 200, description = "The consignment, or CONSIGNMENT_NOT_FOUND.", body = Envelope<ConsignmentWire>)))]
#[get("/trade/consignments/{consignmentNo}")]
pub async fn get_consignment(market: Shared, consignment_no: web::Path<i64>) -> Answer<ConsignmentWire> {
    let consignment = market.lasting(|book| book.consignment(*consignment_no).cloned()).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

/// Whose consignments to list.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ConsignmentsAsked {
    /// On whose behalf they were opened.
    #[param(required = true, value_type = String)]
    partner_code: Option<String>,
    /// Where the page before ended.
    page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

/// Consignments of a partner, newest first.
#[utoipa::path(tag = "consignments", params(ConsignmentsAsked), responses((status = 200, description = "One page.", body = Envelope<ConsignmentPage>)))]
#[get("/trade/consignments")]
pub async fn list_consignments(market: Shared, asked: web::Query<ConsignmentsAsked>) -> Answer<ConsignmentPage> {
    let partner = asked.partner_code.as_deref().ok_or_else(|| Refusal::param("partnerCode"))?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let below = asked::number("pageToken", asked.page_token.as_deref(), 1..=i64::MAX)?.unwrap_or(i64::MAX);
    let find = |book: &mut Book| {
        let consignments = book.consignments_of(partner, below, size + 1);
        Ok(consignments.into_iter().map(|item| ConsignmentWire::new(item, false)).collect())
    };
    let rows = market.lasting(find).await?;
    let (items, next_page_token) = asked::page(rows, size, |item: &ConsignmentWire| item.consignment_no);
    Ok(Sent(ConsignmentPage { next_page_token, items }))
}

/// Tells what came. The same report again answers the consignment as it is.
#[utoipa::path(tag = "consignments", params(("consignmentNo" = i64, Path, description = "Which consignment.")), request_body = ReceiptAsked, responses((status = 200, description = "The consignment, or NOT_OPERATOR, STATUS_NOT_ALLOWED, QUANTITY_TOO_LARGE, OUT_REF_CONFLICT, PARAM_INVALID.", body = Envelope<ConsignmentWire>)))]
#[post("/trade/consignments/{consignmentNo}/receipts")]
pub async fn add_receipt(market: Shared, number: web::Path<i64>, asked: Body<ReceiptAsked>) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let consignment = market.lasting(|book| book.receive(*number, &asked.0, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

/// Tells what was found. The same report again answers the consignment as it is.
#[utoipa::path(tag = "consignments", params(("consignmentNo" = i64, Path, description = "Which consignment.")), request_body = InspectionAsked, responses((status = 200, description = "The consignment, or NOT_OPERATOR, STATUS_NOT_ALLOWED, ALREADY_INSPECTED, VOUCHER_NOT_FOUND, OUT_REF_CONFLICT, PARAM_INVALID.", body = Envelope<ConsignmentWire>)))]
#[post("/trade/consignments/{consignmentNo}/inspections")]
pub async fn add_inspection(
    market: Shared,
    number: web::Path<i64>,
    asked: Body<InspectionAsked>,
) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let consignment = market.lasting(|book| book.inspect(*number, &asked.0, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

/// Tells to whom it was given. The same report again answers the consignment as it is.
#[utoipa::path(tag = "consignments", params(("consignmentNo" = i64, Path, description = "Which consignment.")), request_body = HandoverAsked, responses((status = 200, description = "The consignment, or STATUS_NOT_ALLOWED, OUT_REF_CONFLICT, PARAM_INVALID.", body = Envelope<ConsignmentWire>)))]
#[post("/trade/consignments/{consignmentNo}/handovers")]
pub async fn hand_over(market: Shared, number: web::Path<i64>, asked: Body<HandoverAsked>) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let consignment = market.lasting(|book| book.hand_over(*number, &asked.0, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

/// Gives a consignment up of which nothing has come yet. Said again, it answers the same.
#[utoipa::path(tag = "consignments", params(("consignmentNo" = i64, Path, description = "Which consignment.")), responses((status = 200, description = "The consignment, or STATUS_NOT_ALLOWED.", body = Envelope<ConsignmentWire>)))]
#[post("/trade/consignments/{consignmentNo}/cancel")]
pub async fn cancel_consignment(market: Shared, number: web::Path<i64>) -> Answer<ConsignmentWire> {
    let now_ms = market.clock.now_ms();
    let consignment = market.lasting(|book| book.cancel_consignment(*number, now_ms)).await?;
    Ok(Sent(ConsignmentWire::new(&consignment, false)))
}

//! Consignments: opened, reported about, handed over, read.

mod body;
mod view;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::once::{self, KeyHeader, Keyed};
use crate::api::operations::{Operation, op};
use crate::api::orders::Perhaps;
use crate::edge::parts::{Json, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::edge::visit::Shared;
use crate::error::Place;
use crate::fulfilment::{Answer, Fulfilment};
use crate::model::consignment::{Consignment, Report, ReportState, Said, State};
use crate::model::ids::ConsignmentId;
use crate::model::order::Reference;
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::Caller;

use body::{CancelConsignmentBody, NewConsignmentBody, NewHandoverBody, NewInspectionBody, NewReceiptBody};
use view::{ConsignmentPageView, ConsignmentView};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Seconds until a look at something unknown is worth it.
const LOOK_AGAIN_S: &str = "2";

/// Opens a consignment: your paid orders at one warehouse, to leave the country together. Sent twice with the same
/// Idempotency-Key it is opened once, and the second answer is the first one, byte for byte. An order is in one
/// consignment at a time; from now on it goes on with it.
#[utoipa::path(tag = "Fulfilment", params(KeyHeader), request_body = NewConsignmentBody, responses(
    (status = 201, description = "Open; its goods are expected", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Sent, outcome not known yet; read it at `Location` after `Retry-After` seconds", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment by your reference"),
                ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request` (also orders of other warehouses or countries), `idempotency_key_missing`"),
    (status = 404, description = "`order_not_found`: one of the orders is not yours"),
    (status = 409, description = "`order_consigned`, `order_state_conflict` (`errors` names each order), `consignment_reference_taken` (with `consignment_id`), `consignment_refused`, `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/consignments")]
pub async fn create_consignment(
    request: HttpRequest,
    call: Admitted<op::CreateConsignment, (Keyed, Json<NewConsignmentBody>)>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (keyed, Json(body)) = &call.parts;
    let wish = body.read()?;
    let (request_id, path) = asked_as(&call.visit);
    let render = move |consignment: &Consignment| opened(consignment, &request_id, &path);
    let told = fulfilment.open(&call.caller, keyed.0.clone(), wish, &render).await?;
    Ok(once::send(&request, told))
}

/// What the partner is told of an opening, for this request and all its repeats.
fn opened(consignment: &Consignment, request_id: &str, path: &str) -> Answer {
    let deed = &consignment.deed;
    let (status, headers) = match (consignment.state, consignment.refusal()) {
        (State::Rejected, Some(refusal)) => return once::refusal(refusal.clone(), request_id, path),
        (State::Opening | State::Unknown, _) => {
            let reference = utf8_percent_encode(deed.reference.as_str(), RESERVED);
            let location = format!("/v1/consignments/by-reference/{reference}");
            (StatusCode::ACCEPTED, vec![("location", location), ("retry-after", LOOK_AGAIN_S.to_owned())])
        }
        _ => (StatusCode::CREATED, vec![("location", format!("/v1/consignments/{}", deed.id))]),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    once::answer(status, headers, &ConsignmentView::new(consignment, &[]))
}

/// Which consignments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ConsignmentsQuery {
    /// Only consignments in this state.
    #[param(example = "inspected")]
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Lists your consignments, newest first, without figures and events.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentsQuery), responses(
    (status = 200, description = "A page of consignments", body = ConsignmentPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
))]
#[get("/v1/consignments")]
pub async fn list_consignments(
    request: HttpRequest,
    call: Admitted<op::ListConsignments, Query<ConsignmentsQuery>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let state = asked.query("state", query.state.as_deref());
    let size = query.limit.map_or(Some(PageSize::default()), PageSize::new);
    if size.is_none() {
        asked.wrong(Place::query("limit", "1 to 50"));
    }
    let size = asked.done(size)?;
    let cursor = query.cursor.clone().map(Cursor);
    let page = fulfilment.list(&call.caller, state, cursor.as_ref(), size).await?;
    reply::read(&request, &ConsignmentPageView::from(&page))
}

/// Names a consignment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ConsignmentPath {
    /// Id of the consignment.
    #[param(example = "con_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    consignment_id: String,
}

impl ConsignmentPath {
    fn id(&self) -> Result<ConsignmentId, Problem> {
        let mut asked = Asked::default();
        let id = asked.path("consignment_id", &self.consignment_id);
        asked.done(id)
    }
}

/// Reads a consignment with the figures of every line and everything that happened to it.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentPath), responses(
    (status = 200, description = "The consignment", body = ConsignmentView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`consignment_not_found`"),
))]
#[get("/v1/consignments/{consignment_id}")]
pub async fn get_consignment(
    request: HttpRequest,
    call: Admitted<op::GetConsignment, Path<ConsignmentPath>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let shown = fulfilment.get(&call.caller, &call.parts.0.id()?).await?;
    reply::read(&request, &ConsignmentView::new(&shown.consignment, &shown.pending))
}

/// Names a consignment by the partner's number.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ConsignmentReferencePath {
    /// Your own number, percent-encoded (a `/` in it as `%2F`).
    #[param(example = "CO-2026-0001")]
    reference: String,
}

/// Reads a consignment by your own number: what to do when you do not know whether it was opened.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentReferencePath), responses(
    (status = 200, description = "The consignment", body = ConsignmentView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`consignment_not_found`: none was ever asked for under this reference"),
))]
#[get("/v1/consignments/by-reference/{reference}")]
pub async fn get_consignment_by_reference(
    request: HttpRequest,
    call: Admitted<op::GetConsignmentByReference, Path<ConsignmentReferencePath>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let mut asked = Asked::default();
    let reference = asked.path::<Reference>("reference", &call.parts.0.reference);
    let reference = asked.done(reference)?;
    let shown = fulfilment.by_reference(&call.caller, &reference).await?;
    reply::read(&request, &ConsignmentView::new(&shown.consignment, &shown.pending))
}

/// Path, key and body of a report.
type ReportParts<B> = (Path<ConsignmentPath>, Keyed, Json<B>);

/// Path, key and body of a cancellation; the body may be left out.
type CancelParts = (Path<ConsignmentPath>, Keyed, Perhaps<CancelConsignmentBody>);

/// Reports goods that came in, of a consignment that your own staff operates. Several receipts are possible; the one
/// that makes everything received ends receiving, and so does `complete`, though something is missing.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentPath, KeyHeader), request_body = NewReceiptBody, responses(
    (status = 200, description = "Taken; this is how the consignment stands", body = ConsignmentView,
        headers(("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Said, outcome not known yet: it is in `pending`; read the consignment at `Location`", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`consignment_not_found`"),
    (status = 409, description = "`consignment_state_conflict`: `state` says where it stands, `detail` what to do; `consignment_refused` (more than was sent, or expected), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/consignments/{consignment_id}/receipts")]
pub async fn create_receipt(
    request: HttpRequest,
    call: Admitted<op::CreateReceipt, ReportParts<NewReceiptBody>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), keyed, Json(body)) = &call.parts;
    let asked = Reported { id: path.id()?, said: body.read()?, operation: op::CreateReceipt::ID };
    report(&request, &fulfilment, (&call.caller, &call.visit), keyed, asked).await
}

/// Reports lines that were looked at, of a consignment that your own staff operates: once everything was received, every
/// line once, in one inspection or several. When not all passed, a `consignment.discrepancy` event follows.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentPath, KeyHeader), request_body = NewInspectionBody, responses(
    (status = 200, description = "Taken; this is how the consignment stands", body = ConsignmentView,
        headers(("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Said, outcome not known yet: it is in `pending`; read the consignment at `Location`", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request` (also vouchers that are not yours, and figures that do not fit what came), `idempotency_key_missing`"),
    (status = 404, description = "`consignment_not_found`"),
    (status = 409, description = "`consignment_state_conflict`: `state` says where it stands, `detail` what to do; `consignment_refused` (a line was inspected before), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/consignments/{consignment_id}/inspections")]
pub async fn create_inspection(
    request: HttpRequest,
    call: Admitted<op::CreateInspection, ReportParts<NewInspectionBody>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), keyed, Json(body)) = &call.parts;
    let asked = Reported { id: path.id()?, said: body.read()?, operation: op::CreateInspection::ID };
    report(&request, &fulfilment, (&call.caller, &call.visit), keyed, asked).await
}

/// Reports that an inspected consignment was given to your carrier, with its tracking number. This is yours to say,
/// whoever operates it, and ends it.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentPath, KeyHeader), request_body = NewHandoverBody, responses(
    (status = 200, description = "Handed over", body = ConsignmentView,
        headers(("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Said, outcome not known yet: it is in `pending`; read the consignment at `Location`", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`consignment_not_found`"),
    (status = 409, description = "`consignment_state_conflict`: `state` says where it stands, `detail` what to do; `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/consignments/{consignment_id}/handovers")]
pub async fn create_handover(
    request: HttpRequest,
    call: Admitted<op::CreateHandover, ReportParts<NewHandoverBody>>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), keyed, Json(body)) = &call.parts;
    let asked = Reported { id: path.id()?, said: body.read()?, operation: op::CreateHandover::ID };
    report(&request, &fulfilment, (&call.caller, &call.visit), keyed, asked).await
}

/// Gives a consignment up before anything of it came in. Its orders go on as if they had never been in it, and are free
/// for another one.
#[utoipa::path(tag = "Fulfilment", params(ConsignmentPath, KeyHeader), request_body = Option<CancelConsignmentBody>, responses(
    (status = 200, description = "Cancelled", body = ConsignmentView,
        headers(("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Said, outcome not known yet: it is in `pending`; read the consignment at `Location`", body = ConsignmentView,
        headers(("Location" = String, description = "The consignment"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 404, description = "`consignment_not_found`"),
    (status = 409, description = "`consignment_state_conflict`: `state` says where it stands, `detail` what to do; `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/consignments/{consignment_id}/cancel")]
pub async fn cancel_consignment(
    request: HttpRequest,
    call: Admitted<op::CancelConsignment, CancelParts>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), keyed, Perhaps(body)) = &call.parts;
    let asked = Reported { id: path.id()?, said: body.read()?, operation: op::CancelConsignment::ID };
    report(&request, &fulfilment, (&call.caller, &call.visit), keyed, asked).await
}

/// What is reported of which consignment.
struct Reported {
    id: ConsignmentId,
    said: Said,
    operation: &'static str,
}

async fn report(
    request: &HttpRequest,
    fulfilment: &Fulfilment,
    (caller, visit): (&Caller, &Shared),
    keyed: &Keyed,
    asked: Reported,
) -> Reply {
    let (request_id, path) = asked_as(visit);
    let render = move |consignment: &Consignment, report: &Report, pending: &[Report]| {
        reported(consignment, report, pending, (&request_id, &path))
    };
    let Reported { id, said, operation } = asked;
    let told = fulfilment.report(caller, keyed.0.clone(), &id, said, operation, &render).await?;
    Ok(once::send(request, told))
}

/// What the partner is told of a report, for this request and all its repeats.
fn reported(
    consignment: &Consignment,
    report: &Report,
    pending: &[Report],
    (request_id, path): (&str, &str),
) -> Answer {
    let view = ConsignmentView::new(consignment, pending);
    match (report.state, &report.refusal) {
        (ReportState::Refused, Some(refusal)) => once::refusal(refusal.clone(), request_id, path),
        (ReportState::Taken, _) => once::answer(StatusCode::OK, Vec::new(), &view),
        _ => {
            let location = ("location".to_owned(), format!("/v1/consignments/{}", consignment.deed.id));
            let again = ("retry-after".to_owned(), LOOK_AGAIN_S.to_owned());
            once::answer(StatusCode::ACCEPTED, vec![location, again], &view)
        }
    }
}

fn asked_as(visit: &Shared) -> (String, String) {
    visit.with(|visit| (visit.request_id.to_string(), visit.path.clone()))
}

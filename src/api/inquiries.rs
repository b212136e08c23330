//! Inquiries: asking several suppliers, reading what they quote, asking for another price, and accepting.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::inquiry_body::{AcceptBody, CounterBody, NewInquiryBody};
use crate::api::inquiry_view::{InquiryPageView, InquiryView};
use crate::api::once::{self, KeyHeader, Keyed};
use crate::api::operations::op;
use crate::api::order_view::OrderView;
use crate::api::orders::{self, NothingBody, Perhaps};
use crate::edge::parts::{Json, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::edge::visit::Shared;
use crate::model::ids::{InquiryId, QuotationId};
use crate::model::inquiry::{Inquiry, Rejection, State};
use crate::model::order::Order;
use crate::orders::Orders;
use crate::sourcing::{Answer, Declined, InquiryFilter, Once, Sourcing, Step};

/// Seconds until a look at an unknown inquiry is worth it.
const LOOK_AGAIN_S: &str = "2";

/// Asks several suppliers what they want for something. Sent twice with the same Idempotency-Key it is asked once, and
/// the second answer is the first one, byte for byte, with `Idempotency-Replayed: true`. Each supplier quotes or declines
/// by itself: you hear of it by `inquiry.*` events, or read the inquiry. When the catalogue did not answer in time you
/// get 202 and an inquiry in state `unknown`, which the gateway settles by itself.
#[utoipa::path(tag = "Inquiries", params(KeyHeader), request_body = NewInquiryBody, responses(
    (status = 201, description = "With the suppliers, who have to answer", body = InquiryView,
        headers(("Location" = String, description = "The inquiry"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Sent, outcome not known yet; read the inquiry at `Location` after `Retry-After` seconds", body = InquiryView,
        headers(("Location" = String, description = "The inquiry"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`voucher_not_found`"),
    (status = 409, description = "`inquiry_refused` (`errors` name a supplier or SKU that is none), `inquiry_reference_taken` (with inquiry_id), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/inquiries")]
pub async fn create_inquiry(
    request: HttpRequest,
    call: Admitted<op::CreateInquiry, (Keyed, Json<NewInquiryBody>)>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let (Keyed(once), Json(body)) = &call.parts;
    let wish = body.read()?;
    let (request_id, path) = called(&call.visit);
    let render = move |inquiry: &Inquiry| created(inquiry, &request_id, &path);
    Ok(once::send(&request, sourcing.request(&call.caller, once.clone(), wish, &render).await?))
}

/// What the partner is told of an inquiry, for this request and all its repeats.
fn created(inquiry: &Inquiry, request_id: &str, path: &str) -> Answer {
    if let (State::Rejected, Some(rejection)) = (inquiry.state, &inquiry.known.rejection) {
        let declined = Declined { rejection: rejection.clone(), state: inquiry.state };
        return once::refusal(declined, request_id, path);
    }
    let mut headers = vec![("location".to_owned(), format!("/v1/inquiries/{}", inquiry.deed.id))];
    let status = match inquiry.state {
        State::Unknown => {
            headers.push(("retry-after".to_owned(), LOOK_AGAIN_S.to_owned()));
            StatusCode::ACCEPTED
        }
        _ => StatusCode::CREATED,
    };
    once::answer(status, headers, &InquiryView::whole(inquiry))
}

/// Which inquiries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct InquiryListQuery {
    /// Only inquiries in this state.
    #[param(example = "open")]
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50)]
    limit: Option<String>,
}

/// Lists your inquiries, newest first, without their events.
#[utoipa::path(tag = "Inquiries", params(InquiryListQuery), responses(
    (status = 200, description = "A page of inquiries", body = InquiryPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
))]
#[get("/v1/inquiries")]
pub async fn list_inquiries(
    request: HttpRequest,
    call: Admitted<op::ListInquiries, Query<InquiryListQuery>>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let filter = InquiryFilter { state: asked.query("state", query.state.as_deref()) };
    let size = asked.size(query.limit.as_deref());
    let cursor = asked.cursor(query.cursor.as_deref());
    asked.done(Some(()))?;
    let page = sourcing.list(&call.caller, &filter, cursor.as_ref(), size).await?;
    reply::read(&request, &InquiryPageView::from(&page))
}

/// Names an inquiry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InquiryPath {
    /// Id of the inquiry.
    #[param(example = "inq_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    inquiry_id: String,
}

impl InquiryPath {
    fn id(&self) -> Result<InquiryId, Problem> {
        let mut asked = Asked::default();
        let id = asked.path("inquiry_id", &self.inquiry_id);
        asked.done(id)
    }
}

/// Reads an inquiry: what each supplier quotes, how each answered your inquiries so far, and everything that happened to it.
#[utoipa::path(tag = "Inquiries", params(InquiryPath), responses(
    (status = 200, description = "The inquiry", body = InquiryView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`inquiry_not_found`"),
))]
#[get("/v1/inquiries/{inquiry_id}")]
pub async fn get_inquiry(
    request: HttpRequest,
    call: Admitted<op::GetInquiry, Path<InquiryPath>>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let inquiry = sourcing.get(&call.caller, &call.parts.0.id()?).await?;
    let answering = sourcing.answering(&inquiry).await?;
    reply::read(&request, &InquiryView::judged(&inquiry, &answering))
}

/// The key, path and empty body of a withdrawal.
type WithdrawParts = (Keyed, Path<InquiryPath>, Perhaps<NothingBody>);

/// Takes an inquiry back: no supplier has to answer any more, and no quotation can be accepted.
#[utoipa::path(tag = "Inquiries", params(KeyHeader, InquiryPath), responses(
    (status = 200, description = "Withdrawn", body = InquiryView),
    (status = 404, description = "`inquiry_not_found`"),
    (status = 409, description = "`inquiry_state_conflict`: `state` says where it stands, `detail` what to do; `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/inquiries/{inquiry_id}/withdraw")]
pub async fn withdraw_inquiry(
    request: HttpRequest,
    call: Admitted<op::WithdrawInquiry, WithdrawParts>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let (Keyed(once), Path(path), Perhaps(NothingBody {})) = &call.parts;
    step(&request, &sourcing, &call, once.clone(), path.id()?, &Step::Withdraw).await
}

/// Names a quotation of an inquiry.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct QuotationPath {
    /// Id of the inquiry.
    #[param(example = "inq_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    inquiry_id: String,
    /// Id of the quotation, as the inquiry shows it.
    #[param(example = "qtn_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    quotation_id: String,
}

/// The key, path and body of a counter-offer.
type CounterParts = (Keyed, Path<QuotationPath>, Json<CounterBody>);

/// Asks a supplier for another price than the one quoted. The quotation does not hold any more from then on; the
/// supplier quotes anew, or declines.
#[utoipa::path(tag = "Inquiries", params(KeyHeader, QuotationPath), request_body = CounterBody, responses(
    (status = 200, description = "The supplier has to answer", body = InquiryView),
    (status = 404, description = "`inquiry_not_found`, `quotation_not_found`"),
    (status = 409, description = "`quotation_closed`: it expired, was answered, or the supplier quoted anew; `inquiry_state_conflict` (with `state`), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/inquiries/{inquiry_id}/quotations/{quotation_id}/counter")]
pub async fn counter_quotation(
    request: HttpRequest,
    call: Admitted<op::CounterQuotation, CounterParts>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let (Keyed(once), Path(path), Json(body)) = &call.parts;
    let mut asked = Asked::default();
    let inquiry = asked.path::<InquiryId>("inquiry_id", &path.inquiry_id);
    let quotation = asked.path::<QuotationId>("quotation_id", &path.quotation_id);
    let counter = body.read(asked, quotation)?;
    let inquiry = inquiry.ok_or_else(|| Problem::new(crate::error::Code::InquiryNotFound))?;
    let once = about(once, counter.quotation.as_str());
    step(&request, &sourcing, &call, once, inquiry, &Step::Counter(counter)).await
}

/// The key, path and body of an acceptance.
type AcceptParts = (Keyed, Path<QuotationPath>, Json<AcceptBody>);

/// Accepts a quotation: it becomes an order at its figures, placed once like any other order, and the inquiry is
/// `ordered`. What comes back is the order; pay it as usual. Sent twice with the same Idempotency-Key it is placed once.
#[utoipa::path(tag = "Inquiries", params(KeyHeader, QuotationPath), request_body = AcceptBody, responses(
    (status = 201, description = "Placed; the goods are reserved until `payment.pay_by`", body = OrderView,
        headers(("Location" = String, description = "The order"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Sent, outcome not known yet; read the order at `Location` after `Retry-After` seconds", body = OrderView,
        headers(("Location" = String, description = "The order by your reference"),
                ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`inquiry_not_found`, `quotation_not_found`"),
    (status = 409, description = "`quotation_closed`, `inquiry_state_conflict` (with `state`), `quote_expired`, `quote_used` and `reference_taken` (with `order_id`), `out_of_stock`, `order_refused`, `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/inquiries/{inquiry_id}/quotations/{quotation_id}/accept")]
pub async fn accept_quotation(
    request: HttpRequest,
    call: Admitted<op::AcceptQuotation, AcceptParts>,
    sourcing: Data<Sourcing>,
    orders: Data<Orders>,
) -> Reply {
    let (Keyed(once), Path(path), Json(body)) = &call.parts;
    let mut asked = Asked::default();
    let inquiry = asked.path::<InquiryId>("inquiry_id", &path.inquiry_id);
    let quotation = asked.path::<QuotationId>("quotation_id", &path.quotation_id);
    let (inquiry, quotation) = asked.done(inquiry.zip(quotation))?;
    let wish = body.read()?;
    let quote = sourcing.lock(&call.caller, &inquiry, &quotation).await?;
    let (request_id, instance) = called(&call.visit);
    let render = move |order: &Order| orders::told(order, None, &request_id, &instance);
    let told = orders.place(&call.caller, about(once, quotation.as_str()), wish(quote), &render).await?;
    if !told.replayed {
        sourcing.look_after(&call.caller, &inquiry).await;
    }
    Ok(once::send(&request, told))
}

/// The same body about another quotation is another request.
fn about(once: &Once, quotation: &str) -> Once {
    let mut once = once.clone();
    once.body_hash.extend_from_slice(quotation.as_bytes());
    once
}

/// Takes a step and tells what it led to.
async fn step<O, P>(
    request: &HttpRequest,
    sourcing: &Sourcing,
    call: &Admitted<O, P>,
    once: Once,
    id: InquiryId,
    step: &Step,
) -> Reply {
    let (request_id, instance) = called(&call.visit);
    let render = move |inquiry: &Inquiry, declined: Option<&Rejection>| match declined {
        Some(rejection) => {
            let declined = Declined { rejection: rejection.clone(), state: inquiry.state };
            once::refusal(declined, &request_id, &instance)
        }
        None => once::answer(StatusCode::OK, Vec::new(), &InquiryView::whole(inquiry)),
    };
    Ok(once::send(request, sourcing.step(&call.caller, once, id, step, &render).await?))
}

fn called(visit: &Shared) -> (std::sync::Arc<str>, String) {
    visit.with(|visit| (visit.request_id.clone(), visit.path.clone()))
}

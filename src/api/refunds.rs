//! Refunds: what can be asked for, asking, reading, and what partners do until they are settled.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::aftersale::{Aftersale, Answer, Declined, RefundFilter, Step};
use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::once::{self, KeyHeader, Keyed};
use crate::api::operations::op;
use crate::api::orders::{NothingBody, OrderPath, Perhaps};
use crate::api::refund_body::{ChangeBody, NewRefundBody, PleaBody, SendBackBody};
use crate::api::refund_view::{ReasonsView, RefundPageView, RefundView};
use crate::edge::parts::{Json, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::edge::visit::Shared;
use crate::error::Place;
use crate::model::ids::RefundId;
use crate::model::page::{Cursor, PageSize};
use crate::model::refund::{Refund, Rejection, Remedy, State};

/// Seconds until a look at an unknown refund is worth it.
const LOOK_AGAIN_S: &str = "2";

/// What is to be asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ReasonsQuery {
    /// `money` or `return`.
    #[param(example = "money", pattern = "^(money|return)$")]
    r#type: String,
    /// Language of the reasons: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    /// Without it `Accept-Language` is asked, then English is taken.
    #[param(example = "ja")]
    language: Option<String>,
}

/// The path and query of a question for reasons.
type ReasonsParts = (Path<OrderPath>, Query<ReasonsQuery>);

/// Lists the reasons for which money of an order can be asked back now, and how much at most. They depend on where the
/// order stands: before the goods are sent other reasons than after.
#[utoipa::path(tag = "After sales", params(OrderPath, ReasonsQuery), responses(
    (status = 200, description = "The reasons and the most that can be asked for", body = ReasonsView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`order_not_found`"),
    (status = 409, description = "`refund_not_possible`: nothing can be asked back while the order is in `state`"),
))]
#[get("/v1/orders/{order_id}/refund-reasons")]
pub async fn list_refund_reasons(
    request: HttpRequest,
    call: Admitted<op::ListRefundReasons, ReasonsParts>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (Path(path), Query(query)) = &call.parts;
    let order = path.id()?;
    let mut asked = Asked::default();
    let remedy = asked.query::<Remedy>("type", Some(&query.r#type));
    let language = asked.audience(&request, &call.caller, query.language.as_deref(), None).language;
    let options = aftersale.options(&call.caller, &order, asked.done(remedy)?, language).await?;
    reply::read(&request, &ReasonsView::from(&options))
}

/// Asks for money back. Sent twice with the same Idempotency-Key it is asked once, and the second answer is the first
/// one, byte for byte, with `Idempotency-Replayed: true`. When the catalogue did not answer in time you get 202 and a
/// refund in state `unknown`, which the gateway settles by itself: read it at `Location`, never ask again under a new
/// reference.
#[utoipa::path(tag = "After sales", params(KeyHeader), request_body = NewRefundBody, responses(
    (status = 201, description = "Asked for; the supplier has to answer until `deadline`", body = RefundView,
        headers(("Location" = String, description = "The refund"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Sent, outcome not known yet; read the refund at `Location` after `Retry-After` seconds", body = RefundView,
        headers(("Location" = String, description = "The refund"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`order_not_found`, `voucher_not_found`"),
    (status = 409, description = "`refund_not_possible` (with `state`), `refund_reason_invalid`, `refund_amount_too_large` (with `max_refundable`, `max_freight`), `refund_quantity_too_large` (with `lines`), `refund_open` (with refund_id), `voucher_required`, `refund_refused`, `refund_reference_taken` (with refund_id), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/refunds")]
pub async fn create_refund(
    request: HttpRequest,
    call: Admitted<op::CreateRefund, (Keyed, Json<NewRefundBody>)>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (keyed, Json(body)) = &call.parts;
    let wish = body.read()?;
    let (request_id, path) = called(&call.visit);
    let render = move |refund: &Refund| created(refund, &request_id, &path);
    Ok(once::send(&request, aftersale.request(&call.caller, keyed.0.clone(), wish, &render).await?))
}

/// What the partner is told of a refund, for this request and all its repeats.
fn created(refund: &Refund, request_id: &str, path: &str) -> Answer {
    if let (State::Rejected, Some(rejection)) = (refund.state, refund.rejection()) {
        let declined = Declined { rejection: rejection.clone(), state: refund.state };
        return once::refusal(declined, request_id, path);
    }
    let mut headers = vec![("location".to_owned(), format!("/v1/refunds/{}", refund.deed.id))];
    let status = match refund.state {
        State::Unknown => {
            headers.push(("retry-after".to_owned(), LOOK_AGAIN_S.to_owned()));
            StatusCode::ACCEPTED
        }
        _ => StatusCode::CREATED,
    };
    once::answer(status, headers, &RefundView::whole(refund))
}

/// Which refunds to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only refunds of this order.
    #[param(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: Option<String>,
    /// Only refunds in this state.
    #[param(example = "requested")]
    state: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Lists your refunds, newest first, without their events.
#[utoipa::path(tag = "After sales", params(ListQuery), responses(
    (status = 200, description = "A page of refunds", body = RefundPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
))]
#[get("/v1/refunds")]
pub async fn list_refunds(
    request: HttpRequest,
    call: Admitted<op::ListRefunds, Query<ListQuery>>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let filter = RefundFilter {
        order: asked.query("order_id", query.order_id.as_deref()),
        state: asked.query("state", query.state.as_deref()),
    };
    let size = query.limit.map_or(Some(PageSize::default()), PageSize::new);
    if size.is_none() {
        asked.wrong(Place::query("limit", "1 to 50"));
    }
    let size = asked.done(size)?;
    let cursor = query.cursor.clone().map(Cursor);
    let page = aftersale.list(&call.caller, &filter, cursor.as_ref(), size).await?;
    reply::read(&request, &RefundPageView::from(&page))
}

/// Names a refund.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct RefundPath {
    /// Id of the refund.
    #[param(example = "rfd_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    refund_id: String,
}

impl RefundPath {
    fn id(&self) -> Result<RefundId, Problem> {
        let mut asked = Asked::default();
        let id = asked.path("refund_id", &self.refund_id);
        asked.done(id)
    }
}

/// Reads a refund with everything that happened to it.
#[utoipa::path(tag = "After sales", params(RefundPath), responses(
    (status = 200, description = "The refund", body = RefundView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`refund_not_found`"),
))]
#[get("/v1/refunds/{refund_id}")]
pub async fn get_refund(
    request: HttpRequest,
    call: Admitted<op::GetRefund, Path<RefundPath>>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let refund = aftersale.get(&call.caller, &call.parts.0.id()?).await?;
    reply::read(&request, &RefundView::whole(&refund))
}

/// The key, path and empty body of a withdrawal.
type WithdrawParts = (Keyed, Path<RefundPath>, Perhaps<NothingBody>);

/// Takes a refund back. Possible until it is settled, but not while the marketplace decides.
#[utoipa::path(tag = "After sales", params(KeyHeader, RefundPath), responses(
    (status = 200, description = "Closed", body = RefundView),
    (status = 404, description = "`refund_not_found`"),
    (status = 409, description = "`refund_state_conflict`: `state` says where it stands, `detail` what to do; `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/refunds/{refund_id}/withdraw")]
pub async fn withdraw_refund(
    request: HttpRequest,
    call: Admitted<op::WithdrawRefund, WithdrawParts>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (keyed, Path(path), Perhaps(NothingBody {})) = &call.parts;
    step(&request, &aftersale, &call, keyed, path, &Step::Withdraw).await
}

/// The key, path and body of a change.
type ChangeParts = (Keyed, Path<RefundPath>, Json<ChangeBody>);

/// Asks for something else after the supplier refused: another amount, other words, other pictures. The supplier then
/// has to answer anew.
#[utoipa::path(tag = "After sales", params(KeyHeader, RefundPath), request_body = ChangeBody, responses(
    (status = 200, description = "Asked for anew", body = RefundView),
    (status = 404, description = "`refund_not_found`, `voucher_not_found`"),
    (status = 409, description = "`refund_state_conflict` (with `state`), `refund_amount_too_large` (with `max_refundable`, `max_freight`), `voucher_required`, `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/refunds/{refund_id}/modify")]
pub async fn modify_refund(
    request: HttpRequest,
    call: Admitted<op::ModifyRefund, ChangeParts>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (keyed, Path(path), Json(body)) = &call.parts;
    step(&request, &aftersale, &call, keyed, path, &Step::Modify(body.read()?)).await
}

/// The key, path and body of a parcel sent back.
type SendBackParts = (Keyed, Path<RefundPath>, Json<SendBackBody>);

/// Says that the goods were sent back, with the parcel's number. Possible once the supplier agreed to a return; the
/// goods go to `return_address` until `deadline`.
#[utoipa::path(tag = "After sales", params(KeyHeader, RefundPath), request_body = SendBackBody, responses(
    (status = 200, description = "On their way back", body = RefundView),
    (status = 404, description = "`refund_not_found`"),
    (status = 409, description = "`refund_state_conflict` (with `state`), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/refunds/{refund_id}/return-shipment")]
pub async fn create_return_shipment(
    request: HttpRequest,
    call: Admitted<op::CreateReturnShipment, SendBackParts>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (keyed, Path(path), Json(body)) = &call.parts;
    step(&request, &aftersale, &call, keyed, path, &Step::SendBack(body.read()?)).await
}

/// The key, path and body of a plea.
type PleaParts = (Keyed, Path<RefundPath>, Json<PleaBody>);

/// Asks the marketplace to decide, once the supplier refused or does not confirm what was sent back. It decides for you,
/// for the supplier, or for a part; that ends the refund.
#[utoipa::path(tag = "After sales", params(KeyHeader, RefundPath), request_body = PleaBody, responses(
    (status = 200, description = "Before the marketplace", body = RefundView),
    (status = 404, description = "`refund_not_found`, `voucher_not_found`"),
    (status = 409, description = "`refund_state_conflict` (with `state`), `order_in_progress`"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another request"),
))]
#[post("/v1/refunds/{refund_id}/arbitration")]
pub async fn create_arbitration(
    request: HttpRequest,
    call: Admitted<op::CreateArbitration, PleaParts>,
    aftersale: Data<Aftersale>,
) -> Reply {
    let (keyed, Path(path), Json(body)) = &call.parts;
    step(&request, &aftersale, &call, keyed, path, &Step::Arbitrate(body.read()?)).await
}

/// Takes a step and tells what it led to.
async fn step<O, P>(
    request: &HttpRequest,
    aftersale: &Aftersale,
    call: &Admitted<O, P>,
    keyed: &Keyed,
    path: &RefundPath,
    step: &Step,
) -> Reply {
    let id = path.id()?;
    let (request_id, instance) = called(&call.visit);
    let render = move |refund: &Refund, declined: Option<&Rejection>| match declined {
        Some(rejection) => {
            let declined = Declined { rejection: rejection.clone(), state: refund.state };
            once::refusal(declined, &request_id, &instance)
        }
        None => once::answer(StatusCode::OK, Vec::new(), &RefundView::whole(refund)),
    };
    Ok(once::send(request, aftersale.step(&call.caller, keyed.0.clone(), id, step, &render).await?))
}

fn called(visit: &Shared) -> (std::sync::Arc<str>, String) {
    visit.with(|visit| (visit.request_id.clone(), visit.path.clone()))
}

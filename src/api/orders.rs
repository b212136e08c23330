//! Orders: placed, listed, read, cancelled, confirmed.

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, post};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::once::{self, KeyHeader, Keyed};
use crate::api::operations::op;
use crate::api::order_view::{OrderPageView, OrderView};
use crate::api::order_wish::NewOrderBody;
use crate::api::plain_text::{self, NO_CONTROL};
use crate::edge::parts::{Complaint, Json, Part, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::ids::OrderId;
use crate::model::order::{Order, Reference, State};
use crate::model::page::{Cursor, PageSize};
use crate::model::quote::Wanted;
use crate::orders::{Answer, Filter, Orders, Refused};

/// Everything but the unreserved characters of RFC 3986 §2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Seconds until a look at an unknown order is worth it.
const LOOK_AGAIN_S: &str = "2";
const REASON_CHARS: usize = 200;

/// A JSON body that may be left out.
#[derive(Debug)]
pub struct Perhaps<T>(pub T);

impl<T: DeserializeOwned + Default> Part for Perhaps<T> {
    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        if body.is_empty() {
            return Ok(Self(T::default()));
        }
        Json::take(request, body).map(|Json(read)| Self(read))
    }
}

/// Places an order on a quote, or on `lines` of one supplier, which are quoted and ordered in one step. Sent twice with the same Idempotency-Key it is placed once, and the second answer is the first one,
/// byte for byte, with `Idempotency-Replayed: true`. When the catalogue did not answer in time you get 202 and an order
/// in state `unknown`, which the gateway settles by itself: read it at `Location`, never order again under a new
/// reference.
#[utoipa::path(tag = "Orders", params(KeyHeader), request_body = NewOrderBody, responses(
    (status = 201, description = "Placed; the goods are reserved until `payment.pay_by`", body = OrderView,
        headers(("Location" = String, description = "The order"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 202, description = "Sent, outcome not known yet; read the order at `Location` after `Retry-After` seconds", body = OrderView,
        headers(("Location" = String, description = "The order by your reference"),
                ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`quote_not_found`"),
    (status = 409, description = "`price_changed`, `out_of_stock` (with the new figures), `order_refused`, `quote_expired`, `quote_used`, `reference_taken` (with `order_id`), `order_in_progress`; of `lines` also `order_needs_split` (with a quote for each supplier), `lines_unavailable` and `nothing_to_quote` (with `problems`)"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/orders")]
pub async fn create_order(
    request: HttpRequest,
    call: Admitted<op::CreateOrder, (Keyed, Json<NewOrderBody>)>,
    orders: Data<Orders>,
) -> Reply {
    let (Keyed(once), Json(body)) = &call.parts;
    let wish = body.read()?;
    let (request_id, path) = call.visit.with(|visit| (visit.request_id.clone(), visit.path.clone()));
    let lines = wish.lines().map(<[Wanted]>::to_vec);
    let render = move |order: &Order| told(order, lines.as_deref(), &request_id, &path);
    let told = orders.place(&call.caller, once.clone(), wish, &render).await?;
    Ok(once::send(&request, told))
}

/// What the partner is told of an order, for this request and all its repeats.
pub(crate) fn told(order: &Order, lines: Option<&[Wanted]>, request_id: &str, path: &str) -> Answer {
    let (status, headers) = match (order.state, order.refusal()) {
        (State::Rejected, Some(refusal)) => {
            return once::refusal(Refused::of(refusal.clone(), lines), request_id, path);
        }
        (State::Unknown, _) => {
            let reference = utf8_percent_encode(order.deed.reference.as_str(), RESERVED);
            let location = format!("/v1/orders/by-reference/{reference}");
            (StatusCode::ACCEPTED, vec![("location", location), ("retry-after", LOOK_AGAIN_S.to_owned())])
        }
        _ => (StatusCode::CREATED, vec![("location", format!("/v1/orders/{}", order.deed.id))]),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    once::answer(status, headers, &OrderView::whole(order))
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListQuery {
    /// Only orders in this state.
    #[param(example = "awaiting_payment")]
    state: Option<String>,
    /// Only orders received at or after this moment (RFC 3339).
    #[param(format = DateTime, example = "2026-11-01T00:00:00Z")]
    created_after: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Lists your orders, newest first, without their events.
#[utoipa::path(tag = "Orders", params(ListQuery), responses(
    (status = 200, description = "A page of orders", body = OrderPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
))]
#[get("/v1/orders")]
pub async fn list_orders(
    request: HttpRequest,
    call: Admitted<op::ListOrders, Query<ListQuery>>,
    orders: Data<Orders>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let filter = Filter {
        state: asked.query("state", query.state.as_deref()),
        created_after: created_after(&mut asked, query.created_after.as_deref()),
    };
    let size = query.limit.map_or(Some(PageSize::default()), PageSize::new);
    if size.is_none() {
        asked.wrong(Place::query("limit", "1 to 50"));
    }
    let size = asked.done(size)?;
    let cursor = query.cursor.clone().map(Cursor);
    let page = orders.list(&call.caller, &filter, cursor.as_ref(), size).await?;
    reply::read(&request, &OrderPageView::from(&page))
}

fn created_after(asked: &mut Asked, text: Option<&str>) -> Option<Timestamp> {
    let read = text?.parse();
    read.map_err(|_| asked.wrong(Place::query("created_after", "a time such as 2026-11-23T00:00:00Z"))).ok()
}

/// Names an order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OrderPath {
    /// Id of the order.
    #[param(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
}

impl OrderPath {
    /// The id, if it is one.
    pub fn id(&self) -> Result<OrderId, Problem> {
        let mut asked = Asked::default();
        let id = asked.path("order_id", &self.order_id);
        asked.done(id)
    }
}

/// Reads an order with everything that happened to it.
#[utoipa::path(tag = "Orders", params(OrderPath), responses(
    (status = 200, description = "The order", body = OrderView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`order_not_found`"),
))]
#[get("/v1/orders/{order_id}")]
pub async fn get_order(
    request: HttpRequest,
    call: Admitted<op::GetOrder, Path<OrderPath>>,
    orders: Data<Orders>,
) -> Reply {
    let order = orders.get(&call.caller, &call.parts.0.id()?).await?;
    reply::read(&request, &OrderView::whole(&order))
}

/// Names an order by the partner's number.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ReferencePath {
    /// Your own number, percent-encoded (a `/` in it as `%2F`).
    #[param(example = "PO-2026-0001")]
    reference: String,
}

/// Reads an order by your own number: what to do when you do not know whether an order got through.
#[utoipa::path(tag = "Orders", params(ReferencePath), responses(
    (status = 200, description = "The order", body = OrderView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`order_not_found`: no order was ever received under this reference"),
))]
#[get("/v1/orders/by-reference/{reference}")]
pub async fn get_order_by_reference(
    request: HttpRequest,
    call: Admitted<op::GetOrderByReference, Path<ReferencePath>>,
    orders: Data<Orders>,
) -> Reply {
    let mut asked = Asked::default();
    let reference = asked.path::<Reference>("reference", &call.parts.0.reference);
    let reference = asked.done(reference)?;
    let order = orders.by_reference(&call.caller, &reference).await?;
    reply::read(&request, &OrderView::whole(&order))
}

/// Why an order is taken back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(as = Cancellation)]
pub struct CancelBody {
    /// The reason, kept in the order's events.
    #[schema(max_length = 200, example = "ordered twice by our buyer")]
    reason: Option<String>,
}

impl CancelBody {
    fn read(&self) -> Result<Option<&str>, Problem> {
        let mut asked = Asked::default();
        if self.reason.as_ref().is_some_and(|reason| reason.chars().count() > REASON_CHARS) {
            asked.wrong(Place::body("/reason", format!("at most {REASON_CHARS} characters")));
        }
        if self.reason.as_deref().is_some_and(plain_text::has_control) {
            asked.wrong(Place::body("/reason", NO_CONTROL));
        }
        asked.done(Some(self.reason.as_deref().filter(|reason| !reason.trim().is_empty())))
    }
}

/// A body in which nothing can be said.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NothingBody {}

/// The path and body of a cancellation.
type CancelParts = (Path<OrderPath>, Perhaps<CancelBody>);

/// The path and empty body of a confirmation.
type ConfirmParts = (Path<OrderPath>, Perhaps<NothingBody>);

/// Takes an unpaid order back. Repeating it is harmless. While the order is `placing` or `unknown` it cannot be
/// cancelled: wait until the gateway has settled it.
#[utoipa::path(tag = "Orders", params(OrderPath), request_body = Option<CancelBody>, responses(
    (status = 200, description = "Cancelled", body = OrderView),
    (status = 404, description = "`order_not_found`"),
    (status = 409, description = "`order_state_conflict`: `state` says where it stands, `detail` what to do"),
))]
#[post("/v1/orders/{order_id}/cancel")]
pub async fn cancel_order(
    request: HttpRequest,
    call: Admitted<op::CancelOrder, CancelParts>,
    orders: Data<Orders>,
) -> Reply {
    let (Path(path), Perhaps(body)) = &call.parts;
    let order = orders.cancel(&call.caller, &path.id()?, body.read()?).await?;
    changed(&request, &order)
}

/// Says that the goods arrived, which ends the order. Possible once they are at the warehouse; repeating it is harmless.
#[utoipa::path(tag = "Orders", params(OrderPath), responses(
    (status = 200, description = "Completed", body = OrderView),
    (status = 404, description = "`order_not_found`"),
    (status = 409, description = "`order_state_conflict`"),
))]
#[post("/v1/orders/{order_id}/confirm-receipt")]
pub async fn confirm_receipt(
    request: HttpRequest,
    call: Admitted<op::ConfirmReceipt, ConfirmParts>,
    orders: Data<Orders>,
) -> Reply {
    let (Path(path), Perhaps(NothingBody {})) = &call.parts;
    let order = orders.confirm_receipt(&call.caller, &path.id()?).await?;
    changed(&request, &order)
}

fn changed(request: &HttpRequest, order: &Order) -> Result<HttpResponse, Problem> {
    reply::written(request, StatusCode::OK, &OrderView::whole(order))
}

#[cfg(test)]
mod tests {
    use super::{CancelBody, NothingBody, Perhaps, created_after, told};
    use crate::api::asked::Asked;
    use crate::edge::parts::{Complaint, Part};
    use crate::edge::problem::Problem;
    use crate::error::Code;
    use crate::model::money::Money;
    use crate::model::order::tests::deed;
    use crate::model::order::{Actor, Facts, Happening, Kind, Order, Refusal, RefusedLine};
    use crate::model::quote::Wanted;

    fn after(reference: &str, kinds: &[(Kind, Facts)]) -> Order {
        let mut order = Order::received(deed(reference), "create_order");
        for (kind, facts) in kinds {
            let what = Happening::new(*kind, Actor::Gateway, "test").with(facts.clone());
            let event = order.next(order.updated_at, what).unwrap();
            order.apply(event).unwrap();
        }
        order
    }

    #[test]
    fn an_unknown_order_is_accepted_and_found_by_its_reference() {
        let sent = (Kind::PlacingStarted, Facts::default());
        let order = after("PO/2026:1", &[sent, (Kind::Unanswered, Facts::default())]);
        let answer = told(&order, None, "req_1", "/v1/orders");
        assert_eq!(answer.status, 202);
        let location = ("location".to_owned(), "/v1/orders/by-reference/PO%2F2026%3A1".to_owned());
        assert!(answer.headers.contains(&location), "{:?}", answer.headers);
    }

    #[test]
    fn a_refused_order_is_a_problem_with_the_new_figures() {
        let refusal = Refusal {
            code: Code::PriceChanged,
            detail: "Prices changed.".into(),
            lines: vec![RefusedLine {
                sku: crate::model::ids::SkuId::new(7),
                unit_price: Some(Money::fen(340)),
                stock: None,
            }],
            freight: Some(Money::fen(800)),
            total: Some(Money::fen(4200)),
        };
        let facts = Facts { refusal: Some(refusal), ..Facts::default() };
        let order = after("PO-1", &[(Kind::PlacingStarted, Facts::default()), (Kind::Refused, facts)]);
        let answer = told(&order, None, "req_1", "/v1/orders");
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!((answer.status, body["code"].as_str()), (409, Some("price_changed")));
        assert_eq!(
            (body["request_id"].as_str(), body["errors"][0]["pointer"].as_str()),
            (Some("req_1"), Some("#/quote_id"))
        );
        assert_eq!(body["lines"][0]["unit_price"], serde_json::json!({"amount": "3.40", "currency": "CNY"}));
        assert_eq!(body["total"]["amount"], "42.00");
        let lines = [6, 7].map(|sku| Wanted {
            sku: crate::model::ids::SkuId::new(sku),
            quantity: crate::model::quote::Quantity::new(1).unwrap(),
        });
        let by_lines = told(&order, Some(&lines), "req_1", "/v1/orders");
        let body: serde_json::Value = serde_json::from_slice(&by_lines.body).unwrap();
        assert_eq!(body["errors"][0]["pointer"], "#/lines/1", "it was not ordered by a quote");
    }

    fn places(problem: Problem) -> Vec<(String, String)> {
        let document: serde_json::Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let word = |error: &serde_json::Value, name: &str| error[name].as_str().unwrap().to_owned();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| (word(error, "pointer"), word(error, "detail"))).collect()
    }

    #[test]
    fn texts_that_no_database_takes_are_refused_at_the_door() {
        let cancel = CancelBody { reason: Some("a\0b".into()) };
        assert_eq!(places(cancel.read().unwrap_err())[0].0, "#/reason");
    }

    #[test]
    fn a_body_that_may_be_left_out_is_read_when_it_is_there() {
        let request = actix_web::test::TestRequest::default();
        let request = request.insert_header(("content-type", "application/json")).to_http_request();
        assert!(Perhaps::<CancelBody>::take(&request, &"".into()).unwrap().0.reason.is_none());
        assert!(Perhaps::<NothingBody>::take(&request, &"{}".into()).is_ok());
        let said = Perhaps::<NothingBody>::take(&request, &r#"{"x":1}"#.into()).unwrap_err();
        assert!(matches!(said, Complaint::Places(places) if places[0].pointer == "#/x"));
    }

    #[test]
    fn a_wrong_time_is_answered_with_a_right_one() {
        let mut asked = Asked::default();
        assert!(created_after(&mut asked, Some("2026-11-23T00:00:00Z")).is_some());
        assert!(created_after(&mut asked, Some("yesterday")).is_none());
        let wrong = places(asked.done::<()>(None).unwrap_err());
        assert_eq!(wrong, [("query:created_after".to_owned(), "Give a time such as 2026-11-23T00:00:00Z.".to_owned())]);
    }
}

//! Webhook endpoints: made, changed, their secrets rotated, tried out; what became of deliveries, and sending them again.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, patch, post};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::orders::{NothingBody, Perhaps};
use crate::api::webhook_view::{
    DeliveryPageView, EndpointPageView, EndpointView, ResentView, RevealedEndpointView, TestView,
};
use crate::edge::parts::{Json, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::event::Pattern;
use crate::model::ids::EndpointId;
use crate::model::page::{Cursor, PageSize};
use crate::model::webhook::Format;
use crate::webhooks::{DeliveryFilter, Draft, EndpointChange, Resend, Webhooks};

const DESCRIPTION_CHARS: usize = 200;
const MOST_PATTERNS: usize = 50;

/// An endpoint you wish for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewWebhookEndpoint)]
pub struct NewEndpointBody {
    /// Where events are sent: an https address that is public and does not redirect.
    #[schema(example = "https://shop.example/webhooks/xunyuan", max_length = 500)]
    url: String,
    /// What it hears of: `*` for everything, a group such as `order.*`, or a type such as `order.paid`.
    #[schema(example = json!(["order.*", "refund.*"]), min_items = 1, max_items = 50)]
    types: Vec<String>,
    /// Your own words about it.
    #[schema(max_length = 200, example = "order desk")]
    description: Option<String>,
    /// How deliveries are written: `standard` (Standard Webhooks 1.0: JSON, signed in header fields with the endpoint's
    /// secret) or `aop` (the older open platform protocol: a form of `message` and `_aop_signature`, signed with the secret
    /// of `app_key`; types that it has no topic for are not sent). It stays as it is: make another endpoint to change it.
    #[schema(default = "standard", example = "standard", pattern = "^(standard|aop)$")]
    format: Option<String>,
    /// The app whose secret signs, one of yours in this world; with `format` `aop` and only with it.
    #[schema(example = "1234567", max_length = 32)]
    app_key: Option<String>,
}

/// What is to be changed; what is left out stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookEndpointChange)]
pub struct EndpointChangeBody {
    /// Where events are sent from now on.
    #[schema(example = "https://shop.example/webhooks/xunyuan", max_length = 500)]
    url: Option<String>,
    /// What it hears of from the next event on.
    #[schema(example = json!(["order.*"]), min_items = 1, max_items = 50)]
    types: Option<Vec<String>>,
    /// Your own words about it.
    #[schema(max_length = 200)]
    description: Option<String>,
    /// `disabled` to have nothing sent for now; what is on its way is given up and can be resent. `enabled` as at
    /// `/enable`.
    #[schema(example = "disabled", pattern = "^(enabled|disabled)$")]
    state: Option<String>,
}

/// Names an endpoint.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct EndpointPath {
    /// Id of the endpoint.
    #[param(example = "whe_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    endpoint_id: String,
}

impl EndpointPath {
    fn id(&self) -> Result<EndpointId, Problem> {
        let mut asked = Asked::default();
        let id = asked.path("endpoint_id", &self.endpoint_id);
        asked.done(id)
    }
}

/// The path and empty body of what is done to an endpoint.
type DoParts = (Path<EndpointPath>, Perhaps<NothingBody>);

/// The path and body of a change.
type ChangeParts = (Path<EndpointPath>, Json<EndpointChangeBody>);

/// The path and query of a list of deliveries.
type ListParts = (Path<EndpointPath>, Query<DeliveriesQuery>);

/// The path and body of a wish to have something sent again.
type ResendParts = (Path<EndpointPath>, Json<ResendBody>);

/// Says where events are to be sent. The answer holds the secret that deliveries are signed with (Standard Webhooks 1.0);
/// it is shown this once. Try it with `POST /v1/webhook-endpoints/{endpoint_id}/test`.
#[utoipa::path(tag = "Events", request_body = NewEndpointBody, responses(
    (status = 201, description = "Made and enabled; keep `secret`", body = RevealedEndpointView,
        headers(("Location" = String, description = "The endpoint"))),
    (status = 400, description = "`invalid_request`: the url is not public, cannot be resolved, a type does not exist, or `app_key` is none of your apps"),
    (status = 409, description = "`too_many_endpoints`: 20 are all"),
))]
#[post("/v1/webhook-endpoints")]
pub async fn create_webhook_endpoint(
    request: HttpRequest,
    call: Admitted<op::CreateWebhookEndpoint, Json<NewEndpointBody>>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let made = webhooks.create(&call.caller, call.parts.0.read()?).await?;
    let mut response = reply::written(&request, StatusCode::CREATED, &RevealedEndpointView::from(&made))?;
    if let Ok(location) = HeaderValue::try_from(format!("/v1/webhook-endpoints/{}", made.endpoint.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// Lists your endpoints, oldest first, without their secrets.
#[utoipa::path(tag = "Events", responses(
    (status = 200, description = "All of them", body = EndpointPageView),
    (status = 304, description = "Nothing changed; it costs nothing"),
))]
#[get("/v1/webhook-endpoints")]
pub async fn list_webhook_endpoints(
    request: HttpRequest,
    call: Admitted<op::ListWebhookEndpoints>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let endpoints = webhooks.list(&call.caller).await?;
    reply::read(&request, &EndpointPageView::from(endpoints.as_slice()))
}

/// Reads an endpoint: its state, and since when it fails if it does.
#[utoipa::path(tag = "Events", params(EndpointPath), responses(
    (status = 200, description = "The endpoint", body = EndpointView),
    (status = 304, description = "Nothing changed; it costs nothing"),
    (status = 404, description = "`endpoint_not_found`"),
))]
#[get("/v1/webhook-endpoints/{endpoint_id}")]
pub async fn get_webhook_endpoint(
    request: HttpRequest,
    call: Admitted<op::GetWebhookEndpoint, Path<EndpointPath>>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let endpoint = webhooks.get(&call.caller, &call.parts.0.id()?).await?;
    reply::read(&request, &EndpointView::from(&endpoint))
}

/// Changes an endpoint. Deliveries on their way go to the new url from their next attempt on.
#[utoipa::path(tag = "Events", params(EndpointPath), request_body = EndpointChangeBody, responses(
    (status = 200, description = "Changed", body = EndpointView),
    (status = 400, description = "`invalid_request`: as when it is made"),
    (status = 404, description = "`endpoint_not_found`"),
))]
#[patch("/v1/webhook-endpoints/{endpoint_id}")]
pub async fn update_webhook_endpoint(
    request: HttpRequest,
    call: Admitted<op::UpdateWebhookEndpoint, ChangeParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Json(body)) = &call.parts;
    let endpoint = webhooks.change(&call.caller, &path.id()?, body.read()?).await?;
    reply::written(&request, StatusCode::OK, &EndpointView::from(&endpoint))
}

/// Deletes an endpoint with everything that was or should be sent to it. The events themselves stay to be pulled.
#[utoipa::path(tag = "Events", params(EndpointPath), responses(
    (status = 204, description = "Gone"),
    (status = 404, description = "`endpoint_not_found`: also when it was deleted before"),
))]
#[delete("/v1/webhook-endpoints/{endpoint_id}")]
pub async fn delete_webhook_endpoint(
    call: Admitted<op::DeleteWebhookEndpoint, Path<EndpointPath>>,
    webhooks: Data<Webhooks>,
) -> Reply {
    webhooks.delete(&call.caller, &call.parts.0.id()?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives an endpoint a new secret, shown this once. Repeated within the 24 hours, it replaces the new secret only; the
/// one in use goes on. For 24 hours deliveries carry two signatures, one by each secret, so
/// that receivers can be changed over without a gap.
#[utoipa::path(tag = "Events", params(EndpointPath), responses(
    (status = 200, description = "The new secret; the one before counts until `previous_secret_until`", body = RevealedEndpointView),
    (status = 404, description = "`endpoint_not_found`"),
))]
#[post("/v1/webhook-endpoints/{endpoint_id}/rotate-secret")]
pub async fn rotate_webhook_secret(
    request: HttpRequest,
    call: Admitted<op::RotateWebhookSecret, DoParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Perhaps(NothingBody {})) = &call.parts;
    let rotated = webhooks.rotate(&call.caller, &path.id()?).await?;
    reply::written(&request, StatusCode::OK, &RevealedEndpointView::from(&rotated))
}

/// Lets a disabled endpoint hear again, from the next event on. What it missed is not sent by itself: ask for it at
/// `/resend`.
#[utoipa::path(tag = "Events", params(EndpointPath), responses(
    (status = 200, description = "Enabled", body = EndpointView),
    (status = 400, description = "`invalid_request`: the url cannot be called any more; change it first"),
    (status = 404, description = "`endpoint_not_found`"),
))]
#[post("/v1/webhook-endpoints/{endpoint_id}/enable")]
pub async fn enable_webhook_endpoint(
    request: HttpRequest,
    call: Admitted<op::EnableWebhookEndpoint, DoParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Perhaps(NothingBody {})) = &call.parts;
    let endpoint = webhooks.enable(&call.caller, &path.id()?).await?;
    reply::written(&request, StatusCode::OK, &EndpointView::from(&endpoint))
}

/// Sends a `webhook.test` event to this endpoint alone, whatever types it hears of. Look at its deliveries a moment
/// later to see what came of it.
#[utoipa::path(tag = "Events", params(EndpointPath), responses(
    (status = 202, description = "On its way", body = TestView),
    (status = 404, description = "`endpoint_not_found`"),
    (status = 409, description = "`endpoint_disabled`"),
))]
#[post("/v1/webhook-endpoints/{endpoint_id}/test")]
pub async fn test_webhook_endpoint(
    request: HttpRequest,
    call: Admitted<op::TestWebhookEndpoint, DoParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Perhaps(NothingBody {})) = &call.parts;
    let delivery = webhooks.test(&call.caller, &path.id()?).await?;
    reply::written(&request, StatusCode::ACCEPTED, &TestView::from(&delivery))
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeliveriesQuery {
    /// Only those in this state.
    #[param(example = "failed", pattern = "^(pending|delivered|failed)$")]
    state: Option<String>,
    /// Only that of this event.
    #[param(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    event_id: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(minimum = 1, maximum = 50)]
    limit: Option<u32>,
}

/// Lists what became of deliveries to an endpoint, newest event first, with every attempt. Kept for 30 days.
#[utoipa::path(tag = "Events", params(EndpointPath, DeliveriesQuery), responses(
    (status = 200, description = "A page of deliveries", body = DeliveryPageView),
    (status = 304, description = "Nothing changed; it costs nothing"),
    (status = 404, description = "`endpoint_not_found`"),
))]
#[get("/v1/webhook-endpoints/{endpoint_id}/deliveries")]
pub async fn list_webhook_deliveries(
    request: HttpRequest,
    call: Admitted<op::ListWebhookDeliveries, ListParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Query(query)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path("endpoint_id", &path.endpoint_id);
    let filter = DeliveryFilter {
        state: asked.query("state", query.state.as_deref()),
        event: asked.query("event_id", query.event_id.as_deref()),
    };
    let size = query.limit.map_or(Some(PageSize::default()), PageSize::new);
    if size.is_none() {
        asked.wrong(Place::query("limit", "1 to 50"));
    }
    let (id, size): (EndpointId, PageSize) = asked.done(id.zip(size))?;
    let cursor = query.cursor.clone().map(Cursor);
    let page = webhooks.deliveries(&call.caller, &id, &filter, cursor.as_ref(), size).await?;
    reply::read(&request, &DeliveryPageView::from(&page))
}

/// What is to be sent again: one delivery, or a stretch of time.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WebhookResend)]
pub struct ResendBody {
    /// One delivery, whatever became of it. Give this or `from`.
    #[schema(example = "dlv_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    delivery_id: Option<String>,
    /// All events from this moment on (RFC 3339) that this endpoint wants: those that failed, and those that were never
    /// sent here because the endpoint was disabled or did not exist.
    #[schema(format = DateTime, example = "2026-11-01T00:00:00Z")]
    from: Option<String>,
    /// Up to before this moment; now when left out.
    #[schema(format = DateTime, example = "2026-11-02T00:00:00Z")]
    to: Option<String>,
    /// Also what was delivered.
    #[serde(default)]
    include_delivered: bool,
}

/// Sends deliveries again: one, or all that an endpoint missed in a stretch of time, in new rounds of attempts. The
/// event keeps its id, so a receiver that has it already can tell.
#[utoipa::path(tag = "Events", params(EndpointPath), request_body = ResendBody, responses(
    (status = 202, description = "On their way; what is being sent right now is not counted", body = ResentView),
    (status = 400, description = "`invalid_request`: at most 10,000 events may lie in the stretch"),
    (status = 404, description = "`endpoint_not_found`, `delivery_not_found`"),
    (status = 409, description = "`endpoint_disabled`"),
))]
#[post("/v1/webhook-endpoints/{endpoint_id}/resend")]
pub async fn resend_webhook_deliveries(
    request: HttpRequest,
    call: Admitted<op::ResendWebhookDeliveries, ResendParts>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let (Path(path), Json(body)) = &call.parts;
    let resent = webhooks.resend(&call.caller, &path.id()?, &body.read()?).await?;
    reply::written(&request, StatusCode::ACCEPTED, &ResentView { resent })
}

impl NewEndpointBody {
    fn read(&self) -> Result<Draft, Problem> {
        let mut asked = Asked::default();
        let patterns = patterns(&mut asked, &self.types);
        let description = description(&mut asked, self.description.as_deref()).unwrap_or_default();
        let format = match &self.format {
            None => Some(Format::Standard),
            Some(format) => asked.body("/format", Some(format)),
        };
        let (url, app) = (self.url.clone(), self.app_key.clone());
        asked.done(format.map(|format| Draft { url, description, patterns, format, app }))
    }
}

impl EndpointChangeBody {
    fn read(&self) -> Result<EndpointChange, Problem> {
        let mut asked = Asked::default();
        let change = EndpointChange {
            url: self.url.clone(),
            description: description(&mut asked, self.description.as_deref()),
            patterns: self.types.as_ref().map(|types| patterns(&mut asked, types)),
            state: asked.body("/state", self.state.as_deref()),
        };
        asked.done(Some(change))
    }
}

impl ResendBody {
    fn read(&self) -> Result<Resend, Problem> {
        let mut asked = Asked::default();
        let delivery = asked.body("/delivery_id", self.delivery_id.as_deref());
        let from = moment(&mut asked, "/from", self.from.as_deref());
        let to = moment(&mut asked, "/to", self.to.as_deref()).unwrap_or(Timestamp::MAX);
        let what = match (delivery, from) {
            (Some(delivery), None) => Some(Resend::One(delivery)),
            (None, Some(from)) if from >= to => {
                asked.wrong(Place::body("/to", "must be after from"));
                None
            }
            (None, Some(from)) if self.include_delivered => Some(Resend::All(from, to)),
            (None, Some(from)) => Some(Resend::Missed(from, to)),
            _ => {
                asked.wrong(Place::body("", "give either delivery_id or from"));
                None
            }
        };
        if self.delivery_id.is_some() && (self.to.is_some() || self.include_delivered) {
            asked.wrong(Place::body("/delivery_id", "to and include_delivered belong to from"));
        }
        asked.done(what)
    }
}

fn moment(asked: &mut Asked, pointer: &str, text: Option<&str>) -> Option<Timestamp> {
    let read = text?.parse();
    read.map_err(|_| asked.wrong(Place::body(pointer, "a time such as 2026-11-23T00:00:00Z"))).ok()
}

fn description(asked: &mut Asked, text: Option<&str>) -> Option<String> {
    let text = text?;
    if text.chars().count() > DESCRIPTION_CHARS || text.chars().any(char::is_control) {
        let told = format!("at most {DESCRIPTION_CHARS} characters, none of them a control character");
        asked.wrong(Place::body("/description", told));
    }
    Some(text.trim().to_owned())
}

/// Each pattern once.
fn patterns(asked: &mut Asked, types: &[String]) -> Vec<Pattern> {
    if types.is_empty() || types.len() > MOST_PATTERNS {
        asked.wrong(Place::body("/types", format!("1 to {MOST_PATTERNS} types, or \"*\" for all")));
        return Vec::new();
    }
    let mut read: Vec<Pattern> = Vec::new();
    for (place, text) in types.iter().enumerate() {
        match asked.body(&format!("/types/{place}"), Some(text)) {
            Some(pattern) if !read.contains(&pattern) => read.push(pattern),
            _ => {}
        }
    }
    read
}

#[cfg(test)]
mod tests {
    use super::{NewEndpointBody, ResendBody};
    use crate::edge::problem::Problem;
    use crate::webhooks::Resend;

    fn pointers(problem: Problem) -> Vec<String> {
        let document: serde_json::Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn every_type_that_does_not_exist_is_named() {
        let types = ["order.*", "order.lost", "*", "nonsense"].map(str::to_owned).to_vec();
        let body = NewEndpointBody {
            url: "https://x.example/".into(),
            types,
            description: Some("a\nb".into()),
            format: None,
            app_key: None,
        };
        assert_eq!(pointers(body.read().unwrap_err()), ["#/types/1", "#/types/3", "#/description"]);
        let types = ["order.*", "order.*", "*"].map(str::to_owned).to_vec();
        let body =
            NewEndpointBody { url: "https://x.example/".into(), types, description: None, format: None, app_key: None };
        assert_eq!(body.read().unwrap().patterns.len(), 2, "each once");
    }

    #[test]
    fn one_delivery_or_a_stretch_of_time_is_resent_and_never_both() {
        let read = |json: &str| serde_json::from_str::<ResendBody>(json).unwrap().read();
        let id = format!("dlv_{}", "0".repeat(32));
        assert!(matches!(read(&format!(r#"{{"delivery_id":"{id}"}}"#)), Ok(Resend::One(_))));
        assert!(matches!(read(r#"{"from":"2026-11-01T00:00:00Z"}"#), Ok(Resend::Missed(..))));
        assert!(matches!(read(r#"{"from":"2026-11-01T00:00:00Z","include_delivered":true}"#), Ok(Resend::All(..))));
        for (wrong, pointer) in [
            ("{}", "#"),
            (&*format!(r#"{{"delivery_id":"{id}","from":"2026-11-01T00:00:00Z"}}"#), "#"),
            (r#"{"from":"yesterday"}"#, "#/from"),
            (r#"{"from":"2026-11-02T00:00:00Z","to":"2026-11-01T00:00:00Z"}"#, "#/to"),
            (&*format!(r#"{{"delivery_id":"{id}","include_delivered":true}}"#), "#/delivery_id"),
        ] {
            assert_eq!(pointers(read(wrong).unwrap_err())[0], pointer, "{wrong}");
        }
    }
}

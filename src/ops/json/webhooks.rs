//! `/ops/api/webhooks`: endpoints by health, deliveries, and both set right by hand.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ops::console::Console;
use crate::ops::console::gate::{Operate, See, asked};
use crate::ops::hand;
use crate::ops::json::gate::{Asks, body};
use crate::ops::json::{Reply, reply};
use crate::ops::look::Listed;
use crate::ops::look::webhooks::{self, DeliveryRow, EndpointRow, Sought, WebhooksView};
use crate::webhooks::Webhooks;

/// What is to be sent again: one delivery, or those of a stretch of time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResendBody {
    /// One delivery.
    delivery_id: Option<String>,
    /// Events that happened from this moment on.
    #[schema(format = DateTime)]
    from: Option<String>,
    /// Events that happened before this one.
    #[schema(format = DateTime)]
    to: Option<String>,
    /// What was delivered as well; without it what failed or was never sent.
    #[serde(default)]
    all: bool,
}

/// How much is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResentView {
    /// Deliveries on their way again.
    deliveries: u64,
}

/// Tells how webhooks do: what waits, and every endpoint, those that fail first.
#[utoipa::path(tag = "Webhooks", responses((status = 200, description = "How webhooks do", body = WebhooksView)))]
#[get("/ops/api/webhooks")]
pub async fn get_webhooks(_: Asks<See>, console: Data<Console>) -> Reply {
    reply(webhooks::all(&console.books).await)
}

/// Lists deliveries with their attempts, newest event first.
#[utoipa::path(tag = "Webhooks", params(
        ("endpoint" = Option<String>, Query, description = "Only to this endpoint"),
        ("partner" = Option<String>, Query, description = "Only of this partner"),
        ("state" = Option<String>, Query, description = "`pending`, `delivered` or `failed`"),
        ("type" = Option<String>, Query, description = "Only events of this type"),
        ("subject" = Option<String>, Query, description = "Only of what happened to this id"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of deliveries", body = Listed<DeliveryRow>)))]
#[get("/ops/api/webhooks/deliveries")]
pub async fn list_deliveries(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let field = |name| asked(&request, name);
    let sought = Sought {
        endpoint: field("endpoint"),
        partner: field("partner"),
        state: field("state"),
        kind: field("type"),
        subject: field("subject"),
        cursor: field("cursor"),
    };
    reply(webhooks::deliveries(&console.books, &sought).await)
}

/// Lets a disabled endpoint hear again, from the next event on.
#[utoipa::path(tag = "Webhooks", params(("endpoint_id" = String, Path, description = "The endpoint's id")),
    responses((status = 200, description = "The endpoint as it is now", body = EndpointRow),
        (status = 409, description = "`not_now`: it is enabled already")))]
#[post("/ops/api/webhooks/endpoints/{endpoint_id}/enable")]
pub async fn enable_endpoint(
    request: HttpRequest,
    asks: Asks<Operate>,
    console: Data<Console>,
    room: Data<Webhooks>,
) -> Reply {
    let id = request.match_info().query("endpoint_id");
    hand::enable_endpoint(&console.books, &room, &asks.name, id).await?;
    reply(webhooks::endpoint(&console.books, id).await)
}

/// Sends deliveries of an enabled endpoint again.
#[utoipa::path(tag = "Webhooks", params(("endpoint_id" = String, Path, description = "The endpoint's id")), request_body = ResendBody,
    responses((status = 200, description = "How many are on their way again", body = ResentView),
        (status = 409, description = "`not_now`: the endpoint is disabled")))]
#[post("/ops/api/webhooks/endpoints/{endpoint_id}/resend")]
pub async fn resend_deliveries(
    request: HttpRequest,
    asks: Asks<Operate>,
    console: Data<Console>,
    room: Data<Webhooks>,
    bytes: Bytes,
) -> Reply {
    let ResendBody { delivery_id: delivery, from, to, all } = body(&bytes)?;
    let asked = hand::Resent { delivery, from, to, all };
    let id = request.match_info().query("endpoint_id");
    let count = hand::resend(&console.books, &room, &asks.name, id, &asked).await;
    reply(count.map(|deliveries| ResentView { deliveries }))
}

//! `/ops/api/orders`: the funnel, what waits, lists, one order's whole story, and what can be set right by hand.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::ids::OrderId;
use crate::ops::console::Console;
use crate::ops::console::gate::{Operate, See, asked};
use crate::ops::json::gate::{Asks, body};
use crate::ops::json::{Reply, reply};
use crate::ops::look::order::{self, OrderStory};
use crate::ops::look::orders::{self, Funnel, OrderRow, Sought, Waiting};
use crate::ops::look::{Listed, Trouble};
use crate::orders::{Looked, Orders};

/// What came of a change by hand.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoneView {
    /// The order's id.
    order_id: String,
    /// Where it stands now.
    state: &'static str,
    /// What was found and written, in sentences.
    says: Vec<String>,
}

/// Why an order is settled by hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettleBody {
    /// Why, for the audit; 3 to 500 characters.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

/// Counts how far orders came.
#[utoipa::path(tag = "Orders", params(
        ("days" = Option<u32>, Query, description = "Over orders received in so many days: 1, 7 (unless asked) or 30"),
        ("partner" = Option<String>, Query, description = "Only this partner's")),
    responses((status = 200, description = "The funnel", body = Funnel)))]
#[get("/ops/api/orders/funnel")]
pub async fn get_funnel(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let days = asked(&request, "days").map_or(Ok(7), |days| days.parse());
    let days = days.map_err(|_| Trouble::Wrong("days: 1, 7 or 30".to_owned()))?;
    reply(orders::funnel(&console.books, days, asked(&request, "partner").as_deref()).await)
}

/// Tells which orders wait for an answer or for a person.
#[utoipa::path(tag = "Orders", responses((status = 200, description = "What waits", body = Waiting)))]
#[get("/ops/api/orders/waiting")]
pub async fn get_waiting(_: Asks<See>, console: Data<Console>) -> Reply {
    reply(orders::waiting(&console.books).await)
}

/// Lists orders of all partners, newest first.
#[utoipa::path(tag = "Orders", params(
        ("q" = Option<String>, Query, description = "A partner's reference, our id, or the catalogue's number"),
        ("partner" = Option<String>, Query, description = "Only this partner's"),
        ("mode" = Option<String>, Query, description = "`live` or `sandbox`"),
        ("state" = Option<String>, Query, description = "Only in this state"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before")),
    responses((status = 200, description = "A page of orders", body = Listed<OrderRow>)))]
#[get("/ops/api/orders")]
pub async fn list_orders(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let field = |name| asked(&request, name);
    let sought = Sought {
        q: field("q"),
        partner: field("partner"),
        mode: field("mode"),
        state: field("state"),
        cursor: field("cursor"),
    };
    reply(orders::list(&console.books, &sought).await)
}

/// Tells an order's whole story.
#[utoipa::path(tag = "Orders", params(("order_id" = String, Path, description = "Our id of the order")),
    responses((status = 200, description = "The story", body = OrderStory)))]
#[get("/ops/api/orders/{order_id}")]
pub async fn get_order(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    reply(order::story(&console.books, &id(&request)?).await)
}

/// Looks an order up at the catalogue now, and takes in what it says.
#[utoipa::path(tag = "Orders", params(("order_id" = String, Path, description = "Our id of the order")),
    responses((status = 200, description = "What was found and written", body = DoneView),
        (status = 409, description = "`not_now`: the detail says why, and what to do instead")))]
#[post("/ops/api/orders/{order_id}/look")]
pub async fn look_up_order(request: HttpRequest, asks: Asks<Operate>, room: Data<Orders>) -> Reply {
    done(room.look_by_hand(&asks.name, &id(&request)?).await.map_err(Trouble::from))
}

/// Looks an unknown order up, and places it again under the same id when the catalogue does not have it.
#[utoipa::path(tag = "Orders", params(("order_id" = String, Path, description = "Our id of the order")),
    responses((status = 200, description = "What was found and written", body = DoneView),
        (status = 409, description = "`not_now`: the detail says why, and what to do instead")))]
#[post("/ops/api/orders/{order_id}/retry")]
pub async fn retry_order(request: HttpRequest, asks: Asks<Operate>, room: Data<Orders>) -> Reply {
    done(room.retry_by_hand(&asks.name, &id(&request)?).await.map_err(Trouble::from))
}

/// Ends an order that was handed to a person as rejected, when the catalogue does not have it.
#[utoipa::path(tag = "Orders", params(("order_id" = String, Path, description = "Our id of the order")), request_body = SettleBody,
    responses((status = 200, description = "What was found and written", body = DoneView),
        (status = 409, description = "`not_now`: the detail says why, and what to do instead")))]
#[post("/ops/api/orders/{order_id}/settle")]
pub async fn settle_order(request: HttpRequest, asks: Asks<Operate>, room: Data<Orders>, bytes: Bytes) -> Reply {
    let asked: SettleBody = body(&bytes)?;
    let reason = orders::reason(asked.reason.trim())?;
    done(room.reject_by_hand(&asks.name, &id(&request)?, &reason).await.map_err(Trouble::from))
}

fn id(request: &HttpRequest) -> Result<OrderId, Trouble> {
    let text = request.match_info().query("order_id");
    text.parse().map_err(|_| Trouble::Missing(format!("No order has the id {text}.")))
}

fn done(looked: Result<Looked, Trouble>) -> Reply {
    reply(looked.map(|looked| DoneView {
        order_id: looked.order.deed.id.to_string(),
        state: looked.order.state.name(),
        says: order::told(&looked),
    }))
}

//! `/ops/api/partners`: who may call, with which keys, what is left of their plans, and their own figures.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::console::Console;
use crate::ops::console::gate::{Operate, See};
use crate::ops::hand::{self, Turn};
use crate::ops::json::gate::{Asks, body};
use crate::ops::json::{Reply, reply};
use crate::ops::look::overrides::{OverrideView, Wanted};
use crate::ops::look::partner::{self, ErrorRow, PartnerStory};
use crate::ops::look::partners::{self, PartnerView};
use crate::ops::look::standings::AccountView;
use crate::ops::look::{Listed, Trouble};

/// Lists all partners with their keys and what is left of their plans.
#[utoipa::path(tag = "Partners", responses((status = 200, description = "All partners, by name", body = Listed<PartnerView>)))]
#[get("/ops/api/partners")]
pub async fn list_partners(_: Asks<See>, console: Data<Console>) -> Reply {
    let all = partners::all(&console.books).await;
    reply(all.map(|items| Listed { items, next_cursor: None }))
}

/// Lists who can call, in each world where they can, the nearest to a limit first.
#[utoipa::path(tag = "Partners", responses((status = 200, description = "All accounts, by headroom", body = Listed<AccountView>)))]
#[get("/ops/api/headroom")]
pub async fn list_headroom(_: Asks<See>, console: Data<Console>) -> Reply {
    let all = partners::overview(&console.books).await;
    reply(all.map(|all| Listed { items: all.accounts, next_cursor: None }))
}

/// Tells of one partner: its keys, what it does in each world, its last errors and its own figures.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    responses((status = 200, description = "The partner", body = PartnerStory)))]
#[get("/ops/api/partners/{partner}")]
pub async fn get_partner(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    reply(partner::story(&console.books, request.match_info().query("partner")).await)
}

/// Finds a request that failed lately.
#[utoipa::path(tag = "Partners", params(("request_id" = String, Path, description = "Our id of the request, `req_…`")),
    responses((status = 200, description = "Whose it was, and what was answered", body = ErrorRow)))]
#[get("/ops/api/requests/{request_id}")]
pub async fn get_request(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let id = request.match_info().query("request_id");
    let missing = || Trouble::Missing(format!("{id} is not among the requests that failed lately."));
    reply(partner::request(&console.books, id).ok_or_else(missing))
}

/// Figures of a partner's own, for a while and for a reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideBody {
    /// A policy of the partner's plan, or `concurrent`.
    policy: String,
    /// Units per span; as in the plan when it is left out.
    quota: Option<u32>,
    /// Units at once; when it is left out, in the plan's proportion to the quota.
    burst: Option<u32>,
    /// Only a trial: it counts what it would refuse, and refuses nothing.
    #[serde(default)]
    shadow: bool,
    /// Why, for the audit; 3 to 500 characters.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
    /// When it ends by itself: `2h`, `7d`, a date, or a moment.
    until: String,
}

/// Lists the figures of its own that a partner has and had, those in force first.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    responses((status = 200, description = "Its overrides", body = Listed<OverrideView>)))]
#[get("/ops/api/partners/{partner}/overrides")]
pub async fn list_overrides(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let story = partner::story(&console.books, request.match_info().query("partner")).await;
    reply(story.map(|story| Listed { items: story.overrides, next_cursor: None }))
}

/// Gives a partner figures of its own, or tries others in shadow; counts at every node within two seconds.
///
/// It takes the place of an older one of the same policy for as long as it is in force.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    request_body = OverrideBody, responses((status = 200, description = "The partner's overrides", body = Listed<OverrideView>)))]
#[post("/ops/api/partners/{partner}/overrides")]
pub async fn set_override(request: HttpRequest, asks: Asks<Operate>, console: Data<Console>, bytes: Bytes) -> Reply {
    let OverrideBody { policy, quota, burst, shadow, reason, until } = body(&bytes)?;
    let typed = |units: Option<u32>| units.map(|units| units.to_string()).unwrap_or_default();
    let (quota, burst) = (typed(quota), typed(burst));
    let wanted = Wanted { policy, quota, burst, shadow, reason: reason.trim().to_owned(), until };
    let partner = request.match_info().query("partner");
    hand::set_override(&console.books, &asks.name, partner, &wanted).await?;
    let story = partner::story(&console.books, partner).await;
    reply(story.map(|story| Listed { items: story.overrides, next_cursor: None }))
}

/// Ends an override before its time.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name"),
        ("override_id" = String, Path, description = "The override's id, `ovr_…`")),
    responses((status = 200, description = "The partner's overrides", body = Listed<OverrideView>)))]
#[post("/ops/api/partners/{partner}/overrides/{override_id}/end")]
pub async fn end_override(request: HttpRequest, asks: Asks<Operate>, console: Data<Console>) -> Reply {
    let place = request.match_info();
    let (partner, id) = (place.query("partner"), place.query("override_id"));
    hand::end_override(&console.books, &asks.name, partner, id).await?;
    let story = partner::story(&console.books, partner).await;
    reply(story.map(|story| Listed { items: story.overrides, next_cursor: None }))
}

/// Whom to suspend, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuspendBody {
    /// One key of the partner; without it the partner with all its keys.
    key_id: Option<String>,
    /// Why, for the audit; 3 to 500 characters.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

/// Whom to let in again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeBody {
    /// One key of the partner; without it the partner.
    key_id: Option<String>,
}

/// Suspends a partner, or one key of it; counts at every node within two seconds.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    request_body = SuspendBody, responses((status = 200, description = "The partner as it is now", body = PartnerView)))]
#[post("/ops/api/partners/{partner}/suspend")]
pub async fn suspend(request: HttpRequest, asks: Asks<Operate>, console: Data<Console>, bytes: Bytes) -> Reply {
    let SuspendBody { key_id, reason } = body(&bytes)?;
    let partner = request.match_info().query("partner");
    hand::turn(&console.books, &asks.name, partner, key_id.as_deref(), Turn::Suspend, reason.trim()).await?;
    reply(partners::one(&console.books, partner).await)
}

/// Lets a suspended partner, or one key of it, in again.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    request_body = ResumeBody, responses((status = 200, description = "The partner as it is now", body = PartnerView)))]
#[post("/ops/api/partners/{partner}/resume")]
pub async fn resume(request: HttpRequest, asks: Asks<Operate>, console: Data<Console>, bytes: Bytes) -> Reply {
    let ResumeBody { key_id } = body(&bytes)?;
    let partner = request.match_info().query("partner");
    hand::turn(&console.books, &asks.name, partner, key_id.as_deref(), Turn::Resume, "").await?;
    reply(partners::one(&console.books, partner).await)
}

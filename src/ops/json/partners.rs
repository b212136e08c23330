//! `/ops/api/partners`: who may call, with which keys, and what is left of their plans.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::ops::console::Console;
use crate::ops::console::gate::{Operate, See};
use crate::ops::hand::{self, Turn};
use crate::ops::json::gate::{Asks, body};
use crate::ops::json::{Reply, reply};
use crate::ops::look::Listed;
use crate::ops::look::partners::{self, PartnerView};

/// Lists all partners with their keys and what is left of their plans.
#[utoipa::path(tag = "Partners", responses((status = 200, description = "All partners, by name", body = Listed<PartnerView>)))]
#[get("/ops/api/partners")]
pub async fn list_partners(_: Asks<See>, console: Data<Console>) -> Reply {
    let all = partners::all(&console.books).await;
    reply(all.map(|items| Listed { items, next_cursor: None }))
}

/// Tells of one partner.
#[utoipa::path(tag = "Partners", params(("partner" = String, Path, description = "The partner's short name")),
    responses((status = 200, description = "The partner", body = PartnerView)))]
#[get("/ops/api/partners/{partner}")]
pub async fn get_partner(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    reply(partners::one(&console.books, request.match_info().query("partner")).await)
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

//! `/ops/api/now`, `/ops/api/me`, `/ops/api/growth`: how this node is, who asks, and how partners grow.

use actix_web::get;
use actix_web::web::Data;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::Meters;
use crate::ops::console::Console;
use crate::ops::console::gate::See;
use crate::ops::health::Health;
use crate::ops::json::gate::Asks;
use crate::ops::json::{Reply, reply};
use crate::ops::look::behind::{self, BehindView};
use crate::ops::look::growth::{self, GrowthView};
use crate::ops::look::hour::Hour;
use crate::ops::look::now::{self, NowView};

/// Who asks.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The name that the audit knows.
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: &'static str,
    /// What the role allows.
    says: &'static str,
}

/// Tells how the nodes are and what they were asked.
#[utoipa::path(tag = "Now", responses((status = 200, description = "The nodes now", body = NowView)))]
#[get("/ops/api/now")]
pub async fn get_now(_: Asks<See>, console: Data<Console>, health: Data<Health>, meters: Data<Meters>) -> Reply {
    reply(now::now(&console.books, &health, &meters).await)
}

/// Tells who asks, and what they may do.
#[utoipa::path(tag = "Now", responses((status = 200, description = "Name and role", body = MeView)))]
#[get("/ops/api/me")]
pub async fn get_me(asks: Asks<See>) -> Reply {
    reply(Ok(MeView { role: asks.role.name(), says: asks.role.says(), name: asks.name }))
}

/// Tells orders a day by partner and region, against what was before.
#[utoipa::path(tag = "Partners", responses((status = 200, description = "Growth over 28 days", body = GrowthView)))]
#[get("/ops/api/growth")]
pub async fn get_growth(_: Asks<See>, console: Data<Console>) -> Reply {
    reply(growth::growth(&console.books).await)
}

/// Tells what was seen of the catalogue and kept, and how often that helped.
#[utoipa::path(tag = "Now", responses((status = 200, description = "The cache of all nodes", body = BehindView)))]
#[get("/ops/api/cache")]
pub async fn get_cache(_: Asks<See>, console: Data<Console>, health: Data<Health>, meters: Data<Meters>) -> Reply {
    reply(Ok(behind::cache(&console.books, &health, &meters).await))
}

/// Tells the last hour of all nodes in points of ten seconds.
#[utoipa::path(tag = "Now", responses((status = 200, description = "The nodes, and what they did", body = Hour)))]
#[get("/ops/api/hour")]
pub async fn get_hour(_: Asks<See>, console: Data<Console>) -> Reply {
    reply(Ok(Hour::of(&console.books.usage)))
}

/// Tells how the catalogue does, and how the tasks that follow it fare.
#[utoipa::path(tag = "Now", responses((status = 200, description = "The catalogue as this node hears it", body = BehindView)))]
#[get("/ops/api/catalogue")]
pub async fn get_catalogue(_: Asks<See>, console: Data<Console>, health: Data<Health>, meters: Data<Meters>) -> Reply {
    reply(Ok(behind::catalogue(&console.books, &health, &meters).await))
}

//! `/ops/api/partners`: who may call, with which keys, and what is left of their plans.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};

use crate::ops::console::Console;
use crate::ops::console::gate::See;
use crate::ops::json::gate::Asks;
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

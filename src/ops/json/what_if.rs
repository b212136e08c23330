//! `/ops/api/what-if`: the last 24 hours under a plan that is only proposed.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};

use crate::ops::console::Console;
use crate::ops::console::gate::{See, asked};
use crate::ops::json::gate::Asks;
use crate::ops::json::{Reply, reply};
use crate::ops::look::Trouble;
use crate::ops::look::what_if::{self, Asked, Figures, WhatIf};

/// Replays the last 24 hours under a proposed plan: who would have been refused, and how much.
///
/// The proposed plan is one there is with other figures. What was wanted is known by the second; inside a second the most
/// favourable order of calls is taken, so every refusal that is told would have happened, if not a few more.
#[utoipa::path(tag = "Partners", params(
        ("plan" = String, Query, description = "The plan that the proposed one is like"),
        ("partner" = Option<String>, Query, description = "Only this partner; `*` for all; without it those that are on the plan"),
        ("policy" = Option<Vec<String>>, Query, description = "Other figures, as `name:quota`, `name:quota:burst`, or \
            `name:quota:burst:window_s` to add a policy; a quota of 0 leaves one out")),
    responses((status = 200, description = "What would have been", body = WhatIf)))]
#[get("/ops/api/what-if")]
pub async fn get_what_if(request: HttpRequest, _: Asks<See>, console: Data<Console>) -> Reply {
    let wrong = || Trouble::Wrong("plan: the plan that the proposed one is like".to_owned());
    let query = url::form_urlencoded::parse(request.query_string().as_bytes());
    let figures = query.filter(|(name, _)| name == "policy").map(|(_, text)| Figures::read(&text));
    let wanted = Asked {
        plan: asked(&request, "plan").ok_or_else(wrong)?,
        partner: asked(&request, "partner").unwrap_or_default(),
        figures: figures.collect(),
    };
    reply(what_if::replay(&console.books, &wanted).await)
}

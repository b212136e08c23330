//! `/ops/api/referrals`: visitors who were sent to partners, and what they ordered.

use actix_web::get;
use actix_web::web::Data;

use crate::ops::console::Console;
use crate::ops::console::gate::See;
use crate::ops::json::gate::Asks;
use crate::ops::json::{Reply, reply};
use crate::ops::look::referrals::{self, ReferralsView};

/// Tells clicks and orders by partner and country over 28 days, and over the 28 before.
#[utoipa::path(tag = "Partners", responses((status = 200, description = "Clicks, orders and growth", body = ReferralsView)))]
#[get("/ops/api/referrals")]
pub async fn get_referrals(_: Asks<See>, console: Data<Console>) -> Reply {
    reply(referrals::referrals(&console.books).await)
}

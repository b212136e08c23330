//! `/ops/api`: everything that the console's pages show, as JSON, with the same access: the session's cookie, or an
//! operator's token in `Authorization: Bearer xyo_…` (`xunyuan operator token`).

pub mod audit;
pub mod document;
pub mod entry;
pub mod gate;
pub mod orders;
pub mod partners;
pub mod places;
pub mod referrals;
pub mod webhooks;
pub mod what_if;

use actix_web::App;
use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_TYPE;
use serde::Serialize;
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::ops::json::gate::Fault;
use crate::ops::look::Trouble;

/// Registers every operation, once, for routing and for the document.
pub fn operations(config: &mut ServiceConfig) {
    config
        .service(places::get_now)
        .service(places::get_hour)
        .service(places::get_me)
        .service(places::get_growth)
        .service(referrals::get_referrals)
        .service(places::get_cache)
        .service(places::get_catalogue)
        .service(partners::list_partners)
        .service(partners::list_headroom)
        .service(partners::get_partner)
        .service(partners::get_request)
        .service(partners::list_overrides)
        .service(partners::set_override)
        .service(partners::end_override)
        .service(what_if::get_what_if)
        .service(partners::suspend)
        .service(partners::resume)
        .service(orders::get_funnel)
        .service(orders::get_waiting)
        .service(orders::list_orders)
        .service(orders::get_order)
        .service(orders::look_up_order)
        .service(orders::retry_order)
        .service(orders::settle_order)
        .service(webhooks::get_webhooks)
        .service(webhooks::list_deliveries)
        .service(webhooks::enable_endpoint)
        .service(webhooks::resend_deliveries)
        .service(entry::get_entry)
        .service(entry::enter_goods)
        .service(entry::withdraw_goods)
        .service(audit::list_audit)
        .service(audit::export_audit);
}

/// The OpenAPI document of `/ops/api`.
pub fn document() -> OpenApi {
    let (_, collected) = App::new().into_utoipa_app().configure(operations).split_for_parts();
    document::complete(collected)
}

/// The answer of every operation.
pub type Reply = Result<HttpResponse, Fault>;

/// A view as JSON.
pub fn reply<T: Serialize>(view: Result<T, Trouble>) -> Reply {
    let view = view?;
    let body = serde_json::to_vec(&view);
    let body =
        body.map_err(|error| Trouble::Failed { said: "The answer cannot be written.", cause: error.to_string() })?;
    let mut response = gate::build(actix_web::http::StatusCode::OK);
    Ok(response.insert_header((CONTENT_TYPE, "application/json")).body(body))
}

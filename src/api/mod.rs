//! Partner API v1: the gate, the operations, their views, and the documentation. Rooms do the work; a handler
//! unwraps, asks one room, wraps.

mod asked;
mod basket;
pub mod categories;
pub mod docs;
pub mod gate;
mod kept;
pub mod limits;
pub mod offers;
mod once;
pub mod openapi;
pub mod operations;
pub mod order_notes;
mod order_view;
mod order_wish;
pub mod orders;
pub mod payments;
pub mod pictures;
mod plain_text;
mod price;
pub mod quotes;
pub mod shipments;
pub mod signature;
pub mod suppliers;
pub mod unmatched;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, get};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every operation, once, for routing and for the OpenAPI document.
pub fn operations(config: &mut ServiceConfig) {
    config
        .service(offers::search_offers)
        .service(offers::get_offer)
        .service(categories::list_categories)
        .service(suppliers::get_supplier)
        .service(quotes::create_quote)
        .service(quotes::get_quote)
        .service(orders::create_order)
        .service(orders::list_orders)
        // Before the order's id, which would take `by-reference` for one.
        .service(orders::get_order_by_reference)
        .service(orders::get_order)
        .service(orders::cancel_order)
        .service(orders::confirm_receipt)
        .service(order_notes::create_order_note)
        .service(shipments::list_shipments)
        .service(payments::list_payment_options)
        .service(payments::create_payment)
        .service(payments::get_payment)
        .service(limits::get_limits)
        .service(limits::get_me)
        .service(signature::debug_signature);
}

/// The OpenAPI document of `/v1`.
pub fn document() -> OpenApi {
    let (_, collected) = App::new().into_utoipa_app().configure(operations).split_for_parts();
    openapi::complete(collected)
}

/// The OpenAPI document as it is served.
#[derive(Clone, Debug)]
pub struct DocumentText(pub Bytes);

/// Serves the OpenAPI document.
#[get("/openapi/partner.json")]
pub async fn serve_document(text: Data<DocumentText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "public, max-age=300"))
        .insert_header(("etag", crate::edge::reply::etag(&text.0)))
        .body(text.0.clone())
}

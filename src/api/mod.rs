//! Partner API v1: the gate, the operations, their views, and the documentation. Rooms do the work; a handler
//! unwraps, asks one room, wraps.

pub mod docs;
pub mod gate;
pub mod limits;
pub mod openapi;
pub mod operations;
pub mod unmatched;

use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, get};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every operation, once, for routing and for the OpenAPI document.
pub fn operations(config: &mut ServiceConfig) {
    config;
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
pub mod asked;
pub mod categories;
pub mod gate;
pub mod kept;
pub mod offers;
pub mod operations;
pub mod pictures;
pub mod price;
pub mod suppliers;

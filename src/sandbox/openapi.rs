//! The contract as an OpenAPI document, written from the handlers themselves. Its prose is in `README.md`.

use actix_web::{App, HttpResponse, get};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_actix_web::AppExt;

use super::server::routes;

/// The document, as it is committed in `openapi/wholesale.json`.
pub fn openapi() -> String {
    let (_, document) = App::new().into_utoipa_app().openapi(frame()).configure(routes).split_for_parts();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

fn frame() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Internal wholesale service (sandbox)")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The reference implementation of the internal wholesale service that the gateway stands in front of. \
             Chinese subjects, yuan strings for goods, integer fen for orders, Beijing time without a zone. \
             Every answer is HTTP 200 in one envelope unless transport itself failed.",
        ))
        .build();
    let token = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
        "X-Internal-Token",
        "Shared between the marketplace's own services.",
    )));
    OpenApiBuilder::new()
        .info(info)
        .components(Some(ComponentsBuilder::new().security_scheme("internalToken", token).build()))
        .security(Some([SecurityRequirement::new::<_, [&str; 0], &str>("internalToken", [])]))
        .build()
}

/// This document.
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "OpenAPI 3.1.", content_type = "application/json", body = String)))]
#[get("/openapi.json")]
pub async fn get_openapi() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(openapi())
}

/// Whether the service answers.
#[utoipa::path(tag = "service", security(()), responses((status = 200, description = "It does.", content_type = "text/plain", body = String)))]
#[get("/health")]
pub async fn get_health() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

//! The partner's documentation at `/docs`: reference with try-out, guides and one page per error code.
//! Needs nothing from outside: no foreign script, font or picture. The OpenAPI document is served by `api` itself.

mod answer;
mod assets;
mod catalogue;
mod examples;
mod guides;
mod lives;
mod spans;
#[cfg(test)]
mod tests;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, LOCATION};
use actix_web::middleware::Compress;
use actix_web::{HttpRequest, HttpResponse, guard, web};

use answer::{Document, Kept};

/// Registers `/` (which leads to `/docs`) and everything under `/docs`.
pub fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(page("/").route(reading().to(home)));
    cfg.service(
        web::scope("/docs")
            .wrap(Compress::default())
            .configure(guides::routes)
            .service(page("/").route(reading().to(home)))
            .service(page("/errors").route(reading().to(catalogue::list)))
            .service(page("/errors.json").route(reading().to(catalogue::list_json)))
            .service(page("/errors/{code}").route(reading().to(catalogue::one)))
            .service(page("/assets/{release}/{name}").route(reading().to(asset)))
            .default_service(web::to(guides::missing)),
    );
}

/// A resource that names its methods when asked with another one.
fn page(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(async || {
        HttpResponse::MethodNotAllowed().insert_header((ALLOW, "GET, HEAD")).finish()
    }))
}

fn reading() -> actix_web::Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

async fn home() -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, "/docs")).finish()
}

async fn asset(request: HttpRequest) -> HttpResponse {
    let parts = request.match_info();
    let Some(asset) = assets::find(parts.query("name")) else {
        return guides::missing(request).await;
    };
    // While nodes of two releases run side by side, a page may ask the other one for its files.
    let kept = if parts.query("release") == assets::release() { Kept::ForEver } else { Kept::Checked };
    let document = Document { content_type: asset.content_type, kept, body: asset.bytes.into() };
    document.answer(&request, StatusCode::OK)
}

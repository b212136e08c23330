//! Answers that are kept: stored bytes in the coding the caller accepts, with tag, age and how long they may be kept.
//! The front turns them into 304 for callers who hold them.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;

use crate::catalog::{Catalog, Rendered};
use crate::edge::encoding::Encoding;

/// This face's name in the keys of rendered answers.
pub const FACE: &str = "api-v1";

/// The view as bytes for a rendered answer.
pub fn json(view: &impl Serialize) -> Option<Bytes> {
    serde_json::to_vec(view).ok().map(Bytes::from)
}

/// A kept JSON answer for one partner's eyes.
pub fn answer(request: &HttpRequest, catalog: &Catalog, rendered: &Rendered) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let encoding = if rendered.varies() { Encoding::negotiate(accept) } else { Encoding::Identity };
    let variant = rendered.variant(encoding);
    let (body, etag) = variant.map_or((&rendered.bytes, &rendered.etag), |variant| (&variant.bytes, &variant.etag));
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    let vary = if rendered.varies() { "Accept-Language, Accept-Encoding" } else { "Accept-Language" };
    response.insert_header((header::VARY, HeaderValue::from_static(vary)));
    if let (Some(_), Some(name)) = (variant, encoding.name()) {
        response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(name)));
    }
    timed(&mut response, catalog, rendered, "private", etag);
    response.body(body.clone())
}

/// A kept picture for anyone's eyes.
pub fn picture(catalog: &Catalog, rendered: &Rendered) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("image/png")));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    let anywhere = HeaderName::from_static("cross-origin-resource-policy");
    response.insert_header((anywhere, HeaderValue::from_static("cross-origin")));
    timed(&mut response, catalog, rendered, "public", &rendered.etag);
    response.body(rendered.bytes.clone())
}

fn timed(
    response: &mut actix_web::HttpResponseBuilder,
    catalog: &Catalog,
    rendered: &Rendered,
    whose: &str,
    etag: &str,
) {
    let keep = format!("{whose}, max-age={}, stale-while-revalidate={}", rendered.max_age_s, rendered.swr_s);
    response.insert_header((header::CACHE_CONTROL, keep));
    response.insert_header((header::ETAG, etag));
    response.insert_header((header::AGE, HeaderValue::from(catalog.age_s(rendered))));
}

//! How every page of the console leaves: kept by nobody, framed by nobody, with one style sheet and one script that
//! are part of the page and named in its policy by their digests.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::ops::console::frame::Frame;

/// The style sheet of every page.
pub const STYLE: &str = include_str!("pages/console.css");
/// The script that puts fresh figures in the place of old ones.
pub const SCRIPT: &str = include_str!("pages/console.js");

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
});

/// An answer with the headers of the house.
pub fn build(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        // Not "no-referrer": browsers would then hide the origin of our own forms too.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"))
        .insert_header(("cross-origin-resource-policy", "same-origin"));
    response
}

/// A page.
pub fn page(status: StatusCode, page: &impl Template) -> HttpResponse {
    with(build(status), page)
}

/// A page with headers of its own.
pub fn with(mut response: HttpResponseBuilder, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(text),
        Err(error) => {
            tracing::error!(%error, "a page of the console cannot be rendered");
            build(StatusCode::INTERNAL_SERVER_ERROR).finish()
        }
    }
}

/// Leads to another page of ours.
pub fn to(address: &'static str) -> HttpResponse {
    build(StatusCode::SEE_OTHER).insert_header((LOCATION, address)).finish()
}

#[derive(Template)]
#[template(path = "note.html", config = "src/ops/console/askama.toml")]
struct Note<'a> {
    frame: Frame,
    eyebrow: &'a str,
    heading: &'a str,
    text: &'a str,
}

/// A page that only says something.
pub fn note(frame: Frame, status: StatusCode, heading: &str, text: &str) -> HttpResponse {
    page(status, &Note { frame, eyebrow: status.canonical_reason().unwrap_or(""), heading, text })
}

#[derive(Template)]
#[template(path = "closed.html", config = "src/ops/console/askama.toml")]
struct Closed {
    frame: Frame,
}

/// There is no password, so nobody may see anything; says how to set one.
pub fn closed() -> HttpResponse {
    page(StatusCode::SERVICE_UNAVAILABLE, &Closed { frame: Frame::outside("Closed") })
}

//! How every page of the console leaves: kept by nobody, framed by nobody, with one style sheet and one script that come
//! from this very process.

use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use crate::ops::console::frame::Frame;
use crate::ops::look::Trouble;
use crate::ops::staff::digest;

const STYLE: &str = include_str!("pages/console.css");
const SCRIPT: &str = include_str!("pages/console.js");

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A part of every page that browsers may keep: its address changes whenever it does.
#[derive(Debug)]
pub struct Asset {
    /// Where it is.
    pub address: String,
    text: &'static str,
    kind: &'static str,
}

/// The style sheet and the script.
pub static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset = |text, name: &str, kind| {
        let mark: String = digest(text).chars().take(16).collect();
        Asset { address: format!("/console/assets/{mark}/{name}"), text, kind }
    };
    [
        asset(STYLE, "console.css", "text/css; charset=utf-8"),
        asset(SCRIPT, "console.js", "text/javascript; charset=utf-8"),
    ]
});

/// Gives a part of the pages to anybody: there is nothing secret in it.
pub async fn asset(request: HttpRequest) -> HttpResponse {
    match ASSETS.iter().find(|asset| asset.address == request.path()) {
        Some(asset) => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, asset.kind))
            .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .body(asset.text),
        None => build(StatusCode::NOT_FOUND).finish(),
    }
}

/// An answer with the headers of the house.
pub fn build(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
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

/// A page that shows what it was asked for.
pub fn shown(page: &impl Template) -> HttpResponse {
    self::page(StatusCode::OK, page)
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
pub fn to(address: &str) -> HttpResponse {
    build(StatusCode::SEE_OTHER).insert_header((LOCATION, address)).finish()
}

#[derive(Template)]
#[template(path = "note.html", config = "src/ops/console/askama.toml")]
struct Note<'a> {
    frame: Frame,
    eyebrow: &'a str,
    heading: &'a str,
    lines: &'a [String],
    back: (&'a str, &'a str),
}

/// A page that only says something.
pub fn note(frame: Frame, status: StatusCode, heading: &str, text: &str) -> HttpResponse {
    let back = if frame.is_inside() { ("/console", "To the first page") } else { ("/console/login", "To the login") };
    let (eyebrow, lines) = (status.canonical_reason().unwrap_or(""), [text.to_owned()]);
    page(status, &Note { frame, eyebrow, heading, lines: &lines, back })
}

/// A page that says what was done, and leads back.
pub fn done(frame: Frame, heading: &str, lines: &[String], back: (&str, &str)) -> HttpResponse {
    shown(&Note { frame, eyebrow: "Done", heading, lines, back })
}

/// A page that says why something is not shown or was not done.
pub fn trouble(frame: Frame, trouble: Trouble) -> HttpResponse {
    let trouble = trouble.logged();
    note(frame, trouble.status(), trouble.title(), &trouble.to_string())
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

//! How pages for people leave this face: kept by nobody, framed by nobody, with their one style in themselves and no
//! script at all.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The style of all pages.
pub const STYLE: &str = include_str!("pages/page.css");

/// The style is allowed by what it is.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

#[derive(Template)]
#[template(path = "refusal.html", config = "src/param2/pages/askama.toml")]
struct Refusal<'a> {
    style: &'static str,
    heading: &'a str,
    words: &'a str,
}

/// An answer with the headers of a page; browsers count where a form leads in the end, so that this is allowed too.
pub fn build(status: StatusCode, leads_to: &str) -> HttpResponseBuilder {
    let mut policy = format!("default-src 'none'; style-src 'sha256-{}'; img-src data:; ", *STYLE_HASH);
    let _ = write!(policy, "form-action 'self' {leads_to}; base-uri 'none'; frame-ancestors 'none'");
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        // Not "no-referrer": browsers would then hide the origin of our own form too.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
    response
}

/// A page as the body of an answer.
pub fn html(mut response: HttpResponseBuilder, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(text),
        Err(error) => {
            tracing::error!(%error, "a page cannot be rendered");
            build(StatusCode::INTERNAL_SERVER_ERROR, "").finish()
        }
    }
}

/// A page that says what did not happen, why, and what to do next.
pub fn refusal(status: StatusCode, heading: &str, words: &str) -> HttpResponse {
    html(build(status, ""), &Refusal { style: STYLE, heading, words })
}

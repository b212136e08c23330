//! What ties a form to the page it was sent from: a text that the page carries and the browser has as a cookie.

use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponseBuilder};
use subtle::ConstantTimeEq;

use crate::edge::own_form;

const COOKIE_NAME: &str = "xunyuan_grant";
const TICKET_BYTES: usize = 16;

/// The text of a page; one that the browser has already is used again, so that two tabs do not disturb each other. None
/// when there is no randomness to be had.
pub fn of(request: &HttpRequest) -> Option<String> {
    given(request).map(str::to_owned).or_else(fresh)
}

/// Has the browser keep it.
pub fn keep(response: &mut HttpResponseBuilder, request: &HttpRequest, ticket: &str) {
    let secure = if came_by_https(request) { "; Secure" } else { "" };
    let cookie = format!("{COOKIE_NAME}={ticket}; Path=/oauth; HttpOnly; SameSite=Strict{secure}");
    response.insert_header((SET_COOKIE, cookie));
}

/// Whether a form was sent from a page of this origin that was given this text.
pub fn is_ours(request: &HttpRequest, ticket: &str) -> bool {
    let same = given(request).is_some_and(|known| known.as_bytes().ct_eq(ticket.as_bytes()).into());
    same && own_form::is_ours(request)
}

/// What a page was given before.
fn given(request: &HttpRequest) -> Option<&str> {
    own_form::cookie(request, COOKIE_NAME).filter(|ticket| ticket.len() == TICKET_BYTES * 2)
}

fn fresh() -> Option<String> {
    let mut bytes = [0_u8; TICKET_BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// As far as proxies say it; it only decides whether the cookie goes back by https alone.
fn came_by_https(request: &HttpRequest) -> bool {
    let told = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    own_form::is_https(request) || told.is_some_and(|told| told.trim().eq_ignore_ascii_case("https"))
}

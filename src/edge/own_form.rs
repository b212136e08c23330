//! Whether a form was sent by a page of this origin, for the faces that show people pages; and the cookie it came with.

use actix_web::HttpRequest;
use actix_web::http::header::{COOKIE, HOST, ORIGIN};

/// Whether a form was sent from a page of this very origin. Browsers say so themselves where they can; otherwise the
/// origin must be the host that was asked. Who says neither is no browser with a page of ours.
pub fn is_ours(request: &HttpRequest) -> bool {
    let field = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = field("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = field(ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, authority)| field(HOST.as_str()).is_some_and(|host| host.eq_ignore_ascii_case(authority)))
}

/// Whether the browser reached us by https, whatever stands in between.
pub fn is_https(request: &HttpRequest) -> bool {
    request.headers().get(ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"))
}

/// The value of a cookie.
pub fn cookie<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
}

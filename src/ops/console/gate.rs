//! The console's front door: who sent this request, and whether a form was sent from a page of ours.

use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{COOKIE, HOST, ORIGIN};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};

use crate::ops::console::Console;
use crate::ops::console::access::Way;
use crate::ops::console::answer;
use crate::ops::console::sessions::Session;

/// The cookie's name.
pub const COOKIE_NAME: &str = "xunyuan_console";

/// Somebody who is logged in; a page that takes one cannot be seen by anybody else.
pub struct Operator(pub Session);

/// Why a page is not shown.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum Barred {
    /// Nobody is logged in.
    #[error("log in first")]
    Out,
    /// There is no password, so nobody can log in.
    #[error("the console has no password")]
    Closed,
    /// The console was not furnished.
    #[error("the console is not here")]
    Absent,
}

impl ResponseError for Barred {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Out => StatusCode::SEE_OTHER,
            Self::Closed => StatusCode::SERVICE_UNAVAILABLE,
            Self::Absent => StatusCode::NOT_FOUND,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Out => answer::to("/console/login"),
            Self::Closed => answer::closed(),
            Self::Absent => HttpResponse::NotFound().finish(),
        }
    }
}

impl FromRequest for Operator {
    type Error = Barred;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Barred>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = operator(request);
        Box::pin(std::future::ready(found))
    }
}

fn operator(request: &HttpRequest) -> Result<Operator, Barred> {
    let console = request.app_data::<Data<Console>>().ok_or(Barred::Absent)?;
    let session = cookie(request).and_then(|value| console.access.sessions.find(value));
    match session {
        Some(session) => Ok(Operator(session)),
        None if console.access.way() == Way::Closed => Err(Barred::Closed),
        None => Err(Barred::Out),
    }
}

fn cookie(request: &HttpRequest) -> Option<&str> {
    let lines = request.headers().get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE_NAME).map(|(_, value)| value)
}

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

/// One field of a form or query.
pub fn field(text: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(text).find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{cookie, field, is_ours};
    use actix_web::test::TestRequest;

    fn ours(fields: &[(&'static str, &'static str)]) -> bool {
        let start = TestRequest::post().insert_header(("host", "ops.example:9090"));
        let request = fields.iter().fold(start, |request, field| request.insert_header(*field));
        is_ours(&request.to_http_request())
    }

    #[test]
    fn only_a_page_of_the_same_origin_may_send_a_form() {
        assert!(ours(&[("sec-fetch-site", "same-origin")]) && ours(&[("origin", "http://ops.example:9090")]));
        for site in ["cross-site", "same-site", "none"] {
            assert!(!ours(&[("sec-fetch-site", site), ("origin", "http://ops.example:9090")]), "{site}");
        }
        for origin in ["null", "http://evil.example", "http://ops.example", "http://ops.example:9090.evil.example"] {
            assert!(!ours(&[("origin", origin)]), "{origin}");
        }
        assert!(!ours(&[]));
    }

    #[test]
    fn the_cookie_is_found_among_others_and_fields_are_decoded() {
        let request = TestRequest::default().insert_header(("cookie", "a=b; xunyuan_console=xyz; c=d"));
        assert_eq!(cookie(&request.to_http_request()), Some("xyz"));
        assert_eq!(field(b"a=1&password=caf%C3%A9+x", "password").as_deref(), Some("café x"));
    }
}

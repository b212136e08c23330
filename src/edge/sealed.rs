//! A request as it arrived: head borrowed from the server, body read once and bounded.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use actix_web::{HttpRequest, web::Bytes, web::BytesMut};
use futures_util::StreamExt;

use crate::edge::problem::Problem;
use crate::edge::visit::Shared;
use crate::error::Code;
use crate::signing::http_message::{Fields, Message};

/// Fields that every proof asks for: their names are made once, not for each look.
static ASKED: [HeaderName; 4] = [
    HeaderName::from_static("signature-input"),
    HeaderName::from_static("signature"),
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("idempotency-key"),
];

/// Header fields as the signing room wants them.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(pub &'a HeaderMap);

impl Fields for Headers<'_> {
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8])) {
        match ASKED.iter().find(|known| known.as_str() == name) {
            Some(known) => self.0.get_all(known).for_each(|value| take(value.as_bytes())),
            None => self.0.get_all(name).for_each(|value| take(value.as_bytes())),
        }
    }
}

/// The request's parts that a signature speaks about.
pub fn message<'a>(request: &'a HttpRequest, headers: &'a Headers<'a>, scheme: &'a str) -> Message<'a> {
    let uri = request.uri();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    Message {
        method: asked_method(request),
        scheme,
        authority: host.or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or(""),
        path: uri.path(),
        query: uri.query(),
        headers,
    }
}

/// The method that was sent: the front has HEAD routed as GET.
fn asked_method(request: &HttpRequest) -> &str {
    let was_head = Shared::under_way().is_some_and(|visit| visit.with(|visit| visit.method == Method::HEAD));
    if was_head { "HEAD" } else { request.method().as_str() }
}

/// Largest header fields in all; the server itself closes the connection only above a multiple of this.
const HEADERS_MAX_BYTES: usize = 32 * 1024;

/// Says whether the header fields are of an acceptable size together.
pub fn headers_fit(request: &HttpRequest) -> bool {
    let size = |(name, value): (&HeaderName, &header::HeaderValue)| name.as_str().len() + value.len() + 4;
    request.headers().iter().map(size).sum::<usize>() <= HEADERS_MAX_BYTES
}

/// Says whether the request names one authority: `Host`, an absolute target, or both the same, without user names
/// (RFC 9112 §3.2.2 would let the target win, and a signature over the other one would say nothing).
pub fn one_authority(request: &HttpRequest) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let target = request.uri().authority().map(|authority| authority.as_str());
    let plain = [host, target].into_iter().flatten().all(|name| !name.contains('@'));
    let same = match (host, target) {
        (Some(host), Some(target)) => host.eq_ignore_ascii_case(target),
        _ => true,
    };
    plain && same
}

/// Bounds on a body: how large, and how long it may take to arrive.
#[derive(Clone, Copy, Debug)]
pub struct BodyBounds {
    /// Largest body in bytes.
    pub size_bytes: usize,
    /// Longest time until its last byte.
    pub within: Duration,
}

/// Reads the whole body, or says that it is too large or too slow.
pub async fn read_body(request: &HttpRequest, payload: &mut Payload, bounds: BodyBounds) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > bounds.size_bytes) {
        return Err(too_large(bounds));
    }
    if announced.is_none() && !request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Ok(Bytes::new());
    }
    // In a box, so that the many requests without a body do not carry the room for it around.
    match Box::pin(tokio::time::timeout(bounds.within, collect(payload, bounds))).await {
        Ok(body) => body,
        Err(_) => Err(Problem::new(Code::BodyTimeout)),
    }
}

async fn collect(payload: &mut Payload, bounds: BodyBounds) -> Result<Bytes, Problem> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk
            .map_err(|error| Problem::new(Code::MalformedRequest).detail(format!("the body broke off: {error}")))?;
        if body.len() + chunk.len() > bounds.size_bytes {
            return Err(too_large(bounds));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(bounds: BodyBounds) -> Problem {
    Problem::new(Code::BodyTooLarge).detail(format!("at most {} bytes are accepted here", bounds.size_bytes))
}

#[cfg(test)]
mod tests {
    use super::one_authority;
    use actix_web::test::TestRequest;

    #[test]
    fn a_request_that_names_two_hosts_or_a_user_is_not_one_authority() {
        let asked = |target: &str, host: &'static str| {
            one_authority(&TestRequest::with_uri(target).insert_header(("host", host)).to_http_request())
        };
        assert!(asked("/v1/me", "api.example") && asked("http://API.example/v1/me", "api.example"));
        assert!(!asked("http://evil.example/v1/me", "api.example"));
        assert!(!asked("/v1/me", "user@api.example"));
    }
}

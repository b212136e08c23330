//! A request as it arrived: head borrowed from the server, body read once and bounded.

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, web::Bytes, web::BytesMut};
use futures_util::StreamExt;

use crate::edge::problem::Problem;
use crate::error::Code;
use crate::signing::http_message::{Fields, Message};

/// Header fields as the signing room wants them.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(pub &'a HeaderMap);

impl Fields for Headers<'_> {
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8])) {
        for value in self.0.get_all(name) {
            take(value.as_bytes());
        }
    }
}

/// The request's parts that a signature speaks about.
pub fn message<'a>(request: &'a HttpRequest, headers: &'a Headers<'a>, scheme: &'a str) -> Message<'a> {
    let uri = request.uri();
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    Message {
        method: request.method().as_str(),
        scheme,
        authority: host.or_else(|| uri.authority().map(|authority| authority.as_str())).unwrap_or(""),
        path: uri.path(),
        query: uri.query(),
        headers,
    }
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
    match tokio::time::timeout(bounds.within, collect(payload, bounds)).await {
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

//! Answers that are made for one caller and not kept: JSON with a strong ETag, compressed when that is asked for.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::edge::encoding::{Encoding, WORTH_BYTES};
use crate::edge::problem::Problem;
use crate::error::Code;

/// What every handler of `/v1` gives back.
pub type Reply = Result<HttpResponse, Problem>;

/// The view as JSON bytes.
pub fn json(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(view).map_err(|_| Problem::new(Code::Internal))
}

/// A read for this caller alone: `Cache-Control: private, no-cache`, so that it may be revalidated by its ETag.
pub fn read(request: &HttpRequest, view: &impl Serialize) -> Reply {
    let body = json(view)?;
    let tag = etag(&body);
    let (mut response, encoding) = coded(request, StatusCode::OK, body);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    // Other bytes are another strong tag (RFC 9110 §8.8.3).
    let tag = match encoding.name() {
        Some(name) => format!("{}-{name}\"", tag.trim_end_matches('"')),
        None => tag,
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// The answer to a write.
pub fn written(request: &HttpRequest, status: StatusCode, view: &impl Serialize) -> Reply {
    Ok(bytes(request, status, json(view)?))
}

/// JSON bytes that exist already, sent compressed when the caller accepts it and it is worth it.
pub fn bytes(request: &HttpRequest, status: StatusCode, body: Vec<u8>) -> HttpResponse {
    coded(request, status, body).0
}

fn coded(request: &HttpRequest, status: StatusCode, body: Vec<u8>) -> (HttpResponse, Encoding) {
    let mut response = HttpResponse::build(status);
    response.content_type("application/json");
    if body.len() < WORTH_BYTES {
        return (response.body(body), Encoding::Identity);
    }
    response.insert_header((header::VARY, "Accept-Encoding"));
    let accept = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let encoding = Encoding::negotiate(accept);
    match (encoding.name(), encoding.encode(&body)) {
        (Some(name), Some(encoded)) => {
            (response.insert_header((header::CONTENT_ENCODING, name)).body(encoded), encoding)
        }
        _ => (response.body(body), Encoding::Identity),
    }
}

/// A strong entity tag of these bytes, quoted.
pub fn etag(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash.get(..16).unwrap_or(&hash)))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    #[test]
    fn other_bytes_are_another_tag() {
        let view = "x".repeat(5_000);
        let tag = |coding: &'static str| {
            let request = TestRequest::default().insert_header((header::ACCEPT_ENCODING, coding)).to_http_request();
            super::read(&request, &view).unwrap().headers().get(header::ETAG).unwrap().to_str().unwrap().to_owned()
        };
        let tags = [tag("identity"), tag("gzip"), tag("br"), tag("zstd")];
        let distinct: std::collections::HashSet<_> = tags.iter().collect();
        assert!(distinct.len() == 4 && tags.iter().all(|tag| tag.ends_with('"')), "{tags:?}");
    }
}

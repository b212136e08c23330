//! Answers that are kept: stored bytes in the coding the caller accepts, with tag, age, how long they may be kept, and how
//! they were come by.
//! The front turns them into 304 for callers who hold them.

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use serde::Serialize;

use crate::catalog::{Catalog, How, Shown};
use crate::edge::encoding::Encoding;

/// This face's name in the keys of rendered answers.
pub const FACE: &str = "api-v1";

/// The view as bytes for a rendered answer.
pub fn json(view: &impl Serialize) -> Option<Bytes> {
    serde_json::to_vec(view).ok().map(Bytes::from)
}

/// A kept JSON answer for one partner's eyes.
pub fn answer(request: &HttpRequest, catalog: &Catalog, rendered: &Shown) -> HttpResponse {
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
pub fn picture(catalog: &Catalog, rendered: &Shown) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("image/png")));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    let anywhere = HeaderName::from_static("cross-origin-resource-policy");
    response.insert_header((anywhere, HeaderValue::from_static("cross-origin")));
    timed(&mut response, catalog, rendered, "public", &rendered.etag);
    response.body(rendered.bytes.clone())
}

fn timed(response: &mut actix_web::HttpResponseBuilder, catalog: &Catalog, rendered: &Shown, whose: &str, etag: &str) {
    let keep = format!("{whose}, max-age={}, stale-while-revalidate={}", rendered.max_age_s, rendered.swr_s);
    response.insert_header((header::CACHE_CONTROL, keep));
    response.insert_header((header::ETAG, etag));
    response.insert_header((header::AGE, HeaderValue::from(catalog.age_s(rendered))));
    let status = cache_status(rendered.how, catalog.left_s(rendered));
    response.insert_header((HeaderName::from_static("cache-status"), status));
}

/// How the answer was come by (RFC 9211); `left_s` is negative of an answer that is older than it should be.
fn cache_status(how: How, left_s: i64) -> String {
    match how {
        How::Held => format!("xunyuan; hit; ttl={left_s}"),
        How::Shared => format!("xunyuan; hit; ttl={left_s}; detail=shared"),
        How::Refreshing => format!("xunyuan; hit; ttl={left_s}; detail=refreshing"),
        How::StandIn => format!("xunyuan; hit; ttl={left_s}; detail=stand-in"),
        How::Fetched => format!("xunyuan; fwd=miss; ttl={left_s}"),
        How::Followed => format!("xunyuan; fwd=miss; collapsed; ttl={left_s}"),
    }
}

#[cfg(test)]
mod tests {
    use super::cache_status;
    use crate::catalog::How;

    /// An item with parameters as RFC 8941 writes them.
    #[test]
    fn every_way_to_come_by_an_answer_is_a_structured_field() {
        for (how, wanted) in [
            (How::Held, "xunyuan; hit; ttl=9"),
            (How::Shared, "xunyuan; hit; ttl=9; detail=shared"),
            (How::Fetched, "xunyuan; fwd=miss; ttl=9"),
            (How::Followed, "xunyuan; fwd=miss; collapsed; ttl=9"),
        ] {
            assert_eq!(cache_status(how, 9), wanted);
        }
        for how in [How::Refreshing, How::StandIn, How::Held, How::Shared, How::Fetched, How::Followed] {
            let text = cache_status(how, -3);
            let list: sfv::List = sfv::Parser::new(&text).parse().unwrap();
            let sfv::ListEntry::Item(item) = &list[0] else { panic!("{text}") };
            assert_eq!(item.bare_item.as_token().map(|token| token.as_str()), Some("xunyuan"));
            assert_eq!(item.params["ttl"].as_integer().map(i64::from), Some(-3));
            assert_ne!(item.params.contains_key("hit"), item.params.contains_key("fwd"));
        }
    }
}

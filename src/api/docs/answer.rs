//! How a document of the docs leaves: protective headers, how long it may be kept, ETag and 304.
//! What the document says is decided elsewhere.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, EntityTag, IF_NONE_MATCH, IfNoneMatch, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use askama::Template;
use sha2::{Digest, Sha256};

/// Everything comes from this origin, and nothing may frame the page: it can hold a sandbox secret.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";

/// How long a browser may keep a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Its address changes with its content.
    ForEver,
    /// Kept, but asked for anew each time.
    Checked,
}

impl Kept {
    const fn cache_control(self) -> &'static str {
        match self {
            Self::ForEver => "public, max-age=31536000, immutable",
            Self::Checked => "public, no-cache",
        }
    }
}

/// One finished document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Media type with charset.
    pub content_type: &'static str,
    /// How long it may be kept.
    pub kept: Kept,
    /// Its bytes.
    pub body: Bytes,
}

impl Document {
    /// Answers with the document, or with 304 when the browser already has it.
    pub fn answer(self, request: &HttpRequest, status: StatusCode) -> HttpResponse {
        // Weak, because compression may change the bytes on the way.
        let tag = EntityTag::new_weak(digest(&self.body));
        let fresh = status == StatusCode::OK && has(request, &tag);
        let status = if fresh { StatusCode::NOT_MODIFIED } else { status };
        let mut response = HttpResponse::build(status);
        response
            .insert_header((ETAG, tag.to_string()))
            .insert_header((CACHE_CONTROL, self.kept.cache_control()))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header((REFERRER_POLICY, "no-referrer"))
            .insert_header(("cross-origin-opener-policy", "same-origin"))
            .insert_header(("cross-origin-resource-policy", "same-origin"));
        if fresh {
            return response.finish();
        }
        response.insert_header((CONTENT_TYPE, self.content_type)).body(self.body)
    }
}

/// Renders a page and answers with it.
pub fn html(request: &HttpRequest, status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => Document { content_type: HTML, kept: Kept::Checked, body: text.into() }.answer(request, status),
        Err(error) => {
            tracing::error!(%error, "a page of the documentation cannot be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// The first 16 hexadecimal digits of SHA-256.
pub fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

fn has(request: &HttpRequest, tag: &EntityTag) -> bool {
    if !request.headers().contains_key(IF_NONE_MATCH) {
        return false;
    }
    match request.get_header::<IfNoneMatch>() {
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(known)) => known.iter().any(|one| one.weak_eq(tag)),
        None => false,
    }
}

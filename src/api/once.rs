//! What must have its effect once: the Idempotency-Key of a request, and the stored answer that every repeat gets.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use sha2::{Digest, Sha256};
use utoipa::IntoParams;

use crate::edge::parts::{Complaint, Part};
use crate::edge::problem::Problem;
use crate::edge::reply;
use crate::edge::visit::Shared;
use crate::error::{Code, Failure, Place};
use crate::orders::{Answer, Once, Told};

const HEADER: &str = "idempotency-key";
static REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The header of requests that must have their effect once.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "says to the OpenAPI document what `Keyed` reads")]
pub struct KeyHeader {
    /// 8 to 128 characters of your choice, unique for this request; quoted or bare. Cover it in the signature, and
    /// repeat the same key (with a fresh signature) when you repeat the request. Remembered for 72 hours.
    #[param(example = "7f9c24e8-3b13-4e2a-9d2e-0a4b6c1d8e55", min_length = 8, max_length = 130)]
    #[param(rename = "Idempotency-Key")]
    idempotency_key: String,
}

/// The key of a request and the hash of its body.
#[derive(Clone, Debug)]
pub struct Keyed(pub Once);

impl Part for Keyed {
    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        let mut values = request.headers().get_all(HEADER);
        let Some(value) = values.next() else {
            return Err(Complaint::Whole(Box::new(Problem::new(Code::IdempotencyKeyMissing))));
        };
        let wrong = |detail: &str| Complaint::Places(vec![Place::header(HEADER, detail)]);
        if values.next().is_some() {
            return Err(wrong("given more than once"));
        }
        let text = value.to_str().unwrap_or("").trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        if !(8..=128).contains(&bare.len()) || !bare.bytes().all(|b| b.is_ascii_graphic() && b != b'"') {
            return Err(wrong("8 to 128 visible ASCII characters without spaces and quotation marks"));
        }
        Ok(Self(Once { key: bare.to_owned(), body_hash: Sha256::digest(body).to_vec() }))
    }
}

/// A view as an answer to be stored.
pub fn answer(status: StatusCode, headers: Vec<(String, String)>, view: &impl serde::Serialize) -> Answer {
    Answer { status: status.as_u16(), headers, body: serde_json::to_vec(view).unwrap_or_default() }
}

/// A failure as an answer to be stored; it keeps the id of the request it was first told to.
pub fn refusal(failure: impl Failure, request_id: &str, instance: &str) -> Answer {
    let status = failure.code().facts().status;
    Answer { status, headers: Vec::new(), body: Problem::from(failure).render(request_id, instance) }
}

/// Sends an answer that is stored.
pub fn send(request: &HttpRequest, told: Told) -> HttpResponse {
    let Answer { status, headers, body } = told.answer;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = if status.is_success() {
        reply::bytes(request, status, body)
    } else {
        note_code(request, &body);
        HttpResponse::build(status).content_type("application/problem+json").body(body)
    };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    if told.replayed {
        response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    response
}

/// The books count a stored problem like any other.
fn note_code(request: &HttpRequest, body: &[u8]) {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let code = document.get("code").and_then(|code| code.as_str()).and_then(Code::find);
    Shared::of(request).with(|visit| visit.code = code.map(|code| code.facts().name));
}

#[cfg(test)]
mod tests {
    use super::{Keyed, send};
    use crate::edge::parts::{Complaint, Part};
    use crate::orders::{Answer, Told};
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;

    fn take(key: &str) -> Result<String, String> {
        let request = TestRequest::default().insert_header(("idempotency-key", key)).to_http_request();
        Keyed::take(&request, &Bytes::new()).map(|keyed| keyed.0.key).map_err(|complaint| match complaint {
            Complaint::Places(places) => places[0].pointer.clone(),
            Complaint::Whole(problem) => problem.code().facts().name.to_owned(),
        })
    }

    #[test]
    fn a_key_may_be_quoted_or_bare() {
        assert_eq!(take("\"12345678\""), take("12345678"));
        for wrong in ["1234567", "1234 5678", "\"1234567", &"x".repeat(129)] {
            assert_eq!(take(wrong).unwrap_err(), "header:idempotency-key", "{wrong}");
        }
        let without = Keyed::take(&TestRequest::default().to_http_request(), &Bytes::new()).unwrap_err();
        assert!(matches!(without, Complaint::Whole(p) if p.code().facts().name == "idempotency_key_missing"));
    }

    #[test]
    fn a_repeat_is_marked_and_otherwise_the_same() {
        let answer =
            Answer { status: 201, headers: vec![("location".into(), "/v1/orders/x".into())], body: b"{}".to_vec() };
        let request = TestRequest::default().to_http_request();
        let first = send(&request, Told { answer: answer.clone(), replayed: false });
        let again = send(&request, Told { answer, replayed: true });
        assert_eq!((first.status(), again.status()), (again.status(), first.status()));
        assert_eq!(first.headers().get("location"), again.headers().get("location"));
        assert!(first.headers().get("idempotency-replayed").is_none());
        assert_eq!(again.headers().get("idempotency-replayed").unwrap(), "true");
    }
}

//! RFC 9457 problem documents: the one way in which a failure is told to a caller of `/v1`.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::edge::wording::{place_sentence, sentence};
use crate::error::{Code, Failure, Place, Retry};

/// A failure on its way to the caller. The front adds request id and instance and writes the document.
#[derive(Clone, Debug)]
pub struct Problem(Box<Told>);

#[derive(Clone, Debug)]
struct Told {
    code: Code,
    detail: Option<String>,
    places: Vec<Place>,
    retry_after_s: Option<u64>,
    extras: Vec<(&'static str, String)>,
    internal: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem with this code and nothing more to say.
    pub fn new(code: Code) -> Self {
        Self(Box::new(Told {
            code,
            detail: None,
            places: Vec::new(),
            retry_after_s: None,
            extras: Vec::new(),
            internal: None,
            headers: Vec::new(),
        }))
    }

    /// With a sentence about this occurrence.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    /// With the places in the request that are wrong.
    pub fn places(mut self, places: Vec<Place>) -> Self {
        self.0.places = places;
        self
    }

    /// With the seconds after which a repeat makes sense.
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// With a header field the answer must carry.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// What happened this time, without advice; for faces that advise in words of their own.
    pub fn told(&self) -> String {
        let title = self.0.code.facts().title;
        let places = self.0.places.iter().map(|place| format!("{}: {}", place.pointer, place_sentence(&place.detail)));
        let all: Vec<_> = self.0.detail.as_deref().map(sentence).into_iter().chain(places).collect();
        if all.is_empty() { title.to_owned() } else { all.join(" ") }
    }

    /// Seconds after which a repeat makes sense.
    pub fn retry_after_s(&self) -> Option<u64> {
        self.0.retry_after_s
    }

    /// What only the log may hear.
    pub fn internal(&self) -> Option<&str> {
        self.0.internal.as_deref()
    }

    /// The document as bytes.
    pub fn render(&self, request_id: &str, instance: &str) -> Vec<u8> {
        let facts = self.0.code.facts();
        let extras =
            self.0.extras.iter().filter_map(|(name, json)| Some((*name, RawValue::from_string(json.clone()).ok()?)));
        let document = Document {
            r#type: format!("/docs/errors/{}", facts.name),
            title: facts.title.to_owned(),
            status: facts.status,
            detail: told_next(self.0.detail.as_deref(), facts.advice),
            instance: instance.to_owned(),
            code: facts.name.to_owned(),
            request_id: request_id.to_owned(),
            retryable: facts.retry != Retry::Never,
            errors: self.0.places.iter().map(ProblemPlace::from).collect(),
        };
        let whole = Whole { document, extras: extras.collect() };
        serde_json::to_vec(&whole).unwrap_or_default()
    }
}

impl<F: Failure> From<F> for Problem {
    fn from(failure: F) -> Self {
        Self(Box::new(Told {
            code: failure.code(),
            detail: failure.detail(),
            places: failure.places(),
            retry_after_s: failure.retry_after_s(),
            extras: failure.extras(),
            internal: failure.internal(),
            headers: Vec::new(),
        }))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.code.facts().name)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.facts().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::new(self.status_code());
        for (name, value) in &self.0.headers {
            response.headers_mut().append(name.clone(), value.clone());
        }
        if let Some(seconds) = self.0.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self.clone());
        response
    }
}

/// What happened this time, and after it what to do next.
pub fn told_next(detail: Option<&str>, advice: &str) -> String {
    match detail.map(str::trim_end) {
        None | Some("") => advice.to_owned(),
        Some(detail) if detail.contains(advice) => sentence(detail),
        Some(detail) => format!("{} {advice}", sentence(detail)),
    }
}

/// What went wrong, as RFC 9457 `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct Document {
    /// Address of the page that explains the code, relative to the gateway.
    #[schema(example = "/docs/errors/invalid_request")]
    r#type: String,
    /// The code's meaning in one sentence.
    title: String,
    /// The HTTP status.
    #[schema(example = 400)]
    status: u16,
    /// What happened this time, and what to do next.
    detail: String,
    /// The path that was called.
    instance: String,
    /// The code, a stable machine name. See `/docs/errors`.
    #[schema(example = "invalid_request")]
    code: String,
    /// Our id of the request; quote it when you ask the operator.
    request_id: String,
    /// Whether a later or freshly signed repeat can succeed.
    retryable: bool,
    /// The places that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<ProblemPlace>,
}

/// One wrong place of the request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemPlace {
    /// `#/lines/0/quantity` (a JSON Pointer into the body), or `query:…`, `path:…`, `header:…`.
    #[schema(example = "#/lines/0/quantity")]
    pointer: String,
    /// What is wrong there and what would be right.
    detail: String,
}

impl From<&Place> for ProblemPlace {
    fn from(place: &Place) -> Self {
        Self { pointer: place.pointer.clone(), detail: place_sentence(&place.detail) }
    }
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    document: Document,
    #[serde(flatten, serialize_with = "as_map")]
    extras: Vec<(&'static str, Box<RawValue>)>,
}

fn as_map<S: serde::Serializer>(extras: &[(&'static str, Box<RawValue>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(extras.iter().map(|(name, value)| (name, value)))
}

#[cfg(test)]
mod tests {
    use super::Problem;
    use crate::error::{Code, Failure, Place};

    #[derive(Debug)]
    struct Sample;
    impl Failure for Sample {
        fn code(&self) -> Code {
            Code::ClockSkew
        }
        fn places(&self) -> Vec<Place> {
            vec![Place::body("/lines/0", "too few")]
        }
        fn extras(&self) -> Vec<(&'static str, String)> {
            vec![("server_time", "\"2026-11-23T00:00:00Z\"".into())]
        }
    }

    #[test]
    fn a_detail_is_followed_by_what_to_do_next_once() {
        let detail = |text: &str| {
            let problem = Problem::new(Code::ScopeMissing).detail(text);
            let value: serde_json::Value = serde_json::from_slice(&problem.render("req_1", "/")).unwrap();
            value["detail"].as_str().unwrap().to_owned()
        };
        let advice = Code::ScopeMissing.facts().advice;
        assert_eq!(detail("it has none"), format!("It has none. {advice}"));
        assert_eq!(detail(&format!("So it is. {advice}")), format!("So it is. {advice}"));
    }

    #[test]
    fn the_document_has_the_members_of_rfc_9457_and_ours() {
        let text = Problem::from(Sample).render("req_1", "/v1/offers");
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["type"], "/docs/errors/clock_skew");
        assert_eq!(value["status"], 401);
        assert_eq!(value["retryable"], true);
        assert_eq!(value["server_time"], "2026-11-23T00:00:00Z");
        assert_eq!(value["errors"][0]["pointer"], "#/lines/0");
        assert!(value["detail"].as_str().unwrap().contains("sign again"));
    }
}

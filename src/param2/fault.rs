//! Our codes in this face's words. Gateway errors are `{"error_code", "error_message", "exception", "request_id"}` with
//! HTTP 400 (401 for tokens); what a room says to a request it understood is told in the call's own form, with HTTP 200.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::edge::front::OwnWords;
use crate::edge::problem::Problem;
use crate::error::{Code, Failure, Fault};
use crate::param2::form::Form;

macro_rules! gateway_errors {
    ($( $variant:ident = $code:literal, $status:literal, $ours:ident, $message:literal; )*) => {
        /// What the gateway itself refuses with, before a room is asked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Gw { $( #[doc = $code] $variant, )* }

        impl Gw {
            /// All of them, in the order of the checks.
            pub const ALL: &'static [Gw] = &[ $( Gw::$variant, )* ];
            /// `error_code`.
            pub const fn code(self) -> &'static str { match self { $( Self::$variant => $code, )* } }
            /// `error_message` when there is nothing more to say.
            pub const fn message(self) -> &'static str { match self { $( Self::$variant => $message, )* } }
            const fn status(self) -> u16 { match self { $( Self::$variant => $status, )* } }
            /// What it is called in our books.
            pub const fn ours(self) -> Code { match self { $( Self::$variant => Code::$ours, )* } }
        }
    };
}

gateway_errors! {
    AppKeyMissing = "gw.AppKeyMissing", 400, UnknownKey, "AppKey missing";
    SignatureMissing = "gw.SignatureMissing", 400, SignatureMissing, "Signature missing";
    SignatureInvalid = "gw.SignatureInvalid", 400, SignatureMismatch, "Invalid signature.";
    ApiUnsupported = "gw.APIUnsupported", 400, NoSuchRoute, "Unsupported API";
    Unauthorised = "401", 401, TokenRefused, "Request need user authorized";
    AclDecline = "gw.APIACLDecline", 400, ScopeMissing, "AppKey is not allowed(acl)";
    Frequency = "gw.QosAppFrequencyLimit", 400, RateLimited, "App call exceeds limited frequency";
    RequestLimit = "gw.QosRequestLimit", 400, QuotaUsedUp, "limit";
    ParamMissing = "gw.ParamMissing", 400, InvalidRequest, "param missing";
    ParamInvalid = "gw.ParamInvalid", 400, InvalidRequest, "param invalid";
}

/// Why a call is not answered.
#[derive(Debug)]
pub enum Refusal {
    /// The gateway refuses it.
    Gateway {
        /// How.
        error: Gw,
        /// In words; the usual ones when there are none.
        message: Option<String>,
        /// Seconds after which a repeat makes sense.
        retry_after_s: Option<u64>,
    },
    /// A room refuses it, or something is broken.
    Told(Box<Problem>),
    /// The call refuses it in words of its own: code, message.
    Own(String, String),
    /// No token is granted: OAuth's own code, and why.
    NoToken(&'static str, String),
}

impl From<Gw> for Refusal {
    fn from(error: Gw) -> Self {
        Self::Gateway { error, message: None, retry_after_s: None }
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Told(Box::new(problem))
    }
}

impl<F: Failure> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Problem::from(failure).into()
    }
}

impl Refusal {
    /// A gateway error with words of its own.
    pub fn because(error: Gw, message: impl Into<String>) -> Self {
        Self::Gateway { error, message: Some(message.into()), retry_after_s: None }
    }

    /// A parameter that is needed and not there.
    pub fn missing(name: &str) -> Self {
        Self::because(Gw::ParamMissing, format!("param missing: {name}"))
    }

    /// A parameter that cannot be read.
    pub fn invalid(name: &str, why: impl std::fmt::Display) -> Self {
        Self::because(Gw::ParamInvalid, format!("param {name} is invalid: {why}"))
    }

    /// A limit.
    pub fn limited(error: Gw, retry_after_s: Option<u64>) -> Self {
        Self::Gateway { error, message: None, retry_after_s }
    }

    /// A failure of the call itself, as the platform words it.
    pub fn own(code: &str, message: impl Into<String>) -> Self {
        Self::Own(code.to_owned(), message.into())
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error_code: &'a str,
    error_message: &'a str,
    exception: &'a str,
    request_id: &'a str,
}

#[derive(Serialize)]
struct NoToken<'a> {
    error: &'a str,
    error_description: &'a str,
    #[serde(flatten)]
    told: Envelope<'a>,
}

/// The answer, and what it is called in our books.
pub fn response(refusal: Refusal, form: Option<&Form>, request_id: &str) -> (HttpResponse, Code) {
    match refusal {
        Refusal::Gateway { error, message, retry_after_s } => {
            let message = message.as_deref().unwrap_or(error.message());
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            let problem = Problem::new(error.ours()).detail(message);
            (envelope(status, error.code(), message, request_id, retry_after_s, problem), error.ours())
        }
        Refusal::Own(code, message) => (told(form, &code, &message), Code::OrderRefused),
        Refusal::NoToken(error, why) => {
            let body = NoToken {
                error,
                error_description: &why,
                told: Envelope { error_code: error, error_message: &why, exception: &why, request_id },
            };
            let problem = Problem::new(Code::TokenRefused).detail(&*why);
            let response = json(HttpResponse::BadRequest(), serde_json::to_vec(&body).unwrap_or_default());
            (in_own_words(response, problem), Code::TokenRefused)
        }
        Refusal::Told(problem) => of_problem(*problem, form, request_id),
    }
}

fn of_problem(problem: Problem, form: Option<&Form>, request_id: &str) -> (HttpResponse, Code) {
    let (code, facts) = (problem.code(), problem.code().facts());
    let business = facts.fault == Fault::Partner || facts.status < 500;
    if code == Code::InvalidRequest {
        return response(Refusal::because(Gw::ParamInvalid, problem.told()), form, request_id);
    }
    if business && form.is_some() {
        return (told(form, &facts.status.to_string(), &problem.told()), code);
    }
    let status = StatusCode::from_u16(facts.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (message, retry_after_s) = (problem.told(), problem.retry_after_s());
    (envelope(status, &facts.status.to_string(), &message, request_id, retry_after_s, problem), code)
}

fn told(form: Option<&Form>, code: &str, message: &str) -> HttpResponse {
    let body = form.unwrap_or(&Form::PLAIN).failure(code, message).to_string();
    json(HttpResponse::Ok(), body.into_bytes())
}

/// JSON bytes with the Content-Type that some clients insist on.
pub fn json(mut builder: HttpResponseBuilder, body: Vec<u8>) -> HttpResponse {
    builder.content_type("application/json").body(body)
}

fn envelope(
    status: StatusCode,
    code: &str,
    message: &str,
    request_id: &str,
    retry_after_s: Option<u64>,
    problem: Problem,
) -> HttpResponse {
    let told = Envelope { error_code: code, error_message: message, exception: message, request_id };
    let mut builder = HttpResponse::build(status);
    if let Some(seconds) = retry_after_s {
        builder.insert_header((header::RETRY_AFTER, seconds));
    }
    in_own_words(json(builder, serde_json::to_vec(&told).unwrap_or_default()), problem)
}

fn in_own_words(mut response: HttpResponse, problem: Problem) -> HttpResponse {
    response.extensions_mut().insert(OwnWords);
    response.extensions_mut().insert(problem);
    response
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use serde_json::{Value, json};

    use super::{Gw, Refusal, response};
    use crate::edge::problem::Problem;
    use crate::error::Code;
    use crate::param2::form::Form;

    async fn told(refusal: Refusal, form: Option<&Form>) -> (u16, Value, Option<String>) {
        let (response, _) = response(refusal, form, "req_1");
        assert_eq!(response.headers().get("content-type").unwrap(), "application/json");
        let wait = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap(), wait)
    }

    #[actix_web::test]
    async fn gateway_errors_have_the_platforms_envelope_and_status() {
        for gw in Gw::ALL {
            let (status, body, _) = told((*gw).into(), Some(&Form::NESTED)).await;
            assert_eq!(status, if gw.code() == "401" { 401 } else { 400 });
            let wanted = json!({"error_code": gw.code(), "error_message": gw.message(), "exception": gw.message(),
                "request_id": "req_1"});
            assert_eq!(body, wanted);
        }
        let (_, _, wait) = told(Refusal::limited(Gw::Frequency, Some(3)), None).await;
        assert_eq!(wait.as_deref(), Some("3"));
    }

    #[actix_web::test]
    async fn what_a_room_says_is_told_in_the_calls_own_form() {
        let refused = || Refusal::from(Problem::new(Code::OfferNotFound));
        let (status, body, _) = told(refused(), Some(&Form::NESTED)).await;
        assert_eq!(
            (status, body),
            (200, json!({"result": {"success": false, "code": "404", "message": "No such offer."}}))
        );
        let (status, body, _) = told(refused(), Some(&Form::BESIDE_TEXT)).await;
        let wanted = json!({"success": "false", "errorCode": "404", "errorMessage": "No such offer."});
        assert_eq!((status, body), (200, wanted));
    }

    #[actix_web::test]
    async fn what_is_broken_is_no_success_whatever_the_form() {
        let broken = Problem::new(Code::UpstreamTimeout).retry_after(2);
        let (status, body, wait) = told(broken.into(), Some(&Form::NESTED)).await;
        assert_eq!((status, &body["error_code"], wait.as_deref()), (504, &json!("504"), Some("2")));
    }
}

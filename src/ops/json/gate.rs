//! Who asks `/ops/api`, what they may do, and how they are told that they may not.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS};
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::ops::console::Console;
use crate::ops::console::gate::{Barred, Needs, is_ours, person};
use crate::ops::look::Trouble;
use crate::ops::staff::{Role, TOKEN_PREFIX};

/// The header that carries the session's form token when a page of ours changes something.
pub const FORM_TOKEN: &str = "x-xunyuan-form";

/// An RFC 9457 problem, as `/ops/api` tells it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: `code` says what it is.
    r#type: &'static str,
    /// A short sentence, the same for every occurrence.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What happened this time, and what to do.
    detail: String,
    /// `not_logged_in`, `not_allowed`, `not_ours`, `not_found`, `invalid_request`, `not_now` or `unavailable`.
    code: &'static str,
}

/// Why something is not told or done.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Nobody that is known asks.
    #[error("not logged in")]
    Out,
    /// The role is not enough.
    #[error("not allowed")]
    Role {
        /// What they have.
        has: Role,
        /// What is needed.
        needed: Role,
    },
    /// A change that a cookie alone would make.
    #[error("not ours")]
    NotOurs,
    /// It cannot be told or done.
    #[error(transparent)]
    Trouble(#[from] Trouble),
}

impl Fault {
    fn problem(&self) -> Problem {
        let (code, title, detail) = match self {
            Self::Out => (
                "not_logged_in",
                "Log in, or show a token",
                format!(
                    "Send Authorization: Bearer {TOKEN_PREFIX}… (xunyuan operator token), or the console's cookie."
                ),
            ),
            Self::Role { has, needed } => (
                "not_allowed",
                "Your role does not allow this",
                format!("You are a {has}; this needs the role {needed}."),
            ),
            Self::NotOurs => (
                "not_ours",
                "The cookie alone changes nothing",
                format!("Send the page's form token in {FORM_TOKEN} from the console's own origin, or use a token."),
            ),
            Self::Trouble(trouble) => (trouble.code(), trouble.title(), trouble.to_string()),
        };
        let status = self.status_code().as_u16();
        Problem { r#type: "about:blank", title: title.to_owned(), status, detail, code }
    }
}

impl ResponseError for Fault {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Out => StatusCode::UNAUTHORIZED,
            Self::Role { .. } | Self::NotOurs => StatusCode::FORBIDDEN,
            Self::Trouble(trouble) => trouble.status(),
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Trouble(Trouble::Failed { cause, .. }) = self {
            tracing::error!(%cause, "something cannot be told at /ops/api");
        }
        let mut response = build(self.status_code());
        if matches!(self, Self::Out) {
            response.insert_header((WWW_AUTHENTICATE, "Bearer realm=\"xunyuan-ops\""));
        }
        let body = serde_json::to_vec(&self.problem()).unwrap_or_default();
        response.insert_header((CONTENT_TYPE, "application/problem+json")).body(body)
    }
}

/// An answer with the headers of the house.
pub fn build(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store")).insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    response
}

/// Somebody who may ask for this.
#[derive(Debug)]
pub struct Asks<R> {
    /// The name that the audit knows.
    pub name: String,
    /// What they may do.
    pub role: Role,
    needs: PhantomData<R>,
}

impl<R: Needs + 'static> FromRequest for Asks<R> {
    type Error = Fault;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Fault>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (name, role) = who(&request).await?;
            if !role.may(R::ROLE) {
                return Err(Fault::Role { has: role, needed: R::ROLE });
            }
            Ok(Self { name, role, needs: PhantomData })
        })
    }
}

async fn who(request: &HttpRequest) -> Result<(String, Role), Fault> {
    let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(token) = shown.and_then(|value| value.strip_prefix("Bearer ")) {
        let console = request.app_data::<Data<Console>>().ok_or(Fault::Out)?;
        let token = console.access.staff.find_token(token.trim()).await.map_err(Trouble::from)?;
        return token.map(|token| (token.name, token.role)).ok_or(Fault::Out);
    }
    let person = person(request).await.map_err(|barred| match barred {
        Barred::Unreadable => Fault::Trouble(Trouble::Failed {
            said: "The database did not answer; /readyz says how this node is.",
            cause: "sessions cannot be read".to_owned(),
        }),
        _ => Fault::Out,
    })?;
    let form = request.headers().get(FORM_TOKEN).and_then(|value| value.to_str().ok()).unwrap_or("");
    if request.method().is_safe() || (is_ours(request) && person.made(form)) {
        return Ok((person.session.name, person.session.role));
    }
    Err(Fault::NotOurs)
}

/// A JSON body, read after it is known who sent it.
pub fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, Trouble> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| Trouble::Wrong(error.to_string()))
}

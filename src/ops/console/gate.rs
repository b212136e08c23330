//! The console's front door: who sent this request, what they may do, and whether a form was sent from a page of ours.
//! A handler that takes [`Person`] is seen only by somebody who is logged in; one that takes [`Wish`] is entered only by
//! a form of our own pages, from somebody whose role may do it.

use std::marker::PhantomData;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpRequest, HttpResponse, ResponseError};
use subtle::ConstantTimeEq;

use crate::edge::own_form;
pub use crate::edge::own_form::{is_https, is_ours};
use crate::ops::console::Console;
use crate::ops::console::access::Open;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::staff::{Role, Session, form_token};

/// The cookie's name.
pub const COOKIE_NAME: &str = "xunyuan_console";

/// Somebody who is logged in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The session.
    pub session: Session,
    /// What every form of its pages carries.
    pub token: String,
}

impl Person {
    /// The name that the audit knows.
    pub fn name(&self) -> &str {
        &self.session.name
    }

    /// Whether they may do what this role may.
    pub fn may(&self, needed: Role) -> bool {
        self.session.role.may(needed)
    }

    /// Whether a form was made for this session.
    pub fn made(&self, token: &str) -> bool {
        self.token.as_bytes().ct_eq(token.as_bytes()).into()
    }
}

/// Why a page is not shown.
#[derive(Clone, Debug, thiserror::Error)]
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
    /// Sessions cannot be read.
    #[error("sessions cannot be read")]
    Unreadable,
    /// The role is not enough.
    #[error("this needs the role {needed}")]
    Role {
        /// Who it is.
        person: Box<Person>,
        /// What is needed.
        needed: Role,
    },
    /// A form that no page of ours sent.
    #[error("this form came from elsewhere")]
    NotOurs(Box<Person>),
}

impl ResponseError for Barred {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Out => StatusCode::SEE_OTHER,
            Self::Closed | Self::Unreadable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Absent => StatusCode::NOT_FOUND,
            Self::Role { .. } | Self::NotOurs(_) => StatusCode::FORBIDDEN,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        match self {
            Self::Out => answer::to("/console/login"),
            Self::Closed => answer::closed(),
            Self::Absent => HttpResponse::NotFound().finish(),
            Self::Unreadable => {
                let text = "The database did not answer, so nobody can be let in. /readyz says how this node is.";
                answer::note(Frame::outside("Not now"), status, "The console cannot see who you are", text)
            }
            Self::Role { person, needed } => {
                let text = format!(
                    "You are {}, a {}. This needs the role {needed}; an admin gives it with `xunyuan operator role {} {needed}`. \
                     Nothing was changed.",
                    person.name(),
                    person.session.role,
                    person.name()
                );
                answer::note(Frame::still("Not allowed", person), status, "Your role does not allow this", &text)
            }
            Self::NotOurs(person) => {
                let text = "The form was sent by another site, or by a page that is older than your session. Go back, load \
                            the page again and repeat it there.";
                answer::note(Frame::still("Nothing was changed", person), status, "Nothing was changed", text)
            }
        }
    }
}

impl FromRequest for Person {
    type Error = Barred;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Barred>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { person(&request).await })
    }
}

/// Who sent this request, by the cookie.
pub async fn person(request: &HttpRequest) -> Result<Person, Barred> {
    let console = request.app_data::<Data<Console>>().ok_or(Barred::Absent)?;
    let unreadable = |error| {
        tracing::error!(%error, "the console cannot read its sessions");
        Barred::Unreadable
    };
    if let Some(cookie) = cookie(request)
        && let Some(session) = console.access.find(cookie).await.map_err(unreadable)?
    {
        return Ok(Person { session, token: form_token(cookie) });
    }
    match console.access.way().await.map_err(unreadable)? {
        Open::Closed => Err(Barred::Closed),
        _ => Err(Barred::Out),
    }
}

/// What a wish needs.
pub trait Needs {
    /// The role.
    const ROLE: Role;
}

/// Needs no more than being logged in.
#[derive(Debug)]
pub struct See;
/// Needs the role operator.
#[derive(Debug)]
pub struct Operate;

impl Needs for See {
    const ROLE: Role = Role::Viewer;
}
impl Needs for Operate {
    const ROLE: Role = Role::Operator;
}

/// A form of one of our pages, sent by somebody who may do what it asks for.
#[derive(Debug)]
pub struct Wish<R> {
    /// Who.
    pub person: Person,
    /// The form.
    pub form: Bytes,
    role: PhantomData<R>,
}

impl<R> Wish<R> {
    /// A field of the form, without blanks at its ends; empty when it is not there.
    pub fn text(&self, name: &str) -> String {
        field(&self.form, name).map(|value| value.trim().to_owned()).unwrap_or_default()
    }
}

impl<R: Needs + 'static> FromRequest for Wish<R> {
    type Error = Barred;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Barred>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, body) = (request.clone(), Bytes::from_request(request, payload));
        Box::pin(async move {
            let person = person(&request).await?;
            // What is too long to be read was made by nobody's page.
            let form = body.await.unwrap_or_default();
            if !is_ours(&request) || !person.made(&field(&form, "token").unwrap_or_default()) {
                return Err(Barred::NotOurs(Box::new(person)));
            }
            if !person.may(R::ROLE) {
                return Err(Barred::Role { person: Box::new(person), needed: R::ROLE });
            }
            Ok(Self { person, form, role: PhantomData })
        })
    }
}

/// The value of our cookie.
pub fn cookie(request: &HttpRequest) -> Option<&str> {
    own_form::cookie(request, COOKIE_NAME)
}

/// One field of a form or query.
pub fn field(text: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(text).find(|(field, _)| field == name).map(|(_, value)| value.into_owned())
}

/// One field of a request's query, without blanks at its ends; none when it is empty.
pub fn asked(request: &HttpRequest, name: &str) -> Option<String> {
    let value = field(request.query_string().as_bytes(), name)?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
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

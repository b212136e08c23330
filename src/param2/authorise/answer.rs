//! How the page leaves: kept by nobody, framed by nobody, with its one style in itself; and how people are sent back.

use std::fmt::Write as _;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq;
use url::Url;

use crate::edge::own_form;
use crate::model::partner::{Mode, Scope};
use crate::param2::authorise::wish::Wish;

/// What the form's token is compared with.
const COOKIE_NAME: &str = "xunyuan_grant";
const TOKEN_BYTES: usize = 16;
const STYLE: &str = include_str!("pages/page.css");

/// The style is allowed by what it is.
static STYLE_HASH: LazyLock<String> = LazyLock::new(|| STANDARD.encode(Sha256::digest(STYLE)));

/// Why the page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Account or password are wrong.
    Wrong,
    /// The form did not come from this page.
    NotOurs,
    /// Too many attempts: so many seconds.
    Wait(u64),
}

impl Said {
    /// In words, for the person.
    pub fn words(self) -> String {
        match self {
            Self::Wrong => "This is not an account of this partner with its password.".to_owned(),
            Self::NotOurs => "This did not come from this page, so it was not looked at. Try again here.".to_owned(),
            Self::Wait(seconds) => {
                format!("Too many attempts from here, or for this account. Try again in {seconds} s.")
            }
        }
    }
}

#[derive(Template)]
#[template(path = "grant.html", config = "src/param2/authorise/askama.toml")]
struct Grant<'a> {
    style: &'static str,
    app: &'a str,
    partner: &'a str,
    sandbox: bool,
    may: Vec<&'static str>,
    redirect_uri: &'a str,
    state: Option<&'a str>,
    host: String,
    example: &'a str,
    account: &'a str,
    token: &'a str,
    trouble: Option<String>,
}

#[derive(Template)]
#[template(path = "refusal.html", config = "src/param2/authorise/askama.toml")]
struct Refusal<'a> {
    style: &'static str,
    words: &'a str,
}

/// The page itself; a token that the browser has already is used again, so that two tabs do not disturb each other.
pub fn page(request: &HttpRequest, status: StatusCode, wish: &Wish, account: &str, said: Option<Said>) -> HttpResponse {
    let Some(token) = given(request).map(str::to_owned).or_else(fresh) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "There is no randomness to be had. Try again in a moment.");
    };
    let back = Url::parse(&wish.redirect_uri).ok();
    let origin = back.as_ref().map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let page = Grant {
        style: STYLE,
        app: &wish.app.key,
        partner: &wish.app.partner.name,
        sandbox: wish.app.mode == Mode::Sandbox,
        may: Scope::ALL.iter().filter(|scope| wish.app.scopes.has(**scope)).map(|scope| scope.meaning()).collect(),
        redirect_uri: &wish.redirect_uri,
        state: wish.state.as_deref(),
        host: back.as_ref().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default(),
        example: wish.app.partner.id.as_str(),
        account,
        token: &token,
        trouble: said.map(Said::words),
    };
    let secure = if came_by_https(request) { "; Secure" } else { "" };
    let mut response = build(status, &origin);
    response
        .insert_header((SET_COOKIE, format!("{COOKIE_NAME}={token}; Path=/oauth; HttpOnly; SameSite=Strict{secure}")));
    if let Some(Said::Wait(seconds)) = said {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    html(response, &page)
}

/// A page that says why there is nothing to grant.
pub fn refusal(status: StatusCode, words: &str) -> HttpResponse {
    html(build(status, ""), &Refusal { style: STYLE, words })
}

/// Sends the person back to the app.
pub fn leave(wish: &Wish, told: &[(&str, &str)]) -> HttpResponse {
    build(StatusCode::SEE_OTHER, "").insert_header((LOCATION, wish.way_back(told))).finish()
}

/// Whether a form was sent from a page of this origin that was given this token.
pub fn is_ours(request: &HttpRequest, token: &str) -> bool {
    let same = given(request).is_some_and(|known| known.as_bytes().ct_eq(token.as_bytes()).into());
    same && own_form::is_ours(request)
}

/// What a page was given before.
fn given(request: &HttpRequest) -> Option<&str> {
    own_form::cookie(request, COOKIE_NAME).filter(|token| token.len() == TOKEN_BYTES * 2)
}

fn fresh() -> Option<String> {
    let mut bytes = [0_u8; TOKEN_BYTES];
    getrandom::fill(&mut bytes).ok()?;
    Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// As far as proxies say it; it only decides whether the cookie goes back by https alone.
fn came_by_https(request: &HttpRequest) -> bool {
    let told = request.headers().get("x-forwarded-proto").and_then(|value| value.to_str().ok());
    own_form::is_https(request) || told.is_some_and(|told| told.trim().eq_ignore_ascii_case("https"))
}

/// An answer with the headers of the page; browsers count where a form leads in the end, so that this is allowed too.
fn build(status: StatusCode, leads_to: &str) -> HttpResponseBuilder {
    let mut policy = format!("default-src 'none'; style-src 'sha256-{}'; img-src data:; ", *STYLE_HASH);
    let _ = write!(policy, "form-action 'self' {leads_to}; base-uri 'none'; frame-ancestors 'none'");
    let mut response = HttpResponse::build(status);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        // Not "no-referrer": browsers would then hide the origin of our own form too.
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header(("cross-origin-opener-policy", "same-origin"));
    response
}

fn html(mut response: HttpResponseBuilder, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(text) => response.insert_header((CONTENT_TYPE, "text/html; charset=utf-8")).body(text),
        Err(error) => {
            tracing::error!(%error, "the page of grants cannot be rendered");
            build(StatusCode::INTERNAL_SERVER_ERROR, "").finish()
        }
    }
}

//! The page on which an app is granted something, and how people are sent back from it.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use url::Url;

use crate::model::partner::{Mode, Scope};
use crate::param2::authorise::ticket;
use crate::param2::authorise::wish::Wish;
use crate::param2::page::{self, STYLE};

/// Why a page is shown again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Account or password are wrong, for this app's partner.
    Wrong,
    /// Account or password are wrong.
    WrongAlone,
    /// The form did not come from this page.
    NotOurs,
    /// Too many attempts: so many seconds.
    Wait(u64),
}

impl Said {
    /// In words, for the person.
    pub fn words(self) -> String {
        match self {
            Self::Wrong => "This is not an account of this partner with its password. Type both again, or ask your \
                partner's operator for another password."
                .to_owned(),
            Self::WrongAlone => "This is not an open account with its password. Type both again, or ask your \
                partner's operator for another password."
                .to_owned(),
            Self::NotOurs => "This did not come from this page, so it was not looked at. Try again here.".to_owned(),
            Self::Wait(seconds) => {
                format!("Too many attempts from here, or for this account. Try again in {seconds} s.")
            }
        }
    }
}

/// There is nothing to make a page safe with.
pub const NO_RANDOMNESS: &str = "There is no randomness to be had. Try again in a moment.";

#[derive(Template)]
#[template(path = "grant.html", config = "src/param2/pages/askama.toml")]
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

/// The page itself.
pub fn page(request: &HttpRequest, status: StatusCode, wish: &Wish, account: &str, said: Option<Said>) -> HttpResponse {
    let Some(token) = ticket::of(request) else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, NO_RANDOMNESS);
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
    let mut response = page::build(status, &origin);
    ticket::keep(&mut response, request, &token);
    if let Some(Said::Wait(seconds)) = said {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    page::html(response, &page)
}

/// A page that says why there is nothing to grant.
pub fn refusal(status: StatusCode, words: &str) -> HttpResponse {
    page::refusal(status, "Nothing was granted", words)
}

/// Sends the person back to the app.
pub fn leave(wish: &Wish, told: &[(&str, &str)]) -> HttpResponse {
    page::build(StatusCode::SEE_OTHER, "").insert_header((LOCATION, wish.way_back(told))).finish()
}

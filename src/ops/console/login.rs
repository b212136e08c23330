//! In and out: the login form, the attempt, and the end of a session.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use zeroize::Zeroizing;

use crate::edge::address;
use crate::ops::console::Console;
use crate::ops::console::access::{Attempt, Way};
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{COOKIE_NAME, Operator, field, is_https, is_ours};

#[derive(Template)]
#[template(path = "login.html", config = "src/ops/console/askama.toml")]
struct Login {
    frame: Frame,
    used: bool,
    trouble: Option<String>,
}

/// The form.
pub async fn form(console: Data<Console>, operator: Option<Operator>) -> HttpResponse {
    if operator.is_some() {
        return answer::to("/console");
    }
    shown(&console, StatusCode::OK, None)
}

/// The attempt.
pub async fn attempt(request: HttpRequest, console: Data<Console>, body: Option<Bytes>) -> HttpResponse {
    if !is_ours(&request) {
        return shown(&console, StatusCode::FORBIDDEN, Some(NOT_OURS.to_owned()));
    }
    // What is too long to be read is not the password either.
    let body = body.unwrap_or_default();
    let password = Zeroizing::new(field(&body, "password").unwrap_or_default());
    let from = address::caller(&request, &console.trusted_proxies);
    match console.access.attempt(password, from).await {
        Attempt::Right(cookie) => {
            tracing::info!(%from, "somebody logged in to the console");
            let secure = if is_https(&request) { "; Secure" } else { "" };
            let cookie = format!("{COOKIE_NAME}={cookie}; Path=/console; HttpOnly; SameSite=Strict{secure}");
            answer::build(StatusCode::SEE_OTHER)
                .insert_header((SET_COOKIE, cookie))
                .insert_header((LOCATION, "/console"))
                .finish()
        }
        Attempt::Wrong => {
            tracing::warn!(%from, "a wrong password for the console");
            shown(&console, StatusCode::FORBIDDEN, Some("This is not the password.".to_owned()))
        }
        Attempt::TooMany(wait_s) => too_many(&console, wait_s),
        Attempt::Failed => shown(&console, StatusCode::INTERNAL_SERVER_ERROR, Some(NO_RANDOMNESS.to_owned())),
    }
}

const NOT_OURS: &str = "This did not come from this page, so it was not looked at. Try again here.";
const NO_RANDOMNESS: &str = "The system has no randomness to open a session with.";

fn too_many(console: &Console, wait_s: u64) -> HttpResponse {
    let text = format!("Too many attempts. Try again in {wait_s} s.");
    let mut response = answer::build(StatusCode::TOO_MANY_REQUESTS);
    response.insert_header((RETRY_AFTER, wait_s.to_string()));
    let used = console.access.way() == Way::Used;
    answer::with(response, &Login { frame: Frame::outside("Log in"), used, trouble: Some(text) })
}

fn shown(console: &Console, status: StatusCode, trouble: Option<String>) -> HttpResponse {
    match console.access.way() {
        Way::Closed => answer::closed(),
        way => answer::page(status, &Login { frame: Frame::outside("Log in"), used: way == Way::Used, trouble }),
    }
}

/// The end of a session.
pub async fn leave(
    request: HttpRequest,
    console: Data<Console>,
    operator: Operator,
    body: Option<Bytes>,
) -> HttpResponse {
    let token = field(&body.unwrap_or_default(), "token").unwrap_or_default();
    if !is_ours(&request) || !operator.0.made(&token) {
        let frame = Frame::still("Not logged out", &operator);
        return answer::note(frame, StatusCode::FORBIDDEN, "You are still logged in", NOT_OURS);
    }
    console.access.sessions.close(&operator.0);
    let gone = format!("{COOKIE_NAME}=; Path=/console; HttpOnly; SameSite=Strict; Max-Age=0");
    answer::build(StatusCode::SEE_OTHER)
        .insert_header((SET_COOKIE, gone))
        .insert_header((LOCATION, "/console/login"))
        .finish()
}

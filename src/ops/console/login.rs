//! In and out: the login form, the attempt, and the end of a session.

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER, SET_COOKIE};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;
use zeroize::Zeroizing;

use crate::edge::address;
use crate::ops::console::Console;
use crate::ops::console::access::{Attempt, Open};
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{COOKIE_NAME, Person, See, Wish, field, is_https, is_ours};
use crate::ops::look::Trouble;

#[derive(Template)]
#[template(path = "login.html", config = "src/ops/console/askama.toml")]
struct Login {
    frame: Frame,
    named: bool,
    used: bool,
    name: String,
    trouble: Option<String>,
}

/// The form.
pub async fn form(console: Data<Console>, person: Option<Person>) -> HttpResponse {
    if person.is_some() {
        return answer::to("/console");
    }
    shown(&console, answer::build(StatusCode::OK), "", None).await
}

/// The attempt.
pub async fn attempt(request: HttpRequest, console: Data<Console>, body: Option<Bytes>) -> HttpResponse {
    if !is_ours(&request) {
        return shown(&console, answer::build(StatusCode::FORBIDDEN), "", Some(NOT_OURS.to_owned())).await;
    }
    // What is too long to be read is not the password either.
    let body = body.unwrap_or_default();
    let password = Zeroizing::new(field(&body, "password").unwrap_or_default());
    let name = field(&body, "name").unwrap_or_default().trim().to_owned();
    let from = address::caller(&request, &console.trusted_proxies);
    match console.access.attempt(&name, password, from).await {
        Attempt::Right(cookie) => {
            tracing::info!(%from, name, "somebody logged in to the console");
            let secure = if is_https(&request) { "; Secure" } else { "" };
            let cookie = format!("{COOKIE_NAME}={}; Path=/; HttpOnly; SameSite=Strict{secure}", *cookie);
            answer::build(StatusCode::SEE_OTHER)
                .insert_header((SET_COOKIE, cookie))
                .insert_header((LOCATION, "/console"))
                .finish()
        }
        Attempt::Wrong => {
            tracing::warn!(%from, "a wrong name or password for the console");
            shown(&console, answer::build(StatusCode::FORBIDDEN), &name, Some(WRONG.to_owned())).await
        }
        Attempt::TooMany(wait_s) => {
            let mut response = answer::build(StatusCode::TOO_MANY_REQUESTS);
            response.insert_header((RETRY_AFTER, wait_s.to_string()));
            let text = format!("Too many attempts from here, or for this name. Try again in {wait_s} s.");
            shown(&console, response, &name, Some(text)).await
        }
        Attempt::Failed(error) => answer::trouble(Frame::outside("Log in"), error.into()),
    }
}

const NOT_OURS: &str = "This did not come from this page, so it was not looked at. Try again here.";
const WRONG: &str = "This is not a name with its password.";

async fn shown(console: &Console, response: HttpResponseBuilder, name: &str, trouble: Option<String>) -> HttpResponse {
    let frame = Frame::outside("Log in");
    match console.access.way().await {
        Ok(Open::Closed) => answer::closed(),
        Ok(way) => {
            let (named, used) = (way == Open::Named, way == Open::Used);
            answer::with(response, &Login { frame, named, used, name: name.to_owned(), trouble })
        }
        Err(error) => answer::trouble(frame, error.into()),
    }
}

/// The end of a session.
pub async fn leave(console: Data<Console>, wish: Wish<See>) -> HttpResponse {
    match console.access.staff.close(&wish.person.session).await {
        Ok(()) => gone(),
        Err(error) => answer::trouble(Frame::still("Not logged out", &wish.person), error.into()),
    }
}

/// The end of all sessions of whoever asks.
pub async fn leave_everywhere(console: Data<Console>, wish: Wish<See>) -> HttpResponse {
    let name = wish.person.name();
    match console.access.staff.close_all(name, name).await {
        Ok(_) => gone(),
        Err(error) => answer::trouble(Frame::still("Not logged out", &wish.person), error.into()),
    }
}

/// Leads to the login without a cookie.
pub fn gone() -> HttpResponse {
    let gone = format!("{COOKIE_NAME}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    answer::build(StatusCode::SEE_OTHER)
        .insert_header((SET_COOKIE, gone))
        .insert_header((LOCATION, "/console/login"))
        .finish()
}

/// Another password for whoever asks; all their sessions end.
pub async fn change_password(console: Data<Console>, wish: Wish<See>) -> HttpResponse {
    let person = &wish.person;
    let frame = Frame::still("Your password", person);
    if !person.session.is_person {
        let text = "This session was not opened with a name, so it has no password that could be changed here.";
        return answer::trouble(frame, Trouble::NotSo(text.to_owned()));
    }
    let secret = |name| Zeroizing::new(field(&wish.form, name).unwrap_or_default());
    let (old, new, again) = (secret("old"), secret("new"), secret("again"));
    if new != again {
        return answer::trouble(frame, Trouble::Wrong("The new password was typed in two ways.".to_owned()));
    }
    let staff = &console.access.staff;
    let changed = async {
        if staff.check(person.name(), old).await?.is_none() {
            return Err(Trouble::Wrong("The old password is another one.".to_owned()));
        }
        Ok::<(), Trouble>(staff.set_password(person.name(), person.name(), new).await?)
    };
    match changed.await {
        Ok(()) => gone(),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

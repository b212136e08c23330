//! The pages on which a person of a partner lets an app buy for an account: `/oauth/authorize?client_id=&redirect_uri=&state=`.
//!
//! Whoever comes is asked for the account and its password on the page itself: there is no session that another site
//! could ride on. A form is looked at only when it carries what the page was given as a cookie and comes from this
//! origin. Nobody is sent anywhere before app and address fit together, letter for letter, as the operator registered
//! them; what does not fit is said here. With the code the app's own `state` goes back, as it came.

mod answer;
pub mod grants;
mod ticket;
mod wish;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use crate::auth::Unasked;
use crate::edge::address;
use crate::edge::visit::Shared;
use crate::error::Code;
use crate::param2::authorise::answer::Said;
use crate::param2::authorise::wish::{Decision, Form, Unfit, Wish};
use crate::param2::gate::Gate;

/// Shows the page.
pub async fn show(request: HttpRequest, gate: Data<Gate>) -> HttpResponse {
    note(&request, None);
    match Wish::read(request.query_string().as_bytes(), &gate).await {
        Ok(wish) => answer::page(&request, StatusCode::OK, &wish, "", None),
        Err(unfit) => refused(&request, &gate, unfit),
    }
}

/// Takes the form that the page sends.
pub async fn decide(request: HttpRequest, gate: Data<Gate>, body: Option<Bytes>) -> HttpResponse {
    note(&request, None);
    let body = body.unwrap_or_default();
    let wish = match Wish::read(&body, &gate).await {
        Ok(wish) => wish,
        Err(unfit) => return refused(&request, &gate, unfit),
    };
    let form = Form::read(&body);
    if !ticket::is_ours(&request, &form.token) {
        return answer::page(&request, StatusCode::FORBIDDEN, &wish, &form.account, Some(Said::NotOurs));
    }
    match form.decision {
        Decision::Deny => answer::leave(&wish, &[("error", "access_denied"), ("error_description", "it was declined")]),
        Decision::Allow => granted(&request, &gate, &wish, &form).await,
    }
}

async fn granted(request: &HttpRequest, gate: &Gate, wish: &Wish, form: &Form) -> HttpResponse {
    match try_grant(gate, wish, form).await {
        Ok(Some(code)) => answer::leave(wish, &[("code", &code)]),
        Ok(None) => {
            let (status, said) = guessed(request, gate, &form.account, Said::Wrong);
            answer::page(request, status, wish, &form.account, Some(said))
        }
        Err(Unasked) => refused(request, gate, Unfit::Unasked),
    }
}

/// The code, when account and password fit.
async fn try_grant(gate: &Gate, wish: &Wish, form: &Form) -> Result<Option<String>, Unasked> {
    if !gate.apps.is_buyer(&wish.app, &form.account, &form.password).await? {
        return Ok(None);
    }
    gate.apps.authorise(&wish.app, &form.account, &wish.redirect_uri).await.map(Some)
}

/// What somebody is told whose account and password do not fit; guessing is bounded by address and by account.
fn guessed(request: &HttpRequest, gate: &Gate, account: &str, wrong: Said) -> (StatusCode, Said) {
    let from = address::caller(request, &gate.trusted_proxies);
    note(request, Some(Code::TokenRefused));
    tracing::warn!(%from, "a wrong account or password on the page of grants");
    match gate.apps.charge(from, account) {
        Some(wait_s) => (StatusCode::TOO_MANY_REQUESTS, Said::Wait(wait_s)),
        None => (StatusCode::FORBIDDEN, wrong),
    }
}

/// What cannot be granted at all; asking for apps that are not there is bounded like wrong signatures.
fn refused(request: &HttpRequest, gate: &Gate, unfit: Unfit) -> HttpResponse {
    let (status, code) = match unfit {
        Unfit::Unasked => (StatusCode::SERVICE_UNAVAILABLE, Code::LedgerUnavailable),
        Unfit::Barred => (StatusCode::FORBIDDEN, Code::ScopeMissing),
        _ => (StatusCode::BAD_REQUEST, Code::InvalidRequest),
    };
    note(request, Some(code));
    if unfit == Unfit::App {
        let from = address::caller(request, &gate.trusted_proxies);
        if let Some(wait_s) = gate.strangers.charge(from, None) {
            return answer::refusal(StatusCode::TOO_MANY_REQUESTS, &Said::Wait(wait_s).words());
        }
    }
    answer::refusal(status, unfit.words())
}

/// What it counts as.
fn note(request: &HttpRequest, code: Option<Code>) {
    Shared::of(request).with(|visit| {
        visit.operation = Some("authorise");
        visit.code = code.map(|code| code.facts().name);
    });
}

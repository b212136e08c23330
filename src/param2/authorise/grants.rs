//! The page on which an account sees which apps it let in, and withdraws one: `/oauth/grants`. As on the page of a single
//! grant there is no session: whoever looks, and whoever withdraws, shows the account's password with that very form.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::auth::{Held, Unasked};
use crate::error::Code;
use crate::model::partner::{Mode, Scope};
use crate::param2::authorise::answer::{NO_RANDOMNESS, Said};
use crate::param2::authorise::wish::{Form, field};
use crate::param2::authorise::{guessed, note, ticket};
use crate::param2::gate::Gate;
use crate::param2::page::{self, STYLE};

/// Where it is.
pub const PATH: &str = "/oauth/grants";
const UNASKED: &str = "Grants cannot be looked up at present. Nothing was withdrawn; try again in a moment.";

#[derive(Template)]
#[template(path = "grants.html", config = "src/param2/pages/askama.toml")]
struct Grants<'a> {
    style: &'static str,
    account: &'a str,
    token: &'a str,
    trouble: Option<String>,
    done: Option<String>,
    /// None before somebody has shown who it is.
    apps: Option<Vec<Row>>,
}

/// An app that was let in.
struct Row {
    app: String,
    partner: String,
    sandbox: bool,
    since: String,
    may: Vec<&'static str>,
}

impl From<Held> for Row {
    fn from(held: Held) -> Self {
        let app = held.app;
        Self {
            app: app.key.to_string(),
            partner: app.partner.name.clone(),
            sandbox: app.mode == Mode::Sandbox,
            since: held.since.strftime("%Y-%m-%d").to_string(),
            may: Scope::ALL.iter().filter(|scope| app.scopes.has(**scope)).map(|scope| scope.meaning()).collect(),
        }
    }
}

/// What the page says.
#[derive(Default)]
struct Telling {
    said: Option<Said>,
    done: Option<String>,
    apps: Option<Vec<Row>>,
}

/// Shows the page, asking for account and password.
pub async fn show(request: HttpRequest) -> HttpResponse {
    note(&request, None);
    told(&request, StatusCode::OK, "", Telling::default())
}

/// Takes the form: lists what was granted, and withdraws what is said to be.
pub async fn decide(request: HttpRequest, gate: Data<Gate>, body: Option<Bytes>) -> HttpResponse {
    note(&request, None);
    let body = body.unwrap_or_default();
    let form = Form::read(&body);
    if !ticket::is_ours(&request, &form.token) {
        let telling = Telling { said: Some(Said::NotOurs), ..Telling::default() };
        return told(&request, StatusCode::FORBIDDEN, &form.account, telling);
    }
    match taken(&gate, &form, field(&body, "withdraw")).await {
        Ok(Some(telling)) => told(&request, StatusCode::OK, &form.account, telling),
        Ok(None) => {
            let (status, said) = guessed(&request, &gate, &form.account, Said::WrongAlone);
            told(&request, status, &form.account, Telling { said: Some(said), ..Telling::default() })
        }
        Err(Unasked) => {
            note(&request, Some(Code::LedgerUnavailable));
            page::refusal(StatusCode::SERVICE_UNAVAILABLE, "Nothing was withdrawn", UNASKED)
        }
    }
}

/// What came of a form whose account and password fit; none when they do not.
async fn taken(gate: &Gate, form: &Form, withdraw: Option<String>) -> Result<Option<Telling>, Unasked> {
    if !gate.apps.is_account(&form.account, &form.password).await? {
        return Ok(None);
    }
    let mut telling = Telling::default();
    if let Some(app) = withdraw {
        telling.done = Some(match gate.apps.give_back(&app, &form.account).await? {
            true => format!("App {app} buys for this account no more. What it ordered stays as it is."),
            false => format!("App {app} was not let in by this account, or not any more. Nothing was changed."),
        });
    }
    telling.apps = Some(gate.apps.let_in_by(&form.account).await?.into_iter().map(Row::from).collect());
    Ok(Some(telling))
}

fn told(request: &HttpRequest, status: StatusCode, account: &str, telling: Telling) -> HttpResponse {
    let Some(token) = ticket::of(request) else {
        return page::refusal(StatusCode::SERVICE_UNAVAILABLE, "Nothing was withdrawn", NO_RANDOMNESS);
    };
    let Telling { said, done, apps } = telling;
    let trouble = said.map(Said::words);
    let mut response = page::build(status, "");
    ticket::keep(&mut response, request, &token);
    if let Some(Said::Wait(seconds)) = said {
        response.insert_header((RETRY_AFTER, seconds.to_string()));
    }
    page::html(response, &Grants { style: STYLE, account, token: &token, trouble, done, apps })
}

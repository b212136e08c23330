//! The page on which several orders are paid together: the catalogue has a page for each, and this one leads to all of
//! them. `alibaba.trade.grouppay.url.get` tells its address; whoever has that may pay, as with the pages it leads to.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::edge::address;
use crate::edge::problem::Problem;
use crate::edge::visit::Shared;
use crate::error::Failure;
use crate::model::ids::PaymentId;
use crate::model::money::Money;
use crate::model::partner::{Caller, Mode};
use crate::model::payment::{Part, PartState};
use crate::orders::{Error, Orders};
use crate::param2::gate::Gate;
use crate::param2::page::{self, STYLE};

/// Where it is: the app that began the payment, and the payment.
pub const PATH: &str = "/pay/{app_key}/{payment}";
const HEADING: &str = "There is nothing to pay here";

/// The address of a payment's page.
pub fn path(app_key: &str, payment: &PaymentId) -> String {
    format!("/pay/{app_key}/{payment}")
}

#[derive(Template)]
#[template(path = "cashier.html", config = "src/param2/pages/askama.toml")]
struct Cashier {
    style: &'static str,
    sandbox: bool,
    rows: Vec<Row>,
    /// What is still to be paid; none when nothing is.
    open: Option<String>,
}

/// One order.
struct Row {
    number: String,
    seller: String,
    amount: String,
    /// Where to pay it; none when it is not to be paid there.
    url: Option<String>,
    /// How it stands.
    stands: &'static str,
}

/// Shows the page.
pub async fn show(request: HttpRequest, gate: Data<Gate>, orders: Data<Orders>) -> HttpResponse {
    let visit = Shared::of(&request);
    visit.with(|visit| visit.operation = Some("cashier"));
    let path = request.match_info();
    match page_of((path.query("app_key"), path.query("payment")), &gate, &orders).await {
        Ok(page) => page::html(page::build(StatusCode::OK, ""), &page),
        Err(error) => {
            let code = error.code();
            visit.with(|visit| visit.code = Some(code.facts().name));
            refused(&request, &gate, error)
        }
    }
}

async fn page_of((app_key, payment): (&str, &str), gate: &Gate, orders: &Orders) -> Result<Cashier, Error> {
    let app = gate.apps.open(app_key).filter(|app| gate.apps.is_let_in(app)).ok_or(Error::PaymentNotFound)?;
    let payment = payment.parse().map_err(|_| Error::PaymentNotFound)?;
    let caller = app.caller();
    let payment = orders.payment(&caller, &payment).await?;
    let (mut rows, mut open) = (Vec::new(), Some(Money::fen(0)));
    for part in &payment.parts {
        let (row, due) = row(part, &caller, orders).await?;
        open = open.and_then(|sum| sum.plus(due));
        rows.push(row);
    }
    let open = open.filter(|open| open.minor > 0).map(told);
    Ok(Cashier { style: STYLE, sandbox: payment.mode == Mode::Sandbox, rows, open })
}

/// An order as the page shows it, and what is still to be paid of it.
async fn row(part: &Part, caller: &Caller, orders: &Orders) -> Result<(Row, Money), Error> {
    let order = orders.get(caller, &part.order).await?;
    let url = part.pay_url.clone().filter(|_| part.state == PartState::Pending);
    let due = if url.is_some() { order.payable } else { Money::fen(0) };
    let stands = match part.state {
        PartState::Paid => "Paid",
        PartState::Failed => "Not to be paid any more",
        PartState::Pending | PartState::Unknown => "Waiting for the money",
    };
    let number = order.catalogue_order.map_or_else(String::new, |number| number.to_string());
    let seller = order.deed.basket.supplier_name.clone();
    Ok((Row { number, seller, amount: told(order.payable), url, stands }, due))
}

fn told(money: Money) -> String {
    format!("¥{}", money.amount())
}

/// Looking for payments that are not there is bounded like wrong signatures.
fn refused(request: &HttpRequest, gate: &Gate, error: Error) -> HttpResponse {
    let problem = Problem::from(error);
    let facts = problem.code().facts();
    if facts.status >= 500 {
        let status = StatusCode::from_u16(facts.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return page::refusal(status, HEADING, "Payments cannot be looked up at present. Try again in a moment.");
    }
    match gate.strangers.charge(address::caller(request, &gate.trusted_proxies), None) {
        Some(wait_s) => {
            let words = format!("Too many attempts from here. Try again in {wait_s} s.");
            page::refusal(StatusCode::TOO_MANY_REQUESTS, HEADING, &words)
        }
        None => page::refusal(
            StatusCode::NOT_FOUND,
            HEADING,
            "No payment has this address. Open the link whole, or ask for another one where you ordered.",
        ),
    }
}

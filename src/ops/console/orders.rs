//! Orders for the operator: a list found by number or state, and one order's whole story.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use jiff::Timestamp;

use crate::ledger::{Error, Latest};
use crate::model::ids::OrderId;
use crate::model::order::{Event, Order, State};
use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::figures::Moment;
use crate::ops::console::frame::{Frame, Renews};
use crate::ops::console::gate::{Operator, field};

const MOST: u32 = 50;

/// An order in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// The order, without its events.
    pub order: Order,
    /// When it was received.
    pub received: Moment,
    /// When its last event was written.
    pub updated: Moment,
}

impl Row {
    /// An order seen from now.
    pub fn of(order: Order, now: Timestamp) -> Self {
        let (received, updated) = (Moment::of(order.deed.created_at, now), Moment::of(order.updated_at, now));
        Self { order, received, updated }
    }

    /// What the state means.
    pub fn says(&self) -> String {
        says(self.order.state)
    }

    /// How the state looks.
    pub fn look(&self) -> &'static str {
        look(self.order.state)
    }
}

/// What a state means; the sentence is written for documents that show code in backquotes.
pub fn says(state: State) -> String {
    state.says().replace('`', "")
}

/// How a state looks: what wants somebody, what went wrong, what is done.
pub const fn look(state: State) -> &'static str {
    match state {
        State::Unknown => "bad",
        State::Rejected | State::Closed | State::Refunding | State::Refunded => "warn",
        State::Completed => "good",
        State::Cancelled => "quiet",
        _ => "blue",
    }
}

#[derive(Template)]
#[template(path = "orders.html", config = "src/ops/console/askama.toml")]
struct List {
    frame: Frame,
    heading: String,
    meaning: String,
    hint: &'static str,
    orders: Vec<Row>,
    states: &'static [State],
    chosen: Option<State>,
}

#[derive(Template)]
#[template(path = "order.html", config = "src/ops/console/askama.toml")]
struct Story {
    frame: Frame,
    row: Row,
    pay_by: Option<Moment>,
    events: Vec<Told>,
}

struct Told {
    event: Event,
    at: Moment,
    pay_by: Option<String>,
}

/// The newest orders: all, those in a state, or those with a number. A whole order id leads to its order.
pub async fn list(request: HttpRequest, console: Data<Console>, operator: Operator) -> HttpResponse {
    let query = |name| field(request.query_string().as_bytes(), name).map(|value| value.trim().to_owned());
    let (sought, state) = (query("find").unwrap_or_default(), query("state").unwrap_or_default());
    if let Ok(id) = sought.parse::<OrderId>() {
        return story(&console, &request, &operator, &id).await;
    }
    let chosen = state.parse::<State>().ok();
    let (which, heading) = if sought.is_empty() {
        let heading = chosen.map_or_else(|| "Newest orders".to_owned(), |state| format!("Orders: {}", state.name()));
        (chosen.map_or(Latest::Any, Latest::In), heading)
    } else {
        let Ok(reference) = sought.parse() else { return no_number(&operator, sought) };
        (Latest::Named(reference), format!("Orders with the reference {sought}"))
    };
    match console.ledger.list_latest(&which, MOST).await {
        Ok(orders) => {
            let now = console.clock.now();
            let orders: Vec<_> = orders.into_iter().map(|order| Row::of(order, now)).collect();
            let hint = if orders.len() == MOST as usize { "The newest 50 are shown." } else { "" };
            let frame = Frame { sought, ..Frame::live("Orders", &operator, &request) };
            answer::page(
                StatusCode::OK,
                &List {
                    frame,
                    heading,
                    meaning: chosen.map(says).unwrap_or_default(),
                    hint,
                    orders,
                    states: State::ALL,
                    chosen,
                },
            )
        }
        Err(error) => unreadable(&operator, &error),
    }
}

/// One order by its id.
pub async fn one(request: HttpRequest, console: Data<Console>, operator: Operator) -> HttpResponse {
    match request.match_info().query("id").parse() {
        Ok(id) => story(&console, &request, &operator, &id).await,
        Err(_) => nothing(&operator),
    }
}

async fn story(console: &Console, request: &HttpRequest, operator: &Operator, id: &OrderId) -> HttpResponse {
    let order = match console.ledger.get_order(id).await {
        Ok(order) => order,
        Err(Error::OrderNotFound(_)) => return nothing(operator),
        Err(error) => return unreadable(operator, &error),
    };
    let now = console.clock.now();
    let shown = |at| Moment::of(at, now);
    let told = |event: &Event| Told {
        at: shown(event.at),
        pay_by: event.facts.pay_by.map(|at| shown(at).shown),
        event: event.clone(),
    };
    let page = Story {
        frame: Frame::live(&format!("Order {}", order.deed.reference), operator, request),
        pay_by: order.pay_by.map(shown),
        events: order.events.iter().map(told).collect(),
        row: Row::of(order, now),
    };
    answer::page(StatusCode::OK, &page)
}

fn nothing(operator: &Operator) -> HttpResponse {
    let text = "No order has this id. Search by the partner's reference, or look at the newest orders.";
    answer::note(Frame::still("No such order", operator), StatusCode::NOT_FOUND, "There is no such order", text)
}

fn no_number(operator: &Operator, sought: String) -> HttpResponse {
    let text = "A reference has 1 to 64 of A-Z a-z 0-9 . _ : / - and an order id begins with ord_.";
    let frame = Frame { sought, ..Frame::still("No such order", operator) };
    answer::note(frame, StatusCode::NOT_FOUND, "No order can be called that", text)
}

fn unreadable(operator: &Operator, error: &Error) -> HttpResponse {
    tracing::error!(%error, "the console cannot read orders");
    let frame = Frame { renews: Renews::On, ..Frame::still("Orders", operator) };
    let text = "The database did not answer; the overview says how it is.";
    answer::note(frame, StatusCode::SERVICE_UNAVAILABLE, "Orders cannot be read now", text)
}

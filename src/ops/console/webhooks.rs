//! Webhooks for the operator: endpoints by health, deliveries, and both set right by hand.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish, asked};
use crate::ops::hand;
use crate::ops::look::webhooks::{self, DeliveryRow, EndpointRow, Sought, WebhooksView};
use crate::ops::look::{Listed, Trouble, figures};
use crate::webhooks::Webhooks;

#[derive(Template)]
#[template(path = "webhooks.html", config = "src/ops/console/askama.toml")]
struct All {
    frame: Frame,
    view: WebhooksView,
    sought: Sought,
    list: Listed<DeliveryRow>,
}

impl All {
    fn span(&self) -> String {
        figures::span(self.view.oldest_s)
    }

    fn troubled(&self) -> usize {
        self.view.endpoints.iter().filter(|row| matches!(row.look, "bad" | "warn")).count()
    }
}

/// The page of all webhooks.
pub async fn all(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Webhooks", "Webhooks", &person, &request, console.books.clock.now());
    let sought = Sought { endpoint: None, ..sought(&request) };
    let read = async {
        let view = webhooks::all(&console.books).await?;
        let list = webhooks::deliveries(&console.books, &sought).await?;
        Ok::<_, Trouble>(All { frame: frame.clone(), view, sought: sought.clone(), list })
    };
    match read.await {
        Ok(page) => answer::shown(&page),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

#[derive(Template)]
#[template(path = "endpoint.html", config = "src/ops/console/askama.toml")]
struct One {
    frame: Frame,
    row: EndpointRow,
    sought: Sought,
    list: Listed<DeliveryRow>,
}

/// One endpoint and its deliveries.
pub async fn one(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Webhook endpoint", "Webhooks", &person, &request, console.books.clock.now());
    let id = request.match_info().query("id").to_owned();
    let sought = Sought { endpoint: Some(id.clone()), ..sought(&request) };
    let read = async {
        let row = webhooks::endpoint(&console.books, &id).await?;
        let list = webhooks::deliveries(&console.books, &sought).await?;
        Ok::<_, Trouble>(One { frame: frame.clone(), row, sought: sought.clone(), list })
    };
    match read.await {
        Ok(page) => answer::shown(&page),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

fn sought(request: &HttpRequest) -> Sought {
    let field = |name| asked(request, name);
    Sought {
        endpoint: field("endpoint"),
        partner: field("partner"),
        state: field("state"),
        kind: field("type"),
        subject: field("subject"),
        cursor: field("cursor"),
    }
}

/// Lets a disabled endpoint hear again.
pub async fn enable(
    request: HttpRequest,
    console: Data<Console>,
    room: Data<Webhooks>,
    wish: Wish<Operate>,
) -> HttpResponse {
    let id = request.match_info().query("id");
    let done = hand::enable_endpoint(&console.books, &room, wish.person.name(), id).await;
    told(&wish.person, "The endpoint is enabled", id, done.map(|()| "It hears from the next event on.".to_owned()))
}

/// Sends deliveries again: one, or those of a stretch of time.
pub async fn resend(
    request: HttpRequest,
    console: Data<Console>,
    room: Data<Webhooks>,
    wish: Wish<Operate>,
) -> HttpResponse {
    let id = request.match_info().query("id");
    let asked = hand::Resent {
        delivery: Some(wish.text("delivery")).filter(|text| !text.is_empty()),
        from: Some(wish.text("from")).filter(|text| !text.is_empty()),
        to: Some(wish.text("to")).filter(|text| !text.is_empty()),
        all: wish.text("which") == "all",
    };
    let done = hand::resend(&console.books, &room, wish.person.name(), id, &asked).await;
    let told_of = |count: u64| match count {
        0 => "There was nothing to send again.".to_owned(),
        1 => "One delivery is on its way again.".to_owned(),
        many => format!("{many} deliveries are on their way again."),
    };
    told(&wish.person, "Sent again", id, done.map(told_of))
}

fn told(person: &Person, what: &str, id: &str, done: Result<String, Trouble>) -> HttpResponse {
    let frame = Frame { tab: "Webhooks", ..Frame::still(what, person) };
    let back = format!("/console/webhooks/{id}");
    match done {
        Ok(line) => answer::done(frame, what, &[line], (&back, "Back to the endpoint")),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

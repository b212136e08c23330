//! Partners for the operator: all of them, and one with its keys.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish};
use crate::ops::hand::{self, Turn};
use crate::ops::look::partners::{self, COUNTED_DAYS, PartnerView};

#[derive(Template)]
#[template(path = "partners.html", config = "src/ops/console/askama.toml")]
struct All {
    frame: Frame,
    partners: Vec<PartnerView>,
    days: i64,
}

/// All partners.
pub async fn all(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Partners", "Partners", &person, &request, console.books.clock.now());
    match partners::all(&console.books).await {
        Ok(partners) => answer::shown(&All { frame, partners, days: COUNTED_DAYS }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

#[derive(Template)]
#[template(path = "partner.html", config = "src/ops/console/askama.toml")]
struct One {
    frame: Frame,
    partner: PartnerView,
    days: i64,
}

/// One partner.
pub async fn one(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Partner", "Partners", &person, &request, console.books.clock.now());
    match partners::one(&console.books, request.match_info().query("id")).await {
        Ok(partner) => {
            let frame = Frame { title: partner.name.clone(), ..frame };
            answer::shown(&One { frame, partner, days: COUNTED_DAYS })
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

/// Suspends a partner, or one key of it.
pub async fn suspend(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    turned(&request, &console, &wish, Turn::Suspend).await
}

/// Lets a suspended partner, or one key of it, in again.
pub async fn resume(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    turned(&request, &console, &wish, Turn::Resume).await
}

async fn turned(request: &HttpRequest, console: &Console, wish: &Wish<Operate>, turn: Turn) -> HttpResponse {
    let (partner, key) = (request.match_info().query("id"), wish.text("key"));
    let key = Some(key.as_str()).filter(|key| !key.is_empty());
    match hand::turn(&console.books, wish.person.name(), partner, key, turn, &wish.text("reason")).await {
        Ok(()) => answer::to(&format!("/console/partners/{partner}")),
        Err(trouble) => answer::trouble(Frame { tab: "Partners", ..Frame::still("Partner", &wish.person) }, trouble),
    }
}

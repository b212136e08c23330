//! Partners for the operator: all of them, and one with its keys.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::Person;
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

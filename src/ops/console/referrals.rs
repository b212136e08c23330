//! The page of referrals: clicks, orders and growth by partner and country.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::Person;
use crate::ops::look::referrals::{self, ReferralsView};

#[derive(Template)]
#[template(path = "referrals.html", config = "src/ops/console/askama.toml")]
struct Referrals {
    frame: Frame,
    view: ReferralsView,
}

impl Referrals {
    fn look(&self, growth: &i64) -> &'static str {
        if *growth >= 0 { "good" } else { "warn" }
    }
}

/// Who was sent where, and what came of it.
pub async fn referrals(request: HttpRequest, person: Person, console: Data<Console>) -> HttpResponse {
    let frame = Frame::live("Referrals", "Referrals", &person, &request, console.books.clock.now());
    match referrals::referrals(&console.books).await {
        Ok(view) => answer::shown(&Referrals { frame, view }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

//! The pages of figures: how this node is now, the cache, the catalogue, and growth.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::Meters;
use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish};
use crate::ops::console::spark;
use crate::ops::health::Health;
use crate::ops::look::behind::{self, BehindView};
use crate::ops::look::growth::{self, Grown, GrowthView};
use crate::ops::look::now::{self, NowView, Tile};

#[derive(Template)]
#[template(path = "now.html", config = "src/ops/console/askama.toml")]
struct Now {
    frame: Frame,
    view: NowView,
}

impl Now {
    fn spark(&self, tile: &Tile) -> String {
        drawn(tile)
    }
}

fn drawn(tile: &Tile) -> String {
    let points: Vec<f64> = tile.series.iter().map(|point| point.unwrap_or(0.0)).collect();
    spark::line(&points, &format!("{} over the last hour", tile.name))
}

/// What the operator sees first.
pub async fn now(
    request: HttpRequest,
    person: Person,
    console: Data<Console>,
    health: Data<Health>,
    meters: Data<Meters>,
) -> HttpResponse {
    let frame = Frame::live("Now", "Now", &person, &request, console.books.clock.now());
    match now::now(&console.books, &health, &meters).await {
        Ok(view) => answer::shown(&Now { frame, view }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

#[derive(Template)]
#[template(path = "behind.html", config = "src/ops/console/askama.toml")]
struct Behind {
    frame: Frame,
    heading: &'static str,
    says: &'static str,
    view: BehindView,
}

impl Behind {
    fn look(&self) -> &'static str {
        if self.view.checks.iter().all(|check| check.state.look() == "good") { "good" } else { "bad" }
    }

    fn spark(&self, tile: &Tile) -> String {
        drawn(tile)
    }

    fn percent(&self, share: &f64) -> String {
        format!("{:.1} %", share * 100.0)
    }
}

/// What the cache does.
pub async fn cache(
    request: HttpRequest,
    person: Person,
    console: Data<Console>,
    health: Data<Health>,
    meters: Data<Meters>,
) -> HttpResponse {
    let frame = Frame::live("Cache", "Cache", &person, &request, console.books.clock.now());
    let says = "What was seen of the catalogue and kept: in this process, and in Redis when there is one.";
    answer::shown(&Behind {
        frame,
        heading: "Cache",
        says,
        view: behind::cache(&console.books, &health, &meters).await,
    })
}

/// How the catalogue does.
pub async fn catalogue(
    request: HttpRequest,
    person: Person,
    console: Data<Console>,
    health: Data<Health>,
    meters: Data<Meters>,
) -> HttpResponse {
    let frame = Frame::live("Catalogue health", "Catalogue", &person, &request, console.books.clock.now());
    let says = "The wholesale service behind the gateway, as this node hears it, and the tasks that follow it.";
    let view = behind::catalogue(&console.books, &health, &meters).await;
    answer::shown(&Behind { frame, heading: "Catalogue", says, view })
}

#[derive(Template)]
#[template(path = "growth.html", config = "src/ops/console/askama.toml")]
struct Growth {
    frame: Frame,
    view: GrowthView,
}

impl Growth {
    fn spark(&self, grown: &Grown) -> String {
        let days: Vec<f64> = grown.days.iter().map(|orders| *orders as f64).collect();
        spark::columns(&days, &format!("{} orders in 28 days", grown.orders))
    }

    fn look(&self, growth: &f64) -> &'static str {
        if *growth >= 0.0 { "good" } else { "warn" }
    }
}

/// Orders a day.
pub async fn growth(request: HttpRequest, person: Person, console: Data<Console>) -> HttpResponse {
    let frame = Frame::live("Growth", "Growth", &person, &request, console.books.clock.now());
    match growth::growth(&console.books).await {
        Ok(view) => answer::shown(&Growth { frame, view }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

/// Writes down what a partner ordered before it came.
pub async fn set_baseline(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let (name, partner) = (wish.person.name(), request.match_info().query("id"));
    match growth::set_baseline(&console.books, name, partner, &wish.text("daily")).await {
        Ok(()) => answer::to("/console/growth"),
        Err(trouble) => answer::trouble(Frame::still("Growth", &wish.person), trouble),
    }
}

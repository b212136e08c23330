//! Partners for the operator: who is nearest to a limit, and one partner up close with what can be done for it.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish};
use crate::ops::console::spark;
use crate::ops::hand::{self, Turn};
use crate::ops::look::overrides::Wanted;
use crate::ops::look::partner::{self, PartnerStory};
use crate::ops::look::partners::{self, COUNTED_DAYS, Overview};
use crate::ops::look::standings::{self, AccountView};
use crate::ops::look::{At, figures};
use crate::usage::headroom::Used;

#[derive(Template)]
#[template(path = "partners.html", config = "src/ops/console/askama.toml")]
struct All {
    frame: Frame,
    view: Overview,
}

/// How both pages write figures of an account.
trait Written {
    fn look(&self, used: &Used) -> &'static str {
        standings::look(used)
    }

    fn left(&self, used: &Used) -> String {
        standings::shown(used)
    }

    fn whole(&self, number: &f64) -> u64 {
        figures::whole(*number)
    }

    fn rate(&self, number: &f64) -> String {
        figures::rate(*number)
    }

    fn soon(&self, seconds: &f64) -> String {
        figures::span(seconds.ceil() as i64)
    }

    fn share(&self, part: &u32, of: &u32) -> String {
        figures::share(f64::from(*part), f64::from(*of))
    }

    fn at(&self, at: &jiff::Timestamp) -> At {
        At(*at)
    }

    fn week(&self, account: &AccountView) -> String {
        let days: Vec<f64> = account.headroom.trend.iter().map(|calls| *calls as f64).collect();
        spark::columns(
            &days,
            &format!("calls on each of the last 7 days, {} today", days.last().copied().unwrap_or(0.0)),
        )
    }
}

impl Written for All {}
impl Written for One {}

/// All partners, the nearest to a limit first.
pub async fn all(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Partners", "Partners", &person, &request, console.books.clock.now());
    match partners::overview(&console.books).await {
        Ok(view) => answer::shown(&All { frame, view }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

#[derive(Template)]
#[template(path = "partner.html", config = "src/ops/console/askama.toml")]
struct One {
    frame: Frame,
    view: PartnerStory,
    days: i64,
}

/// One partner.
pub async fn one(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Partner", "Partners", &person, &request, console.books.clock.now());
    match partner::story(&console.books, request.match_info().query("id")).await {
        Ok(view) => {
            let frame = Frame { title: view.partner.name.clone(), ..frame };
            answer::shown(&One { frame, view, days: COUNTED_DAYS })
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
    let done = hand::turn(&console.books, wish.person.name(), partner, key, turn, &wish.text("reason")).await;
    told(wish, partner, "", done)
}

/// Gives a partner figures of its own, or tries others in shadow.
pub async fn set_override(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let partner = request.match_info().query("id");
    let wanted = Wanted {
        policy: wish.text("policy"),
        quota: wish.text("quota"),
        burst: wish.text("burst"),
        shadow: wish.text("kind") == "trial",
        reason: wish.text("reason"),
        until: wish.text("until"),
    };
    let done = hand::set_override(&console.books, wish.person.name(), partner, &wanted).await;
    told(&wish, partner, "#figures", done.map(|_| ()))
}

/// Ends an override before its time.
pub async fn end_override(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let partner = request.match_info().query("id");
    let done = hand::end_override(&console.books, wish.person.name(), partner, &wish.text("override")).await;
    told(&wish, partner, "#figures", done)
}

fn told(wish: &Wish<Operate>, partner: &str, place: &str, done: Result<(), crate::ops::look::Trouble>) -> HttpResponse {
    match done {
        Ok(()) => answer::to(&format!("/console/partners/{partner}{place}")),
        Err(trouble) => answer::trouble(Frame { tab: "Partners", ..Frame::still("Partner", &wish.person) }, trouble),
    }
}

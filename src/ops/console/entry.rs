//! The page of goods in cross-border trade: how many are in which state, and entering and taking them out by hand.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::catalog::Catalog;
use crate::model::entry::{Entered, Way};
use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish};
use crate::ops::hand::{self, Goods};
use crate::ops::look::Trouble;
use crate::ops::look::entry::{self, EntryView};

/// So many refused offers are named one by one.
const MOST_NAMED: usize = 20;

#[derive(Template)]
#[template(path = "entry.html", config = "src/ops/console/askama.toml")]
struct Page {
    frame: Frame,
    view: EntryView,
}

/// How many goods are in which state.
pub async fn entry(
    request: HttpRequest,
    person: Person,
    console: Data<Console>,
    catalog: Data<Catalog>,
) -> HttpResponse {
    let frame = Frame::live("Goods", "Goods", &person, &request, console.books.clock.now());
    answer::shown(&Page { frame, view: entry::entry(&catalog.entries()).await })
}

/// Enters goods into cross-border trade.
pub async fn enter(console: Data<Console>, catalog: Data<Catalog>, wish: Wish<Operate>) -> HttpResponse {
    turned(&console, &catalog, Way::In, &wish).await
}

/// Takes goods out of it.
pub async fn withdraw(console: Data<Console>, catalog: Data<Catalog>, wish: Wish<Operate>) -> HttpResponse {
    turned(&console, &catalog, Way::Out, &wish).await
}

async fn turned(console: &Console, catalog: &Catalog, way: Way, wish: &Wish<Operate>) -> HttpResponse {
    let offers = wish.text("offers");
    let goods = Goods {
        mode: wish.text("mode"),
        all: wish.text("which") == "all",
        supplier: Some(wish.text("supplier")).filter(|text| !text.is_empty()),
        offers: offers
            .split([' ', ',', ';', '\t', '\r', '\n'])
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect(),
    };
    let done = hand::turn_goods(&console.books, &catalog.entries(), wish.person.name(), way, &goods).await;
    told(&wish.person, way, done)
}

fn told(person: &Person, way: Way, done: Result<Entered, Trouble>) -> HttpResponse {
    let what = if way == Way::In { "Entered" } else { "Taken out" };
    let frame = Frame { tab: "Goods", ..Frame::still(what, person) };
    match done {
        Ok(entered) => {
            let heading = format!("{what}: {} goods", entered.changed);
            answer::done(frame, &heading, &sentences(&entered), ("/console/goods", "Back to goods"))
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

fn sentences(entered: &Entered) -> Vec<String> {
    let mut said = vec![format!("{} were so already.", entered.already)];
    for (offer, why) in entered.refused.iter().take(MOST_NAMED) {
        said.push(format!("{offer} was refused: {}", why.says()));
    }
    if let Some(more) = entered.refused.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
        said.push(format!("{more} more were refused."));
    }
    said
}

//! Orders for the operator: what waits, the funnel, lists, one order's whole story, and what can be done to it by hand.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::model::ids::OrderId;
use crate::model::order::State;
use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Person, Wish, asked};
use crate::ops::look::order::{Hand, OrderStory};
use crate::ops::look::orders::{DAYS, Funnel, OrderRow, Sought, Waiting};
use crate::ops::look::{Listed, Trouble, order, orders};
use crate::orders::{Looked, Orders};

#[derive(Template)]
#[template(path = "orders.html", config = "src/ops/console/askama.toml")]
struct List {
    frame: Frame,
    sought: Sought,
    waiting: Waiting,
    funnel: Funnel,
    days: &'static [u32],
    states: &'static [State],
    list: Listed<OrderRow>,
}

/// The page of all orders.
pub async fn list(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Orders", "Orders", &person, &request, console.books.clock.now());
    match read(&request, &console, frame.clone()).await {
        Ok(page) => answer::shown(&page),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

async fn read(request: &HttpRequest, console: &Console, frame: Frame) -> Result<List, Trouble> {
    let field = |name| asked(request, name);
    let sought = Sought {
        q: field("q"),
        partner: field("partner"),
        mode: field("mode"),
        state: field("state"),
        cursor: field("cursor"),
    };
    let days = field("days").map_or(Ok(7), |days| days.parse());
    let days = days.map_err(|_| Trouble::Wrong("days: 1, 7 or 30".to_owned()))?;
    let books = &console.books;
    Ok(List {
        waiting: orders::waiting(books).await?,
        funnel: orders::funnel(books, days, sought.partner.as_deref()).await?,
        list: orders::list(books, &sought).await?,
        days: &DAYS,
        states: State::ALL,
        frame,
        sought,
    })
}

#[derive(Template)]
#[template(path = "order.html", config = "src/ops/console/askama.toml")]
struct Story {
    frame: Frame,
    view: OrderStory,
}

impl Story {
    fn can(&self, hand: &str) -> bool {
        let named = |one: &Hand| match one {
            Hand::Look => "look",
            Hand::Retry => "retry",
            Hand::Settle => "settle",
        };
        self.view.can.iter().any(|one| named(one) == hand)
    }
}

/// One order by its id.
pub async fn one(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Order", "Orders", &person, &request, console.books.clock.now());
    let id = match id(&request) {
        Ok(id) => id,
        Err(trouble) => return answer::trouble(frame, trouble),
    };
    match order::story(&console.books, &id).await {
        Ok(view) => {
            let title = format!("Order {}", view.order.reference);
            answer::shown(&Story { frame: Frame { title, ..frame }, view })
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

fn id(request: &HttpRequest) -> Result<OrderId, Trouble> {
    let text = request.match_info().query("id");
    let missing = || Trouble::Missing(format!("No order has the id {text}. Search by the partner's reference."));
    text.parse().map_err(|_| missing())
}

/// Looks an order up at the catalogue.
pub async fn look(request: HttpRequest, rooms: Data<Orders>, wish: Wish<Operate>) -> HttpResponse {
    let done = async { Ok::<_, Trouble>(rooms.look_by_hand(wish.person.name(), &id(&request)?).await?) };
    told(&wish.person, "Looked up", done.await)
}

/// Tries an unknown order again.
pub async fn retry(request: HttpRequest, rooms: Data<Orders>, wish: Wish<Operate>) -> HttpResponse {
    let done = async { Ok::<_, Trouble>(rooms.retry_by_hand(wish.person.name(), &id(&request)?).await?) };
    told(&wish.person, "Tried again", done.await)
}

/// Ends an order that the catalogue does not have.
pub async fn settle(request: HttpRequest, rooms: Data<Orders>, wish: Wish<Operate>) -> HttpResponse {
    let done = async {
        let reason = orders::reason(&wish.text("reason"))?;
        Ok(rooms.reject_by_hand(wish.person.name(), &id(&request)?, &reason).await?)
    };
    told(&wish.person, "Settled as rejected", done.await)
}

fn told(person: &Person, what: &str, looked: Result<Looked, Trouble>) -> HttpResponse {
    let frame = Frame { tab: "Orders", ..Frame::still(what, person) };
    match looked {
        Ok(looked) => {
            let back = format!("/console/orders/{}", looked.order.deed.id);
            let heading = format!("{what}: order {} is {}", looked.order.deed.reference, looked.order.state);
            answer::done(frame, &heading, &order::told(&looked), (&back, "Back to the order"))
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

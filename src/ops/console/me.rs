//! Whoever is logged in: role, sessions, tokens, password; and for an admin all the people.

use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Person, See, Wish};
use crate::ops::look::{At, Trouble};
use crate::ops::staff::{Operator, Role, Session, Token};

#[derive(Template)]
#[template(path = "me.html", config = "src/ops/console/askama.toml")]
struct Me {
    frame: Frame,
    person: Person,
    sessions: Vec<Session>,
    tokens: Vec<Token>,
    people: Vec<Operator>,
    roles: &'static [Role],
}

impl Me {
    fn at(&self, at: &jiff::Timestamp) -> At {
        At(*at)
    }

    fn is_admin(&self) -> bool {
        self.person.may(Role::Admin)
    }
}

/// Shows it.
pub async fn me(console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame { now: console.books.clock.now(), ..Frame::still("You", &person) };
    match read(&console, frame.clone(), person).await {
        Ok(page) => answer::shown(&page),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

async fn read(console: &Console, frame: Frame, person: Person) -> Result<Me, Trouble> {
    let staff = &console.access.staff;
    let admin = person.may(Role::Admin);
    Ok(Me {
        sessions: console.access.sessions(person.name()).await?,
        tokens: staff.tokens(if admin { None } else { Some(person.name()) }).await?,
        people: if admin { staff.list().await? } else { Vec::new() },
        roles: Role::ALL,
        frame,
        person,
    })
}

/// Withdraws a token: one's own, or as an admin anybody's.
pub async fn withdraw(console: Data<Console>, wish: Wish<See>) -> HttpResponse {
    let person = &wish.person;
    let owner = if person.may(Role::Admin) { None } else { Some(person.name()) };
    match console.access.staff.withdraw_token(person.name(), &wish.text("id"), owner).await {
        Ok(()) => answer::to("/console/me"),
        Err(error) => answer::trouble(Frame::still("You", person), error.into()),
    }
}

//! The audit for the operator: entries by person, subject, action and time, and a link that exports them.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Person, asked};
use crate::ops::look::Listed;
use crate::ops::look::audit::{self, EntryRow, Sought};

#[derive(Template)]
#[template(path = "audit.html", config = "src/ops/console/askama.toml")]
struct Entries {
    frame: Frame,
    sought: Sought,
    list: Listed<EntryRow>,
}

/// Shows it.
pub async fn list(request: HttpRequest, console: Data<Console>, person: Person) -> HttpResponse {
    let frame = Frame::live("Audit", "Audit", &person, &request, console.books.clock.now());
    let field = |name| asked(&request, name);
    let sought = Sought {
        actor: field("actor"),
        action: field("action"),
        subject: field("subject"),
        since: field("since"),
        until: field("until"),
        cursor: field("cursor"),
    };
    match audit::list(&console.books, &sought).await {
        Ok(list) => answer::shown(&Entries { frame, sought, list }),
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

//! Buyer accounts, on the page of their partner: made, given another password, closed. Passwords are shown once.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::{Operate, Wish};
use crate::ops::hand;
use crate::ops::look::Trouble;

/// Makes one, or opens a closed one again.
pub async fn add(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let partner = request.match_info().query("id");
    let (branch, name) = (wish.text("branch"), wish.text("name"));
    let made = hand::add_buyer(&console.books, wish.person.name(), partner, &branch, &name).await;
    told(&wish, partner, made.map(|(account, password)| shown(&account, &password)))
}

/// Makes another password.
pub async fn renew(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let (partner, account) = (request.match_info().query("id"), wish.text("account"));
    let made = hand::renew_buyer(&console.books, wish.person.name(), partner, &account).await;
    told(&wish, partner, made.map(|password| shown(&account, &password)))
}

/// Closes one.
pub async fn close(request: HttpRequest, console: Data<Console>, wish: Wish<Operate>) -> HttpResponse {
    let (partner, account) = (request.match_info().query("id"), wish.text("account"));
    let closed = hand::close_buyer(&console.books, wish.person.name(), partner, &account).await;
    let lines = |count| vec![format!("{account} is closed; tokens for it that were withdrawn: {count}.")];
    told(&wish, partner, closed.map(lines))
}

fn shown(account: &str, password: &str) -> Vec<String> {
    vec![
        format!("Account: {account}"),
        format!("Password: {password}"),
        "It is shown this once: hand it over by a safe way now.".to_owned(),
    ]
}

fn told(wish: &Wish<Operate>, partner: &str, done: Result<Vec<String>, Trouble>) -> HttpResponse {
    let frame = Frame { tab: "Partners", ..Frame::still("Buyer accounts", &wish.person) };
    match done {
        Ok(lines) => {
            let back = format!("/console/partners/{partner}#buyers");
            answer::done(frame, "Buyer account", &lines, (&back, "Back to the partner"))
        }
        Err(trouble) => answer::trouble(frame, trouble),
    }
}

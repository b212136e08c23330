//! The operator's console: a few pages on the operator's listener, made here and complete without any script.
//!
//! Nobody sees anything without a password. There are two kinds: the one whose Argon2 hash is configured
//! (`ops.password_hash`), and a one-time password that the process makes and tells once, as the demo does. Without
//! either, every page says how to configure one. [`gate::Operator`] is what a page takes to be seen only by somebody
//! who is logged in; sessions live in this process and end with it.
//!
//! The pages only read: what they show comes from the same books as `/readyz` and `/metrics`, from the directory, the
//! limiter and the ledger. Nothing is kept by browsers, and no secret is ever read here.

pub mod access;
mod accounts;
mod answer;
mod counted;
mod figures;
mod frame;
mod gate;
mod login;
mod orders;
mod overview;
mod sessions;
mod traffic;

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use ipnet::IpNet;
use jiff::Timestamp;

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::ops::console::access::Access;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::Operator;
use crate::partners::Directory;
use crate::rates::Rates;

/// A form holds a password or a token, and no more.
const MOST_FORM_BYTES: usize = 4096;

/// What the pages look at.
pub struct Console {
    /// Who may come in.
    pub access: Arc<Access>,
    /// Partners and keys.
    pub directory: Arc<Directory>,
    /// Where partners stand.
    pub limits: Arc<Limits>,
    /// Orders.
    pub ledger: Ledger,
    /// Exchange rates.
    pub rates: Rates,
    /// Rates older than this make no quotes; none for the built-in ones, which always do.
    pub rates_stale_after_days: Option<i64>,
    /// Proxies whose word about addresses is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// When this node started.
    pub started: Timestamp,
    /// The clock.
    pub clock: Clock,
}

/// The console's routes; the app's data holds a [`Console`], a `Health` and `Meters`.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/console")
            .app_data(PayloadConfig::new(MOST_FORM_BYTES))
            .route("", web::get().to(overview::overview))
            .route("/login", web::get().to(login::form))
            .route("/login", web::post().to(login::attempt))
            .route("/logout", web::post().to(login::leave))
            .route("/orders", web::get().to(orders::list))
            .route("/orders/{id}", web::get().to(orders::one))
            .default_service(web::to(missing)),
    );
}

async fn missing(request: HttpRequest, operator: Operator) -> HttpResponse {
    if request.path() == "/console/" {
        return answer::to("/console");
    }
    let frame = Frame::still("No such page", &operator);
    answer::note(frame, StatusCode::NOT_FOUND, "There is no such page", "Everything begins at the overview.")
}

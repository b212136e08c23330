//! The operator's console: pages on the operator's listener, made here and complete without any script.
//!
//! Nobody sees anything without a password: a person's own (`xunyuan operator add`), the one whose Argon2 hash is in the
//! settings (`ops.password_hash`), or a one-time password that the process makes and tells once, as the demo does.
//! Without any, every page says how to make one. [`gate::Person`] is what a page takes to be seen only by somebody who is
//! logged in; [`gate::Wish`] is what a change takes, so that it comes from a page of ours and from a role that may.
//! Sessions live in SQL: they count at every node and outlive a restart.
//!
//! What pages show is read in [`crate::ops::look`], where `/ops/api` reads it too. Nothing is kept by browsers but one
//! style sheet and one script, and no secret is ever read here.

pub mod access;
mod answer;
mod audit;
mod buyers;
mod entry;
mod figures;
mod find;
mod frame;
pub mod gate;
mod live;
mod login;
mod me;
mod orders;
mod partners;
mod referrals;
mod spark;
mod webhooks;
mod what_if;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use actix_web::http::StatusCode;
use actix_web::web::{self, PayloadConfig, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use ipnet::IpNet;

use crate::ops::console::access::Access;
use crate::ops::console::frame::Frame;
use crate::ops::console::gate::Person;
use crate::ops::look::Books;

/// A form holds a password, a reason or a moment, and no more.
const MOST_FORM_BYTES: usize = 4096;

/// What the console is made of.
pub struct Console {
    /// Who may come in.
    pub access: Arc<Access>,
    /// What is looked at.
    pub books: Books,
    /// Proxies whose word about addresses is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Streams that are open.
    pub streams: Arc<AtomicUsize>,
}

/// The console's routes; the app's data holds a [`Console`], a `Health`, `Meters`, and the rooms that change things.
pub fn routes(config: &mut ServiceConfig) {
    config.service(
        web::scope("/console")
            .app_data(PayloadConfig::new(MOST_FORM_BYTES))
            .route("", web::get().to(figures::now))
            .route("/assets/{mark}/{name}", web::get().to(answer::asset))
            .route("/login", web::get().to(login::form))
            .route("/login", web::post().to(login::attempt))
            .route("/logout", web::post().to(login::leave))
            .route("/logout-everywhere", web::post().to(login::leave_everywhere))
            .route("/me", web::get().to(me::me))
            .route("/me/password", web::post().to(login::change_password))
            .route("/me/withdraw", web::post().to(me::withdraw))
            .route("/find", web::get().to(find::find))
            .route("/live", web::get().to(live::live))
            .route("/partners", web::get().to(partners::all))
            .route("/partners/{id}", web::get().to(partners::one))
            .route("/partners/{id}/suspend", web::post().to(partners::suspend))
            .route("/partners/{id}/resume", web::post().to(partners::resume))
            .route("/partners/{id}/overrides", web::post().to(partners::set_override))
            .route("/partners/{id}/overrides/end", web::post().to(partners::end_override))
            .route("/partners/{id}/accounts", web::post().to(buyers::add))
            .route("/partners/{id}/accounts/password", web::post().to(buyers::renew))
            .route("/partners/{id}/accounts/close", web::post().to(buyers::close))
            .route("/what-if", web::get().to(what_if::what_if))
            .route("/orders", web::get().to(orders::list))
            .route("/orders/{id}", web::get().to(orders::one))
            .route("/orders/{id}/look", web::post().to(orders::look))
            .route("/orders/{id}/retry", web::post().to(orders::retry))
            .route("/orders/{id}/settle", web::post().to(orders::settle))
            .route("/growth", web::get().to(figures::growth))
            .route("/referrals", web::get().to(referrals::referrals))
            .route("/growth/{id}", web::post().to(figures::set_baseline))
            .route("/cache", web::get().to(figures::cache))
            .route("/webhooks", web::get().to(webhooks::all))
            .route("/webhooks/{id}", web::get().to(webhooks::one))
            .route("/webhooks/{id}/enable", web::post().to(webhooks::enable))
            .route("/webhooks/{id}/resend", web::post().to(webhooks::resend))
            .route("/goods", web::get().to(entry::entry))
            .route("/goods/enter", web::post().to(entry::enter))
            .route("/goods/withdraw", web::post().to(entry::withdraw))
            .route("/catalogue", web::get().to(figures::catalogue))
            .route("/audit", web::get().to(audit::list))
            .default_service(web::to(missing)),
    );
}

async fn missing(request: HttpRequest, person: Person) -> HttpResponse {
    if request.path() == "/console/" {
        return answer::to("/console");
    }
    let frame = Frame::still("No such page", &person);
    answer::note(frame, StatusCode::NOT_FOUND, "There is no such page", "The bar above has all there are.")
}

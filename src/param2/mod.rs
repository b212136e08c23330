#![doc = include_str!("README.md")]

mod account;
mod aftersale;
mod asked;
mod authorise;
mod cashier;
mod consignment;
mod dates;
pub mod discovery;
pub mod dispatch;
mod fault;
mod form;
pub mod gate;
mod inquiry;
pub mod lenient;
pub mod line;
mod logistics;
mod messages;
mod multipart;
mod oauth;
mod page;
mod parameters;
mod route;
mod system;
#[cfg(test)]
mod tests;
mod told;
mod trade;
mod twin;

pub use told::page;

use actix_web::web::{self, ServiceConfig};

/// Routes everything below `/openapi/{protocol}/` and `/api/{protocol}/`, the channel of messages, and the pages
/// for people: granting, and paying several orders.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/websocket", web::get().to(messages::channel::open));
    config.service(
        web::resource("/oauth/authorize")
            .route(web::get().to(authorise::show))
            .route(web::post().to(authorise::decide)),
    );
    config.service(
        web::resource(authorise::grants::PATH)
            .route(web::get().to(authorise::grants::show))
            .route(web::post().to(authorise::grants::decide)),
    );
    config.route(cashier::PATH, web::get().to(cashier::show));
    for protocol in route::PROTOCOLS {
        for root in ["openapi", "api"] {
            config.route(&format!("/{root}/{protocol}/{{rest:.*}}"), web::to(gate::door));
        }
    }
}

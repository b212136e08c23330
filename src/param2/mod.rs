#![doc = include_str!("README.md")]

mod account;
mod aftersale;
mod asked;
mod authorise;
mod consignment;
mod dates;
pub mod discovery;
pub mod dispatch;
mod fault;
mod form;
pub mod gate;
pub mod lenient;
pub mod line;
mod logistics;
mod messages;
mod multipart;
mod oauth;
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

/// Routes everything below `/openapi/{protocol}/` and `/api/{protocol}/`, the channel of messages, and the page of grants.
pub fn routes(config: &mut ServiceConfig) {
    config.route("/websocket", web::get().to(messages::channel::open));
    config.service(
        web::resource("/oauth/authorize")
            .route(web::get().to(authorise::show))
            .route(web::post().to(authorise::decide)),
    );
    for protocol in route::PROTOCOLS {
        for root in ["openapi", "api"] {
            config.route(&format!("/{root}/{protocol}/{{rest:.*}}"), web::to(gate::door));
        }
    }
}

//! The reference wholesale catalogue: a neighbour of the gateway that shares no type with it. `README.md` in this
//! folder is its HTTP contract; `openapi/wholesale.json` is the same for machines.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "the neighbour has rules of its own")]

mod advance;
mod asked;
mod browse_http;
mod browse_wire;
mod cashier;
mod clock;
mod commit;
mod consignment_http;
mod control;
mod control_trade;
mod envelope;
mod facets_wire;
mod faults;
mod feed;
mod feed_http;
mod freight_http;
mod gate;
pub mod goods;
mod goods_http;
mod goods_wire;
mod image;
mod inquiry_http;
pub mod likeness;
mod links_http;
mod market;
mod openapi;
mod persist;
mod photo;
mod picture_http;
mod pictures;
mod refund_http;
mod search;
mod server;
mod settings;
mod shelf;
mod stats;
mod trade;
mod trade_http;
mod voucher_http;
mod words;

pub use clock::Clock;
pub use openapi::openapi;
pub use server::{Running, start};
pub use settings::{Error, Progress, Settings};

//! Orders: pricing, placing, paying, the walk to the warehouse. Everything here is plain data under one lock, which
//! `market` holds; HTTP is left to `trade_http`.

mod basket;
mod book;
mod freight;
mod order;
mod pay;
mod place;
mod shipments;
mod steps;
mod warehouses;
pub mod wire;

pub use basket::{check_shape, price};
pub use book::Book;
pub use order::{CloseReason, Order, Status};
pub use pay::{PaidHow, page, receipt};
pub use shipments::shipments;
pub use warehouses::{WAREHOUSES, find as find_warehouse};

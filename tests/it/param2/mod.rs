//! The older protocol, spoken as its clients speak it.

mod account;
mod aftersale;
mod authorise;
mod branches;
mod browser;
mod discovery;
mod door;
mod freight;
mod grants;
mod inquiry;
mod listing;
mod messages;
mod pictures;
mod raw;
mod relations;
mod shapes;
mod shop;
mod socket;
mod tokens;
mod trade;
mod trade_shapes;
mod trader;
mod twins;
mod warehouse;

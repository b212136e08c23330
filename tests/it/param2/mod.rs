//! The older protocol, spoken as its clients speak it.

mod aftersale;
mod discovery;
mod door;
mod shapes;
mod shop;
mod trade;
mod trade_shapes;
mod trader;

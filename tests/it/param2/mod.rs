//! The older protocol, spoken as its clients speak it.

mod aftersale;
mod discovery;
mod door;
mod pictures;
mod shapes;
mod shop;
mod tokens;
mod trade;
mod trade_shapes;
mod trader;

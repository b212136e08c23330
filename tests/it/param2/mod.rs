//! The older protocol, spoken as its clients speak it.

mod discovery;
mod door;
mod pictures;
mod shapes;
mod tokens;
mod trader;

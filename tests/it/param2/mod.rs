//! The older protocol, spoken as its clients speak it.

mod discovery;
mod door;
mod messages;
mod pictures;
mod shapes;
mod socket;
mod tokens;
mod trader;
mod twins;

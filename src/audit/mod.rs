//! Who changed what: one row for each change of a key, a plan, an order or an endpoint, written with the change itself.
//!
//! **Actors.** A person of the operator's (`operator:li`), a partner by one of its keys (`partner:acme key:xyk_…`), or
//! the program itself (`system`). Whoever changes something makes an [`Entry`] and calls [`note`] inside the
//! transaction of the change: either both are written, or neither.
//!
//! **What append-only means.** The database refuses to change or remove a row (triggers on both engines, PostgreSQL's
//! TRUNCATE and SQLite's INSERT OR REPLACE included), whichever program asks. That protects against our own mistakes
//! and against whoever gets at the database as a user of it. It does not stop the tables' owner, who can drop the
//! triggers: against that, take the rows out of the owner's reach in time (`xunyuan audit export`).
//!
//! **Why there is no chain of hashes.** Each row would have to be written after the one before it, so that changes of
//! all partners on all nodes would wait in one line, with whole orders' transactions behind them. And who can drop the
//! triggers can also count the chain anew; only a copy elsewhere shows it, and that shows changed rows without a chain.

mod book;
mod entry;
#[cfg(test)]
mod tests;

pub use book::{Error, Filter, list, list_actions, list_oldest_first, note};
pub use entry::{Entry, Who};

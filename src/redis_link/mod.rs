//! Connections to Redis, whatever it is: one server, a master that sentinels watch, or a cluster. The floor under
//! `counters` and `cache`, which are strangers; knows no commands, and counts and times nothing.
//!
//! Every actix worker is a runtime of its own and a socket belongs to the runtime that opened it, so a connection is
//! kept for each runtime and opened on first use (`Links`). All questions of a runtime share its connection. It is never
//! repaired: one that broke, or that leads to a server which is not the master any more, is let go, and the next
//! question opens another by asking anew where Redis is (`way`). Only a cluster's connection follows moved slots by
//! itself. One that is neither answered nor closed cannot be told from a slow one here: whoever waits says when
//! (`Links::renew`).

pub mod link;
pub mod links;
pub mod place;
pub mod slot;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub mod trial;
mod way;

pub use link::Link;
pub use links::Links;
pub use place::{Account, Certificates, Form, Place};
pub use way::{BadPlace, Patience};

//! The door to the wholesale service: one client per worker, calls as values, and failures that say what may have happened.
//! Knows the service's words (`wholesale`), not what they mean to us: that is `translate`.
//!
//! A caller builds a [`Call`] (never sends it by itself) and hands it to [`Upstream::ask`] with the world it is for.
//! The client adds the token and trace, keeps the deadline, bounds the answer's size, opens the envelope and gives back
//! the document's bytes. Reads are repeated once or twice while a budget lasts; nothing else is ever repeated here,
//! because a call that got no answer may have been executed. [`Error::outcome`] tells the cases apart: surely not
//! executed, refused with a reason, or unknown.

mod budget;
mod call;
mod client;
mod envelope;
mod failure;
mod settings;
mod tally;
pub mod wholesale;

pub use call::{Body, Call, Expects, Repeat};
pub use client::{Context, Upstream};
pub use failure::{Error, Loss, Outcome, Refusal};
pub use settings::{Endpoint, Settings, Token};
pub use tally::Tally;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;

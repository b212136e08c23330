//! The door to the wholesale service: one client per worker, calls as values, and failures that say what may have happened.
//! Knows the service's words (`wholesale`), not what they mean to us: that is `translate`.
//!
//! A caller builds a [`Call`] (never sends it by itself) and hands it to [`Upstream::ask`] with the world it is for.
//! The client adds the token and trace, keeps the deadline, bounds the answer's size, opens the envelope and gives back
//! the document's bytes. Reads are repeated once or twice while a budget lasts; nothing else is ever repeated here,
//! because a call that got no answer may have been executed. [`Error::outcome`] tells the cases apart: surely not
//! executed, refused with a reason, or unknown.
//!
//! Calls are of four classes that do not stand in each other's way: a breaker each (`breaker`), so that a service that
//! fails one kind of call is spared it; places under way at one time (`lanes`), of which browsing leaves some to orders.
//! A service that speaks another protocol is asked the same calls: `open1688` puts each into requests of 1688's open
//! platform and their answers into the same documents, behind the same breakers, places and deadlines.
//! A slow read may be asked a second time (`hedge`), if that is configured.

mod breaker;
mod budget;
mod call;
mod client;
mod envelope;
mod failure;
mod hedge;
mod lanes;
pub mod open1688;
mod settings;
mod tally;
mod verdict;
pub mod wholesale;

pub use breaker::{Breakers, Reading as BreakerReading, State as BreakerState};
pub use call::{Body, Call, Class, Expects, Repeat};
pub use client::{Context, Upstream};
pub use failure::{Error, Loss, Outcome, Refusal};
pub use settings::{Accounts, Endpoint, Settings, Token};
pub use tally::Tally;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod trial;

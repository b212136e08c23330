//! The door to what was seen before: the catalogue's documents and the answers rendered from them.
//!
//! Two tiers keep documents: this process (bounded by bytes, with TinyLFU admission) and, when configured, Redis,
//! which all nodes share. Rendered answers stay in the process: bytes, strong ETag, compressed variants made once.
//!
//! A lookup walks: process → Redis → one fetch. Whoever asks for the same key while a fetch is under way waits for it
//! ([`flight`]); a fetch whose leader dies is begun again by one of those who wait. What is past its soft time is still
//! shown for a while and refreshed behind the caller's back; what is past that is shown only while the catalogue is
//! down. How long is in one table, [`freshness`]. Keys are typed, length-prefixed fields ([`Key`]), so that no crafted
//! value of one field reads as another.
//!
//! Redis is an accelerator. Slow, gone, full, or holding foreign bytes: each is a miss and a count, never an error, and
//! a circuit keeps a slow one from slowing requests. Nothing here knows what a document says.

mod flight;
pub mod freshness;
mod keep;
mod kept;
mod key;
mod redis;
mod rendered;
mod tally;

pub use freshness::{Freshness, Kind};
pub use keep::{Cache, Error, Fetched, Settings, Trouble};
pub use kept::{Content, Kept};
pub use key::{Key, KeyBuilder};
pub use rendered::Rendered;
pub use tally::Tally;

#[cfg(test)]
mod tests;

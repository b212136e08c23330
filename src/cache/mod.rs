//! The door to what was seen before: the catalogue's documents and the answers rendered from them.
//!
//! Two tiers keep documents: this process (bounded by bytes, with TinyLFU admission) and, when configured, Redis,
//! which all nodes share. Rendered answers stay in the process, with strong ETag and compressed variants made once; those
//! that several nodes would render are in Redis, too ([`share`]). In the process both are packed only when their room is
//! needed ([`parts`]).
//!
//! A lookup walks: process → Redis → one fetch. Whoever asks for the same key while a fetch is under way waits for it
//! ([`flight`]); of several nodes one fetches, and the others wait a bounded time ([`fill`]). A fetch whose leader dies is
//! begun again by one of those who wait. What is past its soft time is still shown for a while and refreshed behind the
//! caller's back; what is past that is shown only while the catalogue is down. How long is in one table, [`freshness`].
//! Keys are typed, length-prefixed fields ([`Key`]), so that no crafted value of one field reads as another.
//!
//! A document carries tags of what it is about ([`Moved`]). When something moves in the catalogue, every node hears of it
//! ([`hearing`]) and believes nothing about it that was fetched before: one word in a small table, whatever is kept
//! ([`moves`]). A fetch that was under way meanwhile is made again, and refused a place if it still lost the race.
//!
//! Redis is an accelerator. Slow, gone, full, failing over, or holding foreign bytes: each is a miss and a count, never an
//! error, and a circuit keeps a slow one from slowing requests. A node that is not told what moves believes nothing for
//! longer than some seconds. Nothing here knows what a document says.

mod circuit;
mod fill;
mod flight;
pub mod freshness;
mod hearing;
mod hot;
mod keep;
mod kept;
mod key;
mod listing;
mod moves;
mod parts;
mod redis;
mod rendered;
mod share;
mod stream;
mod tag;
mod tally;

pub use freshness::{Freshness, Kind};
pub use hearing::Turn;
pub use hot::Hot;
pub use keep::{Cache, Error, Fetched, Found, How, Settings, Trouble};
pub use kept::{Content, Kept};
pub use key::{Field, Key, KeyBuilder};
pub use listing::Standing;
pub use rendered::Rendered;
pub use tag::{Moved, NotAMove, Subject, Tag};
pub use tally::Tally;

#[cfg(test)]
mod shared_tests;
#[cfg(test)]
mod tests;

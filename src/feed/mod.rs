//! Following the catalogue's change feed, for every room that has something of its own to follow; and working off what is
//! due. What a change means and how one thing is caught up with is the room's.
//!
//! **One node at a time.** A node takes the turn of a feed and keeps it while it lives; others look and go away. When it
//! is not heard of for a while, or its passes fail, the next one takes over. Should two follow for a moment, nothing is
//! done twice: the cursor is moved by whoever has the turn, and a thing is moved by its version.
//!
//! **The cursor moves after what it points past is written down**: taken in, or left out with the reason. A pass that
//! dies in between reads the same changes again and finds nothing to do.
//!
//! **What cannot be taken in** must neither hold up all others nor be forgotten: it is written into the ledger in the
//! transaction that moves the cursor past it, and looked up again with growing pauses. But a catalogue in trouble is no
//! matter of one thing: then the cursor stops, and the same changes are read again (`judge` tells the two apart).

mod due;
mod judge;
mod reading;

use std::fmt;
use std::time::Duration;

pub use due::{TOGETHER, work_off};
pub use judge::Fault;

use crate::clock::Clock;
use crate::ledger::{self, Ledger};
use crate::model::partner::Mode;
use crate::upstream::{self, Upstream};

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Changes read.
    pub seen: usize,
    /// Things that moved.
    pub moved: usize,
    /// Things that could not be taken in, and are looked up again later.
    pub left_out: usize,
    /// There is more to read at once.
    pub more: bool,
}

/// What came of looking at one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It is another gateway's, or another world's; the catalogue was not asked.
    NotOurs,
    /// It stands where it stood.
    Same,
    /// It moved.
    Moved,
}

/// A room that follows the catalogue.
pub trait Follows: Sync {
    /// How looking at one thing fails.
    type Error: From<ledger::Error> + From<upstream::Error> + fmt::Display + Send;
    /// The feed's name in the ledger, without the world.
    const FEED: &'static str;
    /// The catalogue's words for what is followed, separated by commas.
    const KINDS: &'static str;

    /// Brings one thing to where the catalogue says that it stands. One follower never does it for the
    /// same thing twice at a time.
    fn take_in(
        &self,
        kind: &str,
        reference: &str,
        mode: Mode,
    ) -> impl Future<Output = Result<Seen, Self::Error>> + Send;

    /// Whether it is no news that a thing was made at the catalogue: it stands here as made there, or further on. Asked
    /// when nothing else is told of it, so that nobody looks up what was only just placed from here.
    fn knows_of(
        &self,
        _kind: &str,
        _reference: &str,
        _mode: Mode,
    ) -> impl Future<Output = Result<bool, Self::Error>> + Send {
        std::future::ready(Ok(false))
    }

    /// What a failure of that is about.
    fn fault(error: &Self::Error) -> Fault;
}

/// The way to the feed; made once per room.
#[derive(Clone)]
pub struct Feed {
    ledger: Ledger,
    upstream: Upstream,
    clock: Clock,
    holder: String,
}

impl Feed {
    /// The way to the feed, by a follower of its own.
    pub fn new(ledger: Ledger, upstream: Upstream, clock: Clock) -> Self {
        Self { ledger, upstream, clock, holder: uuid::Uuid::now_v7().simple().to_string() }
    }

    /// One pass over the changes since the last, waiting up to `wait` for one when there is none. Brings nothing while
    /// another node has the turn.
    pub async fn follow<F: Follows>(&self, by: &F, mode: Mode, wait: Duration) -> Result<Followed, F::Error> {
        let Some(turn) = self.ledger.take_feed(&name::<F>(mode), &self.holder).await? else {
            return Ok(Followed::default());
        };
        let told = self.pass(by, mode, wait, turn).await;
        if told.is_err() {
            // Another node may have a better way to the catalogue.
            self.let_go::<F>(mode).await;
        }
        told
    }

    /// Gives the turn up, if it is ours.
    pub async fn let_go<F: Follows>(&self, mode: Mode) {
        if let Err(error) = self.ledger.release_feed(&name::<F>(mode), &self.holder).await {
            tracing::warn!(%error, feed = F::FEED, "the turn to follow could not be given up; others wait until it is over");
        }
    }
}

fn name<F: Follows>(mode: Mode) -> String {
    format!("{}/{}", F::FEED, mode.name())
}

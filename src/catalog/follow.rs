//! Following the catalogue's changes, so that nothing is shown any more of what moved: one pass of whoever has the turn.
//! To whom it is told, and who has the turn, is left to the cache.

use std::time::{Duration, Instant};

use crate::cache::{Moved, Turn};
use crate::catalog::{Catalog, arrivals};
use crate::lookup::about;
use crate::model::partner::Mode;
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::wire::changes::Changes;
use crate::upstream::{self, Context};

/// How many changes are read at once.
const PAGE: u32 = 500;
/// Behind every change there will ever be: asked from there on, the feed only says how long it is.
const END: i64 = i64::MAX;

/// What one pass told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Changes read.
    pub seen: usize,
    /// Things that moved.
    pub moved: usize,
    /// The next pass may follow at once: there is more, or the catalogue itself holds the question open.
    pub more: bool,
}

impl Catalog {
    /// One pass over the catalogue's changes since the last, waiting up to `wait` for one when there is none. Brings
    /// nothing while another node has the turn.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Told, upstream::Error> {
        let turn = self.lookup.cache.take_turn(mode).await;
        let told = match turn {
            Turn::Theirs => return Ok(Told::default()),
            Turn::Ours { from } | Turn::Alone { from } => self.pass(mode, turn, from, wait).await,
        };
        if told.is_err() {
            self.lookup.cache.heard_nothing(turn);
            // Another node may have a better way to the catalogue.
            self.stop_following(mode).await;
        }
        told
    }

    /// Gives the turn up, if it is ours.
    pub async fn stop_following(&self, mode: Mode) {
        self.lookup.cache.give_up_turn(mode).await;
    }

    async fn pass(&self, mode: Mode, turn: Turn, from: Option<i64>, wait: Duration) -> Result<Told, upstream::Error> {
        let Some(from) = from else {
            // Nobody knows what moved before.
            let last = self.changes(mode, END, Duration::ZERO).await?.last_seq;
            return Ok(self.begin(mode, turn, last).await);
        };
        let begun = Instant::now();
        let page = self.changes(mode, from, wait).await?;
        if page.last_seq < from {
            tracing::warn!(from, last = page.last_seq, "the change feed begins anew; everything kept is let go");
            return Ok(self.begin(mode, turn, page.last_seq).await);
        }
        let moved: Vec<_> = page.items.iter().flat_map(|change| about::moved(mode, change)).collect();
        let full = page.items.len() >= PAGE as usize;
        let upto = page.items.last().map(|change| change.seq).filter(|_| full).unwrap_or(page.last_seq);
        self.lookup.cache.tell(mode, turn, upto, &moved).await;
        let arrived = arrivals::of(&page.items);
        let lists = if arrived.is_empty() { Vec::new() } else { self.lists_moved(mode, &arrived).await };
        if !lists.is_empty() {
            // Apart, so that what moved is not told later for it.
            self.lookup.cache.tell(mode, turn, upto, &lists).await;
        }
        let more = full || !page.items.is_empty() || begun.elapsed() * 2 > wait;
        Ok(Told { seen: page.items.len(), moved: moved.len() + lists.len(), more })
    }

    async fn begin(&self, mode: Mode, turn: Turn, upto: i64) -> Told {
        self.lookup.cache.tell(mode, turn, upto, &[Moved::EVERYTHING]).await;
        Told { seen: 0, moved: 1, more: true }
    }

    async fn changes(&self, mode: Mode, after: i64, wait: Duration) -> Result<Changes, upstream::Error> {
        let call = calls::changes(after, PAGE, wait).with("kinds", about::KINDS);
        self.lookup.upstream.read(mode, &call, Context::here()).await
    }
}

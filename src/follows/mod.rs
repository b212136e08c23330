//! Follows: partners name offers, and hear when something of these changes.
//!
//! **Following.** An offer is looked after from before its first look on, so that no change falls between that look and
//! the answer. The answer shows the figures that the next event is about. An offer that is held back may be followed, too:
//! its follower hears when it comes back. How many a partner follows is bounded by its plan.
//!
//! **What changes.** `follow` reads the catalogue's change feed with a cursor of its own. A change of an offer that
//! nobody follows costs one read of the database; of one that somebody does, the offer is looked at in the catalogue
//! itself and compared with what was told last. The newer look and what each follower is told of it are one transaction,
//! and the look names the one it builds on: two nodes that see the same change tell it once, and a pass that dies is
//! taken again. Several changes that one look sees are told as one, from the figures told last to those of now.

mod ask;
mod error;
mod follow;
mod look;

pub use ask::MOST_AT_ONCE;
pub use error::Error;

use crate::clock::Clock;
use crate::feed::Feed;
pub use crate::feed::Followed;
use crate::ledger::Ledger;
use crate::model::partner::Caller;
use crate::upstream::Upstream;

/// How often a look is taken again because somebody else remembered one meanwhile.
const TRIES: usize = 8;

/// How many offers a partner may follow.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where its plan says nothing.
    pub most: u32,
    /// By the plan's short name.
    pub by_plan: Vec<(String, u32)>,
}

/// The room; made once per worker, because the upstream client belongs to its runtime.
#[derive(Clone)]
pub struct Following {
    settings: Settings,
    ledger: Ledger,
    upstream: Upstream,
    feed: Feed,
}

impl Following {
    /// The room, with what it works on.
    pub fn new(settings: Settings, ledger: Ledger, upstream: Upstream, clock: Clock) -> Self {
        let feed = Feed::new(ledger.clone(), upstream.clone(), clock);
        Self { settings, ledger, upstream, feed }
    }

    /// How many offers the caller's partner may follow in one world.
    pub fn most(&self, caller: &Caller) -> u32 {
        let own = self.settings.by_plan.iter().find(|(plan, _)| **plan == *caller.partner.plan.id);
        own.map_or(self.settings.most, |(_, most)| *most)
    }

    /// Forgets offers that nobody follows any more; gives how many.
    pub async fn tidy(&self) -> Result<u64, Error> {
        Ok(self.ledger.forget_unfollowed().await?)
    }
}

//! Getting a document that this process does not have, or not fresh: look into Redis, else be the one node that asks the
//! catalogue, else show something stale.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::cache::freshness::Kind;
use crate::cache::keep::{Cache, Fetched, Found, How, Shared, Trouble};
use crate::cache::kept::{Age, Content, Kept};
use crate::cache::key::Key;
use crate::cache::moves::Belief;
use crate::cache::redis::{Lease, Redis, Token};
use crate::cache::tally::Tally;

/// While the catalogue is down a stale document is asked for again only so often.
const PAUSE_MS: i64 = 2_000;
/// Another node's fetch is waited for twice as long as a fetch takes, but not shorter or longer than this.
const WAIT_MS: (u32, u32) = (60, 600);
/// First pause between looks whether another node's fetch has come; each is longer than the one before.
const LOOK_AFTER: Duration = Duration::from_millis(4);

/// Whether we are to fetch, and what Redis has meanwhile.
enum Turn {
    /// Redis has what is good enough.
    Found(Arc<Kept>),
    /// We are, with the lease, or without one for want of Redis or patience.
    Fetch(Option<Token>, Option<Arc<Kept>>),
}

impl<E: Trouble> Cache<E> {
    /// What a flight does. `early`: what is held is fresh still, and wanted fresher.
    pub(super) async fn fill<W, F>(
        self,
        key: Key,
        kind: Kind,
        held: Option<Arc<Kept>>,
        early: bool,
        fetch: W,
    ) -> Shared<E>
    where
        W: Fn() -> F,
        F: Future<Output = Result<Fetched, E>>,
    {
        let shared = self.redis.as_ref().filter(|_| kind.freshness().shared);
        let (lease, from_redis) = match shared {
            None => (None, None),
            Some(redis) => match self.turn(redis, &key, held.as_deref(), early).await {
                Turn::Found(kept) => {
                    Tally::one(&self.tally.hits_redis);
                    self.documents.keep(key, Arc::clone(&kept));
                    return Ok(Found { kept, how: How::Shared });
                }
                Turn::Fetch(lease, from_redis) => (lease, from_redis),
            },
        };
        Tally::one(&self.tally.misses);
        match self.ask(&key, kind, &fetch).await {
            Ok((kept, true)) => {
                if let Some(redis) = shared {
                    redis.keep(&key, &kept, lease);
                }
                self.documents.keep(key, Arc::clone(&kept));
                Ok(Found { kept, how: How::Fetched })
            }
            Ok((kept, false)) => {
                Tally::one(&self.tally.refused);
                if let Some(redis) = shared {
                    redis.give_up(&key, lease);
                }
                Ok(Found { kept, how: How::Fetched })
            }
            Err(error) => {
                Tally::one(&self.tally.failures);
                if let Some(redis) = shared {
                    redis.give_up(&key, lease);
                }
                // What moved while the catalogue was asked in vain cannot stand in.
                let stands = |kept: &Arc<Kept>| !self.moves.moved_since(&kept.tags, kept.heard.own);
                let old = held.into_iter().chain(from_redis).filter(stands).max_by_key(|kept| kept.fetched_at_ms);
                self.stand_in(key, old, error)
            }
        }
    }

    /// Asks the catalogue, and once more if something moved meanwhile; tells whether what came may be kept.
    async fn ask<W, F>(&self, key: &Key, kind: Kind, fetch: &W) -> Result<(Arc<Kept>, bool), E>
    where
        W: Fn() -> F,
        F: Future<Output = Result<Fetched, E>>,
    {
        let mut again = false;
        loop {
            let (heard, begun) = (self.moves.heard(), Instant::now());
            let fetched = fetch().await?;
            let took_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
            let before = self.typical_ms.load(Ordering::Relaxed);
            self.typical_ms.store(before - before / 8 + took_ms.min(60_000) / 8, Ordering::Relaxed);
            let content = fetched.document.as_ref().map_or(Content::Absent, Content::of);
            let kept = Kept::now(kind, key, content, self.clock.now_ms());
            let kept = Arc::new(Kept { tags: fetched.tags, heard, took_ms, ..kept });
            if !self.moves.moved_since(&kept.tags, heard.own) {
                return Ok((kept, true));
            }
            if again {
                return Ok((kept, false));
            }
            again = true;
        }
    }

    async fn turn(&self, redis: &Redis, key: &Key, held: Option<&Kept>, early: bool) -> Turn {
        let mut found = match self.usable(redis.find(key), held, early).await {
            Ok(kept) => return Turn::Found(kept),
            Err(found) => found,
        };
        let typical_ms = self.typical_ms.load(Ordering::Relaxed);
        let patience = Duration::from_millis(u64::from((typical_ms * 2).clamp(WAIT_MS.0, WAIT_MS.1)));
        let (begun, mut pause) = (Instant::now(), LOOK_AFTER);
        loop {
            let (lease, meanwhile) = {
                let own = self.moves.heard().own;
                let (lease, meanwhile) = redis.lease(key).await;
                (lease, self.judged(meanwhile, own, held, early))
            };
            let waited = pause > LOOK_AFTER;
            match (lease, meanwhile) {
                (lease, Ok(kept)) => {
                    if let Lease::Ours(token) = lease {
                        redis.give_up(key, Some(token));
                    }
                    if waited {
                        Tally::one(&self.tally.coalesced_nodes);
                    }
                    return Turn::Found(kept);
                }
                (Lease::Ours(token), Err(old)) => return Turn::Fetch(Some(token), old.or(found)),
                (Lease::Unknown, Err(_)) => return Turn::Fetch(None, found),
                (Lease::Theirs, Err(old)) => found = old.or(found),
            }
            if begun.elapsed() >= patience {
                Tally::one(&self.tally.leases_in_vain);
                return Turn::Fetch(None, found);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// What Redis gives, if it is good enough to ask nobody; else what of it may stand in.
    async fn usable(
        &self,
        found: impl Future<Output = Option<Kept>>,
        held: Option<&Kept>,
        early: bool,
    ) -> Result<Arc<Kept>, Option<Arc<Kept>>> {
        let own = self.moves.heard().own;
        self.judged(found.await, own, held, early)
    }

    /// The same of what was found; `own` is what had been heard of before it was looked for.
    pub(super) fn judged(
        &self,
        found: Option<Kept>,
        own: u64,
        held: Option<&Kept>,
        early: bool,
    ) -> Result<Arc<Kept>, Option<Arc<Kept>>> {
        let Some(mut kept) = found else { return Err(None) };
        kept.heard.own = own;
        let belief = self.moves.judge(&kept.tags, kept.heard.shared);
        if belief == Belief::Fell {
            Tally::one(&self.tally.fell);
            return Err(None);
        }
        let now_ms = self.clock.now_ms();
        let kept = Arc::new(kept);
        let newer = held.is_none_or(|held| kept.fetched_at_ms > held.fetched_at_ms);
        let serves = belief == Belief::Stands
            && match self.age(&kept, now_ms) {
                Age::Fresh => newer || !early,
                // As good as a stale answer gets, and better than ours.
                Age::Revalidate => held.is_none_or(|held| self.age(held, now_ms) > Age::Revalidate),
                Age::OnlyIfError | Age::Dead => false,
            };
        if serves { Ok(kept) } else { Err(Some(kept)) }
    }

    fn stand_in(&self, key: Key, old: Option<Arc<Kept>>, error: E) -> Shared<E> {
        let now_ms = self.clock.now_ms();
        match old.filter(|kept| error.stale_may_stand_in() && kept.age(now_ms) != Age::Dead) {
            Some(kept) => {
                Tally::one(&self.tally.stale);
                let kept = Arc::new(kept.standing_in(now_ms, PAUSE_MS));
                self.documents.keep(key, Arc::clone(&kept));
                Ok(Found { kept, how: How::StandIn })
            }
            None => {
                if error.stale_may_stand_in() {
                    self.note_in_vain(key, now_ms + PAUSE_MS);
                }
                Err(error)
            }
        }
    }
}

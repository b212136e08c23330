//! The lookup itself: process, Redis, one fetch; stale answers where the freshness table allows them.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache as Tier;

use crate::cache::flight::{Flights, Landed};
use crate::cache::freshness::Kind;
use crate::cache::kept::{Age, Content, Kept};
use crate::cache::key::Key;
use crate::cache::redis::Redis;
use crate::cache::rendered::Rendered;
use crate::cache::tally::Tally;
use crate::clock::Clock;
use crate::redis_link::Place;
use crate::telemetry::trace;

/// While the catalogue is down a stale document is asked for again only so often.
const PAUSE_MS: i64 = 2_000;
/// Nothing lives longer in the process; the freshness table is shorter for everything but pictures.
const LONGEST_LIFE: Duration = Duration::from_secs(8 * 86_400);
const OVERHEAD_BYTES: usize = 200;

/// How much is kept, and where else.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Bytes of documents in this process.
    pub documents_bytes: u64,
    /// Bytes of rendered answers in this process.
    pub rendered_bytes: u64,
    /// Where the tier is that all nodes share.
    pub redis: Option<Place>,
    /// The longest a lookup waits for Redis.
    pub redis_budget: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            documents_bytes: 64 << 20,
            rendered_bytes: 64 << 20,
            redis: None,
            redis_budget: Duration::from_millis(10),
        }
    }
}

/// What a fetch brought.
#[derive(Clone, Debug)]
pub enum Fetched {
    /// A document.
    Document(Bytes),
    /// There is no such thing.
    Absent,
}

/// A failed fetch, as the cache needs to know it.
pub trait Trouble: Clone + Send + Sync + std::fmt::Debug + 'static {
    /// Whether the catalogue is in trouble (and not the question), so that a stale answer may stand in.
    fn stale_may_stand_in(&self) -> bool;
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error<E> {
    /// The fetch failed, and nothing stale could stand in.
    Fetch(E),
    /// The fetch died without a word.
    Lost,
}

type Shared<E> = Result<Arc<Kept>, E>;

/// The cache; its clones share everything but, on each runtime, the connection to Redis.
#[derive(Clone, Debug)]
pub struct Cache<E> {
    documents: Tier<Key, Arc<Kept>>,
    rendered: Tier<Key, Arc<Rendered>>,
    flights: Flights<Shared<E>>,
    redis: Option<Redis>,
    tally: Arc<Tally>,
    clock: Clock,
}

impl<E: Trouble> Cache<E> {
    /// An empty cache. Only a Redis address that cannot be read is refused; one that does not answer is not.
    pub fn new(settings: &Settings, tally: Arc<Tally>, clock: Clock) -> Result<Self, String> {
        let redis = settings.redis.as_ref().map(|place| {
            let redis = Redis::to(place, settings.redis_budget, Arc::clone(&tally), clock.clone());
            redis.map_err(|why| why.to_string())
        });
        let weigh = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Ok(Self {
            documents: Tier::builder()
                .max_capacity(settings.documents_bytes)
                .weigher(move |key: &Key, kept: &Arc<Kept>| weigh(key.bytes().len() + kept.weight() + OVERHEAD_BYTES))
                .time_to_live(LONGEST_LIFE)
                .build(),
            rendered: Tier::builder()
                .max_capacity(settings.rendered_bytes)
                .weigher(move |key: &Key, answer: &Arc<Rendered>| weigh(key.bytes().len() + answer.weight()))
                .time_to_live(LONGEST_LIFE)
                .build(),
            flights: Flights::default(),
            redis: redis.transpose()?,
            tally,
            clock,
        })
    }

    /// The counters.
    pub fn tally(&self) -> &Arc<Tally> {
        &self.tally
    }

    /// Bytes of documents and of rendered answers in the process.
    pub fn weights(&self) -> (u64, u64) {
        (self.documents.weighted_size(), self.rendered.weighted_size())
    }

    /// Lets the process tier do its evictions now; they are lazy else.
    #[cfg(test)]
    pub(super) fn documents_settled(&self) {
        self.documents.run_pending_tasks();
    }

    /// A rendered answer that may be sent as it is.
    pub fn answer(&self, key: &Key) -> Option<Arc<Rendered>> {
        let answer = self.rendered.get(key).filter(|answer| self.clock.now_ms() < answer.soft_until_ms)?;
        Tally::one(&self.tally.hits_process);
        Some(answer)
    }

    /// The rendered answer that shows this document: the kept one when it does, else one made now.
    pub fn render<X>(
        &self,
        key: &Key,
        kind: Kind,
        kept: &Kept,
        make: impl FnOnce() -> Result<Bytes, X>,
    ) -> Result<Arc<Rendered>, X> {
        let before = self.rendered.get(key).filter(|answer| answer.fetched_at_ms == kept.fetched_at_ms);
        let answer = Arc::new(match before {
            Some(same) if same.soft_until_ms == kept.soft_until_ms => return Ok(same),
            Some(same) => same.under(kept),
            None => Rendered::new(kind, kept, make()?),
        });
        self.rendered.insert(key.clone(), Arc::clone(&answer));
        Ok(answer)
    }

    /// The document of this key: kept, or fetched once for all who ask.
    pub async fn document<W, F>(&self, key: &Key, kind: Kind, fetch: W) -> Result<Arc<Kept>, Error<E>>
    where
        W: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Fetched, E>> + Send + 'static,
    {
        let now_ms = self.clock.now_ms();
        let held = self.documents.get(key);
        match held.as_deref().map(|kept| kept.age(now_ms)) {
            Some(Age::Fresh) => {
                Tally::one(&self.tally.hits_process);
                held.ok_or(Error::Lost)
            }
            Some(Age::Revalidate) => {
                let (this, own) = (self.clone(), key.clone());
                let old = held.clone();
                if self.flights.begin(key, || this.fill(own, kind, old, fetch)) {
                    Tally::one(&self.tally.refreshes);
                }
                Tally::one(&self.tally.hits_process);
                Tally::one(&self.tally.stale);
                held.ok_or(Error::Lost)
            }
            Some(Age::OnlyIfError | Age::Dead) | None => self.fetch(key, kind, held, fetch).await,
        }
    }

    async fn fetch<W, F>(&self, key: &Key, kind: Kind, held: Option<Arc<Kept>>, fetch: W) -> Result<Arc<Kept>, Error<E>>
    where
        W: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Fetched, E>> + Send + 'static,
    {
        let (this, own) = (self.clone(), key.clone());
        match trace::waiting(self.flights.share(key, move || this.fill(own, kind, held, fetch))).await {
            Landed::Led(shared) => shared.map_err(Error::Fetch),
            Landed::Followed(shared) => {
                Tally::one(&self.tally.coalesced);
                shared.map_err(Error::Fetch)
            }
            Landed::Lost => Err(Error::Lost),
        }
    }

    /// What a flight does: look into Redis, else ask the catalogue, else show something stale.
    async fn fill<W, F>(self, key: Key, kind: Kind, held: Option<Arc<Kept>>, fetch: W) -> Shared<E>
    where
        W: FnOnce() -> F,
        F: Future<Output = Result<Fetched, E>>,
    {
        let from_redis = match &self.redis {
            Some(redis) => redis.find(&key).await.map(Arc::new),
            None => None,
        };
        let now_ms = self.clock.now_ms();
        if let Some(kept) = &from_redis
            && serves(kept, held.as_deref(), now_ms)
        {
            Tally::one(&self.tally.hits_redis);
            self.documents.insert(key, Arc::clone(kept));
            return Ok(Arc::clone(kept));
        }
        Tally::one(&self.tally.misses);
        match fetch().await {
            Ok(fetched) => Ok(self.keep(key, kind, fetched)),
            Err(error) => {
                Tally::one(&self.tally.failures);
                let old = held.into_iter().chain(from_redis).max_by_key(|kept| kept.fetched_at_ms);
                self.stand_in(key, old, error)
            }
        }
    }

    fn keep(&self, key: Key, kind: Kind, fetched: Fetched) -> Arc<Kept> {
        let content = match fetched {
            // A copy of its own length: what came off the wire may sit in a larger buffer than is weighed.
            Fetched::Document(bytes) => Content::Document(Bytes::copy_from_slice(&bytes)),
            Fetched::Absent => Content::Absent,
        };
        let kept = Arc::new(Kept::now(kind, &key, content, self.clock.now_ms()));
        // Anyone may ask for pictures; they must not fill what all nodes share.
        if let Some(redis) = self.redis.as_ref().filter(|_| kind != Kind::Picture) {
            redis.keep(&key, &kept);
        }
        self.documents.insert(key, Arc::clone(&kept));
        kept
    }

    fn stand_in(&self, key: Key, old: Option<Arc<Kept>>, error: E) -> Shared<E> {
        let now_ms = self.clock.now_ms();
        match old.filter(|kept| error.stale_may_stand_in() && kept.age(now_ms) != Age::Dead) {
            Some(kept) => {
                Tally::one(&self.tally.stale);
                let kept = Arc::new(kept.paused(now_ms, PAUSE_MS));
                self.documents.insert(key, Arc::clone(&kept));
                Ok(kept)
            }
            None => Err(error),
        }
    }

    /// Forgets a document in both tiers, e.g. because it turned out to be nonsense.
    pub fn forget(&self, key: &Key) {
        self.documents.invalidate(key);
        if let Some(redis) = &self.redis {
            redis.forget(key);
        }
    }
}

/// Whether what Redis has is good enough to ask nobody: fresh, or as good as a stale answer gets and better than ours.
fn serves(found: &Kept, held: Option<&Kept>, now_ms: i64) -> bool {
    match found.age(now_ms) {
        Age::Fresh => true,
        Age::Revalidate => held.is_none_or(|kept| kept.age(now_ms) != Age::Revalidate),
        Age::OnlyIfError | Age::Dead => false,
    }
}

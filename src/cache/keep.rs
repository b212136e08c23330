//! The cache itself: what is kept in this process, and how long it is believed. Fetching is left to `fill`, hearing of
//! moves to `hearing`.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache as Tier;

use crate::cache::flight::{Flights, Landed};
use crate::cache::freshness::{EARLY_SHARE, Kind, UNTOLD_REVALIDATE_MS, UNTOLD_SOFT_MS};
use crate::cache::hearing::Hearing;
use crate::cache::hot::{Hot, Sketch};
use crate::cache::kept::{Age, Content, Kept};
use crate::cache::key::Key;
use crate::cache::moves::Moves;
use crate::cache::parts::{Held, Parts};
use crate::cache::redis::Redis;
use crate::cache::rendered::{Life, Packed, Rendered};
use crate::cache::share::Renderer;
use crate::cache::tag::Tag;
use crate::cache::tally::Tally;
use crate::clock::Clock;
use crate::redis_link::Place;
use crate::telemetry::trace;

/// So many documents that were asked for in vain are remembered.
const IN_VAIN: u64 = 10_000;

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
    /// Who renders answers: nodes that name themselves alike show each other's.
    pub renderer: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            documents_bytes: 64 << 20,
            rendered_bytes: 64 << 20,
            redis: None,
            redis_budget: Duration::from_millis(10),
            renderer: String::new(),
        }
    }
}

/// What a fetch brought: a document or the word that there is none, and what it is about.
#[derive(Clone, Debug)]
pub struct Fetched {
    pub(super) document: Option<Bytes>,
    pub(super) tags: Arc<[Tag]>,
}

impl Fetched {
    /// A document.
    pub fn document(bytes: Bytes) -> Self {
        Self { document: Some(bytes), tags: Arc::default() }
    }

    /// There is no such thing.
    pub fn absent() -> Self {
        Self { document: None, tags: Arc::default() }
    }

    /// It is about these things: when one of them moves it is not believed any more.
    #[must_use]
    pub fn about(self, tags: impl IntoIterator<Item = Tag>) -> Self {
        let mut tags: Vec<_> = tags.into_iter().collect();
        tags.sort_unstable();
        tags.dedup();
        Self { tags: tags.into(), ..self }
    }
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

/// How a document was come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// This process had it.
    Held,
    /// This process had it, past its soft time, and refreshes it.
    Refreshing,
    /// Redis had it.
    Shared,
    /// The catalogue was asked.
    Fetched,
    /// The catalogue was asked by somebody else at the same time.
    Followed,
    /// The catalogue was asked in vain, and what was known stands in.
    StandIn,
}

/// A document, and how it was come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The document.
    pub kept: Arc<Kept>,
    /// How it was come by.
    pub how: How,
}

pub(super) type Shared<E> = Result<Found, E>;

/// The cache; its clones share everything but, on each runtime, the connection to Redis.
#[derive(Clone, Debug)]
pub struct Cache<E> {
    pub(super) documents: Documents,
    pub(super) answers: Parts<Rendered>,
    pub(super) renderer: Renderer,
    pub(super) flights: Flights<Shared<E>>,
    pub(super) redis: Option<Redis>,
    pub(super) moves: Arc<Moves>,
    pub(super) hearing: Arc<Hearing>,
    pub(super) sketch: Arc<Sketch>,
    /// How long a fetch takes lately.
    pub(super) typical_ms: Arc<AtomicU32>,
    dice: Arc<AtomicU64>,
    /// Documents that were asked for in vain and that nothing here could stand in for, and until when to leave them.
    in_vain: Tier<Key, i64>,
    pub(super) tally: Arc<Tally>,
    pub(super) clock: Clock,
}

impl<E: Trouble> Cache<E> {
    /// An empty cache. Only a Redis address that cannot be read is refused; one that does not answer is not.
    pub fn new(settings: &Settings, tally: Arc<Tally>, clock: Clock) -> Result<Self, String> {
        let redis = settings.redis.as_ref().map(|place| {
            let redis = Redis::to(place, settings.redis_budget, Arc::clone(&tally), clock.clone());
            redis.map_err(|why| why.to_string())
        });
        let hearing = Hearing::of(settings.redis.as_ref()).map_err(|why| why.to_string())?;
        Ok(Self {
            documents: Documents(Parts::of(settings.documents_bytes)),
            answers: Parts::of(settings.rendered_bytes),
            renderer: Renderer::named(&settings.renderer),
            flights: Flights::default(),
            redis: redis.transpose()?,
            moves: Arc::default(),
            hearing: Arc::new(hearing),
            sketch: Arc::default(),
            typical_ms: Arc::new(AtomicU32::new(50)),
            dice: Arc::default(),
            in_vain: Tier::builder().max_capacity(IN_VAIN).build(),
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
        (self.documents.0.bytes(), self.answers.bytes())
    }

    /// Documents and rendered answers in the process.
    pub fn counts(&self) -> (u64, u64) {
        (self.documents.0.count(), self.answers.count())
    }

    /// The documents that are asked for most lately, by this process, hottest first.
    pub fn hot(&self, most: usize) -> Vec<Hot> {
        self.sketch.top(most)
    }

    /// Whether Redis is configured, and left alone because it does not answer.
    pub fn is_redis_down(&self) -> bool {
        self.redis.as_ref().is_some_and(Redis::is_down)
    }

    /// Whether nobody has told this node for some seconds what moves in the catalogue.
    pub fn is_out_of_touch(&self) -> bool {
        self.moves.is_out_of_touch()
    }

    /// Lets the process tier do its evictions now; they are lazy else.
    #[cfg(test)]
    pub(super) fn documents_settled(&self) {
        self.documents.0.settle();
    }

    /// A rendered answer that may be sent as it is, by the bytes of its key.
    pub fn answer(&self, key: &[u8]) -> Option<Arc<Rendered>> {
        let held = self.answers.find(key)?;
        let (life, now_ms) = (held.life(), self.clock.now_ms());
        if now_ms >= life.soft_until_ms.max(life.stands_in_until_ms) || self.is_early(life, now_ms) {
            return None;
        }
        if life.stands_in_until_ms == 0 && self.is_untold(life.fetched_at_ms, now_ms) {
            return None;
        }
        if life.fell(&self.moves) {
            Tally::one(&self.tally.fell);
            self.answers.forget(key);
            return None;
        }
        let answer = match held {
            Held::Open(open) => open,
            Held::Packed(packed) if packed.is_wanted_again() => self.opened(Key::found_by(key), &packed)?,
            Held::Packed(packed) => Arc::new(packed.open()?),
        };
        answer.want();
        Tally::one(&self.tally.hits_process);
        self.sketch.note(&answer.life.document);
        Some(answer)
    }

    /// A rendered answer that is shown for now without asking: its document is not here, and was just asked for in vain.
    pub fn answer_for_now(&self, key: &Key, document: &Key) -> Option<Arc<Rendered>> {
        let until_ms = self.in_vain.get(document)?;
        if self.clock.now_ms() >= until_ms || self.documents.0.has(document) {
            return None;
        }
        self.answer_standing_in(key)
    }

    /// A rendered answer that stands in for a document which could not be had.
    pub fn answer_standing_in(&self, key: &Key) -> Option<Arc<Rendered>> {
        let held = self.answers.find(key.bytes())?;
        let life = held.life();
        if life.fell(&self.moves) || self.clock.now_ms() >= life.error_until_ms {
            return None;
        }
        Tally::one(&self.tally.stale);
        self.open(key, held)
    }

    /// Remembers that a document was asked for in vain and nothing of it is here.
    pub(super) fn note_in_vain(&self, key: Key, until_ms: i64) {
        self.in_vain.insert(key, until_ms);
    }

    fn open(&self, key: &Key, held: Held<Rendered>) -> Option<Arc<Rendered>> {
        match held {
            Held::Open(open) => Some(open),
            Held::Packed(packed) => self.opened(key.clone(), &packed),
        }
    }

    /// Opens a packed answer; if it is hot enough it stays open.
    fn opened(&self, key: Key, packed: &Packed) -> Option<Arc<Rendered>> {
        let answer = Arc::new(packed.open()?);
        self.answers.keep_open(key, Arc::clone(&answer));
        Some(answer)
    }

    /// The rendered answer that shows this document: the kept one when it does, else one made now.
    pub fn render<X>(
        &self,
        key: &Key,
        (document, kind): (&Key, Kind),
        Found { kept, how }: &Found,
        make: impl FnOnce() -> Result<Bytes, X>,
    ) -> Result<Arc<Rendered>, X> {
        let before = self.answers.find(key.bytes()).filter(|held| held.life().shows(kept));
        if let Some(same) = before.and_then(|held| self.open(key, held)) {
            if same.life.lives_like(kept) {
                return Ok(same);
            }
            let same = Arc::new(same.under(Arc::new(Life::of(kind, document, kept))));
            self.answers.keep(key.clone(), Arc::clone(&same));
            return Ok(same);
        }
        // Its document was there before, and so, most likely, was somebody who asked.
        let wanted = matches!(how, How::Held | How::Refreshing | How::StandIn);
        let answer = Arc::new(Rendered::new(Arc::new(Life::of(kind, document, kept)), make()?, wanted));
        if !answer.life.fell(&self.moves) {
            self.answers.keep(key.clone(), Arc::clone(&answer));
            if *how == How::Shared {
                self.share(key, kept, &answer);
            }
        }
        Ok(answer)
    }

    /// The document of this key: kept, or fetched once for all who ask.
    pub async fn document<W, F>(&self, key: &Key, kind: Kind, fetch: W) -> Result<Found, Error<E>>
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Fetched, E>> + Send + 'static,
    {
        let now_ms = self.clock.now_ms();
        match self.held(key, now_ms) {
            Some((kept, Age::Fresh)) => {
                let how = if kept.stands_in(now_ms) { How::StandIn } else { How::Held };
                if how == How::Held && is_nearly_over(kept.fetched_at_ms, kept.soft_until_ms, now_ms) {
                    self.refresh(key, kind, Some(Arc::clone(&kept)), fetch, true);
                }
                Tally::one(&self.tally.hits_process);
                self.sketch.note(key);
                Ok(Found { kept, how })
            }
            Some((kept, Age::Revalidate)) => {
                self.refresh(key, kind, Some(Arc::clone(&kept)), fetch, false);
                Tally::one(&self.tally.hits_process);
                Tally::one(&self.tally.stale);
                self.sketch.note(key);
                Ok(Found { kept, how: How::Refreshing })
            }
            held => self.fetch(key, kind, held.map(|(kept, _)| kept), fetch).await,
        }
    }

    /// What this process has under a key and may still show somehow, and where in its life that is.
    fn held(&self, key: &Key, now_ms: i64) -> Option<(Arc<Kept>, Age)> {
        let kept = self.documents.get(key)?;
        if self.moves.moved_since(&kept.tags, kept.heard.own) {
            Tally::one(&self.tally.fell);
            self.documents.0.forget(key.bytes());
            return None;
        }
        let age = self.age(&kept, now_ms);
        Some((kept, age))
    }

    /// Where in its life a document of this process is: nobody believes it for long while nobody tells what moves.
    pub(super) fn age(&self, kept: &Kept, now_ms: i64) -> Age {
        let age = kept.age(now_ms);
        let stands_in = now_ms < kept.stands_in_until_ms;
        if stands_in || age == Age::Dead || !self.is_untold(kept.fetched_at_ms, now_ms) {
            return age;
        }
        let old = now_ms - kept.fetched_at_ms >= UNTOLD_REVALIDATE_MS;
        age.max(if old { Age::OnlyIfError } else { Age::Revalidate })
    }

    fn is_untold(&self, fetched_at_ms: i64, now_ms: i64) -> bool {
        self.moves.is_out_of_touch() && now_ms - fetched_at_ms >= UNTOLD_SOFT_MS
    }

    /// Whether this one of many callers should see that a hot answer is refreshed before its time is over: the nearer
    /// the end and the longer a fetch takes, the likelier (XFetch, Vattani et al. 2015).
    pub(super) fn is_early(&self, life: &Life, now_ms: i64) -> bool {
        if life.stands_in_until_ms > 0 || !is_nearly_over(life.fetched_at_ms, life.soft_until_ms, now_ms) {
            return false;
        }
        let ahead_ms = -f64::from(life.took_ms.max(1)) * self.drawn().max(f64::MIN_POSITIVE).ln();
        now_ms as f64 + ahead_ms >= life.soft_until_ms as f64
    }

    /// Some number from 0 to 1.
    pub(super) fn drawn(&self) -> f64 {
        let drawn = self.dice.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let drawn = (drawn ^ (drawn >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11;
        drawn as f64 / (1_u64 << 53) as f64
    }

    fn refresh<W, F>(&self, key: &Key, kind: Kind, held: Option<Arc<Kept>>, fetch: W, early: bool)
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Fetched, E>> + Send + 'static,
    {
        let (this, own) = (self.clone(), key.clone());
        if self.flights.begin(key, || this.fill(own, kind, held, early, fetch)) {
            Tally::one(&self.tally.refreshes);
            if early {
                Tally::one(&self.tally.early);
            }
        }
    }

    async fn fetch<W, F>(&self, key: &Key, kind: Kind, held: Option<Arc<Kept>>, fetch: W) -> Result<Found, Error<E>>
    where
        W: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Fetched, E>> + Send + 'static,
    {
        let (this, own) = (self.clone(), key.clone());
        let shared = self.flights.share(key, move || this.fill(own, kind, held, false, fetch));
        match trace::waiting(shared).await {
            Landed::Led(shared) => shared.map_err(Error::Fetch),
            Landed::Followed(shared) => {
                Tally::one(&self.tally.coalesced);
                let followed = |found: Found| match found.how {
                    How::Fetched => Found { how: How::Followed, ..found },
                    _ => found,
                };
                shared.map(followed).map_err(Error::Fetch)
            }
            Landed::Lost => Err(Error::Lost),
        }
    }

    /// Forgets a document in both tiers, e.g. because it turned out to be nonsense.
    pub fn forget(&self, key: &Key) {
        self.documents.0.forget(key.bytes());
        if let Some(redis) = &self.redis {
            redis.forget(key);
        }
    }
}

/// Documents by their key.
#[derive(Clone, Debug)]
pub(super) struct Documents(Parts<Kept>);

impl Documents {
    pub fn get(&self, key: &Key) -> Option<Arc<Kept>> {
        self.0.find(key.bytes()).map(|(Held::Open(kept) | Held::Packed(kept))| kept)
    }

    pub fn keep(&self, key: Key, kept: Arc<Kept>) {
        match kept.content {
            Content::Packed { .. } => self.0.keep_packed(key, kept),
            Content::Plain(_) | Content::Absent => self.0.keep(key, kept),
        }
    }

    #[cfg(test)]
    pub fn forget(&self, key: &Key) {
        self.0.forget(key.bytes());
    }
}

/// Whether a soft time is in its last part.
fn is_nearly_over(from_ms: i64, until_ms: i64, now_ms: i64) -> bool {
    until_ms > from_ms && (until_ms - now_ms) * EARLY_SHARE <= until_ms - from_ms
}

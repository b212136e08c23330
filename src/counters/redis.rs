//! Questions to Redis: a deadline around every one of them, and a breaker over all.
//! Knows no commands; `rate` and `nonces` bring theirs. Connections are `redis_link`'s.
//!
//! While the breaker is open nobody waits: who comes when a probe is due only sets it off. In a cluster any node may be
//! in trouble by itself, and nodes hold slots in runs: a breaker stands over each sixteenth of the slots.
//!
//! A connection that stops answering without being closed would be trusted for minutes, so failures also make every
//! worker open a fresh one: it may be to the same server, to the new master that the sentinels name, or to a cluster
//! whose slots are elsewhere now.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::breaker::Breaker;
use crate::clock::Clock;
use crate::redis_link::{BadPlace, Form, Link, Links, Patience, Place, slot};

/// A connection still being opened is given this long.
const CONNECT: Duration = Duration::from_millis(1_000);
/// Connections are not replaced more often than this, so that a slow handshake can finish.
const RENEW_EVERY_MS: i64 = 1_000;
/// Failures since connections were replaced last, after which they are again. Answers in between do not count: of a
/// cluster, only one node may be in trouble.
const FAILURES_TO_RENEW: u32 = 5;

/// Breakers over a cluster.
const PARTS_OF_A_CLUSTER: u16 = 16;
/// A probe is waited for by nobody.
const PROBE: Duration = Duration::from_millis(100);

/// Where Redis is and how long a call may take.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where Redis is.
    pub place: Place,
    /// The longest a call may wait for Redis; 15 ms unless configured.
    pub budget: Duration,
}

impl Settings {
    /// Redis at this address with the usual budget.
    pub fn at(url: impl Into<String>) -> Self {
        Self { place: Place::at(url), budget: Duration::from_millis(15) }
    }
}

/// Redis did not answer, or not in time, or was not asked because it did not answer lately.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// The breaker is open; Redis was not asked.
    HeldBack,
    /// Redis was asked in vain.
    Failed,
}

/// Redis, as all workers share it.
pub struct Redis(Arc<Inner>);

struct Inner {
    links: Links,
    budget: Duration,
    clock: Clock,
    /// One, or of a cluster one for each part of the slots.
    breakers: Vec<Breaker>,
    renewed_at_ms: AtomicI64,
    since_renewed: AtomicU32,
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Redis {
    /// Reads the place; connects when first asked.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, BadPlace> {
        // Longer than the budget, so that ours decides; without it the library gives up at 500 ms.
        let patience = Patience { connect: CONNECT, answer: (settings.budget * 2).max(PROBE) };
        let parts = if settings.place.form == Form::Cluster { PARTS_OF_A_CLUSTER } else { 1 };
        Ok(Self(Arc::new(Inner {
            links: Links::to(&settings.place, patience)?,
            budget: settings.budget,
            clock,
            breakers: (0..parts).map(|_| Breaker::default()).collect(),
            renewed_at_ms: AtomicI64::new(0),
            since_renewed: AtomicU32::new(0),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })))
    }

    /// Questions that were sent so far; probes are none.
    pub fn calls(&self) -> u64 {
        self.0.calls.load(Ordering::Relaxed)
    }

    /// Questions that were sent in vain so far.
    pub fn failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Whether Redis, or a part of it, is held to be down at the moment.
    pub fn is_down(&self) -> bool {
        self.0.breakers.iter().any(Breaker::is_open)
    }

    /// The longest a call may wait for Redis.
    pub fn budget(&self) -> Duration {
        self.0.budget
    }

    /// Puts one question about a key to Redis within the budget.
    pub(super) async fn ask<T, F>(&self, key: &str, question: impl FnOnce(Link) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        self.ask_within(self.0.budget, key, question).await
    }

    /// The same within what is left of a budget.
    pub(super) async fn ask_within<T, F>(
        &self,
        within: Duration,
        key: &str,
        question: impl FnOnce(Link) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        let inner = &self.0;
        let part = inner.part(key);
        let Some(breaker) = inner.breakers.get(part) else { return Err(Unavailable::HeldBack) };
        if breaker.is_open() {
            if breaker.may_try(inner.clock.now_ms()) {
                tokio::runtime::Handle::current().spawn(probe(Arc::clone(inner), part, key.to_owned()));
            }
            return Err(Unavailable::HeldBack);
        }
        inner.calls.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(within, inner.links.ask(question)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => inner.note_failure(breaker, &error.to_string()),
            Err(_) => inner.note_failure(breaker, &format!("no answer within {} ms", within.as_millis())),
        }
        inner.failures.fetch_add(1, Ordering::Relaxed);
        Err(Unavailable::Failed)
    }
}

/// Looks whether whoever has a key answers again. That it is asked about a key finds the one node of a cluster, and a
/// question that changes nothing does no harm when it arrives late.
async fn probe(redis: Arc<Inner>, part: usize, key: String) {
    let Some(breaker) = redis.breakers.get(part) else { return };
    let mut look = redis::cmd("PTTL");
    look.arg(key);
    let look = &look;
    let asked = redis.links.ask(async |mut link| look.query_async::<i64>(&mut link).await);
    match tokio::time::timeout(PROBE, asked).await {
        Ok(Ok(_)) => {
            if breaker.succeeded() {
                tracing::info!("Redis answers again");
            }
        }
        Ok(Err(error)) => redis.note_failure(breaker, &error.to_string()),
        Err(_) => redis.note_failure(breaker, "a probe was not answered"),
    }
}

impl Inner {
    /// Which breaker stands over a key.
    fn part(&self, key: &str) -> usize {
        match self.breakers.len() {
            1 => 0,
            parts => usize::from(slot::of(key)) * parts / usize::from(slot::SLOTS),
        }
    }

    fn note_failure(&self, breaker: &Breaker, trouble: &str) {
        let now_ms = self.clock.now_ms();
        if breaker.failed(now_ms) {
            tracing::warn!(trouble, "Redis does not answer; counting locally until it does");
        }
        let troubled = self.since_renewed.fetch_add(1, Ordering::Relaxed) + 1 >= FAILURES_TO_RENEW;
        let renewed_at = self.renewed_at_ms.load(Ordering::Relaxed);
        let due = troubled && (now_ms - renewed_at).abs() >= RENEW_EVERY_MS;
        let mine = |at| self.renewed_at_ms.compare_exchange(at, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && mine(renewed_at) {
            self.since_renewed.store(0, Ordering::Relaxed);
            self.links.renew();
        }
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis")
            .field("down", &self.is_down())
            .field("failures", &self.failures())
            .finish_non_exhaustive()
    }
}

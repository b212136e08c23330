//! Questions to Redis: a deadline around every one of them, and a breaker over all.
//! Knows no commands; `rate` and `nonces` bring theirs. Connections are `redis_link`'s.
//!
//! A connection that stops answering without being closed would be trusted for minutes, so failures also make every
//! worker open a fresh one: it may be to the same server, to the new master that the sentinels name, or to a cluster
//! whose slots are elsewhere now.

use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use super::breaker::Breaker;
use crate::clock::Clock;
use crate::redis_link::{BadPlace, Link, Links, Patience, Place};

/// A connection still being opened is given this long.
const CONNECT: Duration = Duration::from_millis(1_000);
/// Connections are not replaced more often than this, so that a slow handshake can finish.
const RENEW_EVERY_MS: i64 = 1_000;
/// Failures since connections were replaced last, after which they are again. Answers in between do not count: of a
/// cluster, only one node may be in trouble.
const FAILURES_TO_RENEW: u32 = 5;

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
pub struct Redis {
    links: Links,
    budget: Duration,
    clock: Clock,
    breaker: Breaker,
    renewed_at_ms: AtomicI64,
    since_renewed: AtomicU32,
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Redis {
    /// Reads the place; connects when first asked.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, BadPlace> {
        // Longer than the budget, so that ours decides; without it the library gives up at 500 ms.
        let patience = Patience { connect: CONNECT, answer: settings.budget * 2 };
        Ok(Self {
            links: Links::to(&settings.place, patience)?,
            budget: settings.budget,
            clock,
            breaker: Breaker::default(),
            renewed_at_ms: AtomicI64::new(0),
            since_renewed: AtomicU32::new(0),
            calls: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        })
    }

    /// Calls that were sent so far.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Calls that were sent in vain so far.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether Redis is held to be down at the moment.
    pub fn is_down(&self) -> bool {
        self.breaker.is_open()
    }

    /// The longest a call may wait for Redis.
    pub fn budget(&self) -> Duration {
        self.budget
    }

    /// Puts one question to Redis within the budget.
    pub(super) async fn ask<T, F>(&self, question: impl FnOnce(Link) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        self.ask_within(self.budget, question).await
    }

    /// The same within what is left of a budget.
    pub(super) async fn ask_within<T, F>(
        &self,
        within: Duration,
        question: impl FnOnce(Link) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        if !self.breaker.may_try(self.clock.now_ms()) {
            return Err(Unavailable::HeldBack);
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let trouble = match tokio::time::timeout(within, self.links.ask(question)).await {
            Ok(Ok(answer)) => {
                if self.breaker.succeeded() {
                    tracing::info!("Redis answers again");
                }
                return Ok(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", within.as_millis()),
        };
        self.note_failure(&trouble);
        Err(Unavailable::Failed)
    }

    fn note_failure(&self, trouble: &str) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let now_ms = self.clock.now_ms();
        if self.breaker.failed(now_ms) {
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
        f.debug_struct("Redis").field("down", &self.is_down()).field("calls", &self.calls()).finish_non_exhaustive()
    }
}

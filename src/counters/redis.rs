//! The connection to Redis: one per actix worker, a deadline around every call, and a breaker over all of them.
//! Knows no commands; `rate` and `nonces` bring theirs.
//!
//! Every actix worker is a runtime of its own and a socket belongs to the runtime that opened it, so connections
//! are kept by runtime and opened on first use. A connection that stops answering without being closed would be
//! trusted for minutes, so failures that follow each other also make every worker open a fresh one.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::runtime;

use super::breaker::Breaker;
use crate::clock::Clock;

/// A connection still being opened is given this long.
const CONNECT: Duration = Duration::from_millis(1_000);
/// Connections are not replaced more often than this, so that a slow handshake can finish.
const RENEW_EVERY_MS: i64 = 1_000;

/// Where Redis is and how long a call may take.
#[derive(Clone)]
pub struct Settings {
    /// `redis://…`, `rediss://…` or `redis+unix://…`; may hold a password.
    pub url: String,
    /// The longest a call may wait for Redis; 15 ms unless configured.
    pub budget: Duration,
}

impl Settings {
    /// Redis at this address with the usual budget.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), budget: Duration::from_millis(15) }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("url", &"(kept)").field("budget", &self.budget).finish()
    }
}

/// Redis settings that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the Redis address cannot be used: {0}")]
pub struct BadAddress(#[from] redis::RedisError);

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
    client: redis::Client,
    budget: Duration,
    clock: Clock,
    breaker: Breaker,
    connections: Mutex<HashMap<runtime::Id, (u64, ConnectionManager)>>,
    generation: AtomicU64,
    renewed_at_ms: AtomicI64,
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Redis {
    /// Reads the address; connects when first asked.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, BadAddress> {
        Ok(Self {
            client: redis::Client::open(settings.url.as_str())?,
            budget: settings.budget,
            clock,
            breaker: Breaker::default(),
            connections: Mutex::default(),
            generation: AtomicU64::new(0),
            renewed_at_ms: AtomicI64::new(0),
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
    pub(super) async fn ask<T, F>(&self, question: impl FnOnce(ConnectionManager) -> F) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        self.ask_within(self.budget, question).await
    }

    /// The same within what is left of a budget.
    pub(super) async fn ask_within<T, F>(
        &self,
        within: Duration,
        question: impl FnOnce(ConnectionManager) -> F,
    ) -> Result<T, Unavailable>
    where
        F: Future<Output = redis::RedisResult<T>>,
    {
        if !self.breaker.may_try(self.clock.now_ms()) {
            return Err(Unavailable::HeldBack);
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let answer = async { question(self.connection()?).await };
        let trouble = match tokio::time::timeout(within, answer).await {
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
        let renewed_at = self.renewed_at_ms.load(Ordering::Relaxed);
        let due = self.breaker.is_open() && (now_ms - renewed_at).abs() >= RENEW_EVERY_MS;
        let mine = |at| self.renewed_at_ms.compare_exchange(at, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due && mine(renewed_at) {
            self.generation.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// This runtime's connection, opened if there is none of the present generation.
    fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        let runtime = runtime::Handle::current();
        let generation = self.generation.load(Ordering::Relaxed);
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, connection)) = connections.get(&runtime.id())
            && *of == generation
        {
            return Ok(connection.clone());
        }
        let fresh = self.connect(&runtime)?;
        connections.insert(runtime.id(), (generation, fresh.clone()));
        Ok(fresh)
    }

    fn connect(&self, runtime: &runtime::Handle) -> redis::RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT))
            // Longer than the budget, so that ours decides; without it the library gives up at 500 ms.
            .set_response_timeout(Some(self.budget * 2))
            .set_number_of_retries(0)
            .set_pipeline_buffer_size(1_000);
        let connection = ConnectionManager::new_lazy_with_config(self.client.clone(), config)?;
        // The handshake may outlast the budget of the call that starts it; it goes on by itself.
        let mut warm = connection.clone();
        runtime.spawn(async move { redis::cmd("PING").query_async::<()>(&mut warm).await });
        Ok(connection)
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("down", &self.is_down()).field("calls", &self.calls()).finish_non_exhaustive()
    }
}

//! The Redis tier: documents that all nodes share. Every kind of trouble is
//! a miss that is counted, and after some of it Redis is left alone for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use crate::cache::kept::Kept;
use crate::cache::key::Key;
use crate::cache::tally::Tally;
use crate::clock::Clock;
use crate::redis_link::{BadPlace, Links, Patience, Place};
use bytes::Bytes;

/// So many failures in a row open the circuit …
const PATIENCE: u32 = 5;
/// … for so long.
const REST_MS: i64 = 1000;
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Writing is not waited for by anybody; this only bounds how long a task lives.
const WRITE_WITHIN: Duration = Duration::from_millis(500);
/// Keys of ours begin with this.
const PREFIX: &[u8] = b"xy:doc:1:";
/// Larger documents are not shared: one of them would hold up everyone's small ones on the connection.
const LARGEST_BYTES: usize = 512 * 1024;

/// Failures in a row and how long to rest, shared by all workers.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: AtomicU32,
    rest_until_ms: AtomicI64,
}

impl Circuit {
    fn closed(&self, now_ms: i64) -> bool {
        now_ms >= self.rest_until_ms.load(Ordering::Relaxed)
    }

    fn worked(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// True when that opened it.
    fn failed(&self, now_ms: i64) -> bool {
        let opens = self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE;
        if opens {
            self.failures.store(0, Ordering::Relaxed);
            self.rest_until_ms.store(now_ms + REST_MS, Ordering::Relaxed);
        }
        opens
    }
}

/// The way to Redis; each worker's connection is its own, the rest is shared.
#[derive(Clone, Debug)]
pub(super) struct Redis(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    links: Links,
    budget: Duration,
    circuit: Circuit,
    tally: Arc<Tally>,
    clock: Clock,
}

impl Redis {
    pub fn to(place: &Place, budget: Duration, tally: Arc<Tally>, clock: Clock) -> Result<Self, BadPlace> {
        let links = Links::to(place, Patience { connect: CONNECT_WITHIN, answer: WRITE_WITHIN })?;
        Ok(Self(Arc::new(Inner { links, budget, circuit: Circuit::default(), tally, clock })))
    }

    /// The kept document, if Redis has it and says so in time.
    pub async fn find(&self, key: &Key) -> Option<Kept> {
        let mut command = redis::cmd("GET");
        command.arg(name(key));
        let found: Option<Vec<u8>> = self.within(self.0.budget, &command).await?;
        let kept = Kept::decode(key, Bytes::from(found?));
        if kept.is_none() {
            Tally::one(&self.0.tally.errors);
            tracing::debug!("an entry in Redis has foreign or damaged bytes; it is passed over");
        }
        kept
    }

    /// Keeps a document until its last use, in a task of its own.
    pub fn keep(&self, key: &Key, kept: &Kept) {
        let left_ms = kept.error_until_ms - self.0.clock.now_ms();
        if left_ms <= 0 || kept.weight() > LARGEST_BYTES {
            return;
        }
        let mut command = redis::cmd("SET");
        command.arg(name(key)).arg(kept.encode(key)).arg("PX").arg(left_ms);
        self.later(command);
    }

    /// Forgets a document, in a task of its own.
    pub fn forget(&self, key: &Key) {
        let mut command = redis::cmd("DEL");
        command.arg(name(key));
        self.later(command);
    }

    #[expect(clippy::disallowed_methods, reason = "nobody waits for a write to the cache")]
    fn later(&self, command: redis::Cmd) {
        let this = self.clone();
        tokio::spawn(async move { this.within::<redis::Value>(WRITE_WITHIN, &command).await });
    }

    async fn within<T: redis::FromRedisValue>(&self, budget: Duration, command: &redis::Cmd) -> Option<T> {
        let inner = &self.0;
        if !inner.circuit.closed(inner.clock.now_ms()) {
            return None;
        }
        let asked = inner.links.ask(async |mut link| command.query_async::<T>(&mut link).await);
        let asked = tokio::time::timeout(budget, asked);
        let why = match asked.await {
            Ok(Ok(value)) => {
                inner.circuit.worked();
                return Some(value);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", budget.as_millis()),
        };
        Tally::one(&inner.tally.errors);
        if inner.circuit.failed(inner.clock.now_ms()) {
            // Perhaps Redis is somewhere else by now, or the connection leads nowhere.
            inner.links.renew();
        }
        tracing::debug!(why, "Redis gave no answer; the lookup is a miss");
        None
    }
}

fn name(key: &Key) -> Vec<u8> {
    [PREFIX, key.bytes()].concat()
}

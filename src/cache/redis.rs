//! The Redis tier: documents that all nodes share. Opened lazily by each worker for itself; every kind of trouble is
//! a miss that is counted, and after some of it Redis is left alone for a while.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use redis::Client;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::OnceCell;

use crate::cache::kept::Kept;
use crate::cache::key::Key;
use crate::cache::tally::Tally;
use crate::clock::Clock;

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

    fn failed(&self, now_ms: i64) {
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
            self.failures.store(0, Ordering::Relaxed);
            self.rest_until_ms.store(now_ms + REST_MS, Ordering::Relaxed);
        }
    }
}

/// One worker's way to Redis.
#[derive(Clone)]
pub(super) struct Redis(Arc<Inner>);

struct Inner {
    client: Client,
    budget: Duration,
    connection: OnceCell<ConnectionManager>,
    circuit: Arc<Circuit>,
    tally: Arc<Tally>,
    clock: Clock,
}

impl std::fmt::Debug for Redis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redis").field("connected", &self.0.connection.initialized()).finish_non_exhaustive()
    }
}

impl Redis {
    pub fn new(client: Client, budget: Duration, circuit: Arc<Circuit>, tally: Arc<Tally>, clock: Clock) -> Self {
        Self(Arc::new(Inner { client, budget, connection: OnceCell::new(), circuit, tally, clock }))
    }

    /// A way of its own for another worker.
    pub fn another(&self) -> Self {
        let Inner { client, budget, circuit, tally, clock, .. } = &*self.0;
        Self::new(client.clone(), *budget, Arc::clone(circuit), Arc::clone(tally), clock.clone())
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
        let asked = tokio::time::timeout(budget, async {
            let mut connection = self.connection().await?;
            command.query_async::<T>(&mut connection).await
        });
        let why = match asked.await {
            Ok(Ok(value)) => {
                inner.circuit.worked();
                return Some(value);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", budget.as_millis()),
        };
        Tally::one(&inner.tally.errors);
        inner.circuit.failed(inner.clock.now_ms());
        tracing::debug!(why, "Redis gave no answer; the lookup is a miss");
        None
    }

    /// The connection; opening it goes on in its own task when a lookup runs out of time.
    #[expect(clippy::disallowed_methods, reason = "opening outlives the lookup that began it")]
    async fn connection(&self) -> redis::RedisResult<ConnectionManager> {
        if let Some(open) = self.0.connection.get() {
            return Ok(open.clone());
        }
        let this = self.clone();
        let opening = tokio::spawn(async move { this.0.connection.get_or_try_init(|| this.open()).await.cloned() });
        opening.await.unwrap_or_else(|_| Err((redis::ErrorKind::Io, "the worker is stopping").into()))
    }

    async fn open(&self) -> redis::RedisResult<ConnectionManager> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(WRITE_WITHIN))
            .set_number_of_retries(1)
            .set_max_delay(Duration::from_millis(500));
        ConnectionManager::new_with_config(self.0.client.clone(), config).await
    }
}

fn name(key: &Key) -> Vec<u8> {
    [PREFIX, key.bytes()].concat()
}

//! What the cache counts; read by metrics and the console.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of lookups. Each lookup counts once among `hits_process`, `hits_redis`, `misses` and `coalesced`.
#[derive(Debug, Default)]
pub struct Tally {
    /// Answered from this process.
    pub hits_process: AtomicU64,
    /// Answered from Redis.
    pub hits_redis: AtomicU64,
    /// Asked the catalogue.
    pub misses: AtomicU64,
    /// Answers past their soft time, shown while refreshed or because the catalogue was down.
    pub stale: AtomicU64,
    /// Waited for somebody else's fetch.
    pub coalesced: AtomicU64,
    /// Trouble with Redis: each a miss.
    pub errors: AtomicU64,
    /// Refreshes begun behind a caller's back.
    pub refreshes: AtomicU64,
    /// Fetches that failed.
    pub failures: AtomicU64,
}

impl Tally {
    /// All counters by name.
    pub fn rows(&self) -> [(&'static str, u64); 8] {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("hits_process", get(&self.hits_process)),
            ("hits_redis", get(&self.hits_redis)),
            ("misses", get(&self.misses)),
            ("stale", get(&self.stale)),
            ("coalesced", get(&self.coalesced)),
            ("errors", get(&self.errors)),
            ("refreshes", get(&self.refreshes)),
            ("failures", get(&self.failures)),
        ]
    }

    pub(super) fn one(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

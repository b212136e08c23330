//! What the cache counts; read by metrics and the console.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($( $(#[$meta:meta])* $name:ident, )*) => {
        /// Counters of lookups. Each lookup counts once among `hits_process`, `hits_redis`, `misses` and `coalesced`.
        #[derive(Debug, Default)]
        pub struct Tally {
            $( $(#[$meta])* pub $name: AtomicU64, )*
        }

        impl Tally {
            /// All counters by name.
            pub fn rows(&self) -> Vec<(&'static str, u64)> {
                vec![$( (stringify!($name), self.$name.load(Ordering::Relaxed)), )*]
            }
        }
    };
}

counters! {
    /// Answered from this process.
    hits_process,
    /// Answered from Redis.
    hits_redis,
    /// Of these: with an answer that was rendered before.
    hits_rendered,
    /// Asked the catalogue.
    misses,
    /// Answers past their soft time, shown while refreshed or because the catalogue was down.
    stale,
    /// Waited for somebody else's fetch.
    coalesced,
    /// Waited for another node's fetch, and got it.
    coalesced_nodes,
    /// Waited for another node's fetch in vain.
    leases_in_vain,
    /// Refreshes begun behind a caller's back.
    refreshes,
    /// Refreshes of these begun before the soft time was over.
    early,
    /// Fetches that failed.
    failures,
    /// Kept documents and answers not believed any more because something of them moved.
    fell,
    /// Fetched documents that were not kept: something of them moved meanwhile.
    refused,
    /// Changes of the catalogue this node heard of.
    moves,
    /// Times the stream of changes had lost something, and everything was let go.
    moves_lost,
    /// Redis did not answer in time: each a miss.
    redis_slow,
    /// Redis could not be reached, or the connection broke: each a miss.
    redis_gone,
    /// Redis said no (full, wrong type, not allowed): each a miss.
    redis_refused,
    /// Entries of Redis with foreign or damaged bytes: each a miss.
    redis_foreign,
    /// Lookups that did not ask Redis, because it did not answer lately.
    redis_left_alone,
}

impl Tally {
    pub(super) fn one(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Ordering::Relaxed);
    }
}

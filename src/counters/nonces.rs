//! Nonces: a signed request is received once. Kept in the process, and for writes in Redis as well, so that a
//! request cannot be repeated at another node. What a nonce is worth is decided in `auth`.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest as _, Sha256};

use super::Counters;
use super::redis::{Redis, Unavailable};
use super::seen::{Digest, Seen};
use crate::clock::Clock;

/// How far a claim has to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// On this node: for reads.
    Node,
    /// On all nodes: for writes. Without Redis, or while it is down, this node only.
    Cluster,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Claimed {
    /// Nobody claimed it before; now it is taken.
    Fresh,
    /// It was taken already.
    Seen,
}

/// The nonces that were used lately.
#[derive(Debug)]
pub struct Nonces {
    counters: Counters,
    clock: Clock,
    /// Reads and writes apart, so that a flood of reads never crowds out what protects an order.
    reads: Seen,
    writes: Seen,
    local_fallback: AtomicU64,
    /// A number of this process for each claim, from a random beginning.
    claims: AtomicU64,
    /// Secret keys of this process' own digests, so that nobody can aim for another's.
    seeds: [RandomState; 2],
}

impl Nonces {
    /// Remembers at most about `most` nonces in this process (48 bytes each).
    pub fn new(counters: Counters, clock: Clock, most: usize) -> Self {
        let half = most.div_ceil(2);
        let (reads, writes) = (Seen::with_room_for(half), Seen::with_room_for(half));
        let claims = AtomicU64::new(RandomState::new().hash_one(std::process::id()));
        let seeds = std::array::from_fn(|_| RandomState::new());
        Self { counters, clock, reads, writes, local_fallback: AtomicU64::new(0), claims, seeds }
    }

    /// What stands for a key's nonce in this process; keyed hashes cost a tenth of a cryptographic one.
    fn digest(&self, key_id: &str, nonce: &str) -> Digest {
        let [high, low] = self.seeds.each_ref().map(|seed| seed.hash_one((key_id, nonce)));
        Digest::from(high) << 64 | Digest::from(low)
    }

    /// Where they are kept.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    fn next_claim(&self) -> u64 {
        self.claims.fetch_add(1, Ordering::Relaxed)
    }

    /// Takes a nonce of a key for good until a second of the clock (included), after which the request that
    /// carries it is refused for its age. Awaits nothing for `Reach::Node` or without Redis.
    pub async fn claim(&self, key_id: &str, nonce: &str, until_s: i64, reach: Reach) -> Claimed {
        let now_s = self.clock.now_s();
        let seen = match reach {
            Reach::Node => &self.reads,
            Reach::Cluster => &self.writes,
        };
        if !seen.note(self.digest(key_id, nonce), until_s, now_s) {
            return Claimed::Seen;
        }
        let Counters::Redis { redis, .. } = &self.counters else { return Claimed::Fresh };
        if reach == Reach::Node {
            return Claimed::Fresh;
        }
        // In a box, so that the many reads do not carry the room for it around.
        Box::pin(claim_in_redis(redis, shared_digest(key_id, nonce), until_s - now_s + 1, self.next_claim()))
            .await
            .unwrap_or_else(|_| {
                self.local_fallback.fetch_add(1, Ordering::Relaxed);
                Claimed::Fresh
            })
    }

    /// Forgets what has ended; called by a task every few seconds.
    pub fn tidy(&self) {
        self.reads.tidy(self.clock.now_s());
        self.writes.tidy(self.clock.now_s());
    }

    /// Nonces remembered in this process.
    pub fn remembered(&self) -> usize {
        self.reads.len() + self.writes.len()
    }

    /// Claims for the whole cluster that only this node knows of, because Redis did not answer.
    pub fn local_fallback(&self) -> u64 {
        self.local_fallback.load(Ordering::Relaxed)
    }

    /// Nonces forgotten too early for want of room.
    pub fn crowded_out(&self) -> u64 {
        self.reads.crowded_out() + self.writes.crowded_out()
    }
}

/// The value tells whose claim it is: a cluster's connection may put a question again whose answer got lost, and must
/// not take its own claim for somebody else's.
async fn claim_in_redis(redis: &Redis, digest: Digest, ttl_s: i64, claim: u64) -> Result<Claimed, Unavailable> {
    let key = format!("xy:nonce:{digest:032x}");
    let mut set = redis::cmd("SET");
    set.arg(&key).arg(claim).arg("NX").arg("PX").arg(ttl_s.max(1) * 1_000);
    let set = &set;
    let was_set: Option<String> = redis.ask(&key, async |mut link| set.query_async(&mut link).await).await?;
    if was_set.is_some() {
        return Ok(Claimed::Fresh);
    }
    let mut get = redis::cmd("GET");
    get.arg(&key);
    let get = &get;
    let of: Result<Option<u64>, _> = redis.ask(&key, async |mut link| get.query_async(&mut link).await).await;
    Ok(if of == Ok(Some(claim)) { Claimed::Fresh } else { Claimed::Seen })
}

/// What stands for a key's nonce on all nodes. One key's never stands for another's: the key id goes in with its length.
fn shared_digest(key_id: &str, nonce: &str) -> Digest {
    let mut hash = Sha256::new();
    hash.update((key_id.len() as u64).to_be_bytes());
    hash.update(key_id);
    hash.update(nonce);
    hash.finalize().iter().take(16).fold(0, |digest, byte| digest << 8 | Digest::from(*byte))
}

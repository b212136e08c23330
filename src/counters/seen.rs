//! A bounded set of things seen, each forgotten at its own second. Sharded, so that workers seldom meet.
//! Keeps digests, not what they are of; `nonces` makes them.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

const SHARDS: usize = 16;
/// Expired entries that one insertion clears away.
const CLEARED_PER_CALL: usize = 4;

/// What stands for a thing seen; must be spread evenly and known to nobody outside, as it is its own hash.
pub type Digest = u128;

/// Takes a digest as it is.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }
    fn write_u128(&mut self, digest: Digest) {
        // The low half chooses the shard.
        self.0 = (digest >> 64) as u64;
    }
}

/// What was seen lately.
#[derive(Debug)]
pub struct Seen {
    shards: [Mutex<Shard>; SHARDS],
    most_per_shard: usize,
    crowded_out: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    known: HashSet<Digest, BuildHasherDefault<AsItIs>>,
    by_end: BinaryHeap<Reverse<(i64, Digest)>>,
}

impl Shard {
    fn forget_first(&mut self) {
        if let Some(Reverse((_, digest))) = self.by_end.pop() {
            self.known.remove(&digest);
        }
    }

    fn forget_ended(&mut self, now_s: i64, most: usize) {
        for _ in 0..most {
            match self.by_end.peek() {
                Some(Reverse((until_s, _))) if *until_s < now_s => self.forget_first(),
                _ => return,
            }
        }
    }
}

impl Seen {
    /// Room for about `most` things; when it is full the one that ends soonest makes place.
    pub fn with_room_for(most: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::default()),
            most_per_shard: most.div_ceil(SHARDS).max(1),
            crowded_out: AtomicU64::new(0),
        }
    }

    /// Notes a thing until a second (included); false when it was noted already and has not ended.
    pub fn note(&self, digest: Digest, until_s: i64, now_s: i64) -> bool {
        let Some(shard) = self.shards.get(digest as usize % SHARDS) else { return false };
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        shard.forget_ended(now_s, CLEARED_PER_CALL);
        if !shard.known.insert(digest) {
            return false;
        }
        shard.by_end.push(Reverse((until_s, digest)));
        if shard.known.len() > self.most_per_shard {
            shard.forget_first();
            self.crowded_out.fetch_add(1, Ordering::Relaxed);
        }
        true
    }

    /// Forgets everything that has ended.
    pub fn tidy(&self, now_s: i64) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.forget_ended(now_s, usize::MAX);
            if shard.known.capacity() > 4 * shard.known.len().max(1_024) {
                shard.known.shrink_to_fit();
                shard.by_end.shrink_to_fit();
            }
        }
    }

    /// Things that are remembered.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).known.len()).sum()
    }

    /// Whether nothing is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Things that were forgotten before their end for want of room.
    pub fn crowded_out(&self) -> u64 {
        self.crowded_out.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn a_thing_is_new_once_until_it_ends() {
        let seen = Seen::with_room_for(1_000);
        assert!(seen.note(7, 100, 50));
        assert!(!seen.note(7, 100, 100), "its last second counts");
        assert!(seen.note(7, 200, 101));
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn room_is_bounded_and_what_ends_soonest_goes_first() {
        let seen = Seen::with_room_for(16 * 4);
        (0..40).for_each(|i| assert!(seen.note(i * 16, 1_000 + i as i64, 0)));
        assert_eq!((seen.len(), seen.crowded_out()), (4, 36));
        assert!(!seen.note(39 * 16, 5_000, 0), "the one that lasts longest is still known");
    }

    #[test]
    fn tidying_forgets_what_has_ended_and_nothing_else() {
        let seen = Seen::with_room_for(10_000);
        (0..1_000).for_each(|i| assert!(seen.note(i, i as i64, 0)));
        seen.tidy(900);
        assert_eq!(seen.len(), 100);
        assert!(!seen.note(900, 900, 900));
    }
}

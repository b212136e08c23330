//! Which documents are asked for most: a table of fixed size (space saving, Metwally et al. 2005) that never misses a
//! key which has more than its share. Hits are sampled, so that counting costs a hot read next to nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::cache::key::Key;

/// Keys that are counted at one time.
const KEYS: usize = 1_024;
/// One hit in so many is counted, for all of them.
const SAMPLE: u64 = 8;

/// One of the most asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hot {
    /// The document's key.
    pub key: Key,
    /// Hits lately, at most so many …
    pub hits: u64,
    /// … and at least so many less: what the key whose place it took had.
    pub error: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    hits: u64,
    error: u64,
    /// What had been handed on when it was asked last.
    told: u64,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Sketch {
    tick: AtomicU64,
    counts: Mutex<HashMap<Key, Count>>,
}

impl Sketch {
    /// Counts a hit.
    pub fn note(&self, key: &Key) {
        if self.tick.fetch_add(1, Ordering::Relaxed).is_multiple_of(SAMPLE) {
            self.count(key, SAMPLE);
        }
    }

    fn count(&self, key: &Key, hits: u64) {
        let mut counts = self.lock();
        if let Some(count) = counts.get_mut(key) {
            count.hits += hits;
            return;
        }
        let mut count = Count { hits, ..Count::default() };
        if counts.len() >= KEYS
            && let Some((coldest, least)) =
                counts.iter().min_by_key(|(_, count)| count.hits).map(|(k, c)| (k.clone(), *c))
        {
            counts.remove(&coldest);
            count = Count { hits: hits + least.hits, error: least.hits, told: least.hits };
        }
        counts.insert(key.clone(), count);
    }

    /// The hottest, hottest first.
    pub fn top(&self, most: usize) -> Vec<Hot> {
        let counts = self.lock();
        let hot = |(key, count): (&Key, &Count)| Hot { key: key.clone(), hits: count.hits, error: count.error };
        let mut all: Vec<_> = counts.iter().map(hot).collect();
        all.sort_by(|a, b| b.hits.cmp(&a.hits).then_with(|| a.key.bytes().cmp(b.key.bytes())));
        all.truncate(most);
        all
    }

    /// What was counted since this was asked last, hottest first.
    pub fn news(&self, most: usize) -> Vec<(Key, u64)> {
        let mut counts = self.lock();
        let mut all: Vec<_> =
            counts.iter().map(|(key, count)| (key.clone(), count.hits.saturating_sub(count.told))).collect();
        all.retain(|(_, hits)| *hits > 0);
        all.sort_by_key(|(_, hits)| std::cmp::Reverse(*hits));
        all.truncate(most);
        counts.values_mut().for_each(|count| count.told = count.hits);
        all
    }

    /// Lets the past weigh half of what it did, and forgets what is cold.
    pub fn fade(&self) {
        let mut counts = self.lock();
        counts.retain(|_, count| {
            *count = Count { hits: count.hits / 2, error: count.error / 2, told: count.told / 2 };
            count.hits > 0
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Count>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, SAMPLE, Sketch};
    use crate::cache::freshness::Kind;
    use crate::cache::key::Key;

    fn key(number: i64) -> Key {
        Key::of(Kind::Offer).number(number).finish()
    }

    #[test]
    fn what_is_hot_is_found_among_many_that_are_not() {
        let sketch = Sketch::default();
        for round in 0..20_000_i64 {
            sketch.count(&key(round % 7), 1);
            sketch.count(&key(1_000 + round), 1);
        }
        let top = sketch.top(7);
        assert!(top.iter().all(|hot| (0..7).any(|number| hot.key == key(number))), "{top:?}");
        for hot in top {
            let true_hits = 20_000 / 7;
            assert!(hot.hits >= true_hits && hot.hits - hot.error <= true_hits + 1, "{hot:?}");
        }
        assert!(sketch.lock().len() <= KEYS);
    }

    #[test]
    fn hits_are_sampled_evenly_and_fade() {
        let sketch = Sketch::default();
        (0..SAMPLE * 100).for_each(|_| sketch.note(&key(1)));
        assert_eq!(sketch.top(1)[0].hits, SAMPLE * 100);
        assert_eq!(sketch.news(9), [(key(1), SAMPLE * 100)]);
        assert_eq!(sketch.news(9), []);
        sketch.fade();
        assert_eq!(sketch.top(1)[0].hits, SAMPLE * 50);
        (0..20).for_each(|_| sketch.fade());
        assert_eq!(sketch.top(1), []);
    }
}

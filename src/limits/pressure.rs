//! How busy this node is, and which calls are put off for it: browsing first, other reads and writes next, orders last.
//! Counts for itself what is under way; what the catalogue is asked at one time is told by whoever asks it.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// What a call is worth when not all can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Search and read the catalogue.
    Browse,
    /// Everything that is neither browsing nor ordering: own orders, quotes, endpoints.
    Trade,
    /// Moves goods or money.
    Order,
    /// Costs nothing to answer, and helps whoever is in trouble.
    Free,
}

/// From where on calls are put off; 0 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Calls that this node answers at one time.
    pub calls: u32,
    /// Calls to the catalogue that this node has under way at one time.
    pub upstream: u32,
    /// How long calls wait inside the node before anything is done for them.
    pub wait: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { calls: 4_096, upstream: 1_024, wait: Duration::from_millis(500) }
    }
}

/// Tells how many calls to the catalogue are under way.
pub type Gauge = Box<dyn Fn() -> u64 + Send + Sync>;

/// The measured waiting is forgotten after so long without a call.
const FRESH_MS: i64 = 1_000;
/// A new measurement weighs one part of so many.
const INERTIA: u64 = 8;

/// How busy this node is.
pub struct Pressure {
    bounds: Bounds,
    calls: Arc<AtomicU32>,
    upstream: OnceLock<Gauge>,
    wait_us: AtomicU64,
    waited_at_ms: AtomicI64,
    shed: AtomicU64,
}

impl std::fmt::Debug for Pressure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pressure").field("bounds", &self.bounds).field("calls", &self.calls()).finish_non_exhaustive()
    }
}

/// A call under way; none any more when dropped.
#[derive(Debug)]
pub struct Place(Arc<AtomicU32>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Pressure {
    /// A node with nothing to do.
    pub fn within(bounds: Bounds) -> Self {
        Self {
            bounds,
            calls: Arc::default(),
            upstream: OnceLock::new(),
            wait_us: AtomicU64::new(0),
            waited_at_ms: AtomicI64::new(0),
            shed: AtomicU64::new(0),
        }
    }

    /// Says how the calls to the catalogue are counted; the first to say so is heard.
    pub fn watch(&self, upstream: Gauge) {
        let _ = self.upstream.set(upstream);
    }

    /// Takes a place, unless the call has to be put off.
    pub fn enter(&self, priority: Priority, now_ms: i64) -> Option<Place> {
        if self.is_too_much_for(priority, now_ms) {
            return None;
        }
        self.calls.fetch_add(1, Ordering::AcqRel);
        Some(Place(Arc::clone(&self.calls)))
    }

    /// Notes how long a call waited before it was looked at.
    pub fn note_wait(&self, waited: Duration, now_ms: i64) {
        let sample = u64::try_from(waited.as_micros()).unwrap_or(u64::MAX / INERTIA);
        let stale = now_ms - self.waited_at_ms.swap(now_ms, Ordering::Relaxed) > FRESH_MS;
        let before = if stale { 0 } else { self.wait_us.load(Ordering::Relaxed) };
        // Two at once may overwrite each other, which does an average no harm.
        self.wait_us.store(before - before / INERTIA + sample / INERTIA, Ordering::Relaxed);
    }

    /// Calls under way at this node.
    pub fn calls(&self) -> u32 {
        self.calls.load(Ordering::Relaxed)
    }

    /// How long calls wait at the moment.
    pub fn wait(&self, now_ms: i64) -> Duration {
        let fresh = (0..=FRESH_MS).contains(&(now_ms - self.waited_at_ms.load(Ordering::Relaxed)));
        Duration::from_micros(if fresh { self.wait_us.load(Ordering::Relaxed) } else { 0 })
    }

    /// After how many microseconds a call that was put off should come again: one to five seconds, so that those that
    /// were put off together do not come back together.
    pub fn come_back_us(&self) -> i64 {
        const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
        let turn = self.shed.fetch_add(1, Ordering::Relaxed);
        1_000_000 + i64::try_from(turn.wrapping_mul(GOLDEN) % 4_000_001).unwrap_or(0)
    }

    fn is_too_much_for(&self, priority: Priority, now_ms: i64) -> bool {
        // In hundredths of a bound: how much of it calls of this kind may fill, and how much longer than it they may wait.
        let (part, patience) = match priority {
            Priority::Browse => (70, 100),
            Priority::Trade => (85, 200),
            Priority::Order => (100, 400),
            Priority::Free => return false,
        };
        let over = |now: u64, most: u32| most > 0 && now * 100 >= u64::from(most) * part;
        let waits = self.bounds.wait.as_micros() * patience / 100;
        over(u64::from(self.calls()), self.bounds.calls)
            || self.upstream.get().is_some_and(|count| over(count(), self.bounds.upstream))
            || (waits > 0 && self.wait(now_ms).as_micros() >= waits)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use super::{Bounds, Pressure, Priority};

    const ORDERED: [Priority; 4] = [Priority::Browse, Priority::Trade, Priority::Order, Priority::Free];

    fn passing(pressure: &Pressure, now_ms: i64) -> Vec<Priority> {
        ORDERED.into_iter().filter(|priority| pressure.enter(*priority, now_ms).is_some()).collect()
    }

    #[test]
    fn browsing_goes_first_and_orders_last_as_the_node_fills() {
        let pressure = Pressure::within(Bounds { calls: 20, upstream: 0, wait: Duration::ZERO });
        let mut places = Vec::new();
        while let Some(place) = pressure.enter(Priority::Browse, 0) {
            places.push(place);
        }
        assert_eq!((places.len(), passing(&pressure, 0)), (14, ORDERED[1..].to_vec()));
        places.extend((0..3).filter_map(|_| pressure.enter(Priority::Order, 0)));
        assert_eq!(passing(&pressure, 0), ORDERED[2..]);
        places.extend((0..3).filter_map(|_| pressure.enter(Priority::Order, 0)));
        assert_eq!(passing(&pressure, 0), ORDERED[3..], "what is free is never put off");
        places.clear();
        assert_eq!((pressure.calls(), passing(&pressure, 0)), (0, ORDERED.to_vec()));
    }

    #[test]
    fn a_catalogue_that_is_asked_too_much_and_a_node_that_lets_wait_count_too() {
        let asked = Arc::new(AtomicU64::new(0));
        let pressure = Pressure::within(Bounds { calls: 0, upstream: 10, wait: Duration::from_millis(100) });
        let gauge = Arc::clone(&asked);
        pressure.watch(Box::new(move || gauge.load(Ordering::Relaxed)));
        assert_eq!(passing(&pressure, 0), ORDERED);
        asked.store(7, Ordering::Relaxed);
        assert_eq!(passing(&pressure, 0), ORDERED[1..]);
        asked.store(0, Ordering::Relaxed);
        (0..100).for_each(|_| pressure.note_wait(Duration::from_millis(250), 5_000));
        assert_eq!(passing(&pressure, 5_000), ORDERED[2..]);
        assert_eq!(passing(&pressure, 6_001), ORDERED, "a second later nobody knows");
        pressure.note_wait(Duration::ZERO, 5_000);
        (0..100).for_each(|_| pressure.note_wait(Duration::from_millis(1), 5_000));
        assert_eq!(passing(&pressure, 5_000), ORDERED);
    }

    #[test]
    fn those_put_off_do_not_come_back_together() {
        let pressure = Pressure::within(Bounds::default());
        let times: Vec<_> = (0..100).map(|_| pressure.come_back_us()).collect();
        assert!(times.iter().all(|us| (1_000_000..=5_000_000).contains(us)));
        let seconds: Vec<_> = (1..5).map(|s| times.iter().filter(|us| **us / 1_000_000 == s).count()).collect();
        assert!(seconds.iter().all(|count| *count > 15), "{seconds:?}");
    }
}

//! What the door counts; read by metrics and readiness.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::upstream::breaker::Breakers;
use crate::upstream::lanes::Lanes;

/// Counters of calls to the wholesale service, its breakers, and the places for calls: what all workers share.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls begun (repeats not counted).
    pub calls: AtomicU64,
    /// Calls under way.
    pub in_flight: AtomicU64,
    /// Repeats sent.
    pub retries: AtomicU64,
    /// Repeats that the budget forbade.
    pub retries_refused: AtomicU64,
    /// Failed before anything was sent.
    pub not_sent: AtomicU64,
    /// Failed without telling whether it was executed.
    pub unknown: AtomicU64,
    /// Held back because a breaker was open.
    pub spared: AtomicU64,
    /// Held back because no place for them got free in time.
    pub crowded: AtomicU64,
    /// Second copies of slow reads.
    pub hedges: AtomicU64,
    /// Those that were answered first.
    pub hedges_won: AtomicU64,
    /// Answers that began and then paused for too long.
    pub stalled: AtomicU64,
    /// Refused by HTTP status (token, path, size, rate).
    pub denied: AtomicU64,
    /// Refused with a business reason.
    pub refused: AtomicU64,
    /// Answers that could not be understood.
    pub nonsense: AtomicU64,
    /// Bytes of answers read.
    pub bytes: AtomicU64,
    /// Microseconds spent waiting, over all calls.
    pub micros: AtomicU64,
    /// Which calls the service is spared.
    pub breakers: Breakers,
    lanes: OnceLock<Lanes>,
}

impl Tally {
    /// All counters by name.
    pub fn rows(&self) -> [(&'static str, u64); 16] {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("calls", get(&self.calls)),
            ("in_flight", get(&self.in_flight)),
            ("retries", get(&self.retries)),
            ("retries_refused", get(&self.retries_refused)),
            ("not_sent", get(&self.not_sent)),
            ("unknown", get(&self.unknown)),
            ("spared", get(&self.spared)),
            ("crowded", get(&self.crowded)),
            ("hedges", get(&self.hedges)),
            ("hedges_won", get(&self.hedges_won)),
            ("stalled", get(&self.stalled)),
            ("denied", get(&self.denied)),
            ("refused", get(&self.refused)),
            ("nonsense", get(&self.nonsense)),
            ("bytes", get(&self.bytes)),
            ("micros", get(&self.micros)),
        ]
    }

    /// The places for calls; as many as whoever asks first says.
    pub(super) fn lanes(&self, places: usize) -> &Lanes {
        self.lanes.get_or_init(|| Lanes::with_places(places))
    }

    pub(super) fn add(counter: &AtomicU64, by: u64) {
        counter.fetch_add(by, Ordering::Relaxed);
    }
}

/// Counts a call as under way until it is dropped, also when its future is dropped half-way.
pub(super) struct UnderWay<'a>(&'a Tally);

impl<'a> UnderWay<'a> {
    pub(super) fn begin(tally: &'a Tally) -> Self {
        Tally::add(&tally.calls, 1);
        Tally::add(&tally.in_flight, 1);
        Self(tally)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

//! What the door counts; read by metrics and readiness.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of calls to the wholesale service, shared by all workers.
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
}

impl Tally {
    /// All counters by name.
    pub fn rows(&self) -> [(&'static str, u64); 11] {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("calls", get(&self.calls)),
            ("in_flight", get(&self.in_flight)),
            ("retries", get(&self.retries)),
            ("retries_refused", get(&self.retries_refused)),
            ("not_sent", get(&self.not_sent)),
            ("unknown", get(&self.unknown)),
            ("denied", get(&self.denied)),
            ("refused", get(&self.refused)),
            ("nonsense", get(&self.nonsense)),
            ("bytes", get(&self.bytes)),
            ("micros", get(&self.micros)),
        ]
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

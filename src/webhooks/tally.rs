//! What the dispatcher counts, for whoever reads metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Attempts by outcome, and endpoints disabled.
#[derive(Debug, Default)]
pub struct Tally {
    delivered: AtomicU64,
    refused: AtomicU64,
    unanswered: AtomicU64,
    disabled: AtomicU64,
    under_way: AtomicU64,
}

impl Tally {
    pub(super) fn begun(&self) {
        self.under_way.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn ended(&self, status: Option<u16>) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
        let counter = match status {
            Some(200..=299) => &self.delivered,
            Some(_) => &self.refused,
            None => &self.unanswered,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn disabled(&self) {
        self.disabled.fetch_add(1, Ordering::Relaxed);
    }

    /// Attempts by outcome: `delivered`, `refused` (an answer other than 2xx) and `unanswered`.
    pub fn attempts(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [("delivered", read(&self.delivered)), ("refused", read(&self.refused)), ("unanswered", read(&self.unanswered))]
    }

    /// Endpoints that this node disabled.
    pub fn endpoints_disabled(&self) -> u64 {
        self.disabled.load(Ordering::Relaxed)
    }

    /// Attempts under way on this node.
    pub fn under_way(&self) -> u64 {
        self.under_way.load(Ordering::Relaxed)
    }
}

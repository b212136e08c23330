//! When to stop asking something that does not answer, and when to try it again.
//! Knows moments, not what is asked: it is told of every success and failure.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

const FAILURES_TO_OPEN: u32 = 5;
const WINDOW_MS: i64 = 1_000;
const PROBE_EVERY_MS: i64 = 200;
const CLOSED: i64 = 0;

/// Opens after five failures within a second; then lets one call through every 200 ms until one succeeds.
#[derive(Debug, Default)]
pub struct Breaker {
    /// `CLOSED`, or the moment of the next probe.
    probe_at_ms: AtomicI64,
    window_from_ms: AtomicI64,
    failures: AtomicU32,
}

impl Breaker {
    /// Whether a call may be made now; an open breaker says yes to one caller in 200 ms.
    pub fn may_try(&self, now_ms: i64) -> bool {
        let probe_at = self.probe_at_ms.load(Ordering::Acquire);
        if probe_at == CLOSED {
            return true;
        }
        // A probe further off than one interval means that the clock was set back.
        let due = now_ms >= probe_at || probe_at - now_ms > PROBE_EVERY_MS;
        due && self
            .probe_at_ms
            .compare_exchange(probe_at, now_ms + PROBE_EVERY_MS, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    /// A call succeeded; true when that closed the breaker.
    pub fn succeeded(&self) -> bool {
        if self.probe_at_ms.load(Ordering::Acquire) == CLOSED {
            return false;
        }
        self.failures.store(0, Ordering::Relaxed);
        self.probe_at_ms.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    /// A call failed; true when that opened the breaker.
    pub fn failed(&self, now_ms: i64) -> bool {
        let from = self.window_from_ms.load(Ordering::Relaxed);
        if !(from..from + WINDOW_MS).contains(&now_ms) {
            self.window_from_ms.store(now_ms, Ordering::Relaxed);
            self.failures.store(0, Ordering::Relaxed);
        }
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        failures >= FAILURES_TO_OPEN
            && self
                .probe_at_ms
                .compare_exchange(CLOSED, now_ms + PROBE_EVERY_MS, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
    }

    /// Whether calls are held back at the moment.
    pub fn is_open(&self) -> bool {
        self.probe_at_ms.load(Ordering::Acquire) != CLOSED
    }
}

#[cfg(test)]
mod tests {
    use super::Breaker;

    #[test]
    fn five_failures_in_a_second_open_it_and_one_success_closes_it() {
        let breaker = Breaker::default();
        assert!((0..4).all(|i| !breaker.failed(1_000 + i)) && breaker.may_try(1_010));
        assert!(breaker.failed(1_020), "the fifth opens it");
        assert!(!breaker.failed(1_021), "it opens once");
        assert!(!breaker.may_try(1_100));
        assert!(breaker.may_try(1_220) && !breaker.may_try(1_220), "one probe at a time");
        assert!(breaker.may_try(1_420), "and another 200 ms later");
        assert!(breaker.succeeded() && breaker.may_try(1_421) && !breaker.is_open());
        assert!(!breaker.succeeded(), "it closes once");
    }

    #[test]
    fn failures_far_apart_leave_it_closed() {
        let breaker = Breaker::default();
        assert!((0..50).all(|i| !breaker.failed(10_000 + i * 300)));
    }

    #[test]
    fn a_clock_set_back_does_not_hold_calls_back_for_long() {
        let breaker = Breaker::default();
        (0..5).for_each(|_| {
            breaker.failed(100_000);
        });
        assert!(breaker.may_try(50_000) && !breaker.may_try(50_100) && breaker.may_try(50_200));
    }
}

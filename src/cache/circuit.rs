//! When to leave Redis alone, and when to try it again. Only silence counts: a server that answers, if only with an
//! error, slows nobody.

use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

/// So many failures in a row open the circuit …
const PATIENCE: u32 = 5;
/// … and then one question is let through so often, until one is answered.
const PROBE_EVERY_MS: i64 = 1_000;
const CLOSED: i64 = 0;

/// Failures in a row and the moment of the next probe, shared by all workers.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: AtomicU32,
    probe_at_ms: AtomicI64,
}

impl Circuit {
    /// Whether Redis may be asked now; of an open circuit one asker in a second hears yes.
    pub fn may_try(&self, now_ms: i64) -> bool {
        let probe_at = self.probe_at_ms.load(Ordering::Acquire);
        if probe_at == CLOSED {
            return true;
        }
        // A probe further off than the pause means that the clock was set back.
        let due = now_ms >= probe_at || probe_at - now_ms > PROBE_EVERY_MS;
        let next = now_ms + PROBE_EVERY_MS;
        due && self.probe_at_ms.compare_exchange(probe_at, next, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Whether Redis is left alone.
    pub fn is_open(&self) -> bool {
        self.probe_at_ms.load(Ordering::Acquire) != CLOSED
    }

    /// It answered.
    pub fn worked(&self) {
        if self.failures.swap(0, Ordering::AcqRel) >= PATIENCE {
            self.probe_at_ms.store(CLOSED, Ordering::Release);
        }
    }

    /// It did not; true every time it should be looked for elsewhere: when that opened the circuit, and after each probe.
    pub fn failed(&self, now_ms: i64) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::AcqRel).saturating_add(1);
        if failures == PATIENCE {
            self.probe_at_ms.store(now_ms + PROBE_EVERY_MS, Ordering::Release);
        }
        failures >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::Circuit;

    #[test]
    fn five_failures_in_a_row_open_it_and_one_answer_closes_it() {
        let circuit = Circuit::default();
        assert!((0..4).all(|at| !circuit.failed(at)) && circuit.may_try(5));
        circuit.worked();
        assert!((0..4).all(|at| !circuit.failed(at)) && circuit.may_try(5), "in a row");
        assert!(circuit.failed(1_000) && circuit.is_open() && !circuit.may_try(1_500));
        assert!(circuit.may_try(2_000) && !circuit.may_try(2_001), "one probe in a second");
        assert!(circuit.failed(2_010) && circuit.may_try(3_100));
        circuit.worked();
        assert!(!circuit.is_open() && circuit.may_try(3_101));
    }

    #[test]
    fn a_clock_set_back_does_not_keep_it_open() {
        let circuit = Circuit::default();
        (0..5).for_each(|_| _ = circuit.failed(1_000_000));
        assert!(circuit.may_try(5_000) && !circuit.may_try(5_001) && circuit.may_try(6_000));
    }
}

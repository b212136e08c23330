//! How many repeats are affordable: a tenth of the calls, with a small reserve, so that a failing service is not
//! hit harder than a healthy one.

use std::sync::atomic::{AtomicI64, Ordering};

const CALL_EARNS: i64 = 1;
const RETRY_COSTS: i64 = 10;
const RESERVE: i64 = 100;

/// The account repeats are paid from.
#[derive(Debug)]
pub(super) struct Budget(AtomicI64);

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicI64::new(RESERVE))
    }
}

impl Budget {
    /// A first attempt pays in.
    pub(super) fn earn(&self) {
        let _ =
            self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| Some((held + CALL_EARNS).min(RESERVE)));
    }

    /// Whether a repeat can be paid for; pays.
    pub(super) fn spend(&self) -> bool {
        let paid = |held: i64| (held >= RETRY_COSTS).then_some(held - RETRY_COSTS);
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn repeats_are_a_tenth_of_the_calls_once_the_reserve_is_gone() {
        let budget = Budget::default();
        assert_eq!((0..50).filter(|_| budget.spend()).count(), 10);
        (0..30).for_each(|_| budget.earn());
        assert_eq!((0..50).filter(|_| budget.spend()).count(), 3);
    }
}

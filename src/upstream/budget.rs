//! How many repeats are affordable: a share of the calls, with a small reserve, so that a failing service is not
//! hit harder than a healthy one.

use std::sync::atomic::{AtomicI64, Ordering};

const EXTRA_COSTS: i64 = 100;
/// Extra calls that can be paid for before anything was earned.
const RESERVE_CALLS: i64 = 10;
const RESERVE: i64 = EXTRA_COSTS * RESERVE_CALLS;

/// The account that calls beyond the first are paid from.
#[derive(Debug)]
pub(super) struct Budget {
    held: AtomicI64,
    call_earns: i64,
}

impl Budget {
    /// So many extra calls to a hundred.
    pub(super) fn of_percent(percent: u8) -> Self {
        Self { held: AtomicI64::new(RESERVE), call_earns: i64::from(percent) }
    }

    /// A first attempt pays in.
    pub(super) fn earn(&self) {
        let earned = |held: i64| Some((held + self.call_earns).min(RESERVE));
        let _ = self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, earned);
    }

    /// Whether an extra call can be paid for; pays.
    pub(super) fn spend(&self) -> bool {
        let paid = |held: i64| (held >= EXTRA_COSTS).then_some(held - EXTRA_COSTS);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, paid).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn repeats_are_a_tenth_of_the_calls_once_the_reserve_is_gone() {
        let budget = Budget::of_percent(10);
        assert_eq!((0..50).filter(|_| budget.spend()).count(), 10);
        (0..30).for_each(|_| budget.earn());
        assert_eq!((0..50).filter(|_| budget.spend()).count(), 3);
    }
}

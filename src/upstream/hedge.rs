//! When a second copy of a slow read is worth sending: after the time within which 95 of 100 reads are answered, and
//! for one read in twenty at most. Off unless it is configured.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::upstream::budget::Budget;

/// Four steps to a doubling, from 64 µs to about 64 s.
const STEPS: usize = 80;
const STEPS_PER_DOUBLING: u32 = 4;
const FIRST_US: f64 = 64.0;
/// With fewer answers nothing is known.
const LEAST_ANSWERS: u32 = 100;
/// Then all counts are halved, so that the figure follows the service.
const FORGET_AT: u32 = 2_000;
const QUANTILE_PERCENT: u64 = 95;

/// Answer times of one class of reads, and what second copies may cost.
#[derive(Debug)]
pub(super) struct Hedge {
    counts: [AtomicU32; STEPS],
    answers: AtomicU32,
    p95_us: AtomicU64,
    budget: Budget,
}

impl Default for Hedge {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU32::new(0)),
            answers: AtomicU32::new(0),
            p95_us: AtomicU64::new(0),
            budget: Budget::of_percent(5),
        }
    }
}

impl Hedge {
    /// Notes how long an answer took, and that one more read was sent.
    pub(super) fn note(&self, took: Duration) {
        self.budget.earn();
        let us = took.as_micros().max(1) as f64;
        let step = ((us / FIRST_US).log2().max(0.0) * f64::from(STEPS_PER_DOUBLING)) as usize;
        if let Some(count) = self.counts.get(step.min(STEPS - 1)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let answers = self.answers.fetch_add(1, Ordering::Relaxed) + 1;
        if answers >= LEAST_ANSWERS && answers.is_multiple_of(LEAST_ANSWERS) {
            self.work_out(answers);
        }
    }

    fn work_out(&self, answers: u32) {
        let all: u64 = self.counts.iter().map(|count| u64::from(count.load(Ordering::Relaxed))).sum();
        let mut below = 0;
        let step = self.counts.iter().position(|count| {
            below += u64::from(count.load(Ordering::Relaxed));
            below * 100 >= all * QUANTILE_PERCENT
        });
        let end = step.unwrap_or(STEPS - 1) as f64 + 1.0;
        self.p95_us.store((FIRST_US * (end / f64::from(STEPS_PER_DOUBLING)).exp2()) as u64, Ordering::Relaxed);
        if answers >= FORGET_AT {
            self.answers.store(LEAST_ANSWERS, Ordering::Relaxed);
            self.counts.iter().for_each(|count| count.store(count.load(Ordering::Relaxed) / 2, Ordering::Relaxed));
        }
    }

    /// How long to wait for the first copy; `None` while too little is known.
    pub(super) fn after(&self) -> Option<Duration> {
        let us = self.p95_us.load(Ordering::Relaxed);
        (us > 0).then(|| Duration::from_micros(us))
    }

    /// Whether a second copy can be paid for; pays.
    pub(super) fn spend(&self) -> bool {
        self.budget.spend()
    }
}

#[cfg(test)]
mod tests {
    use super::Hedge;
    use std::time::Duration;

    #[test]
    fn nothing_is_known_at_first_and_then_the_slowest_twentieth() {
        let hedge = Hedge::default();
        (0..99).for_each(|_| hedge.note(Duration::from_millis(2)));
        assert_eq!(hedge.after(), None);
        (0..101).for_each(|at| hedge.note(Duration::from_millis(if at % 50 == 0 { 400 } else { 2 })));
        let after = hedge.after().unwrap();
        assert!((Duration::from_millis(2)..Duration::from_millis(3)).contains(&after), "{after:?}");
    }

    #[test]
    fn it_follows_a_service_that_gets_slower() {
        let hedge = Hedge::default();
        (0..3_000).for_each(|_| hedge.note(Duration::from_millis(2)));
        (0..3_000).for_each(|_| hedge.note(Duration::from_millis(50)));
        assert!(hedge.after().unwrap() > Duration::from_millis(40), "{:?}", hedge.after());
    }

    #[test]
    fn second_copies_are_a_twentieth_of_the_reads() {
        let hedge = Hedge::default();
        let reserve = (0..1_000).filter(|_| hedge.spend()).count();
        assert!(reserve <= 20, "{reserve}");
        (0..1_000).for_each(|_| hedge.note(Duration::from_millis(1)));
        let paid = (0..1_000).filter(|_| hedge.spend()).count();
        assert!(paid <= 50, "{paid}");
    }

    #[test]
    fn absurd_times_have_a_place_too() {
        let hedge = Hedge::default();
        (0..100).for_each(|_| hedge.note(Duration::ZERO));
        (0..100).for_each(|_| hedge.note(Duration::from_secs(86_400)));
        assert!(hedge.after().is_some());
    }
}

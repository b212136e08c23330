//! How the background passes of a node fare: how many went well or failed, and when the last went well.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Clock;

/// Which pass: the task's name, and the world it works in (empty for tasks of all worlds).
pub type Pass = (&'static str, &'static str);

/// How one pass fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fares {
    /// Passes that went well.
    pub ok: u64,
    /// Passes that failed.
    pub failed: u64,
    /// When the last one went well, in seconds since 1970; when the task was first heard of, until one did.
    pub last_ok_s: i64,
}

/// The passes of a node.
#[derive(Debug)]
pub struct Passes {
    clock: Clock,
    known: Mutex<BTreeMap<Pass, Fares>>,
}

impl Passes {
    /// None so far.
    pub fn new(clock: Clock) -> Self {
        Self { clock, known: Mutex::default() }
    }

    /// Counts a pass, and gives back what it brought.
    pub fn note<T, E>(&self, pass: Pass, outcome: Result<T, E>) -> Result<T, E> {
        let now = self.clock.now_s();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let fares = known.entry(pass).or_insert(Fares { last_ok_s: now, ..Fares::default() });
        if outcome.is_ok() {
            (fares.ok, fares.last_ok_s) = (fares.ok + 1, now);
        } else {
            fares.failed += 1;
        }
        outcome
    }

    /// How all of them fare.
    pub fn read(&self) -> Vec<(Pass, Fares)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(pass, fares)| (*pass, *fares)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Fares, Passes};
    use crate::clock::Clock;

    #[test]
    fn a_pass_that_fails_keeps_the_time_of_the_last_that_went_well() {
        let clock = Clock::shiftable();
        let passes = Passes::new(clock.clone());
        let note = |outcome: Result<(), ()>| passes.note(("follow", "live"), outcome).is_ok();
        let began = clock.now_s();
        assert!(!note(Err(())));
        clock.advance_ms(100_000);
        assert!(!note(Err(())));
        let (pass, fares) = passes.read()[0];
        assert_eq!((pass, fares.ok, fares.failed), (("follow", "live"), 0, 2));
        assert!(fares.last_ok_s - began <= 1, "counted from when it was first heard of");
        assert!(note(Ok(())));
        let Fares { ok, last_ok_s, .. } = passes.read()[0].1;
        assert!(ok == 1 && last_ok_s >= began + 100);
    }
}

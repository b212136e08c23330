//! The only "now": the system's clock, or one that tests set.

use std::cell::Cell;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What the machine's clock says to this thread.
#[derive(Clone, Copy)]
enum Machine {
    /// Whatever it is at.
    Runs,
    /// What it is at when somebody asks next, and then the same.
    Stops,
    /// This.
    Stands(i64),
}

thread_local! {
    static MACHINE: Cell<Machine> = const { Cell::new(Machine::Runs) };
}

/// Runs something short for which the machine's clock is read at most once: a request is looked at from many sides at
/// one moment. A clock that a test moves still moves.
pub fn at_one_moment<T>(run: impl FnOnce() -> T) -> T {
    struct Before(Machine);
    impl Drop for Before {
        fn drop(&mut self) {
            MACHINE.set(self.0);
        }
    }
    let before = Before(MACHINE.get());
    if matches!(before.0, Machine::Runs) {
        MACHINE.set(Machine::Stops);
    }
    run()
}

fn machine_ms() -> i64 {
    let read = || {
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let now = SystemTime::now();
        let passed = |past: std::time::Duration| i64::try_from(past.as_millis()).unwrap_or(i64::MAX);
        now.duration_since(UNIX_EPOCH).map_or_else(|before| -passed(before.duration()), passed)
    };
    match MACHINE.get() {
        Machine::Runs => read(),
        Machine::Stands(now_ms) => now_ms,
        Machine::Stops => {
            let now_ms = read();
            MACHINE.set(Machine::Stands(now_ms));
            now_ms
        }
    }
}

/// Where "now" comes from; cheap to clone and handed to whoever needs time.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// The machine's clock moved by a number of milliseconds that a test sets.
    Shifted(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that `advance` can move; starts at the machine's time.
    pub fn shiftable() -> Self {
        Self::Shifted(Arc::new(AtomicI64::new(0)))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn now_ms(&self) -> i64 {
        match self {
            Self::System => machine_ms(),
            Self::Shifted(by_ms) => machine_ms() + by_ms.load(Ordering::Relaxed),
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn now_s(&self) -> i64 {
        self.now_ms().div_euclid(1000)
    }

    /// Microseconds of a clock that is never set, from any beginning; for how long something takes or holds.
    pub fn ticks_us(&self) -> i64 {
        let passed = i64::try_from(BEGINNING.elapsed().as_micros()).unwrap_or(i64::MAX);
        match self {
            Self::System => passed,
            Self::Shifted(by_ms) => passed + by_ms.load(Ordering::Relaxed) * 1_000,
        }
    }

    /// Moves a shiftable clock forward (or back); the machine's clock stays.
    pub fn advance_ms(&self, by: i64) {
        if let Self::Shifted(by_ms) = self {
            by_ms.fetch_add(by, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, at_one_moment};
    use std::time::{Duration, Instant};

    #[test]
    fn the_machines_clock_stands_for_one_moment_and_then_runs_on() {
        let spin = || {
            let began = Instant::now();
            while began.elapsed() < Duration::from_millis(5) {
                std::hint::spin_loop();
            }
        };
        let clock = Clock::shiftable();
        at_one_moment(|| {
            let before = (Clock::System.now_ms(), clock.now_ms());
            spin();
            assert_eq!(at_one_moment(|| (Clock::System.now_ms(), clock.now_ms())), before);
            assert_eq!(Clock::System.now_ms(), before.0, "a moment inside a moment does not end it");
            clock.advance_ms(7);
            assert_eq!(clock.now_ms(), before.1 + 7, "a test's clock moves");
        });
        let before = Clock::System.now_ms();
        spin();
        assert!(Clock::System.now_ms() > before);
        let panicked = std::panic::catch_unwind(|| {
            at_one_moment(|| {
                Clock::System.now_ms();
                panic!("on purpose")
            })
        });
        assert!(panicked.is_err());
        let before = Clock::System.now_ms();
        spin();
        assert!(Clock::System.now_ms() > before, "a panic ends the moment");
    }

    #[test]
    fn a_shiftable_clock_moves_for_all_its_holders() {
        let clock = Clock::shiftable();
        let other = clock.clone();
        let before = other.now_s();
        clock.advance_ms(360_000);
        assert!(other.now_s() - before >= 360);
    }
}

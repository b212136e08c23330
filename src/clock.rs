//! The only "now": the system's clock, or one that tests set.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use jiff::Timestamp;

static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

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
        #[expect(clippy::disallowed_methods, reason = "this is the one place")]
        let machine = Timestamp::now().as_millisecond();
        match self {
            Self::System => machine,
            Self::Shifted(by_ms) => machine + by_ms.load(Ordering::Relaxed),
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
    use super::Clock;

    #[test]
    fn a_shiftable_clock_moves_for_all_its_holders() {
        let clock = Clock::shiftable();
        let other = clock.clone();
        let before = other.now_s();
        clock.advance_ms(360_000);
        assert!(other.now_s() - before >= 360);
    }
}

//! The sandbox's own "now": the system's, or one that a test moves by hand. Formatting is left to `words`.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A source of the present time, in milliseconds since 1970.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until `advance` is called.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that starts at `unix_s` and moves only when told.
    pub fn manual(unix_s: i64) -> Clock {
        Clock::Manual(Arc::new(AtomicI64::new(unix_s.saturating_mul(1000))))
    }

    /// Moves a manual clock forward; the system's clock is left alone.
    pub fn advance(&self, seconds: i64) {
        if let Clock::Manual(now) = self {
            now.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
        }
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        match self {
            Clock::Manual(now) => now.load(Ordering::SeqCst),
            #[allow(clippy::disallowed_methods, reason = "this is the neighbour's own clock; it knows no other")]
            Clock::System => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |gone| i64::try_from(gone.as_millis()).unwrap_or(i64::MAX)),
        }
    }
}

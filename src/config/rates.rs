//! Where exchange rates come from.

use std::time::Duration;

use crate::config::reader::Reader;

/// The `[rates]` section.
#[derive(Clone, Debug)]
pub struct Rates {
    /// `embedded`, a path, or a URL.
    pub source: String,
    /// How often they are read again.
    pub refresh: Duration,
    /// Older rates make no quotes.
    pub stale_after_days: u32,
}

impl Rates {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            source: from.text("rates.source"),
            refresh: Duration::from_secs(from.number("rates.refresh_s", 10, 7 * 86_400)),
            stale_after_days: from.number("rates.stale_after_days", 1, 36_500),
        }
    }
}

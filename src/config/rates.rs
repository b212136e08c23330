//! Where exchange rates come from.

use std::time::Duration;

use jiff::civil::Date;

use crate::config::reader::Reader;

/// The `[rates]` section.
#[derive(Clone, Debug)]
pub struct Rates {
    /// `embedded`, `fixed`, a path, or a URL.
    pub source: String,
    /// Rows such as `JPY 21.05`.
    pub fixed: Vec<String>,
    /// The day of these rows.
    pub fixed_date: Option<Date>,
    /// A table in which a rate moved further is not taken over.
    pub largest_change_percent: u32,
    /// How often they are read again.
    pub refresh: Duration,
    /// Older rates make no quotes.
    pub stale_after_days: u32,
}

impl Rates {
    pub(super) fn read(from: &mut Reader) -> Self {
        let fixed_date = match from.text("rates.fixed_date") {
            text if text.is_empty() => None,
            _ => from.parsed("rates.fixed_date", "2026-11-20"),
        };
        Self {
            fixed: from.list("rates.fixed", "JPY 21.05"),
            fixed_date,
            largest_change_percent: from.number("rates.largest_change_percent", 1, 1_000),
            source: from.text("rates.source"),
            refresh: Duration::from_secs(from.number("rates.refresh_s", 10, 7 * 86_400)),
            stale_after_days: from.number("rates.stale_after_days", 1, 36_500),
        }
    }
}

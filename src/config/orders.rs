//! How orders are followed and settled.

use std::str::FromStr;
use std::time::Duration;

use crate::config::reader::Reader;

/// The `[orders]` section.
#[derive(Clone, Debug)]
pub struct Orders {
    /// The warehouse of orders that name none.
    pub warehouse: String,
    /// How long a quote holds, in seconds.
    pub quote_valid_s: i64,
    /// Pause between looks at the change feed.
    pub follow: Duration,
    /// Pause between looks at unknown orders.
    pub reconcile: Duration,
    /// An order unknown for longer than this, in seconds, is handed to a person.
    pub unknown_bound_s: i64,
    /// Pause between full comparisons of all orders with the catalogue's.
    pub compare: Duration,
    /// For which keys quotes in other currencies are made on the embedded rates.
    pub quotes_on_embedded_rates: For,
}

/// Keys that something is done for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Sandbox keys.
    Sandbox,
    /// All keys, live ones too.
    All,
}

impl FromStr for For {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "sandbox" => Ok(Self::Sandbox),
            "all" => Ok(Self::All),
            _ => Err("neither \"sandbox\" nor \"all\""),
        }
    }
}

impl Orders {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            warehouse: from.text("orders.warehouse"),
            quote_valid_s: from.number("orders.quote_valid_s", 30, 30 * 86_400),
            follow: Duration::from_millis(from.number("orders.follow_ms", 10, 60_000)),
            reconcile: Duration::from_millis(from.number("orders.reconcile_ms", 10, 600_000)),
            unknown_bound_s: from.number("orders.unknown_bound_s", 10, 30 * 86_400),
            compare: Duration::from_secs(from.number("orders.compare_s", 1, 7 * 86_400)),
            quotes_on_embedded_rates: from.parsed("orders.quotes_on_embedded_rates", "sandbox").unwrap_or(For::Sandbox),
        }
    }
}

//! How old a signature may be.

use crate::config::reader::Reader;

/// The `[auth]` section.
#[derive(Clone, Debug)]
pub struct Auth {
    /// Oldest `created` accepted, in seconds.
    pub past_s: i64,
    /// Farthest `created` ahead of our clock, in seconds.
    pub future_s: i64,
    /// Oldest `created` of order writes, in seconds.
    pub order_past_s: i64,
}

impl Auth {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            past_s: from.number("auth.past_s", 10, 3600),
            future_s: from.number("auth.future_s", 0, 300),
            order_past_s: from.number("auth.order_past_s", 10, 3600),
        }
    }
}

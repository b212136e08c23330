//! What the limiter decided since the process started, for `/metrics`.

use std::sync::atomic::{AtomicU64, Ordering};

use super::pressure::Priority;

/// Why a call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A policy over less than a minute.
    Second,
    /// A policy over less than a day.
    Minute,
    /// A policy over a day or more.
    Day,
    /// Too many calls under way.
    InFlight,
    /// The node was too busy for a call of this kind.
    Shed(Priority),
}

impl Cause {
    /// The cause that a policy of this window stands for.
    pub const fn of_window(window_s: u32) -> Self {
        match window_s {
            0..60 => Self::Second,
            60..86_400 => Self::Minute,
            _ => Self::Day,
        }
    }
}

/// Counters that only grow.
#[derive(Debug, Default)]
pub struct Tally {
    /// Calls admitted.
    pub allowed: AtomicU64,
    /// Calls refused by a policy over less than a minute.
    pub denied_second: AtomicU64,
    /// Calls refused by a policy over less than a day.
    pub denied_minute: AtomicU64,
    /// Calls refused by a policy over a day or more.
    pub denied_day: AtomicU64,
    /// Calls refused because too many were under way.
    pub denied_in_flight: AtomicU64,
    /// Browsing put off because the node was too busy.
    pub shed_browse: AtomicU64,
    /// Other calls put off for it.
    pub shed_trade: AtomicU64,
    /// Orders put off for it.
    pub shed_order: AtomicU64,
    /// Calls admitted that a shadow policy would have refused (they are among those admitted).
    pub shadow_refused: AtomicU64,
    /// Calls admitted with units in hand, without a question to Redis (they are among the above).
    pub allowed_in_hand: AtomicU64,
    /// Refusals that needed no question to Redis (they are among the above).
    pub denied_without_redis: AtomicU64,
    /// Decisions taken on this node's own count because Redis did not answer.
    pub local_fallback: AtomicU64,
    /// Questions to Redis that failed or came too late.
    pub redis_errors: AtomicU64,
}

impl Tally {
    /// Every counter with its name.
    pub fn read(&self) -> [(&'static str, u64); 13] {
        [
            ("allowed", &self.allowed),
            ("denied_second", &self.denied_second),
            ("denied_minute", &self.denied_minute),
            ("denied_day", &self.denied_day),
            ("denied_in_flight", &self.denied_in_flight),
            ("shed_browse", &self.shed_browse),
            ("shed_trade", &self.shed_trade),
            ("shed_order", &self.shed_order),
            ("shadow_refused", &self.shadow_refused),
            ("allowed_in_hand", &self.allowed_in_hand),
            ("denied_without_redis", &self.denied_without_redis),
            ("local_fallback", &self.local_fallback),
            ("redis_errors", &self.redis_errors),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
    }

    pub(super) fn deny(&self, cause: Cause) {
        let counter = match cause {
            Cause::Second => &self.denied_second,
            Cause::Minute => &self.denied_minute,
            Cause::Day => &self.denied_day,
            Cause::InFlight => &self.denied_in_flight,
            Cause::Shed(Priority::Browse) => &self.shed_browse,
            Cause::Shed(Priority::Trade) => &self.shed_trade,
            Cause::Shed(_) => &self.shed_order,
        };
        add(counter);
    }
}

/// One more.
pub(super) fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

//! What a plan allows: named policies over time and a number of requests in flight.

use std::sync::Arc;

/// How much may be spent in a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The name partners see in `RateLimit-Policy`: `second`, `minute` or `day`.
    pub name: Arc<str>,
    /// Cost units per window.
    pub quota: u32,
    /// Length of the window in seconds: 1, 60 or 86 400.
    pub window_s: u32,
    /// Units that may be spent at once; at most and by default the quota.
    pub burst: u32,
}

/// A named set of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The plan's short name.
    pub id: Arc<str>,
    /// Policies, shortest window first; all of them must admit a call.
    pub policies: Vec<Policy>,
    /// Requests that may be under way at one time on one node.
    pub in_flight: u32,
    /// Which prices the partner sees; answers are only shared inside one tier.
    pub price_tier: Arc<str>,
}

//! Counters that tests ask for: what was called how often, what was placed and what was only repeated.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

/// What happened since the sandbox was started.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    /// Orders placed.
    pub orders_created: u64,
    /// Calls that repeated an order placed before.
    pub duplicates_seen: u64,
    /// Calls that used a reference for something else.
    pub conflicts_seen: u64,
    /// Faults that happened.
    pub faults_done: u64,
    /// Calls by method and path, such as `GET /goods/{goodsId}`.
    pub calls: BTreeMap<String, u64>,
}

impl Stats {
    /// Counts a call.
    pub fn count(&mut self, method: &str, pattern: &str) {
        *self.calls.entry(format!("{method} {pattern}")).or_default() += 1;
    }
}

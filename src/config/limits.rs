//! What the limiter has to know of its surroundings.

use crate::config::reader::Reader;

/// The `[limits]` section.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes that share a plan while Redis cannot be asked.
    pub nodes: u32,
    /// Calls a node answers at a time; 0 for any number.
    pub shed_calls: u32,
    /// Calls to the catalogue a node has under way; 0 for any number.
    pub shed_upstream: u32,
    /// How long calls wait inside the node; 0 for any time.
    pub shed_wait_ms: u64,
}

impl Limits {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            nodes: from.number("limits.nodes", 1, 10_000),
            shed_calls: from.number("limits.shed_calls", 0, 1_000_000),
            shed_upstream: from.number("limits.shed_upstream", 0, 1_000_000),
            shed_wait_ms: from.number("limits.shed_wait_ms", 0, 60_000),
        }
    }
}

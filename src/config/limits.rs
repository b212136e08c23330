//! What the limiter has to know of its surroundings.

use crate::config::reader::Reader;

/// The `[limits]` section.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes that share a plan while Redis cannot be asked.
    pub nodes: u32,
}

impl Limits {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { nodes: from.number("limits.nodes", 1, 10_000) }
    }
}

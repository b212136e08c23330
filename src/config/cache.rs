//! How much memory the caches may take.

use crate::config::reader::Reader;

/// The `[cache]` section.
#[derive(Clone, Debug)]
pub struct Cache {
    /// For documents of the catalogue.
    pub documents_bytes: u64,
    /// For rendered answers.
    pub rendered_bytes: u64,
}

impl Cache {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self {
            documents_bytes: from.number("cache.documents_bytes", 0, 1 << 40),
            rendered_bytes: from.number("cache.rendered_bytes", 0, 1 << 40),
        }
    }
}

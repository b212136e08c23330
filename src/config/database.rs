//! Where the truth is kept.

use crate::config::reader::Reader;

/// The `[database]` section.
#[derive(Clone, Debug)]
pub struct Database {
    /// `sqlite://path` or `postgres://…`.
    pub url: String,
}

impl Database {
    pub(super) fn read(from: &mut Reader) -> Self {
        let url = from.text("database.url");
        if !["sqlite://", "postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            from.complain("database.url", "must start with sqlite:// or postgres://");
        }
        Self { url }
    }
}

//! The shared meter and cache.

use std::time::Duration;

use crate::config::reader::Reader;

/// The `[redis]` section.
#[derive(Clone, Debug)]
pub struct Redis {
    /// `redis://…` or `rediss://…`; `None` = this process alone.
    pub url: Option<String>,
    /// Longest wait when a request is metered.
    pub limit_budget: Duration,
    /// Longest wait when a kept answer is looked for.
    pub cache_budget: Duration,
}

impl Redis {
    pub(super) fn read(from: &mut Reader) -> Self {
        let url = Some(from.text("redis.url")).filter(|url| !url.is_empty());
        if url.as_deref().is_some_and(|url| {
            !url.starts_with("redis://") && !url.starts_with("rediss://") && !url.starts_with("redis+unix://")
        }) {
            from.complain("redis.url", "must be empty or start with redis://, rediss:// or redis+unix://");
        }
        Self {
            url,
            limit_budget: Duration::from_millis(from.number("redis.limit_budget_ms", 1, 1000)),
            cache_budget: Duration::from_millis(from.number("redis.cache_budget_ms", 1, 1000)),
        }
    }
}

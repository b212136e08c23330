//! Fetching what is asked for most before it is asked for: after a start, politely, and within a bounded time.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::cache::How;
use crate::catalog::Catalog;

/// So many are looked up at one time.
const SIDE_BY_SIDE: usize = 4;

/// What warming brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Warmed {
    /// Documents on the list.
    pub listed: usize,
    /// Of these found in Redis, or here already.
    pub found: usize,
    /// Of these fetched from the catalogue.
    pub fetched: usize,
    /// Of these not to be had.
    pub failed: usize,
    /// The time was over before the list was.
    pub cut: bool,
}

impl Catalog {
    /// Fetches the `most` documents that all nodes were asked for most lately, for no longer than `within`.
    pub async fn warm(&self, most: usize, within: Duration) -> Warmed {
        let listed = self.lookup.cache.listed(most).await.unwrap_or_default();
        let mut warmed = Warmed { listed: listed.len(), ..Warmed::default() };
        let fetches = listed.into_iter().map(|(key, _)| async move { self.lookup.fetch_again(&key).await });
        let mut fetches = std::pin::pin!(stream::iter(fetches).buffer_unordered(SIDE_BY_SIDE));
        let all = async {
            while let Some(how) = fetches.next().await {
                match how {
                    Some(How::Fetched | How::Followed) => warmed.fetched += 1,
                    Some(_) => warmed.found += 1,
                    None => warmed.failed += 1,
                }
            }
        };
        let cut = tokio::time::timeout(within, all).await.is_err();
        Warmed { cut, ..warmed }
    }
}

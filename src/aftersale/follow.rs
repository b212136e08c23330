//! Following the catalogue's changes to refunds. How the feed is read, and what becomes of a change that cannot be taken in,
//! is in `feed`; how a refund is caught up with, in `asking`.

use std::time::Duration;

use super::{Aftersale, Error};
use crate::asking;
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::model::partner::Mode;

impl Follows for Aftersale {
    type Error = Error;
    const FEED: &'static str = "changes/aftersale";
    const KINDS: &'static str = "refund";

    async fn take_in(&self, _: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        match reference.parse() {
            Ok(id) => asking::catch_up_with(self, &id, mode).await,
            Err(_) => Ok(Seen::NotOurs),
        }
    }

    fn fault(error: &Error) -> Fault {
        match error {
            Error::Nonsense(_) => Fault::Garbage,
            Error::Upstream(error) => Fault::of_upstream(error),
            Error::Ledger(error) => Fault::of_ledger(error),
            _ => Fault::OfOne,
        }
    }
}

impl Aftersale {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }
}

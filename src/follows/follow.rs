//! Following the catalogue's changes of goods: each followed offer is looked at and compared with what was told last.

use std::time::Duration;

use super::{Error, Following, TRIES};
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::ledger;
use crate::model::ids::OfferId;
use crate::model::partner::Mode;

impl Follows for Following {
    type Error = Error;
    const FEED: &'static str = "changes/follows";
    const KINDS: &'static str = "goods";

    async fn take_in(&self, _: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        let Ok(offer) = reference.parse::<OfferId>() else { return Ok(Seen::NotOurs) };
        for _ in 0..TRIES {
            // Before the look: what changes after it has a change of its own to come.
            let Some(before) = self.ledger.find_watched(mode, offer).await? else { return Ok(Seen::NotOurs) };
            let look = self.look(mode, offer).await?;
            match self.ledger.take_in_look(mode, &before, &look).await {
                Ok(0) => return Ok(Seen::Same),
                Ok(_) => return Ok(Seen::Moved),
                Err(ledger::Error::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
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

impl Following {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }
}

//! Following the catalogue's changes to inquiries: an inquiry is moved from where it stands to where the catalogue says it
//! stands. How the feed is read, and what becomes of a change that cannot be taken in, is in `feed`.

use std::time::Duration;

use super::request::TRIES;
use super::{Error, Sourcing, steps};
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::ledger;
use crate::model::ids::InquiryId;
use crate::model::inquiry::{Inquiry, State};
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::translate::inquiry::Standing;

impl Follows for Sourcing {
    type Error = Error;
    const FEED: &'static str = "changes/sourcing";
    const KINDS: &'static str = "inquiry";

    async fn take_in(&self, _: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        match reference.parse() {
            Ok(id) => self.catch_up_with(&id, mode).await,
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

impl Sourcing {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }

    /// Brings one inquiry to where the catalogue says it stands.
    async fn catch_up_with(&self, id: &InquiryId, mode: Mode) -> Result<Seen, Error> {
        for _ in 0..TRIES {
            let inquiry = match self.ledger.get::<Inquiry>(id).await {
                Ok(inquiry) if inquiry.deed.mode == mode => inquiry,
                // Another gateway's inquiry, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::InquiryNotFound(_)) => return Ok(Seen::NotOurs),
                Err(other) => return Err(other.into()),
            };
            if inquiry.state == State::Received {
                return Ok(Seen::NotOurs);
            }
            let Some(standing) = self.look_up(&inquiry.deed).await? else { return Ok(Seen::Same) };
            if inquiry.state == State::Rejected {
                self.undo(&inquiry, &standing).await?;
                return Ok(Seen::Same);
            }
            let moves = steps::catch_up(&inquiry, &standing, Actor::Catalogue, "told by the catalogue");
            if moves.is_empty() {
                return Ok(Seen::Same);
            }
            if self.write(&inquiry, moves).await?.is_some() {
                return Ok(Seen::Moved);
            }
        }
        Err(Error::Busy)
    }

    /// An inquiry that was told to be rejected, and yet is at the catalogue: the partner may have asked again.
    async fn undo(&self, inquiry: &Inquiry, standing: &Standing) -> Result<(), Error> {
        let (id, number, there) = (&inquiry.deed.id, standing.number, standing.state);
        match there {
            State::Closed | State::Withdrawn => {}
            State::Ordered => {
                tracing::error!(inquiry = %id, %number, %there, "an inquiry that was rejected here goes on at the catalogue; somebody has to look");
            }
            _ => {
                tracing::error!(inquiry = %id, %number, %there, "an inquiry that was rejected here is alive at the catalogue; it is taken back");
                self.take_back(&inquiry.deed, number).await?;
            }
        }
        Ok(())
    }
}

//! Following the catalogue's changes to refunds: a refund is moved from where it stands to where the catalogue says it
//! stands. How the feed is read, and what becomes of a change that cannot be taken in, is in `feed`.

use std::time::Duration;

use super::request::TRIES;
use super::{Aftersale, Error};
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::ledger;
use crate::model::ids::RefundId;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::refund::{Refund, State};
use crate::translate::aftersale::Standing;

impl Follows for Aftersale {
    type Error = Error;
    const FEED: &'static str = "changes/aftersale";
    const KINDS: &'static str = "refund";

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

impl Aftersale {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }

    /// Brings one refund to where the catalogue says it stands.
    async fn catch_up_with(&self, id: &RefundId, mode: Mode) -> Result<Seen, Error> {
        for _ in 0..TRIES {
            let refund = match self.ledger.get::<Refund>(id).await {
                Ok(refund) if refund.deed.mode == mode => refund,
                // Another gateway's refund, or another world's: not ours to move.
                Ok(_) | Err(ledger::Error::RefundNotFound(_)) => return Ok(Seen::NotOurs),
                Err(other) => return Err(other.into()),
            };
            if refund.state == State::Received {
                return Ok(Seen::NotOurs);
            }
            let Some(standing) = self.look_up(&refund.deed).await? else { return Ok(Seen::Same) };
            if refund.state == State::Rejected {
                self.undo(&refund, &standing).await?;
                return Ok(Seen::Same);
            }
            let moves = self.catch_up(&refund, &standing, Actor::Catalogue, "told by the catalogue").await?;
            if moves.is_empty() {
                return Ok(Seen::Same);
            }
            if self.write(&refund, moves).await?.is_some() {
                return Ok(Seen::Moved);
            }
        }
        Err(Error::Busy)
    }

    /// A refund that was told to be rejected, and yet is at the catalogue: the partner may have asked again.
    async fn undo(&self, refund: &Refund, standing: &Standing) -> Result<(), Error> {
        let (id, number, there) = (&refund.deed.id, standing.number, standing.state);
        match there {
            State::Closed => {}
            State::Succeeded | State::Arbitrating => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here goes on at the catalogue; somebody has to look");
            }
            _ => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here is alive at the catalogue; it is taken back");
                self.take_back(&refund.deed, number).await?;
            }
        }
        Ok(())
    }
}

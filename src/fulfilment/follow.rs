//! Following the catalogue's changes of parcels and consignments: each is moved from where it stands to where the
//! catalogue says it stands. How the feed is read, and what becomes of a change that cannot be taken in, is in `feed`.

use std::time::Duration;

use super::{Error, Fulfilment, TRIES};
use crate::feed::{Fault, Followed, Follows, Seen};
use crate::ledger::{self, Consigning, Written};
use crate::model::consignment::{Consignment, State};
use crate::model::ids::ConsignmentId;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::translate::fulfilment::Standing;

impl Follows for Fulfilment {
    type Error = Error;
    const FEED: &'static str = "changes/fulfilment";
    const KINDS: &'static str = "shipment,consignment";

    async fn take_in(&self, kind: &str, reference: &str, mode: Mode) -> Result<Seen, Error> {
        match (kind, reference.parse(), reference.parse()) {
            // The reference of a parcel is its order's.
            ("shipment", Ok(order), _) => self.follow_parcels(&order, mode).await,
            ("consignment", _, Ok(id)) => self.follow_consignment(&id, mode).await,
            _ => Ok(Seen::NotOurs),
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

impl Fulfilment {
    /// One pass over the changes since the last, waiting up to `wait` for one when there is none.
    pub async fn follow(&self, mode: Mode, wait: Duration) -> Result<Followed, Error> {
        self.feed.follow(self, mode, wait).await
    }

    /// This node follows no more: another may begin at once.
    pub async fn stop_following(&self, mode: Mode) {
        self.feed.let_go::<Self>(mode).await;
    }

    async fn follow_consignment(&self, id: &ConsignmentId, mode: Mode) -> Result<Seen, Error> {
        let consignment = match self.ledger.get_consignment(id).await {
            Ok(consignment) if consignment.deed.mode == mode => consignment,
            // Another gateway's, or another world's: not ours to move.
            Ok(_) | Err(ledger::Error::Consigning(Consigning::NotFound(_))) => return Ok(Seen::NotOurs),
            Err(other) => return Err(other.into()),
        };
        Ok(if self.compare(consignment).await? { Seen::Moved } else { Seen::Same })
    }

    /// Brings a consignment to where the catalogue says it stands; true when it moved.
    pub(super) async fn compare(&self, mut consignment: Consignment) -> Result<bool, Error> {
        for _ in 0..TRIES {
            if consignment.state == State::HandedOver {
                return Ok(false);
            }
            let Some(there) = self.look_up(&consignment.deed).await? else { return Ok(false) };
            if consignment.state.is_final() {
                self.undo(&consignment, &there).await?;
                return Ok(false);
            }
            let moves = self.catch_up(&consignment, &there, Actor::Catalogue, "told by the catalogue").await?;
            let after = self.after(&consignment, moves);
            if after.version == consignment.version {
                return Ok(false);
            }
            let look_at = self.look_at(&after);
            let written = Written { consignment: &after, known: consignment.version, look_at, report: None };
            match self.ledger.append_consignment(written).await {
                Ok(()) => return Ok(true),
                Err(ledger::Error::Moved) => {}
                Err(other) => return Err(other.into()),
            }
            consignment = self.ledger.get_consignment(&consignment.deed.id).await?;
        }
        Err(Error::Busy)
    }

    /// A consignment that ended here and yet is alive at the catalogue: a node that was halted may have sent it late. Its
    /// orders may be gathered into another by now.
    async fn undo(&self, consignment: &Consignment, there: &Standing) -> Result<(), Error> {
        let (id, number, state) = (&consignment.deed.id, there.number, consignment.state);
        match there.state {
            State::Cancelled => {}
            State::HandedOver => {
                tracing::error!(consignment = %id, %number, %state, "a consignment that ended here left the warehouse; somebody has to look");
            }
            open => {
                tracing::error!(consignment = %id, %number, %state, there = %open, "a consignment that ended here is alive at the catalogue; it is taken back");
                self.take_back(&consignment.deed, number).await?;
            }
        }
        Ok(())
    }
}

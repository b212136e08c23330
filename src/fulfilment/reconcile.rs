//! Settling what was left open: consignments whose worker died or whose answer was lost, and reports nobody heard of;
//! and comparing what is unfinished with the catalogue now and then.

use futures_util::{StreamExt, stream};

use super::catalogue::Sent;
use super::open::last_attempt;
use super::{Error, Fulfilment};
use crate::error::Code;
use crate::feed::{Fault, Follows, Seen, TOGETHER, work_off};
use crate::ledger::{self, Written};
use crate::model::consignment::{Consignment, Facts, Happening, Kind, Refusal, ReportState, State};
use crate::model::ids::{ConsignmentId, ReportId};
use crate::model::order::Actor;
use crate::model::partner::Mode;

/// How often the parcels of orders that are on their way are compared with the catalogue's.
const PARCELS_EVERY_MS: i64 = 3_600_000;
/// How many orders are read at once for that, and for how long one pass does it.
const ORDERS_AT_ONCE: u32 = 50;
const PARCELS_PASS_MS: i64 = 5_000;
/// Pause after the catalogue could not be asked.
const PARCELS_PAUSE_MS: i64 = 30_000;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Consignments and reports whose outcome is known now.
    pub settled: usize,
    /// Those still open.
    pub open: usize,
    /// Consignments compared with the catalogue's.
    pub compared: usize,
    /// Orders whose parcels were compared with the catalogue's.
    pub parcels: usize,
}

/// How something was left.
#[derive(Clone, Copy)]
enum Left {
    Settled,
    Open,
    Compared,
}

impl Fulfilment {
    /// One pass over what is open in one world and whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        let mut told = Reconciled::default();
        let lease_ms = self.settings.lease_ms;
        let claim = async |limit| Ok(self.ledger.claim_due::<Consignment>(mode, limit, lease_ms).await?);
        let settle = async |id: ConsignmentId| (self.settle_due(&id).await, id);
        for (left, id) in work_off::<_, _, Error, _, _>(&self.clock, claim, settle).await? {
            told.count(left.unwrap_or_else(|error| {
                tracing::warn!(consignment = %id, %error, "an open consignment could not be looked at");
                Left::Open
            }));
        }
        let claim = async |limit| Ok(self.ledger.claim_due_reports(mode, limit, lease_ms).await?);
        let settle = async |id: ReportId| (self.settle_due_report(&id).await, id);
        for (left, id) in work_off::<_, _, Error, _, _>(&self.clock, claim, settle).await? {
            told.count(left.unwrap_or_else(|error| {
                tracing::warn!(report = %id, %error, "an open report could not be looked at");
                Left::Open
            }));
        }
        told.parcels = self.compare_parcels(mode).await?;
        Ok(told)
    }

    /// Looks at the parcels of orders that are on their way, in case the feed left something out: some at a time, by one
    /// node at a time, from where the last pass stopped.
    async fn compare_parcels(&self, mode: Mode) -> Result<usize, Error> {
        let walk = format!("parcels/{}", mode.name());
        let claimed = self.ledger.claim_walk(&walk, PARCELS_EVERY_MS, self.settings.lease_ms).await?;
        let Some(mut mark) = claimed else { return Ok(0) };
        let (ends, mut compared) = (self.clock.now_ms() + PARCELS_PASS_MS, 0);
        while self.clock.now_ms() < ends {
            let orders = self.ledger.list_on_their_way(mode, &mark, ORDERS_AT_ONCE).await?;
            let Some(last) = orders.last().cloned() else {
                self.ledger.leave_walk(&walk, "", self.clock.now_ms() + PARCELS_EVERY_MS).await?;
                return Ok(compared);
            };
            let looks = stream::iter(orders).map(async |id| (self.follow_parcels(&id, mode).await, id));
            let looks: Vec<_> = looks.buffer_unordered(TOGETHER).collect().await;
            for (seen, order) in looks {
                match seen {
                    Ok(Seen::Moved) => tracing::warn!(%order, "a parcel had moved without our having heard of it"),
                    Ok(_) => {}
                    Err(error) if matches!(Self::fault(&error), Fault::OfOne | Fault::Garbage) => {
                        tracing::error!(%order, %error, "the parcels of an order could not be compared; they are left out");
                    }
                    Err(outage) => {
                        // These are looked at again.
                        self.ledger.leave_walk(&walk, &mark, self.clock.now_ms() + PARCELS_PAUSE_MS).await?;
                        return Err(outage);
                    }
                }
                compared += 1;
            }
            mark = last.as_str().to_owned();
        }
        self.ledger.leave_walk(&walk, &mark, self.clock.now_ms()).await?;
        Ok(compared)
    }

    /// Takes one claimed consignment as far as it goes now.
    async fn settle_due(&self, id: &ConsignmentId) -> Result<Left, Error> {
        let consignment = self.ledger.get_consignment(id).await?;
        match consignment.state {
            State::Requested => self.let_go(&consignment).await,
            State::Opening => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                match self.write(&consignment, vec![lost]).await? {
                    Some(unknown) => self.find_out_opening(unknown).await,
                    None => Ok(Left::Open),
                }
            }
            State::Unknown => self.find_out_opening(consignment).await,
            _ => {
                let next = self.look_at(&consignment);
                self.compare(consignment).await?;
                self.ledger.look_again::<Consignment>(id, next).await?;
                Ok(Left::Compared)
            }
        }
    }

    /// One that surely was not opened and was not asked for again.
    async fn let_go(&self, consignment: &Consignment) -> Result<Left, Error> {
        let detail = "The catalogue could not be reached, and the request was not repeated; nothing was gathered.";
        Ok(self.write(consignment, vec![never_opened(detail)]).await?.map_or(Left::Open, |_| Left::Settled))
    }

    /// Looks an unknown one up; opens it again under the same reference when the catalogue does not have it, or ends it
    /// when that went on for too long. Only what cannot be asked about is handed to a person.
    async fn find_out_opening(&self, consignment: Consignment) -> Result<Left, Error> {
        let alone = self.is_quiet(last_attempt(&consignment));
        let overdue = self.is_overdue(consignment.deed.created_at);
        match self.look_up(&consignment.deed).await {
            Ok(Some(there)) => self.take_outcome(&consignment, &Sent::Taken(Box::new(there))).await,
            Ok(None) if overdue && alone => {
                let detail = "The catalogue could not be asked in time and never took it; nothing was gathered.";
                Ok(self.write(&consignment, vec![never_opened(detail)]).await?.map_or(Left::Open, |_| Left::Settled))
            }
            Ok(None) if overdue => self.wait_for_quiet(&consignment).await,
            Ok(None) => {
                let again = Happening::new(Kind::TriedAgain, Actor::Gateway, "the catalogue does not have it");
                // Nobody else should look while this call is under way.
                let until = self.clock.now_ms() + self.settings.lease_ms;
                let after = self.after(&consignment, vec![again]);
                let Some(consignment) = self.append(&consignment, after, until).await? else { return Ok(Left::Open) };
                match self.send(&consignment.deed).await {
                    Sent::Refused(_) if !alone => self.wait_for_quiet(&consignment).await,
                    sent => self.take_outcome(&consignment, &sent).await,
                }
            }
            Err(error) => {
                tracing::info!(consignment = %consignment.deed.id, %error, "an unknown consignment could not be looked up yet");
                if overdue {
                    return self.hand_over(&consignment).await;
                }
                self.take_outcome(&consignment, &Sent::Unknown(error.to_string())).await
            }
        }
    }

    async fn wait_for_quiet(&self, consignment: &Consignment) -> Result<Left, Error> {
        let look_at = self.clock.now_ms() + self.settings.lease_ms;
        self.ledger.look_again::<Consignment>(&consignment.deed.id, look_at).await?;
        Ok(Left::Open)
    }

    async fn take_outcome(&self, consignment: &Consignment, sent: &Sent) -> Result<Left, Error> {
        let moves = self.outcome(consignment, sent).await?;
        if moves.is_empty() {
            let look_at = self.look_at(consignment);
            self.ledger.look_again::<Consignment>(&consignment.deed.id, look_at).await?;
            return Ok(Left::Open);
        }
        let after = self.write(consignment, moves).await?;
        Ok(after.filter(|after| after.state != State::Unknown).map_or(Left::Open, |_| Left::Settled))
    }

    /// From now on it is only looked up, seldom, and never opened again by itself.
    async fn hand_over(&self, consignment: &Consignment) -> Result<Left, Error> {
        if !consignment.events.iter().any(|event| event.kind == Kind::HandedToPerson) {
            tracing::error!(consignment = %consignment.deed.id, "a consignment stayed unknown for too long; somebody has to look");
            let happening = Happening::new(Kind::HandedToPerson, Actor::Gateway, "unknown for too long");
            self.write(consignment, vec![happening]).await?;
        }
        self.ledger.look_again::<Consignment>(&consignment.deed.id, self.seldom()).await?;
        Ok(Left::Open)
    }

    /// Takes one claimed report as far as it goes now.
    async fn settle_due_report(&self, id: &ReportId) -> Result<Left, Error> {
        let report = self.ledger.get_report(id).await?;
        if !matches!(report.state, ReportState::Sent | ReportState::Unknown) {
            return Ok(Left::Settled);
        }
        let consignment = self.ledger.get_consignment(&report.consignment).await?;
        if consignment.number.is_none() {
            let settled = self.give_up_unasked(&consignment, report).await?;
            return Ok(settled.map_or(Left::Open, |_| Left::Settled));
        }
        let heard = self.find_out(report).await?;
        let report = self.settle_unasked(heard).await?;
        if report.state != ReportState::Unknown {
            return Ok(Left::Settled);
        }
        if self.is_overdue(report.created_at) {
            tracing::error!(report = %report.id, consignment = %report.consignment, "a report stayed unknown for too long; somebody has to look");
        }
        Ok(Left::Open)
    }

    /// Writes happenings on a consignment; `None` when another wrote first.
    async fn write(&self, consignment: &Consignment, happenings: Vec<Happening>) -> Result<Option<Consignment>, Error> {
        let after = self.after(consignment, happenings);
        let look_at = self.look_at(&after);
        self.append(consignment, after, look_at).await
    }

    async fn append(
        &self,
        before: &Consignment,
        after: Consignment,
        look_at: i64,
    ) -> Result<Option<Consignment>, Error> {
        let written = Written { consignment: &after, known: before.version, look_at, report: None };
        match self.ledger.append_consignment(written).await {
            Ok(()) => Ok(Some(after)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

impl Reconciled {
    fn count(&mut self, left: Left) {
        match left {
            Left::Settled => self.settled += 1,
            Left::Open => self.open += 1,
            Left::Compared => self.compared += 1,
        }
    }
}

fn never_opened(detail: &str) -> Happening {
    let refusal = Refusal { code: Code::ConsignmentRefused, detail: detail.to_owned(), places: Vec::new() };
    let facts = Facts { refusal: Some(refusal), ..Facts::default() };
    Happening::new(Kind::Refused, Actor::Gateway, "never opened").with(facts)
}

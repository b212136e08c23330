//! Reporting what happened to a consignment's goods: written down first, said under its own id, and settled by the
//! catalogue's word about the whole consignment.

use std::collections::HashSet;

use super::catalogue::Sent;
use super::steps::shows;
use super::{Answer, Error, Fulfilment, Once, TRIES, Told};
use crate::error::Place;
use crate::ledger::{self, Begun, Lease, Written};
use crate::model::consignment::{
    Consignment, Facts, Happening, InspectedLine, Kind, Line, Report, ReportState, Said, State, Verdict,
};
use crate::model::ids::ConsignmentId;
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::translate::fulfilment::Standing;
use crate::upstream;

/// How many lines one report may name.
pub const MOST_LINES: usize = 500;

/// What came of saying a report, and its consignment as it was read before the catalogue was asked.
pub(super) struct Heard {
    consignment: Consignment,
    report: Report,
    sent: Sent,
}

/// How what came of a report is told: the consignment, the report, and every report that is not settled.
type Render<'a> = &'a (dyn Fn(&Consignment, &Report, &[Report]) -> Answer + Sync);

impl Fulfilment {
    /// Reports something once, however often it is asked for. `operation` is the id of what was called.
    pub async fn report(
        &self,
        caller: &Caller,
        once: Once,
        id: &ConsignmentId,
        said: Said,
        operation: &'static str,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        self.check(caller, id, &said).await?;
        // The same words about another consignment are another request.
        let body_hash = [once.body_hash.as_slice(), id.as_str().as_bytes()].concat();
        let asked = self.key_use(caller, Once { body_hash, ..once }, operation);
        match self.ledger.begin_report(asked, id.clone(), said).await? {
            Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, report) => self.say_now(&lease, report, render).await,
            Begun::Resumed(lease, report) => self.resume_report(&lease, report, render).await,
        }
    }

    /// Goes on where an earlier worker stopped.
    async fn resume_report(&self, lease: &Lease, report: Report, render: Render<'_>) -> Result<Told, Error> {
        match report.state {
            ReportState::NotSent => {
                let report = Report { state: ReportState::Sent, attempted_at: self.now(), ..report };
                self.ledger.update_report(&report, self.clock.now_ms() + self.settings.lease_ms).await?;
                self.say_now(lease, report, render).await
            }
            ReportState::Sent | ReportState::Unknown => {
                let consignment = self.ledger.get_consignment(&report.consignment).await?;
                if consignment.number.is_none() {
                    return self.give_up_here(lease, consignment, report, render).await;
                }
                let heard = self.find_out(report).await?;
                self.settle_asked(lease, heard, render).await
            }
            ReportState::Taken | ReportState::Refused => {
                let consignment = self.ledger.get_consignment(&report.consignment).await?;
                let answer = self.answer(&consignment, &report, render).await?;
                let (known, look_at) = (consignment.version, self.look_at(&consignment));
                let written = Written { consignment: &consignment, known, look_at, report: None };
                self.ledger.commit_consignment(lease, written, &answer).await?;
                Ok(Told { answer, replayed: false })
            }
        }
    }

    /// Says a report of which no earlier attempt may have got through.
    async fn say_now(&self, lease: &Lease, report: Report, render: Render<'_>) -> Result<Told, Error> {
        let consignment = self.ledger.get_consignment(&report.consignment).await?;
        let sent = match consignment.number {
            Some(number) => self.say(&consignment, number, &report).await,
            // Never opened at the catalogue: there is nobody to say it to.
            None => return self.give_up_here(lease, consignment, report, render).await,
        };
        match sent {
            Sent::NotReached(error) => self.put_back(lease, &consignment, report, error).await,
            Sent::Unknown(why) => {
                tracing::warn!(report = %report.id, kind = report.said.name(), why, "nobody knows yet whether a report was taken");
                let sent = match self.look_up(&consignment.deed).await {
                    Ok(Some(there)) if shows(&there, &report) => Sent::Taken(Box::new(there)),
                    _ => Sent::Unknown(why),
                };
                self.settle_asked(lease, Heard { consignment, report, sent }, render).await
            }
            sent => self.settle_asked(lease, Heard { consignment, report, sent }, render).await,
        }
    }

    /// Looks an unsettled report up; says it again under its own id when the catalogue does not have it.
    pub(super) async fn find_out(&self, report: Report) -> Result<Heard, Error> {
        let consignment = self.ledger.get_consignment(&report.consignment).await?;
        let Some(number) = consignment.number else {
            let sent = Sent::Unknown("its consignment has no number".into());
            return Ok(Heard { consignment, report, sent });
        };
        let sent = match self.look_up(&consignment.deed).await {
            Ok(Some(there)) if shows(&there, &report) => Some(Sent::Taken(Box::new(there))),
            Ok(_) => None,
            Err(error) => Some(Sent::Unknown(error.to_string())),
        };
        if let Some(sent) = sent {
            return Ok(Heard { consignment, report, sent });
        }
        let alone = self.is_quiet(report.attempted_at);
        let report = Report { attempted_at: self.now(), ..report };
        self.ledger.update_report(&report, self.clock.now_ms() + self.settings.lease_ms).await?;
        let sent = match self.say(&consignment, number, &report).await {
            // An earlier call may still get through: a refusal proves nothing yet.
            Sent::Refused(refusal) if !alone => Sent::Unknown(refusal.detail),
            Sent::NotReached(error) => Sent::Unknown(error.to_string()),
            sent => sent,
        };
        Ok(Heard { consignment, report, sent })
    }

    /// Writes what came of a report with the answer that repeats of its request get.
    async fn settle_asked(&self, lease: &Lease, heard: Heard, render: Render<'_>) -> Result<Told, Error> {
        let (mut consignment, report, mut there) = heard.settled();
        for _ in 0..TRIES {
            let after = self.after(&consignment, self.taken(&consignment, &report, there.as_deref()).await?);
            let answer = self.answer(&after, &report, render).await?;
            let written = self.written(&consignment, &after, &report);
            match self.ledger.commit_consignment(lease, written, &answer).await {
                Ok(()) => return Ok(Told { answer, replayed: false }),
                Err(ledger::Error::Moved) => (consignment, there) = self.anew(&report, there).await?,
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// After another wrote: the consignment as it is now, and then where it stands at the catalogue, if that was heard
    /// before. What was heard before may be old by now. When the catalogue cannot be asked, the feed makes up for it.
    async fn anew(
        &self,
        report: &Report,
        there: Option<Box<Standing>>,
    ) -> Result<(Consignment, Option<Box<Standing>>), Error> {
        let consignment = self.ledger.get_consignment(&report.consignment).await?;
        if there.is_none() {
            return Ok((consignment, None));
        }
        let there = self.look_up(&consignment.deed).await.unwrap_or_else(|error| {
            tracing::warn!(consignment = %consignment.deed.id, %error, "a consignment that moved could not be looked up again");
            None
        });
        Ok((consignment, there.map(Box::new)))
    }

    /// Writes what came of a report that nobody waits for any more: then a refusal is an event.
    pub(super) async fn settle_unasked(&self, heard: Heard) -> Result<Report, Error> {
        let (mut consignment, report, mut there) = heard.settled();
        for _ in 0..TRIES {
            let mut happenings = self.taken(&consignment, &report, there.as_deref()).await?;
            if let Some(refusal) = &report.refusal {
                let (refusal, id) = (Some(refusal.clone()), Some(report.id.clone()));
                let facts = Facts { refusal, report: id, ..Facts::default() };
                let cause = format!("{} refused by the catalogue", report.said.name());
                happenings.push(Happening::new(Kind::ReportRefused, Actor::Catalogue, cause).with(facts));
            }
            let after = self.after(&consignment, happenings);
            match self.ledger.append_consignment(self.written(&consignment, &after, &report)).await {
                Ok(()) => return Ok(report),
                Err(ledger::Error::Moved) => (consignment, there) = self.anew(&report, there).await?,
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// The moves that a report which was taken brought.
    async fn taken(
        &self,
        consignment: &Consignment,
        report: &Report,
        there: Option<&Standing>,
    ) -> Result<Vec<Happening>, Error> {
        let Some(there) = there else { return Ok(Vec::new()) };
        let cause = match &report.said {
            Said::Cancellation { reason: Some(reason) } => reason.clone(),
            said => format!("{} reported by the partner", said.name()),
        };
        self.catch_up(consignment, there, Actor::Partner, &cause).await
    }

    fn written<'a>(&self, before: &Consignment, after: &'a Consignment, report: &'a Report) -> Written<'a> {
        let report_look_at =
            if self.is_overdue(report.created_at) { self.seldom() } else { self.soon(report.created_at) };
        Written {
            consignment: after,
            known: before.version,
            look_at: self.look_at(after),
            report: Some((report, report_look_at)),
        }
    }

    async fn answer(&self, consignment: &Consignment, report: &Report, render: Render<'_>) -> Result<Answer, Error> {
        let mut pending = self.ledger.list_open_reports(&consignment.deed.id).await?;
        pending.retain(|other| other.id != report.id);
        pending.extend((report.state == ReportState::Unknown).then(|| report.clone()));
        Ok(render(consignment, report, &pending))
    }

    /// Gives up what the catalogue never heard of.
    async fn give_up_here(
        &self,
        lease: &Lease,
        consignment: Consignment,
        report: Report,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        let (after, report) = self.given_up(&consignment, report).ok_or(Error::Busy)?;
        let answer = self.answer(&after, &report, render).await?;
        let written = self.written(&consignment, &after, &report);
        match self.ledger.commit_consignment(lease, written, &answer).await {
            Ok(()) => Ok(Told { answer, replayed: false }),
            // Asked for again in the same moment: then it has to be said to the catalogue.
            Err(ledger::Error::Moved) => Err(Error::Busy),
            Err(other) => Err(other.into()),
        }
    }

    /// The same when nobody waits for it any more; none while it is being opened after all.
    pub(super) async fn give_up_unasked(
        &self,
        consignment: &Consignment,
        report: Report,
    ) -> Result<Option<Report>, Error> {
        let Some((after, report)) = self.given_up(consignment, report) else { return Ok(None) };
        match self.ledger.append_consignment(self.written(consignment, &after, &report)).await {
            Ok(()) => Ok(Some(report)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }

    /// A consignment that was never opened once it is given up, and what came of the report that wants it.
    fn given_up(&self, consignment: &Consignment, report: Report) -> Option<(Consignment, Report)> {
        let reason = match &report.said {
            Said::Cancellation { reason } => reason.clone(),
            _ => None,
        };
        let facts = Facts { reason, ..Facts::default() };
        let happening = Happening::new(Kind::Cancelled, Actor::Partner, "given up before it was opened").with(facts);
        let after = self.after(consignment, vec![happening]);
        // One that was rejected meanwhile is gone as well.
        let gone = matches!(after.state, State::Cancelled | State::Rejected);
        gone.then_some((after, Report { state: ReportState::Taken, ..report }))
    }

    /// Nothing was said: whoever asks again with this key starts at once.
    async fn put_back(
        &self,
        lease: &Lease,
        consignment: &Consignment,
        report: Report,
        error: upstream::Error,
    ) -> Result<Told, Error> {
        let report = Report { state: ReportState::NotSent, ..report };
        let look_at = self.look_at(consignment);
        let with_report = Some((&report, look_at));
        let written = Written { consignment, known: consignment.version, look_at, report: with_report };
        match self.ledger.release_consignment(lease, written).await {
            Ok(()) | Err(ledger::Error::LeaseLost) => Err(Error::NotReached(error)),
            Err(other) => Err(other.into()),
        }
    }

    /// What can be seen to be wrong without asking: lines of others, lines named twice, figures that cannot be.
    async fn check(&self, caller: &Caller, id: &ConsignmentId, said: &Said) -> Result<(), Error> {
        let found = self.ledger.find_consignment(&caller.partner.id, caller.mode, id).await?;
        let consignment = found.ok_or(Error::ConsignmentNotFound)?;
        let mut places = Vec::new();
        let mut seen = HashSet::new();
        for (at, (order, sku)) in said.lines().enumerate() {
            let known = consignment.lines.iter().any(|line| line.order == *order && line.sku == sku);
            if !consignment.deed.orders.iter().any(|one| one.order == *order) {
                let detail = format!("order {order} is not in this consignment");
                places.push(Place::body(&format!("/lines/{at}/order_id"), detail));
            } else if !known {
                let detail = format!("order {order} has no line of SKU {sku}");
                places.push(Place::body(&format!("/lines/{at}/sku_id"), detail));
            } else if !seen.insert((order, sku)) {
                places.push(Place::body(&format!("/lines/{at}"), "this line is named before"));
            }
        }
        let count = said.lines().count();
        match said {
            Said::Receipt { complete, .. } if count > MOST_LINES || (count == 0 && !complete) => {
                let detail =
                    format!("1 to {MOST_LINES} lines (none only with complete); report more in further receipts");
                places.push(Place::body("/lines", detail));
            }
            Said::Inspection { .. } if count == 0 || count > MOST_LINES => {
                let detail = format!("1 to {MOST_LINES} lines; report more in further inspections");
                places.push(Place::body("/lines", detail));
            }
            Said::Inspection { lines } => {
                places.extend(figures(&consignment, lines));
                places.extend(self.photos_missing(&consignment, lines).await?);
            }
            _ => {}
        }
        if places.is_empty() { Ok(()) } else { Err(Error::Invalid(places)) }
    }

    async fn photos_missing(&self, of: &Consignment, lines: &[InspectedLine]) -> Result<Vec<Place>, Error> {
        let mut places = Vec::new();
        for (at, line) in lines.iter().enumerate() {
            for (nth, photo) in line.inspection.photos.iter().enumerate() {
                if self.ledger.find_voucher(&of.deed.partner, of.deed.mode, photo).await?.is_none() {
                    let pointer = format!("/lines/{at}/voucher_ids/{nth}");
                    places.push(Place::body(&pointer, "you have no such voucher; upload the picture first"));
                }
            }
        }
        Ok(places)
    }
}

/// Figures of an inspection that do not fit what came; judged only once that cannot change any more.
fn figures(consignment: &Consignment, lines: &[InspectedLine]) -> Vec<Place> {
    if !matches!(consignment.state, State::Received | State::Inspected | State::HandedOver) {
        return Vec::new();
    }
    let wrong = |(at, said): (usize, &InspectedLine)| {
        let known = consignment.lines.iter().find(|line| line.order == said.order && line.sku == said.sku)?;
        let Line { expected, received, .. } = *known;
        let (verdict, passed) = (said.inspection.verdict, said.inspection.passed);
        let detail = match verdict {
            _ if passed > received => format!("{received} came, so at most {received} can have passed"),
            Verdict::Pass if passed != expected => format!("{expected} are expected; a line passes only as a whole"),
            Verdict::Short if passed >= expected => format!("{expected} are expected; short means that fewer passed"),
            _ => return None,
        };
        Some(Place::body(&format!("/lines/{at}/passed"), detail))
    };
    lines.iter().enumerate().filter_map(wrong).collect()
}

impl Heard {
    /// The report with what came of it, and where the consignment stands at the catalogue if that was told.
    fn settled(self) -> (Consignment, Report, Option<Box<Standing>>) {
        let (state, refusal, there) = match self.sent {
            Sent::Taken(there) => (ReportState::Taken, None, Some(there)),
            Sent::Refused(refusal) => (ReportState::Refused, Some(refusal), None),
            Sent::NotReached(_) | Sent::Unknown(_) => (ReportState::Unknown, None, None),
        };
        (self.consignment, Report { state, refusal, ..self.report }, there)
    }
}

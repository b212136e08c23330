//! Consignments: begun with their key, written event by event, read back as the fold. Orders are in one at a time.

mod read;
mod refused;
mod reports;
mod words;

use jiff::Timestamp;

pub use refused::Consigning;

use super::claims::{self, Claimed};
use super::outbox::{self, Notice};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger};
use crate::model::consignment::{
    self, Consignment, Deed, Event, Happening, Hindrance, Kind, Obstacle, OperatedBy, Report, State,
};
use crate::model::ids::{ConsignmentId, OrderId, PartnerId};
use crate::model::order::{Actor, Order, Reference};
use crate::model::partner::Mode;
use crate::sql::{Tx, args};

/// A wish to let orders leave together.
#[derive(Clone, Debug)]
pub struct NewConsignment {
    /// The partner's own number.
    pub reference: Reference,
    /// The orders.
    pub orders: Vec<OrderId>,
    /// Who receives and inspects.
    pub operated_by: OperatedBy,
}

/// What one step writes about a consignment.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a> {
    /// The consignment with its new events.
    pub consignment: &'a Consignment,
    /// The version they build on.
    pub known: u32,
    /// When it should be looked at again.
    pub look_at: i64,
    /// How far a report about it has got with that, and when the report should be looked at again.
    pub report: Option<(&'a Report, i64)>,
}

impl Ledger {
    /// Claims the key and makes the intent durable: the consignment with `requested` and `opening_started`. One that an
    /// earlier worker left is given as it stands.
    pub async fn begin_consignment(&self, asked: KeyUse, wish: NewConsignment) -> Result<Begun<Consignment>, Error> {
        let now = self.clock.now();
        let begun = self.sql.transaction(move |tx| Box::pin(async move { begin(tx, asked, wish, now).await })).await?;
        self.read_begun(begun).await
    }

    /// Writes the events beyond the known version, if nobody wrote any in between.
    pub async fn append_consignment(&self, written: Written<'_>) -> Result<(), Error> {
        let step = Step::of(written);
        self.sql.transaction(move |tx| Box::pin(async move { step.write(tx).await })).await
    }

    /// The same, and with it the answer that repeats of the request get.
    pub async fn commit_consignment(&self, lease: &Lease, written: Written<'_>, answer: &Answer) -> Result<(), Error> {
        let (step, lease, answer) = (Step::of(written), lease.clone(), answer.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::settle(tx, &lease, &answer).await?;
                    step.write(tx).await
                })
            })
            .await
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release_consignment(&self, lease: &Lease, written: Written<'_>) -> Result<(), Error> {
        let (step, lease) = (Step::of(written), lease.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    step.write(tx).await
                })
            })
            .await
    }
}

/// A step of its own, as a transaction takes it along.
#[derive(Clone)]
struct Step {
    consignment: Consignment,
    known: u32,
    look_at: i64,
    report: Option<(Report, i64)>,
}

impl Step {
    fn of(written: Written<'_>) -> Self {
        let Written { consignment, known, look_at, report } = written;
        let report = report.map(|(report, look_at)| (report.clone(), look_at));
        Self { consignment: consignment.clone(), known, look_at, report }
    }

    async fn write(self, tx: &mut Tx) -> Result<(), Error> {
        if let Some((report, look_at)) = &self.report {
            reports::write(tx, report, *look_at).await?;
        }
        write(tx, &self.consignment, self.known, self.look_at).await
    }
}

async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    wish: NewConsignment,
    now: Timestamp,
) -> Result<Begun<ConsignmentId>, Error> {
    let id = ConsignmentId::fresh();
    let lease = match claims::claim(tx, &asked, &id, now.as_millisecond()).await? {
        Claimed::Before(begun) => return Ok(begun),
        Claimed::Fresh(lease) => lease,
    };
    // Before the orders are looked at: a reference that is taken is the more useful thing to learn.
    if let Some(first) = reference_of(tx, &asked.partner, asked.mode, &wish.reference).await? {
        return Err(Consigning::ReferenceTaken { first }.into());
    }
    let gathered = gather(tx, &asked.partner, asked.mode, &wish.orders).await?;
    let deed = Deed {
        id: id.clone(),
        partner: asked.partner,
        mode: asked.mode,
        reference: wish.reference,
        warehouse: gathered.warehouse,
        ship_to: gathered.ship_to,
        operated_by: wish.operated_by,
        orders: gathered.orders,
        created_at: now,
    };
    let mut consignment = Consignment::requested(deed, asked.operation);
    let look_at = now.as_millisecond() + asked.lease_ms;
    insert(tx, &consignment, look_at).await?;
    let started = Happening::new(Kind::OpeningStarted, Actor::Gateway, "sending it to the catalogue");
    let unreadable = |error| Error::unreadable("consignment", error);
    let event = consignment.next(now, started).map_err(unreadable)?;
    consignment.apply(event).map_err(unreadable)?;
    write(tx, &consignment, 1, look_at).await?;
    Ok(Begun::Fresh(lease, id))
}

async fn reference_of(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    reference: &Reference,
) -> Result<Option<ConsignmentId>, Error> {
    const TAKEN: &str = "SELECT id FROM consignments WHERE partner = $1 AND mode = $2 AND reference = $3";
    let row = tx.fetch_optional(TAKEN, args![partner.as_str(), mode.name(), reference.as_str()]).await?;
    Ok(row.map(|row| row.parse("id")).transpose()?)
}

/// What the orders have in common, if they can leave together.
async fn gather(tx: &mut Tx, partner: &PartnerId, mode: Mode, ids: &[OrderId]) -> Result<consignment::Gathered, Error> {
    const CONSIGNED: &str = "SELECT consignment FROM consignment_orders WHERE order_id = $1 AND active = 1";
    let (mut found, mut places, mut obstacles): (Vec<Order>, Vec<usize>, Vec<Obstacle>) = Default::default();
    for (at, id) in ids.iter().enumerate() {
        let mut hinder = |why| obstacles.push(Obstacle { at, order: id.clone(), why });
        let Some(order) = read::find_order(tx, partner, mode, id).await? else {
            hinder(Hindrance::NotFound);
            continue;
        };
        if let Some(row) = tx.fetch_optional(CONSIGNED, args![id.as_str()]).await? {
            hinder(Hindrance::Consigned(row.parse("consignment")?));
            continue;
        }
        found.push(order);
        places.push(at);
    }
    match consignment::gather(&found) {
        Ok(gathered) if obstacles.is_empty() => return Ok(gathered),
        Ok(_) => {}
        Err(others) => {
            let placed = others.into_iter().filter_map(|one| Some(Obstacle { at: *places.get(one.at)?, ..one }));
            obstacles.extend(placed);
        }
    }
    obstacles.sort_by_key(|obstacle| obstacle.at);
    Err(Consigning::Obstacles(obstacles).into())
}

async fn insert(tx: &mut Tx, consignment: &Consignment, look_at: i64) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO consignments \
        (id, partner, mode, reference, document, created_at, state, version, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $6, $9) ON CONFLICT DO NOTHING";
    const ORDER: &str = "INSERT INTO consignment_orders (consignment, order_id, active) VALUES ($1, $2, 1) \
        ON CONFLICT DO NOTHING";
    let deed = &consignment.deed;
    let row = args![
        deed.id.as_str(),
        deed.partner.as_str(),
        deed.mode.name(),
        deed.reference.as_str(),
        words::write_deed(deed)?,
        deed.created_at.as_millisecond(),
        consignment.state.name(),
        consignment.version,
        look_at,
    ];
    // Whoever took the reference or an order in this very moment is found by the next try.
    if tx.execute(INSERT, row).await? == 0 {
        return Err(Error::Moved);
    }
    // In one order for all: two wishes with the same orders must not wait for each other.
    let mut orders: Vec<_> = deed.orders.iter().map(|order| order.order.as_str()).collect();
    orders.sort_unstable();
    for order in orders {
        if tx.execute(ORDER, args![deed.id.as_str(), order]).await? == 0 {
            return Err(Error::Moved);
        }
    }
    for event in &consignment.events {
        note(tx, consignment, event, consignment.state).await?;
    }
    Ok(())
}

/// Writes the events beyond the known version, if the stored one is still at it.
async fn write(tx: &mut Tx, consignment: &Consignment, known: u32, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE consignments SET state = $3, version = $4, catalogue_consignment = $5, reason = $6, \
        updated_at = $7, look_at = $8 WHERE id = $1 AND version = $2";
    const LET_GO: &str = "UPDATE consignment_orders SET active = 0 WHERE consignment = $1";
    let id = consignment.deed.id.as_str();
    if consignment.version == known {
        return Ok(());
    }
    let row = args![
        id,
        known,
        consignment.state.name(),
        consignment.version,
        consignment.number.map(|number| number.number()),
        consignment.reason.clone(),
        consignment.updated_at.as_millisecond(),
        look_at,
    ];
    if tx.execute(UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    let mut state = state_at(consignment, known);
    for event in consignment.events.iter().filter(|event| event.version > known) {
        state = event.kind.leads_to().unwrap_or(state);
        note(tx, consignment, event, state).await?;
    }
    if matches!(consignment.state, State::Rejected | State::Cancelled) {
        tx.execute(LET_GO, args![id]).await?;
    }
    Ok(())
}

/// Where it stood at a version.
fn state_at(consignment: &Consignment, version: u32) -> State {
    let until = consignment.events.iter().filter(|event| event.version <= version);
    until.filter_map(|event| event.kind.leads_to()).next_back().unwrap_or(State::Requested)
}

/// One event, and what the partner hears of it.
async fn note(tx: &mut Tx, consignment: &Consignment, event: &Event, state: State) -> Result<(), Error> {
    const EVENT: &str = "INSERT INTO consignment_events \
        (consignment, version, id, kind, state, actor, cause, facts, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (deed, at) = (&consignment.deed, event.at.as_millisecond());
    let row = args![
        deed.id.as_str(),
        event.version,
        event.id.as_str(),
        event.kind.name(),
        state.name(),
        event.actor.name(),
        &event.cause,
        words::write_facts(&event.facts)?,
        at,
    ];
    tx.execute(EVENT, row).await?;
    let Some(told) = event.kind.told() else { return Ok(()) };
    let data = told_of(deed, event, state);
    let (partner, mode, subject) = (&deed.partner, deed.mode, deed.id.as_str());
    let kind = format!("consignment.{told}");
    outbox::post(tx, &[Notice { event: &event.id, partner, mode, subject, kind, data, at }]).await
}

/// Ids, the reference, the new state, and the figure that makes the partner look or not.
fn told_of(deed: &Deed, event: &Event, state: State) -> serde_json::Value {
    let mut data = serde_json::json!({
        "consignment_id": deed.id.as_str(), "reference": deed.reference.as_str(), "state": state.name(),
        "version": event.version,
    });
    let facts = &event.facts;
    if let Some(not_passed) = facts.not_passed {
        data["lines_not_passed"] = not_passed.into();
    }
    if let Some(handover) = &facts.handover {
        data["carrier"] = handover.carrier.as_str().into();
        data["tracking_number"] = handover.tracking_number.as_str().into();
    }
    if let Some(refusal) = &facts.refusal {
        data["code"] = refusal.code.facts().name.into();
    }
    if let Some(report) = &facts.report {
        data["report_id"] = report.as_str().into();
    }
    data
}

#[cfg(test)]
mod tests;

//! Reading consignments: one by one with their events, in lists without, and those that want to be looked at.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Consigning, words};
use crate::ledger::orders::{select as select_order, summary as order_summary};
use crate::ledger::words::moment;
use crate::ledger::{Error, Ledger};
use crate::model::consignment::{Consignment, Deed, Event, State};
use crate::model::ids::{CatalogueConsignmentId, ConsignmentId, OrderId, PartnerId};
use crate::model::order::{Order, Reference};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::sql::{Row, Sql, Tx, args};

/// What is not settled in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Consignments and reports whose outcome is unknown.
    pub unknown: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_s: i64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, partner, mode, reference, document, created_at, state, version, catalogue_consignment, reason, ",
            "updated_at FROM consignments ",
            $rest
        )
    };
}

impl Ledger {
    /// A consignment with its events, whoever's it is.
    pub async fn get_consignment(&self, id: &ConsignmentId) -> Result<Consignment, Error> {
        let row = self.sql.fetch_optional(select!("WHERE id = $1"), args![id.as_str()]).await?;
        match row {
            Some(row) => story(&self.sql, &row).await,
            None => Err(Consigning::NotFound(id.clone()).into()),
        }
    }

    /// A partner's consignment with its events.
    pub async fn find_consignment(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &ConsignmentId,
    ) -> Result<Option<Consignment>, Error> {
        const FIND: &str = select!("WHERE id = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's consignment by the partner's own number, with its events.
    pub async fn find_consignment_by_reference(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<Consignment>, Error> {
        const FIND: &str = select!("WHERE reference = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![reference.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's consignments, newest first, without their events and figures.
    pub async fn list_consignments(
        &self,
        partner: &PartnerId,
        mode: Mode,
        state: Option<State>,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Consignment>, Error> {
        const LIST: &str = select!(
            "WHERE partner = $1 AND mode = $2 AND ($3 IS NULL OR state = $3) \
             AND ($4 IS NULL OR created_at < $4 OR (created_at = $4 AND id < $5)) \
             ORDER BY created_at DESC, id DESC LIMIT $6"
        );
        let place = after.map(|cursor| place(&cursor.0).ok_or(Error::WrongCursor)).transpose()?;
        let args = args![
            partner.as_str(),
            mode.name(),
            state.map(State::name),
            place.as_ref().map(|(at, _)| *at),
            place.as_ref().map_or("", |(_, id)| id.as_str()),
            size.get() + 1
        ];
        let mut rows = self.sql.fetch_all(LIST, args).await?;
        let more = rows.len() > size.get() as usize;
        rows.truncate(size.get() as usize);
        let items = rows.iter().map(summary).collect::<Result<Vec<_>, Error>>()?;
        let next = items.last().filter(|_| more).map(|last| mark(&last.deed));
        Ok(Page { items, next, total: None })
    }

    /// Puts the next look at a consignment off.
    pub async fn look_again_at_consignment(&self, id: &ConsignmentId, look_at: i64) -> Result<(), Error> {
        self.sql.execute("UPDATE consignments SET look_at = $2 WHERE id = $1", args![id.as_str(), look_at]).await?;
        Ok(())
    }

    /// How many consignments and reports about them are unknown, and for how long the oldest.
    pub async fn waiting_consignments(&self) -> Result<Waiting, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM ( \
            SELECT created_at FROM consignments WHERE state = 'unknown' \
            UNION ALL SELECT created_at FROM consignment_reports WHERE state = 'unknown') AS waiting";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Waiting::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Waiting { unknown: u64::try_from(row.int("unknown")?).unwrap_or(0), oldest_s })
    }
}

/// A partner's order without its events, read inside a transaction.
pub(super) async fn find_order(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    id: &OrderId,
) -> Result<Option<Order>, Error> {
    const FIND: &str = select_order!("WHERE id = $1 AND partner = $2 AND mode = $3");
    let row = tx.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
    row.as_ref().map(order_summary).transpose()
}

async fn story(sql: &Sql, row: &Row) -> Result<Consignment, Error> {
    const EVENTS: &str = "SELECT id, version, kind, actor, cause, facts, at FROM consignment_events \
        WHERE consignment = $1 ORDER BY version";
    let deed = deed(row)?;
    let rows = sql.fetch_all(EVENTS, args![deed.id.as_str()]).await?;
    let events = rows.iter().map(event).collect::<Result<Vec<_>, Error>>()?;
    let what = deed.id.to_string();
    Consignment::fold(deed, events).ok_or_else(|| Error::unreadable("the story of a consignment", what))
}

fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event {
        id: row.parse("id")?,
        version: version(row)?,
        at: moment("event", row.int("at")?)?,
        actor: row.parse("actor")?,
        kind: row.parse("kind")?,
        cause: row.text("cause")?,
        facts: words::read_facts(&row.text("facts")?)?,
    })
}

fn deed(row: &Row) -> Result<Deed, Error> {
    let gathered = words::read_deed(&row.text("document")?)?;
    Ok(Deed {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        reference: row.parse("reference")?,
        warehouse: gathered.warehouse,
        ship_to: gathered.ship_to,
        operated_by: gathered.operated_by,
        orders: gathered.orders,
        created_at: moment("consignment", row.int("created_at")?)?,
    })
}

fn summary(row: &Row) -> Result<Consignment, Error> {
    let deed = deed(row)?;
    Ok(Consignment {
        lines: deed.lines(),
        deed,
        state: row.parse("state")?,
        version: version(row)?,
        number: row.opt_int("catalogue_consignment")?.map(CatalogueConsignmentId::new),
        reason: row.opt_text("reason")?,
        receipts: Vec::new(),
        handover: None,
        updated_at: moment("consignment", row.int("updated_at")?)?,
        events: Vec::new(),
    })
}

fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}

fn mark(last: &Deed) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(format!("{}-{}", last.created_at.as_millisecond(), last.id)))
}

fn place(cursor: &str) -> Option<(i64, ConsignmentId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

//! Reading consignments: one by one with their events, in lists without, and those that want to be looked at.

use std::sync::LazyLock;

use super::{Consigning, words};
use crate::ledger::kept::{self, Columns, Kept, Tables, Texts};
use crate::ledger::orders::{select as select_order, summary as order_summary};
use crate::ledger::words::moment;
use crate::ledger::{Error, Ledger, Unsettled};
use crate::model::consignment::{Consignment, Deed, Event, State};
use crate::model::ids::{CatalogueConsignmentId, ConsignmentId, OrderId, PartnerId};
use crate::model::order::{Order, Reference};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::sql::{Row, Tx, args};

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::of(&Tables {
        rows: "consignments",
        select: "SELECT id, partner, mode, reference, document, created_at, state, version, catalogue_consignment, \
                 reason, updated_at FROM consignments ",
        sought: None,
        open: "state NOT IN ('rejected', 'handed_over', 'cancelled')",
        events: "consignment_events",
        told: "id, version, kind, actor, cause, facts, at",
        of: "consignment",
    })
});

impl Ledger {
    /// A consignment with its events, whoever's it is.
    pub async fn get_consignment(&self, id: &ConsignmentId) -> Result<Consignment, Error> {
        self.get(id).await
    }

    /// A partner's consignment with its events.
    pub async fn find_consignment(
        &self,
        partner: &PartnerId,
        mode: Mode,
        id: &ConsignmentId,
    ) -> Result<Option<Consignment>, Error> {
        self.find(partner, mode, id).await
    }

    /// A partner's consignment by the partner's own number, with its events.
    pub async fn find_consignment_by_reference(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<Consignment>, Error> {
        self.find_referenced(partner, mode, reference).await
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
        self.list((partner, mode), state.map(State::name), None, after, size).await
    }

    /// How many consignments and reports about them are unknown, and for how long the oldest.
    pub async fn unsettled_consignments(&self) -> Result<Unsettled, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM ( \
            SELECT created_at FROM consignments WHERE state = 'unknown' \
            UNION ALL SELECT created_at FROM consignment_reports WHERE state = 'unknown') AS waiting";
        self.count_unsettled(COUNT).await
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

impl Kept for Consignment {
    type Deed = Deed;
    type Event = Event;

    fn texts() -> &'static Texts {
        &TEXTS
    }

    fn deed(row: &Row) -> Result<Deed, Error> {
        let gathered = words::read_deed(&row.text("document")?)?;
        let Columns { id, partner, mode, reference, created_at } = Columns::read(row)?;
        Ok(Deed {
            id,
            partner,
            mode,
            reference,
            warehouse: gathered.warehouse,
            ship_to: gathered.ship_to,
            operated_by: gathered.operated_by,
            orders: gathered.orders,
            created_at,
        })
    }

    fn event(row: &Row) -> Result<Event, Error> {
        kept::event(row, words::read_facts)
    }

    fn fold(deed: Deed, events: Vec<Event>) -> Option<Self> {
        Self::fold(deed, events)
    }

    fn summary(row: &Row) -> Result<Self, Error> {
        let deed = <Self as Kept>::deed(row)?;
        Ok(Self {
            lines: deed.lines(),
            deed,
            state: row.parse("state")?,
            version: kept::version(row)?,
            number: row.opt_int("catalogue_consignment")?.map(CatalogueConsignmentId::new),
            reason: row.opt_text("reason")?,
            receipts: Vec::new(),
            handover: None,
            updated_at: moment("consignment", row.int("updated_at")?)?,
            events: Vec::new(),
        })
    }

    fn asked(&self) -> &Deed {
        &self.deed
    }

    fn not_found(id: ConsignmentId) -> Error {
        Consigning::NotFound(id).into()
    }
}

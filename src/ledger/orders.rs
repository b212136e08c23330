//! Orders: begun with their key, written event by event, read back as the fold. How they are written is in `writing`.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::groups::{Beginning, Settling};
use super::kept::{Columns, Kept, Tables, Texts, version};
use super::words::{self, Bought};
use super::writing::{self, Start};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, claims};
use crate::model::ids::{OrderId, PartnerId, QuoteId};
use crate::model::money::Money;
use crate::model::order::{Deed, Event, Order, Reference, State};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::referral::Click;
use crate::sql::{Row, args};

/// A wish to order what was quoted.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The partner's own number.
    pub reference: Reference,
    /// The quote.
    pub quote: QuoteId,
    /// A note to the supplier.
    pub note: Option<String>,
    /// The click that it comes of.
    pub referral: Option<Click>,
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those received at or after this moment.
    pub created_after: Option<Timestamp>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, partner, mode, reference, quote, document, created_at, state, version, catalogue_order, ",
            "paying, pay_by, reason, refunded, note, attention, updated_at, (SELECT facts FROM order_events AS priced ",
            "WHERE priced.order_id = orders.id AND priced.kind = 'repriced' ORDER BY priced.version DESC LIMIT 1) ",
            "AS repriced FROM orders ",
            $rest
        )
    };
}

pub(super) use select;

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::of(&Tables {
        rows: "orders",
        select: select!(""),
        sought: Some("($4 IS NULL OR created_at >= $4)"),
        open: "state IN ('received', 'placing', 'unknown')",
        events: "order_events",
        told: "id, version, kind, state, actor, cause, facts, at",
        of: "order_id",
    })
});

impl Ledger {
    /// Claims the key and makes the intent durable: the order with `received` and `placing_started`.
    /// An order that an earlier worker left is given as it stands.
    pub async fn begin_order(&self, asked: KeyUse, wish: NewOrder) -> Result<Begun<Order>, Error> {
        Ok(match self.beginnings.ask(Beginning { asked, wish }).await?? {
            Start::Before(begun) => self.read_begun(begun).await?,
            Start::Fresh(lease, order) => Begun::Fresh(lease, *order),
        })
    }

    /// Where an order of a world stands, whoever's it is, unless somebody has to look at it.
    pub async fn find_order_state(&self, id: &OrderId, mode: Mode) -> Result<Option<State>, Error> {
        const FIND: &str = "SELECT state FROM orders WHERE id = $1 AND mode = $2 AND attention IS NULL";
        let row = self.sql.fetch_optional(FIND, args![id.as_str(), mode.name()]).await?;
        Ok(row.map(|row| row.parse("state")).transpose()?)
    }

    /// Writes the events beyond `known` (a version), if nobody wrote any in between. `look_at` is when an order that is
    /// still unsettled then should be looked at.
    pub async fn append(&self, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
        let order = order.clone();
        self.sql.transaction(move |tx| Box::pin(async move { writing::write(tx, &order, known, look_at).await })).await
    }

    /// The same, and with it the answer that repeats of the request get.
    pub async fn commit(
        &self,
        lease: &Lease,
        order: &Order,
        known: u32,
        look_at: i64,
        answer: &Answer,
    ) -> Result<(), Error> {
        let (lease, order, answer) = (lease.clone(), order.clone(), answer.clone());
        self.settlings.ask(Settling { lease, order, known, look_at, answer }).await?
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release(&self, lease: &Lease, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
        let (lease, order) = (lease.clone(), order.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    writing::write(tx, &order, known, look_at).await
                })
            })
            .await
    }

    /// An order with its events, whoever's it is.
    pub async fn get_order(&self, id: &OrderId) -> Result<Order, Error> {
        self.get(id).await
    }

    /// A partner's order with its events.
    pub async fn find_order(&self, partner: &PartnerId, mode: Mode, id: &OrderId) -> Result<Option<Order>, Error> {
        self.find(partner, mode, id).await
    }

    /// A partner's order by the partner's own number, with its events.
    pub async fn find_by_reference(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<Order>, Error> {
        self.find_referenced(partner, mode, reference).await
    }

    /// A partner's orders, newest first, without their events.
    pub async fn list_orders(
        &self,
        partner: &PartnerId,
        mode: Mode,
        filter: &Filter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Order>, Error> {
        let created_after = filter.created_after.map(Timestamp::as_millisecond);
        self.list((partner, mode), filter.state.map(State::name), Some(created_after.into()), after, size).await
    }
}

impl Kept for Order {
    type Deed = Deed;
    type Event = Event;

    fn texts() -> &'static Texts {
        &TEXTS
    }

    fn deed(row: &Row) -> Result<Deed, Error> {
        deed(row)
    }

    fn event(row: &Row) -> Result<Event, Error> {
        Ok(Event {
            id: row.parse("id")?,
            version: version(row)?,
            at: words::moment("event", row.int("at")?)?,
            actor: row.parse("actor")?,
            kind: row.parse("kind")?,
            state: row.parse("state")?,
            cause: row.text("cause")?,
            facts: words::read_facts(&row.text("facts")?)?,
        })
    }

    fn fold(deed: Deed, events: Vec<Event>) -> Option<Self> {
        Self::fold(deed, events)
    }

    fn summary(row: &Row) -> Result<Self, Error> {
        summary(row)
    }

    fn asked(&self) -> &Deed {
        &self.deed
    }

    fn not_found(id: OrderId) -> Error {
        Error::OrderNotFound(id)
    }
}

fn deed(row: &Row) -> Result<Deed, Error> {
    let bought: Bought = words::read("order", &row.text("document")?)?;
    let Columns { id, partner, mode, reference, created_at } = Columns::read(row)?;
    Ok(Deed {
        id,
        partner,
        mode,
        reference,
        quote: row.parse("quote")?,
        quote_expires_at: bought.quote_expires_at.map(|ms| words::moment("order", ms)).transpose()?,
        note: bought.note,
        basket: bought.basket.try_into()?,
        exchange: bought.exchange.try_into()?,
        created_at,
    })
}

pub(super) fn summary(row: &Row) -> Result<Order, Error> {
    let deed = deed(row)?;
    let note = row.opt_text("note")?.or_else(|| deed.note.clone());
    let repriced = row.opt_text("repriced")?.map(|facts| words::read_facts(&facts)).transpose()?;
    Ok(Order {
        payable: repriced.and_then(|facts| facts.payable).unwrap_or(deed.basket.total),
        deed,
        state: row.parse("state")?,
        version: version(row)?,
        catalogue_order: row.opt_int("catalogue_order")?.map(crate::model::ids::CatalogueOrderId::new),
        paying: row.parse("paying")?,
        pay_by: row.opt_int("pay_by")?.map(|ms| words::moment("order", ms)).transpose()?,
        refunded: Money::fen(row.int("refunded")?),
        note: note.filter(|note| !note.is_empty()),
        attention: row.opt_text("attention")?.map(|_| row.parse("attention")).transpose()?,
        reason: row.opt_text("reason")?,
        updated_at: words::moment("order", row.int("updated_at")?)?,
        events: Vec::new(),
    })
}

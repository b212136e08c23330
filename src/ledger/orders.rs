//! Orders: begun with their key, written event by event, read back as the fold. How they are written is in `writing`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::groups::{Beginning, Settling};
use super::words::{self, Bought};
use super::writing::{self, Start};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, claims};
use crate::model::ids::{OrderId, PartnerId, QuoteId};
use crate::model::money::Money;
use crate::model::order::{Deed, Event, Order, Reference, State};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::sql::{Row, Sql, args};

/// A wish to order what was quoted.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The partner's own number.
    pub reference: Reference,
    /// The quote.
    pub quote: QuoteId,
    /// A note to the supplier.
    pub note: Option<String>,
}

/// Which orders a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those received at or after this moment.
    pub created_after: Option<Timestamp>,
}

/// How much is unsettled in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsettled {
    /// Orders whose outcome is unknown.
    pub unknown: u64,
    /// Age of the oldest of them, in seconds.
    pub oldest_s: i64,
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

impl Ledger {
    /// Claims the key and makes the intent durable: the order with `received` and `placing_started`.
    /// An order that an earlier worker left is given as it stands.
    pub async fn begin_order(&self, asked: KeyUse, wish: NewOrder) -> Result<Begun<Order>, Error> {
        Ok(match self.beginnings.ask(Beginning { asked, wish }).await?? {
            Start::Seen(answer) => Begun::Seen(answer),
            Start::Resumed(lease, id) => Begun::Resumed(lease, self.get_order(&id).await?),
            Start::Fresh(lease, order) => Begun::Fresh(lease, *order),
        })
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
        let row = self.sql.fetch_optional(select!("WHERE id = $1"), args![id.as_str()]).await?;
        match row {
            Some(row) => story(&self.sql, &row).await,
            None => Err(Error::OrderNotFound(id.clone())),
        }
    }

    /// A partner's order with its events.
    pub async fn find_order(&self, partner: &PartnerId, mode: Mode, id: &OrderId) -> Result<Option<Order>, Error> {
        const FIND: &str = select!("WHERE id = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A partner's order by the partner's own number, with its events.
    pub async fn find_by_reference(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<Order>, Error> {
        const FIND: &str = select!("WHERE reference = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![reference.as_str(), partner.as_str(), mode.name()]).await? {
            Some(row) => story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
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
        const LIST: &str = select!(
            "WHERE partner = $1 AND mode = $2 AND ($3 IS NULL OR state = $3) AND ($4 IS NULL OR created_at >= $4) \
             AND ($5 IS NULL OR created_at < $5 OR (created_at = $5 AND id < $6)) \
             ORDER BY created_at DESC, id DESC LIMIT $7"
        );
        let place = after.map(|cursor| place(&cursor.0).ok_or(Error::WrongCursor)).transpose()?;
        let created_after = filter.created_after.map(Timestamp::as_millisecond);
        let args = args![
            partner.as_str(),
            mode.name(),
            filter.state.map(State::name),
            created_after,
            place.as_ref().map(|(at, _)| *at),
            place.as_ref().map_or("", |(_, id)| id.as_str()),
            size.get() + 1
        ];
        let mut rows = self.sql.fetch_all(LIST, args).await?;
        let more = rows.len() > size.get() as usize;
        rows.truncate(size.get() as usize);
        let items = rows.iter().map(summary).collect::<Result<Vec<_>, Error>>()?;
        let next = items.last().filter(|_| more).map(|order| mark(&order.deed));
        Ok(Page { items, next, total: None })
    }

    /// Puts the next look at an unsettled order off.
    pub async fn look_again(&self, id: &OrderId, look_at: i64) -> Result<(), Error> {
        let text = "UPDATE orders SET look_at = $2 WHERE id = $1";
        self.sql.execute(text, args![id.as_str(), look_at]).await?;
        Ok(())
    }

    /// How many orders are unknown, and for how long the oldest.
    pub async fn unsettled(&self) -> Result<Unsettled, Error> {
        const COUNT: &str = "SELECT COUNT(*) AS unknown, MIN(created_at) AS oldest FROM orders WHERE state = 'unknown'";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(Unsettled::default()) };
        let oldest_s = row.opt_int("oldest")?.map_or(0, |oldest| (self.clock.now_ms() - oldest).max(0) / 1000);
        Ok(Unsettled { unknown: u64::try_from(row.int("unknown")?).unwrap_or(0), oldest_s })
    }
}

pub(super) async fn story(sql: &Sql, row: &Row) -> Result<Order, Error> {
    const EVENTS: &str = "SELECT id, version, kind, state, actor, cause, facts, at FROM order_events WHERE order_id = $1 ORDER BY version";
    let deed = deed(row)?;
    let rows = sql.fetch_all(EVENTS, args![deed.id.as_str()]).await?;
    let events = rows.iter().map(event).collect::<Result<Vec<_>, Error>>()?;
    let what = deed.id.to_string();
    Order::fold(deed, events).ok_or_else(|| Error::unreadable("the story of an order", what))
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

fn deed(row: &Row) -> Result<Deed, Error> {
    let bought: Bought = words::read("order", &row.text("document")?)?;
    Ok(Deed {
        id: row.parse("id")?,
        partner: row.parse("partner")?,
        mode: row.parse("mode")?,
        reference: row.parse("reference")?,
        quote: row.parse("quote")?,
        quote_expires_at: bought.quote_expires_at.map(|ms| words::moment("order", ms)).transpose()?,
        note: bought.note,
        basket: bought.basket.try_into()?,
        exchange: bought.exchange.try_into()?,
        created_at: words::moment("order", row.int("created_at")?)?,
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

fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}

pub(super) fn mark(last: &Deed) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(format!("{}-{}", last.created_at.as_millisecond(), last.id)))
}

pub(super) fn place(cursor: &str) -> Option<(i64, OrderId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

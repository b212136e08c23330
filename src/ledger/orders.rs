//! Orders: begun with their key, written event by event, read back as the fold.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::outbox::{self, Notice};
use super::words::{self, Bought};
use super::{Answer, Begun, Error, KeyUse, Lease, Ledger, payments, quotes};
use crate::model::ids::{OrderId, PartnerId, QuoteId};
use crate::model::order::{Actor, Deed, Event, Happening, Kind, Order, Reference, State};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::sql::{Row, Sql, Tx, args};

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

/// An unsettled order that wants to be looked at.
#[derive(Clone, Debug)]
pub struct Due {
    /// The order.
    pub id: OrderId,
    look_at: i64,
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
            "paying, pay_by, reason, updated_at, (SELECT facts FROM order_events AS priced ",
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
        let now = self.clock.now();
        let begun = self.sql.transaction(move |tx| Box::pin(async move { begin(tx, asked, wish, now).await })).await?;
        match begun {
            Begun::Resumed(lease, id) => Ok(Begun::Resumed(lease, self.get_order(&id).await?)),
            Begun::Fresh(lease, id) => Ok(Begun::Fresh(lease, self.get_order(&id).await?)),
            Begun::Seen(answer) => Ok(Begun::Seen(answer)),
        }
    }

    /// Writes the events beyond `known` (a version), if nobody wrote any in between. `look_at` is when an order that is
    /// still unsettled then should be looked at.
    pub async fn append(&self, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
        let order = order.clone();
        self.sql.transaction(move |tx| Box::pin(async move { write(tx, &order, known, look_at).await })).await
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
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::settle(tx, &lease, &answer).await?;
                    write(tx, &order, known, look_at).await
                })
            })
            .await
    }

    /// The same without an answer: the next request with the key starts at once where this one ended.
    pub async fn release(&self, lease: &Lease, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
        let (lease, order) = (lease.clone(), order.clone());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    claims::release(tx, &lease).await?;
                    write(tx, &order, known, look_at).await
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

    /// Unsettled orders whose time to be looked at has come, oldest first.
    pub async fn list_due(&self, mode: Mode, limit: u32) -> Result<Vec<Due>, Error> {
        const DUE: &str = "SELECT id, look_at FROM orders \
            WHERE state IN ('received', 'placing', 'unknown') AND look_at <= $1 AND mode = $2 ORDER BY look_at LIMIT $3";
        let rows = self.sql.fetch_all(DUE, args![self.clock.now_ms(), mode.name(), limit]).await?;
        rows.iter().map(|row| Ok(Due { id: row.parse("id")?, look_at: row.int("look_at")? })).collect()
    }

    /// Takes a due order for so long; false when another took it first or it was settled meanwhile.
    pub async fn claim_due(&self, due: &Due, for_ms: i64) -> Result<bool, Error> {
        const CLAIM: &str = "UPDATE orders SET look_at = $3 \
            WHERE id = $1 AND look_at = $2 AND state IN ('received', 'placing', 'unknown')";
        let until = self.clock.now_ms() + for_ms;
        Ok(self.sql.execute(CLAIM, args![due.id.as_str(), due.look_at, until]).await? == 1)
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

async fn begin(tx: &mut Tx, asked: KeyUse, wish: NewOrder, now: Timestamp) -> Result<Begun<OrderId>, Error> {
    let id = OrderId::fresh();
    let lease = match claims::claim(tx, &asked, id.as_str(), now.as_millisecond()).await? {
        Claimed::Seen(answer) => return Ok(Begun::Seen(answer)),
        Claimed::Resumed(lease, subject) => {
            let id = subject.parse().map_err(|error| Error::unreadable("subject", error))?;
            return Ok(Begun::Resumed(lease, id));
        }
        Claimed::Fresh(lease) => lease,
    };
    let quote = quotes::find(tx, &asked.partner, asked.mode, &wish.quote).await?.ok_or(Error::QuoteNotFound)?;
    let expired = quote.expires_at <= now;
    let deed = Deed {
        id: id.clone(),
        partner: asked.partner,
        mode: asked.mode,
        reference: wish.reference,
        quote: quote.id,
        quote_expires_at: Some(quote.expires_at),
        note: wish.note,
        basket: quote.basket,
        exchange: quote.exchange,
        created_at: now,
    };
    let mut order = Order::received(deed, asked.operation);
    let look_at = now.as_millisecond() + asked.lease_ms;
    // Before the quote's age is judged: a reference that is taken is the more useful thing to learn.
    insert(tx, &order, look_at).await?;
    if expired {
        return Err(Error::QuoteExpired);
    }
    let started = Happening::new(Kind::PlacingStarted, Actor::Gateway, "sending it to the catalogue");
    let event = order.next(now, started).map_err(|error| Error::unreadable("order", error))?;
    order.apply(event).map_err(|error| Error::unreadable("order", error))?;
    write(tx, &order, 1, look_at).await?;
    Ok(Begun::Fresh(lease, id))
}

async fn insert(tx: &mut Tx, order: &Order, look_at: i64) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO orders \
        (id, partner, mode, reference, quote, document, created_at, state, version, paying, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7, $11) ON CONFLICT DO NOTHING";
    let deed = &order.deed;
    let bought = Bought {
        basket: (&deed.basket).into(),
        exchange: (&deed.exchange).into(),
        note: deed.note.clone(),
        quote_expires_at: deed.quote_expires_at.map(Timestamp::as_millisecond),
    };
    let row = args![
        deed.id.as_str(),
        deed.partner.as_str(),
        deed.mode.name(),
        deed.reference.as_str(),
        deed.quote.as_str(),
        words::write("order", &bought)?,
        deed.created_at.as_millisecond(),
        order.state.name(),
        order.version,
        order.paying.name(),
        look_at,
    ];
    if tx.execute(INSERT, row).await? == 0 {
        return Err(in_the_way(tx, deed).await?);
    }
    for event in &order.events {
        note(tx, order, event).await?;
    }
    Ok(())
}

/// Which older order keeps this one from being written.
async fn in_the_way(tx: &mut Tx, deed: &Deed) -> Result<Error, Error> {
    const TAKEN: &str = "SELECT id FROM orders WHERE partner = $1 AND mode = $2 AND reference = $3";
    const USED: &str = "SELECT id FROM orders WHERE quote = $1 AND state <> 'rejected'";
    let same_reference = args![deed.partner.as_str(), deed.mode.name(), deed.reference.as_str()];
    if let Some(row) = tx.fetch_optional(TAKEN, same_reference).await? {
        return Ok(Error::ReferenceTaken { first: row.parse("id")? });
    }
    let row = tx.fetch_optional(USED, args![deed.quote.as_str()]).await?;
    row.map_or(Err(Error::Moved), |row| Ok(Error::QuoteUsed { order: row.parse("id")? }))
}

/// Writes the order's events beyond the known version, if the stored one is still at it.
pub(super) async fn write(tx: &mut Tx, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE orders SET state = $3, version = $4, catalogue_order = $5, paying = $6, pay_by = $7, \
        reason = $8, updated_at = $9, look_at = $10 WHERE id = $1 AND version = $2";
    if order.version == known {
        return Ok(());
    }
    let row = args![
        order.deed.id.as_str(),
        known,
        order.state.name(),
        order.version,
        order.catalogue_order.map(|id| id.number()),
        order.paying.name(),
        order.pay_by.map(Timestamp::as_millisecond),
        order.reason.clone(),
        order.updated_at.as_millisecond(),
        look_at,
    ];
    if tx.execute(UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    for event in order.events.iter().filter(|event| event.version > known) {
        note(tx, order, event).await?;
        payments::follow(tx, order, event).await?;
    }
    Ok(())
}

/// One event, and what the partner hears of it.
async fn note(tx: &mut Tx, order: &Order, event: &Event) -> Result<(), Error> {
    const EVENT: &str = "INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (deed, state, at) = (&order.deed, event.kind.leads_to().name(), event.at.as_millisecond());
    let row = args![
        deed.id.as_str(),
        event.version,
        event.id.as_str(),
        event.kind.name(),
        state,
        event.actor.name(),
        &event.cause,
        words::write_facts(&event.facts)?,
        at,
    ];
    tx.execute(EVENT, row).await?;
    let data = serde_json::json!({
        "order_id": deed.id.as_str(), "reference": deed.reference.as_str(), "state": state, "version": event.version,
    });
    let kind = format!("order.{}", event.kind.name());
    let (partner, mode, subject) = (&deed.partner, deed.mode, deed.id.as_str());
    outbox::post(tx, &[Notice { event: &event.id, partner, mode, subject, kind, data, at }]).await
}

async fn story(sql: &Sql, row: &Row) -> Result<Order, Error> {
    const EVENTS: &str =
        "SELECT id, version, kind, actor, cause, facts, at FROM order_events WHERE order_id = $1 ORDER BY version";
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
    let repriced = row.opt_text("repriced")?.map(|facts| words::read_facts(&facts)).transpose()?;
    Ok(Order {
        payable: repriced.and_then(|facts| facts.payable).unwrap_or(deed.basket.total),
        deed,
        state: row.parse("state")?,
        version: version(row)?,
        catalogue_order: row.opt_int("catalogue_order")?.map(crate::model::ids::CatalogueOrderId::new),
        paying: row.parse("paying")?,
        pay_by: row.opt_int("pay_by")?.map(|ms| words::moment("order", ms)).transpose()?,
        reason: row.opt_text("reason")?,
        updated_at: words::moment("order", row.int("updated_at")?)?,
        events: Vec::new(),
    })
}

fn version(row: &Row) -> Result<u32, Error> {
    u32::try_from(row.int("version")?).map_err(|error| Error::unreadable("version", error))
}

fn mark(last: &Deed) -> Cursor {
    Cursor(URL_SAFE_NO_PAD.encode(format!("{}-{}", last.created_at.as_millisecond(), last.id)))
}

fn place(cursor: &str) -> Option<(i64, OrderId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

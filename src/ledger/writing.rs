//! Orders written down: an order with its first events, later events one compare-and-set at a time, and with each what
//! its partner is told.

use std::collections::HashSet;

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::words::{self, Bought};
use super::{Begun, Error, KeyUse, Lease, NewOrder, notes, outbox, payments, quotes, referrals};
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Attention, Deed, Event, Happening, Kind, Order};
use crate::model::quote::Quote;
use crate::sql::{Arg, Rows, Tx, args};

/// What came of a wish to order, before an order written earlier is read.
pub(super) enum Start {
    /// The key was used before, for this order.
    Before(Begun<OrderId>),
    /// The order was written down.
    Fresh(Lease, Box<Order>),
}

pub(super) async fn begin(tx: &mut Tx, asked: KeyUse, wish: NewOrder, now: Timestamp) -> Result<Start, Error> {
    let id = OrderId::fresh();
    let lease = match claims::claim(tx, &asked, &id, now.as_millisecond()).await? {
        Claimed::Before(begun) => return Ok(Start::Before(begun)),
        Claimed::Fresh(lease) => lease,
    };
    let quote = quotes::find(tx, &asked.partner, asked.mode, &wish.quote).await?.ok_or(Error::QuoteNotFound)?;
    let expired = quote.expires_at <= now;
    let look_at = now.as_millisecond() + asked.lease_ms;
    let referral = wish.referral.clone();
    let order = being_placed(id, asked, wish, quote, now)?;
    if insert(tx, &[(&order, look_at)]).await?.is_empty() {
        return Err(in_the_way(tx, &order.deed).await?);
    }
    // After the insert: a reference that is taken is the more useful thing to learn.
    if expired {
        return Err(Error::QuoteExpired);
    }
    note(tx, &[(&order, 0)]).await?;
    if let Some(click) = &referral {
        referrals::attribute(tx, &order.deed.id, click, now.as_millisecond()).await?;
    }
    Ok(Start::Fresh(lease, Box::new(order)))
}

/// A new order, about to be sent.
pub(super) fn being_placed(
    id: OrderId,
    asked: KeyUse,
    wish: NewOrder,
    quote: Quote,
    now: Timestamp,
) -> Result<Order, Error> {
    let deed = Deed {
        id,
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
    let started = Happening::new(Kind::PlacingStarted, Actor::Gateway, "sending it to the catalogue");
    let event = order.next(now, started).map_err(|error| Error::unreadable("order", error))?;
    order.apply(event).map_err(|error| Error::unreadable("order", error))?;
    Ok(order)
}

/// Writes new orders as they stand and when to look at them, their events not yet; gives the ids of those that no older
/// order kept from being written.
pub(super) async fn insert(tx: &mut Tx, orders: &[(&Order, i64)]) -> Result<HashSet<OrderId>, Error> {
    static INSERT: Rows = Rows::with_tail(
        "INSERT INTO orders \
        (id, partner, mode, reference, quote, document, created_at, state, version, paying, updated_at, look_at) VALUES",
        12,
        "ON CONFLICT DO NOTHING RETURNING id",
    );
    let rows = orders.iter().map(|(order, look_at)| order_row(order, *look_at)).collect::<Result<_, Error>>()?;
    INSERT.fetch(tx, rows).await?.iter().map(|row| Ok(row.parse("id")?)).collect()
}

fn order_row(order: &Order, look_at: i64) -> Result<Vec<Arg>, Error> {
    let deed = &order.deed;
    let bought = Bought {
        basket: (&deed.basket).into(),
        exchange: (&deed.exchange).into(),
        note: deed.note.clone(),
        quote_expires_at: deed.quote_expires_at.map(Timestamp::as_millisecond),
    };
    Ok(args![
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
        order.updated_at.as_millisecond(),
        look_at,
    ])
}

/// Which older order keeps this one from being written.
async fn in_the_way(tx: &mut Tx, deed: &Deed) -> Result<Error, Error> {
    const TAKEN: &str = "SELECT id FROM orders WHERE partner = $1 AND mode = $2 AND reference = $3";
    let same_reference = args![deed.partner.as_str(), deed.mode.name(), deed.reference.as_str()];
    if let Some(row) = tx.fetch_optional(TAKEN, same_reference).await? {
        return Ok(Error::ReferenceTaken { first: row.parse("id")? });
    }
    let row = tx.fetch_optional(quotes::BECAME, args![deed.quote.as_str()]).await?;
    row.map_or(Err(Error::Moved), |row| Ok(Error::QuoteUsed { order: row.parse("id")? }))
}

/// An order's events beyond a version that is known to be stored, to be written on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    /// The order as it will be.
    pub order: &'a Order,
    /// The version that it builds on.
    pub known: u32,
    /// When to look at it, should it still be unsettled then.
    pub look_at: i64,
}

/// Writes the order's events beyond the known version, if the stored one is still at it.
pub(super) async fn write(tx: &mut Tx, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
    write_all(tx, &[Written { order, known, look_at }]).await
}

/// The same for different orders: all or none.
pub(super) async fn write_all(tx: &mut Tx, all: &[Written<'_>]) -> Result<(), Error> {
    static UPDATE: Rows = Rows::with_tail(
        "UPDATE orders SET state = moved.column3, version = moved.column4, catalogue_order = moved.column5, \
            paying = moved.column6, pay_by = moved.column7, reason = moved.column8, updated_at = moved.column9, \
            look_at = moved.column10, refunded = moved.column11, note = moved.column12, attention = moved.column13 \
            FROM (VALUES",
        13,
        ") AS moved WHERE id = moved.column1 AND version = moved.column2",
    );
    let news: Vec<_> = all.iter().filter(|one| one.order.version != one.known).collect();
    let rows = news.iter().map(|one| moved_row(one)).collect();
    if UPDATE.execute(tx, rows).await? != news.len() as u64 {
        return Err(Error::Moved);
    }
    note(tx, &news.iter().map(|one| (one.order, one.known)).collect::<Vec<_>>()).await?;
    for Written { order, known, .. } in news {
        for event in order.events.iter().filter(|event| event.version > *known) {
            payments::follow(tx, order, event).await?;
        }
    }
    Ok(())
}

fn moved_row(Written { order, known, look_at }: &Written<'_>) -> Vec<Arg> {
    args![
        order.deed.id.as_str(),
        *known,
        order.state.name(),
        order.version,
        order.catalogue_order.map(|id| id.number()),
        order.paying.name(),
        order.pay_by.map(Timestamp::as_millisecond),
        order.reason.clone(),
        order.updated_at.as_millisecond(),
        *look_at,
        order.refunded.minor,
        // Only where it differs from the deed's; an empty one says that there is none any more.
        (order.note != order.deed.note).then(|| order.note.clone().unwrap_or_default()),
        order.attention.map(Attention::name),
    ]
}

/// The events of orders beyond the known version of each, and what the partners hear of them.
pub(super) async fn note(tx: &mut Tx, orders: &[(&Order, u32)]) -> Result<(), Error> {
    static EVENTS: Rows =
        Rows::new("INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) VALUES", 9);
    let fresh = orders.iter().flat_map(|(order, known)| {
        let fresh = order.events.iter().filter(|event| event.version > *known);
        fresh.map(|event| (*order, event))
    });
    let fresh: Vec<_> = fresh.collect();
    let rows = fresh.iter().map(|(order, event)| event_row(order, event)).collect::<Result<_, Error>>()?;
    EVENTS.insert(tx, rows).await?;
    let notices: Vec<_> = fresh.iter().filter_map(|(order, event)| notes::of_order(order, event)).collect();
    outbox::post(tx, &notices).await
}

fn event_row(order: &Order, event: &Event) -> Result<Vec<Arg>, Error> {
    Ok(args![
        order.deed.id.as_str(),
        event.version,
        event.id.as_str(),
        event.kind.name(),
        event.state.name(),
        event.actor.name(),
        &event.cause,
        words::write_facts(&event.facts)?,
        event.at.as_millisecond(),
    ])
}

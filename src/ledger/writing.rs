//! Orders written down: an order with its first events, later events one compare-and-set at a time, and with each what
//! its partner is told.

use jiff::Timestamp;

use super::claims::{self, Claimed};
use super::words::{self, Bought};
use super::{Answer, Error, KeyUse, Lease, NewOrder, notes, outbox, payments, quotes, referrals};
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Attention, Deed, Event, Happening, Kind, Order};
use crate::sql::{Arg, Rows, Tx, args};

/// What came of a wish to order, before an order written earlier is read.
pub(super) enum Start {
    Seen(Answer),
    Resumed(Lease, OrderId),
    Fresh(Lease, Box<Order>),
}

pub(super) async fn begin(tx: &mut Tx, asked: KeyUse, wish: NewOrder, now: Timestamp) -> Result<Start, Error> {
    let id = OrderId::fresh();
    let lease = match claims::claim(tx, &asked, id.as_str(), now.as_millisecond()).await? {
        Claimed::Seen(answer) => return Ok(Start::Seen(answer)),
        Claimed::Resumed(lease, subject) => {
            let id = subject.parse().map_err(|error| Error::unreadable("subject", error))?;
            return Ok(Start::Resumed(lease, id));
        }
        Claimed::Fresh(lease) => lease,
    };
    let quote = quotes::find(tx, &asked.partner, asked.mode, &wish.quote).await?.ok_or(Error::QuoteNotFound)?;
    let expired = quote.expires_at <= now;
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
    insert(tx, &order, now.as_millisecond() + asked.lease_ms).await?;
    // After the insert: a reference that is taken is the more useful thing to learn.
    if expired {
        return Err(Error::QuoteExpired);
    }
    note(tx, &order, 0).await?;
    if let Some(click) = &wish.referral {
        referrals::attribute(tx, &order.deed.id, click, now.as_millisecond()).await?;
    }
    Ok(Start::Fresh(lease, Box::new(order)))
}

/// Writes a new order as it stands, its events not yet.
async fn insert(tx: &mut Tx, order: &Order, look_at: i64) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO orders \
        (id, partner, mode, reference, quote, document, created_at, state, version, paying, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING";
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
        order.updated_at.as_millisecond(),
        look_at,
    ];
    match tx.execute(INSERT, row).await? {
        0 => Err(in_the_way(tx, deed).await?),
        _ => Ok(()),
    }
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

/// Writes the order's events beyond the known version, if the stored one is still at it.
pub(super) async fn write(tx: &mut Tx, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
    const UPDATE: &str = "UPDATE orders SET state = $3, version = $4, catalogue_order = $5, paying = $6, pay_by = $7, \
        reason = $8, updated_at = $9, look_at = $10, refunded = $11, note = $12, attention = $13 \
        WHERE id = $1 AND version = $2";
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
        order.refunded.minor,
        // Only where it differs from the deed's; an empty one says that there is none any more.
        (order.note != order.deed.note).then(|| order.note.clone().unwrap_or_default()),
        order.attention.map(Attention::name),
    ];
    if tx.execute(UPDATE, row).await? == 0 {
        return Err(Error::Moved);
    }
    note(tx, order, known).await?;
    for event in order.events.iter().filter(|event| event.version > known) {
        payments::follow(tx, order, event).await?;
    }
    Ok(())
}

/// The events beyond the known version, and what the partner hears of them.
async fn note(tx: &mut Tx, order: &Order, known: u32) -> Result<(), Error> {
    static EVENTS: Rows =
        Rows::new("INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) VALUES", 9);
    let fresh: Vec<_> = order.events.iter().filter(|event| event.version > known).collect();
    let rows = fresh.iter().map(|event| event_row(order, event)).collect::<Result<_, Error>>()?;
    EVENTS.insert(tx, rows).await?;
    let notices: Vec<_> = fresh.iter().filter_map(|event| notes::of_order(order, event)).collect();
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

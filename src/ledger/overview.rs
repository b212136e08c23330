//! What the operator asks over all partners: orders by anything they are known by, how many stand where, and how far
//! they came. What one partner asks of its own orders is in `orders.rs`.

use super::orders::{select, summary};
use super::pages::{page, place};
use super::{Error, Ledger};
use crate::model::ids::{CatalogueOrderId, OrderId, PartnerId};
use crate::model::order::{Order, Reference, State};
use crate::model::page::{Cursor, Page};
use crate::model::partner::Mode;
use crate::sql::{Row, args};

/// Which orders of all partners are wanted; all by default.
#[derive(Clone, Debug, Default)]
pub struct Which {
    /// Only one partner's.
    pub partner: Option<PartnerId>,
    /// Only one world's.
    pub mode: Option<Mode>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only under this number of a partner's; several partners may have used it.
    pub reference: Option<Reference>,
    /// Only under this number of the catalogue's.
    pub number: Option<CatalogueOrderId>,
}

/// How many orders of a partner are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Whose.
    pub partner: PartnerId,
    /// Where they stand.
    pub state: State,
    /// How many.
    pub orders: u64,
}

/// How many orders came so far and stand there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The furthest state of a smooth course that they were in: `received`, `awaiting_payment`, `paid` … `completed`.
    pub reached: State,
    /// Where they stand.
    pub state: State,
    /// How many.
    pub orders: u64,
}

/// How many live orders of a partner were received on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Daily {
    /// Whose.
    pub partner: PartnerId,
    /// The day, counted from 1970-01-01, UTC.
    pub day: i64,
    /// How many; rejected ones do not count.
    pub orders: u64,
}

impl Ledger {
    /// Live orders received from a moment on, by partner and day; rejected ones do not count.
    pub async fn count_daily(&self, since_ms: i64) -> Result<Vec<Daily>, Error> {
        const COUNT: &str = "SELECT partner, created_at / 86400000 AS day, COUNT(*) AS orders FROM orders \
            WHERE created_at >= $1 AND mode = 'live' AND state <> 'rejected' \
            GROUP BY partner, created_at / 86400000 ORDER BY partner, day";
        let rows = self.sql.fetch_all(COUNT, args![since_ms]).await?;
        let daily =
            |row: &Row| Ok(Daily { partner: row.parse("partner")?, day: row.int("day")?, orders: orders(row)? });
        rows.iter().map(daily).collect()
    }

    /// A page of orders of all partners without their events, newest first.
    pub async fn list_all_orders(
        &self,
        which: &Which,
        after: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<Order>, Error> {
        const ALL: &str = select!(
            "WHERE ($1 IS NULL OR partner = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR created_at < $3 OR (created_at = $3 AND id < $4)) \
             ORDER BY created_at DESC, id DESC LIMIT $5"
        );
        const IN_STATE: &str = select!(
            "WHERE ($1 IS NULL OR partner = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR created_at < $3 OR (created_at = $3 AND id < $4)) AND state = $6 \
             ORDER BY created_at DESC, id DESC LIMIT $5"
        );
        const NAMED: &str = select!(
            "WHERE ($1 IS NULL OR partner = $1) AND ($2 IS NULL OR mode = $2) \
             AND ($3 IS NULL OR created_at < $3 OR (created_at = $3 AND id < $4)) AND ($6 IS NULL OR state = $6) \
             AND (reference = $7 OR catalogue_order = $8) ORDER BY created_at DESC, id DESC LIMIT $5"
        );
        let mut row = args![which.partner.as_ref().map(PartnerId::as_str), which.mode.map(Mode::name)];
        row.extend(place::<OrderId>(after)?);
        row.extend(args![limit.saturating_add(1)]);
        let named = which.reference.is_some() || which.number.is_some();
        let text = match (named, which.state) {
            (true, state) => {
                row.push(state.map(State::name).into());
                row.push(which.reference.as_ref().map(Reference::as_str).into());
                row.push(which.number.map(CatalogueOrderId::number).into());
                NAMED
            }
            (false, Some(state)) => {
                row.push(state.name().into());
                IN_STATE
            }
            (false, None) => ALL,
        };
        let mark = |last: &Order| Cursor::behind(last.deed.created_at.as_millisecond(), &last.deed.id);
        page(self.sql.fetch_all(text, row).await?, limit, summary, mark)
    }

    /// Orders whose outcome is unknown, the longest waiting first, without their events.
    pub async fn list_unknown(&self, limit: u32) -> Result<Vec<Order>, Error> {
        const UNKNOWN: &str = select!("WHERE state = 'unknown' ORDER BY created_at, id LIMIT $1");
        self.sql.fetch_all(UNKNOWN, args![limit]).await?.iter().map(summary).collect()
    }

    /// The id of the order that a payment, parcel, refund, consignment, quote or event of an order belongs to.
    pub async fn find_order_of(&self, id: &str) -> Result<Option<OrderId>, Error> {
        const FIND: &str = "SELECT order_id AS id FROM payment_orders WHERE payment = $1 \
            UNION ALL SELECT order_id FROM refunds WHERE id = $1 OR reference = $1 \
            UNION ALL SELECT order_id FROM consignment_orders WHERE consignment = $1 \
            UNION ALL SELECT order_id FROM order_events WHERE id = $1 \
            UNION ALL SELECT id FROM orders WHERE quote = $1 LIMIT 1";
        let row = self.sql.fetch_optional(FIND, args![id]).await?;
        Ok(row.map(|row| row.parse("id")).transpose()?)
    }

    /// Orders received in the last so many milliseconds, by partner and state.
    pub async fn count_by_state(&self, within_ms: i64) -> Result<Vec<Count>, Error> {
        const COUNT: &str = "SELECT partner, state, COUNT(*) AS orders FROM orders WHERE created_at >= $1 \
            GROUP BY partner, state ORDER BY partner, state";
        let rows = self.sql.fetch_all(COUNT, args![self.clock.now_ms() - within_ms]).await?;
        rows.iter().map(count).collect()
    }

    /// Orders received in the last so many milliseconds, by how far they came and where they stand: of all partners, or
    /// of one.
    pub async fn progress(&self, within_ms: i64, partner: Option<&PartnerId>) -> Result<Vec<Progress>, Error> {
        const PROGRESS: &str = "SELECT story.reached, story.state, COUNT(*) AS orders FROM \
            (SELECT o.id, o.state, MAX(CASE e.state WHEN 'awaiting_payment' THEN 1 WHEN 'paid' THEN 2 \
             WHEN 'preparing' THEN 2 WHEN 'shipped' THEN 3 WHEN 'at_warehouse' THEN 4 WHEN 'inspected' THEN 5 \
             WHEN 'handed_over' THEN 6 WHEN 'completed' THEN 7 ELSE 0 END) AS reached \
             FROM orders o JOIN order_events e ON e.order_id = o.id \
             WHERE o.created_at >= $1 AND ($2 IS NULL OR o.partner = $2) GROUP BY o.id, o.state) AS story \
            GROUP BY story.reached, story.state ORDER BY story.reached, story.state";
        let since = self.clock.now_ms() - within_ms;
        let rows = self.sql.fetch_all(PROGRESS, args![since, partner.map(PartnerId::as_str)]).await?;
        rows.iter().map(progress).collect()
    }
}

/// The states of a smooth course, as `progress` numbers them.
const COURSE: [State; 8] = [
    State::Received,
    State::AwaitingPayment,
    State::Paid,
    State::Shipped,
    State::AtWarehouse,
    State::Inspected,
    State::HandedOver,
    State::Completed,
];

impl Progress {
    /// The states of a smooth course, in its order.
    pub const COURSE: &'static [State] = &COURSE;
}

fn progress(row: &Row) -> Result<Progress, Error> {
    let reached = usize::try_from(row.int("reached")?).ok().and_then(|at| COURSE.get(at).copied());
    let reached = reached.ok_or_else(|| Error::unreadable("progress", "no state of a course"))?;
    Ok(Progress { reached, state: row.parse("state")?, orders: orders(row)? })
}

fn count(row: &Row) -> Result<Count, Error> {
    Ok(Count { partner: row.parse("partner")?, state: row.parse("state")?, orders: orders(row)? })
}

fn orders(row: &Row) -> Result<u64, Error> {
    Ok(u64::try_from(row.int("orders")?).unwrap_or(0))
}

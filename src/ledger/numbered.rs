//! Orders and refunds as those look for them who know them by the catalogue's number and turn numbered pages: only what
//! the catalogue has is found, each with its events, and a page tells how many there are in all.

use jiff::Timestamp;

use super::orders::{select as order_select, story as order_story};
use super::refunds::{select as refund_select, story as refund_story};
use super::{Error, Ledger};
use crate::model::ids::{CatalogueOrderId, OrderId, PartnerId};
use crate::model::order::{Order, Reference, State};
use crate::model::partner::Mode;
use crate::model::refund::{self, Refund};
use crate::sql::args;

/// From when to when, both included.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// Not before.
    pub from: Option<Timestamp>,
    /// Not after.
    pub to: Option<Timestamp>,
}

/// Which orders are looked for; whatever is empty excludes none.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// In one of these states.
    pub states: Vec<State>,
    /// With a refund in one of these states.
    pub refunds: Vec<refund::State>,
    /// Received then.
    pub created: Span,
    /// Last changed then.
    pub changed: Span,
    /// Of this number of the partner's.
    pub reference: Option<Reference>,
    /// Of one of these numbers of the catalogue's.
    pub numbers: Vec<CatalogueOrderId>,
    /// Placed for this buyer account.
    pub buyer: Option<String>,
}

/// Which refunds are looked for; whatever is empty excludes none.
#[derive(Clone, Debug, Default)]
pub struct SoughtRefunds {
    /// Of this order.
    pub order: Option<OrderId>,
    /// In one of these states.
    pub states: Vec<refund::State>,
    /// Received then.
    pub created: Span,
    /// Last changed then.
    pub changed: Span,
}

/// A page by its place.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// How many come before it.
    pub skip: i64,
    /// How many it has at most.
    pub size: u32,
}

/// A page, and how many there are in all.
#[derive(Clone, Debug)]
pub struct Counted<T> {
    /// Those of the page, newest first.
    pub items: Vec<T>,
    /// Those of all pages.
    pub total: i64,
}

macro_rules! sought_orders {
    () => {
        "WHERE partner = $1 AND mode = $2 AND catalogue_order IS NOT NULL \
         AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
         AND ($4 IS NULL OR created_at >= $4) AND ($5 IS NULL OR created_at <= $5) \
         AND ($6 IS NULL OR updated_at >= $6) AND ($7 IS NULL OR updated_at <= $7) \
         AND ($8 IS NULL OR reference = $8) \
         AND ($9 IS NULL OR $9 LIKE '%,' || CAST(catalogue_order AS TEXT) || ',%') \
         AND ($10 IS NULL OR EXISTS (SELECT 1 FROM refunds WHERE refunds.order_id = orders.id \
              AND $10 LIKE '%,' || refunds.state || ',%')) \
         AND ($11 IS NULL OR EXISTS (SELECT 1 FROM order_buyers b WHERE b.partner = $1 AND b.mode = $2 \
              AND b.reference = orders.reference AND b.account = $11))"
    };
}

macro_rules! sought_refunds {
    () => {
        "WHERE partner = $1 AND mode = $2 AND catalogue_refund IS NOT NULL \
         AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
         AND ($4 IS NULL OR created_at >= $4) AND ($5 IS NULL OR created_at <= $5) \
         AND ($6 IS NULL OR updated_at >= $6) AND ($7 IS NULL OR updated_at <= $7) \
         AND ($8 IS NULL OR order_id = $8)"
    };
}

impl Ledger {
    /// A partner's order by the catalogue's number, with its events.
    pub async fn find_by_number(
        &self,
        partner: &PartnerId,
        mode: Mode,
        number: CatalogueOrderId,
    ) -> Result<Option<Order>, Error> {
        const FIND: &str = order_select!("WHERE catalogue_order = $1 AND partner = $2 AND mode = $3");
        match self.sql.fetch_optional(FIND, args![number.number(), partner.as_str(), mode.name()]).await? {
            Some(row) => order_story(&self.sql, &row).await.map(Some),
            None => Ok(None),
        }
    }

    /// A page of a partner's orders that the catalogue has, with their events.
    pub async fn page_orders(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sought: &Sought,
        slice: Slice,
    ) -> Result<Counted<Order>, Error> {
        const PAGE: &str =
            concat!(order_select!(""), sought_orders!(), " ORDER BY created_at DESC, id DESC LIMIT $12 OFFSET $13");
        const COUNT: &str = concat!("SELECT COUNT(*) AS total FROM orders ", sought_orders!());
        let states = listed(sought.states.iter().map(|state| state.name().to_owned()));
        let numbers = listed(sought.numbers.iter().map(CatalogueOrderId::to_string));
        let refunds = listed(sought.refunds.iter().map(|state| state.name().to_owned()));
        let mut which = args![
            partner.as_str(),
            mode.name(),
            states.as_deref(),
            ms(sought.created.from),
            ms(sought.created.to),
            ms(sought.changed.from),
            ms(sought.changed.to),
            sought.reference.as_ref().map(Reference::as_str),
            numbers.as_deref(),
            refunds.as_deref(),
            sought.buyer.as_deref()
        ];
        let total = self.sql.fetch_optional(COUNT, which.clone()).await?.map_or(Ok(0), |row| row.int("total"))?;
        which.extend(args![slice.size, slice.skip]);
        let mut items = Vec::new();
        for row in &self.sql.fetch_all(PAGE, which).await? {
            items.push(order_story(&self.sql, row).await?);
        }
        Ok(Counted { items, total })
    }

    /// A page of a partner's refunds that the catalogue has, with their events.
    pub async fn page_refunds(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sought: &SoughtRefunds,
        slice: Slice,
    ) -> Result<Counted<Refund>, Error> {
        const PAGE: &str =
            concat!(refund_select!(""), sought_refunds!(), " ORDER BY created_at DESC, id DESC LIMIT $9 OFFSET $10");
        const COUNT: &str = concat!("SELECT COUNT(*) AS total FROM refunds ", sought_refunds!());
        let states = listed(sought.states.iter().map(|state| state.name().to_owned()));
        let mut which = args![
            partner.as_str(),
            mode.name(),
            states.as_deref(),
            ms(sought.created.from),
            ms(sought.created.to),
            ms(sought.changed.from),
            ms(sought.changed.to),
            sought.order.as_ref().map(OrderId::as_str)
        ];
        let total = self.sql.fetch_optional(COUNT, which.clone()).await?.map_or(Ok(0), |row| row.int("total"))?;
        which.extend(args![slice.size, slice.skip]);
        let mut items = Vec::new();
        for row in &self.sql.fetch_all(PAGE, which).await? {
            items.push(refund_story(&self.sql, row).await?);
        }
        Ok(Counted { items, total })
    }
}

fn ms(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millisecond)
}

/// `,a,b,`: what a word is looked for in; none when any will do.
fn listed(words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<_> = words.collect();
    (!words.is_empty()).then(|| format!(",{},", words.join(",")))
}

//! Orders and refunds as those look for them who know them by the catalogue's number and turn numbered pages: only what
//! the catalogue has is found, each with its events, and a page tells how many there are in all.

use std::sync::LazyLock;

use jiff::Timestamp;

use super::kept::Kept;
use super::orders::select as order_select;
use super::{Error, Ledger, refunds};
use crate::model::ids::{CatalogueOrderId, OrderId, PartnerId};
use crate::model::order::{Order, Reference, State};
use crate::model::partner::Mode;
use crate::model::refund::{self, Refund};
use crate::sql::{Arg, args};

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
    /// Of orders placed for this buyer account.
    pub buyer: Option<String>,
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

/// The statements of one numbered list.
struct Texts {
    page: String,
    count: String,
}

impl Texts {
    /// Those that fit, which takes so many arguments to say.
    fn of(select: &str, rows: &str, fits: &str, arguments: usize) -> Self {
        let (size, skip) = (arguments + 1, arguments + 2);
        Self {
            page: format!("{select}WHERE {fits} ORDER BY created_at DESC, id DESC LIMIT ${size} OFFSET ${skip}"),
            count: format!("SELECT COUNT(*) AS total FROM {rows} WHERE {fits}"),
        }
    }
}

static ORDERS: LazyLock<Texts> = LazyLock::new(|| {
    let fits = "partner = $1 AND mode = $2 AND catalogue_order IS NOT NULL \
         AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
         AND ($4 IS NULL OR created_at >= $4) AND ($5 IS NULL OR created_at <= $5) \
         AND ($6 IS NULL OR updated_at >= $6) AND ($7 IS NULL OR updated_at <= $7) \
         AND ($8 IS NULL OR reference = $8) \
         AND ($9 IS NULL OR $9 LIKE '%,' || CAST(catalogue_order AS TEXT) || ',%') \
         AND ($10 IS NULL OR EXISTS (SELECT 1 FROM refunds WHERE refunds.order_id = orders.id \
              AND $10 LIKE '%,' || refunds.state || ',%')) \
          AND ($11 IS NULL OR EXISTS (SELECT 1 FROM order_buyers b WHERE b.partner = $1 AND b.mode = $2 \
              AND b.reference = orders.reference AND b.account = $11))";
    Texts::of(order_select!(""), "orders", fits, 11)
});

static REFUNDS: LazyLock<Texts> = LazyLock::new(|| {
    let fits = "partner = $1 AND mode = $2 AND catalogue_refund IS NOT NULL \
         AND ($3 IS NULL OR $3 LIKE '%,' || state || ',%') \
         AND ($4 IS NULL OR created_at >= $4) AND ($5 IS NULL OR created_at <= $5) \
         AND ($6 IS NULL OR updated_at >= $6) AND ($7 IS NULL OR updated_at <= $7) \
         AND ($8 IS NULL OR order_id = $8) \
         AND ($9 IS NULL OR EXISTS (SELECT 1 FROM orders o JOIN order_buyers b ON b.partner = o.partner \
              AND b.mode = o.mode AND b.reference = o.reference WHERE o.id = refunds.order_id AND b.account = $9))";
    Texts::of(refunds::SELECT, "refunds", fits, 9)
});

impl Ledger {
    /// A partner's order by the catalogue's number, with its events.
    pub async fn find_by_number(
        &self,
        partner: &PartnerId,
        mode: Mode,
        number: CatalogueOrderId,
    ) -> Result<Option<Order>, Error> {
        const FIND: &str = order_select!("WHERE catalogue_order = $1 AND partner = $2 AND mode = $3");
        self.find_by(FIND, args![number.number(), partner.as_str(), mode.name()]).await
    }

    /// A page of a partner's orders that the catalogue has, with their events.
    pub async fn page_orders(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sought: &Sought,
        slice: Slice,
    ) -> Result<Counted<Order>, Error> {
        let states = listed(sought.states.iter().map(|state| state.name().to_owned()));
        let numbers = listed(sought.numbers.iter().map(CatalogueOrderId::to_string));
        let refunds = listed(sought.refunds.iter().map(|state| state.name().to_owned()));
        let which = args![
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
        self.turn(&ORDERS, which, slice).await
    }

    /// A page of a partner's refunds that the catalogue has, with their events.
    pub async fn page_refunds(
        &self,
        partner: &PartnerId,
        mode: Mode,
        sought: &SoughtRefunds,
        slice: Slice,
    ) -> Result<Counted<Refund>, Error> {
        let states = listed(sought.states.iter().map(|state| state.name().to_owned()));
        let which = args![
            partner.as_str(),
            mode.name(),
            states.as_deref(),
            ms(sought.created.from),
            ms(sought.created.to),
            ms(sought.changed.from),
            ms(sought.changed.to),
            sought.order.as_ref().map(OrderId::as_str),
            sought.buyer.as_deref()
        ];
        self.turn(&REFUNDS, which, slice).await
    }

    async fn turn<S: Kept>(
        &self,
        texts: &'static Texts,
        mut which: Vec<Arg>,
        slice: Slice,
    ) -> Result<Counted<S>, Error> {
        let total = self.sql.fetch_optional(&texts.count, which.clone()).await?;
        let total = total.map_or(Ok(0), |row| row.int("total"))?;
        which.extend(args![slice.size, slice.skip]);
        let mut items = Vec::new();
        for row in &self.sql.fetch_all(&texts.page, which).await? {
            items.push(self.story(row).await?);
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

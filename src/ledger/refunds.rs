//! Refunds: how they are begun, found and listed, and what their rows and notices say; written in `stories`.

mod begin;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::LazyLock;

use super::kept::{Columns, Tables, Texts};
use super::refund_words::{self, Wished};
use super::stories::Recorded;
use super::{Begun, Error, KeyUse, Ledger, words};
use crate::model::ids::{CatalogueRefundId, OrderId, PartnerId, RefundId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::model::quote::Quantity;
use crate::model::refund::{Deed, Event, Facts, ReasonCode, Refund, Refunding, Remedy, State};
use crate::sql::{Arg, Row, args};

/// A wish to get money back.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// The partner's own number of it.
    pub reference: Reference,
    /// For which order.
    pub order: OrderId,
    /// What is asked for.
    pub remedy: Remedy,
    /// Why.
    pub reason: ReasonCode,
    /// How much, freight included.
    pub amount: Money,
    /// How much of it is freight.
    pub freight: Money,
    /// For which pieces.
    pub pieces: Vec<WantedPieces>,
    /// What is said for it.
    pub description: String,
    /// What proves it.
    pub vouchers: Vec<VoucherId>,
}

/// So many pieces of a variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedPieces {
    /// The variant.
    pub sku: SkuId,
    /// How many pieces.
    pub quantity: Quantity,
}

/// How many pieces of a variant were ordered; where in a wish more were asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ordered {
    /// The line of the wish, from 0.
    pub line: usize,
    /// The variant.
    pub sku: SkuId,
    /// How many were ordered.
    pub quantity: u32,
}

/// Which refunds a list shows.
#[derive(Clone, Debug, Default)]
pub struct RefundFilter {
    /// Only those of this order.
    pub order: Option<OrderId>,
    /// Only those in this state.
    pub state: Option<State>,
}

/// What is read of a refund, with a space behind.
pub(super) const SELECT: &str = "SELECT id, partner, mode, reference, order_id, document, created_at, state, version, \
    known, updated_at FROM refunds ";

static TEXTS: LazyLock<Texts> = LazyLock::new(|| {
    Texts::of(&Tables {
        rows: "refunds",
        select: SELECT,
        sought: Some("($4 IS NULL OR order_id = $4)"),
        open: "state NOT IN ('rejected', 'succeeded', 'closed')",
        events: "refund_events",
        told: "id, version, kind, actor, cause, facts, at",
        of: "refund_id",
    })
});

impl Ledger {
    /// Claims the key and makes the intent durable: the refund with `received` and `requesting_started`.
    /// A refund that an earlier worker left is given as it stands.
    pub async fn begin_refund(&self, asked: KeyUse, wish: NewRefund) -> Result<Begun<Refund>, Error> {
        let now = self.clock.now();
        let begun =
            self.sql.transaction(move |tx| Box::pin(async move { begin::begin(tx, asked, wish, now).await })).await?;
        self.read_begun(begun).await
    }

    /// The id of a partner's refund by the catalogue's number of it.
    pub async fn find_refund_id(
        &self,
        partner: &PartnerId,
        mode: Mode,
        number: CatalogueRefundId,
    ) -> Result<Option<RefundId>, Error> {
        const FIND: &str = "SELECT id FROM refunds WHERE catalogue_refund = $1 AND partner = $2 AND mode = $3";
        let row = self.sql.fetch_optional(FIND, args![number.number(), partner.as_str(), mode.name()]).await?;
        Ok(row.map(|row| row.parse("id")).transpose()?)
    }

    /// A partner's refunds, newest first, without their events.
    pub async fn list_refunds(
        &self,
        partner: &PartnerId,
        mode: Mode,
        filter: &RefundFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Refund>, Error> {
        let order = filter.order.as_ref().map(OrderId::as_str);
        self.list((partner, mode), filter.state.map(State::name), Some(order.into()), after, size).await
    }
}

impl Recorded for Refunding {
    const REFERENCED: &'static str = "SELECT id FROM refunds WHERE partner = $1 AND mode = $2 AND reference = $3";
    const INSERT: &'static str = "INSERT INTO refunds \
        (id, partner, mode, reference, order_id, document, created_at, state, version, known, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7, $11) ON CONFLICT DO NOTHING";
    const UPDATE: &'static str = "UPDATE refunds SET state = $3, version = $4, known = $5, catalogue_refund = $6, \
        updated_at = $7, look_at = $8 WHERE id = $1 AND version = $2";
    const EVENT: &'static str = "INSERT INTO refund_events \
        (refund_id, version, id, kind, state, actor, cause, facts, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    fn texts() -> &'static Texts {
        &TEXTS
    }

    fn columns(deed: &Deed) -> Vec<Arg> {
        args![deed.order.as_str()]
    }

    fn known(facts: &Facts) -> Vec<Arg> {
        args![facts.catalogue_refund.map(CatalogueRefundId::number)]
    }

    fn document(deed: &Deed) -> Result<String, Error> {
        words::write("refund", &Wished::from(deed))
    }

    fn deed(row: &Row) -> Result<Deed, Error> {
        let wished: Wished = words::read("refund", &row.text("document")?)?;
        wished.deed(Columns::read(row)?, row.parse("order_id")?)
    }

    fn write_facts(facts: &Facts) -> Result<String, Error> {
        refund_words::write_facts(facts)
    }

    fn read_facts(text: &str) -> Result<Facts, Error> {
        refund_words::read_facts(text)
    }

    fn told(deed: &Deed, event: &Event) -> Option<(String, serde_json::Value)> {
        let state = event.kind.leads_to().name();
        let data = serde_json::json!({
            "refund_id": deed.id.as_str(), "reference": deed.reference.as_str(), "order_id": deed.order.as_str(),
            "state": state, "version": event.version,
        });
        event.kind.is_told().then(|| (format!("refund.{state}"), data))
    }

    fn not_found(id: RefundId) -> Error {
        Error::RefundNotFound(id)
    }

    fn reference_taken(first: RefundId) -> Error {
        Error::RefundReferenceTaken { first }
    }
}

//! What a message says beyond its event: the numbers by which clients of the older protocol know orders and refunds.
//! They never change once they are known, so that a message is the same however often it is told.

use std::collections::HashMap;

use crate::ledger::{Error, Ledger, words};
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId, SupplierId};
use crate::model::quote::Basket;
use crate::sql::{Row, args};

/// An order in a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traded {
    /// The catalogue's number of it.
    pub number: CatalogueOrderId,
    /// Who sells.
    pub supplier: SupplierId,
    /// How many lines it has.
    pub lines: usize,
    /// The buyer account it was placed for.
    pub account: String,
}

/// A refund in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunding {
    /// The catalogue's number of it.
    pub number: CatalogueRefundId,
    /// Whether the order was finished when it was asked for.
    pub after_sales: bool,
}

/// What is known of orders and refunds, by our ids; what the catalogue gave no number is missing.
#[derive(Clone, Debug, Default)]
pub struct MessageFacts {
    /// Orders.
    pub orders: HashMap<String, Traded>,
    /// Refunds.
    pub refunds: HashMap<String, Refunding>,
}

/// One text for each engine, over the ids of a JSON array.
macro_rules! each_of {
    ($head:literal) => {
        [
            concat!($head, " IN (SELECT value FROM json_each($1))"),
            concat!($head, " IN (SELECT json_array_elements_text(CAST($1 AS JSON)))"),
        ]
    };
}

impl Ledger {
    /// What messages about these orders and refunds say of them.
    pub async fn message_facts(&self, orders: &[String], refunds: &[String]) -> Result<MessageFacts, Error> {
        const ORDERS: [&str; 2] = each_of!(
            "SELECT o.id, o.document, o.catalogue_order, COALESCE(b.account, o.partner) AS account FROM orders AS o \
             LEFT JOIN order_buyers AS b ON b.partner = o.partner AND b.mode = o.mode AND b.reference = o.reference \
             WHERE o.catalogue_order IS NOT NULL AND o.id"
        );
        const REFUNDS: [&str; 2] = each_of!(
            "SELECT id, catalogue_refund, (SELECT COUNT(*) FROM order_events AS c WHERE c.order_id = refunds.order_id \
             AND c.kind = 'completed' AND c.at < refunds.created_at) AS completed FROM refunds \
             WHERE catalogue_refund IS NOT NULL AND id"
        );
        let mut facts = MessageFacts::default();
        for row in self.named(ORDERS, orders).await? {
            facts.orders.insert(row.text("id")?, traded(&row)?);
        }
        for row in self.named(REFUNDS, refunds).await? {
            let number = CatalogueRefundId::new(row.int("catalogue_refund")?);
            facts.refunds.insert(row.text("id")?, Refunding { number, after_sales: row.int("completed")? > 0 });
        }
        Ok(facts)
    }

    async fn named(&self, [on_sqlite, on_postgres]: [&'static str; 2], ids: &[String]) -> Result<Vec<Row>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let text = if self.sql.engine_name() == "sqlite" { on_sqlite } else { on_postgres };
        Ok(self.sql.fetch_all(text, args![words::write("ids", &ids)?]).await?)
    }
}

fn traded(row: &Row) -> Result<Traded, Error> {
    let document: words::Bought = words::read("order", &row.text("document")?)?;
    let basket: Basket = document.basket.try_into()?;
    let number = CatalogueOrderId::new(row.int("catalogue_order")?);
    Ok(Traded { number, supplier: basket.supplier, lines: basket.lines.len(), account: row.text("account")? })
}

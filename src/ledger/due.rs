//! What is left open and wants to be looked at: claimed in batches, so that several nodes share the work instead of
//! racing for it. A claim is a lease: it only moves the time of the next look; what comes of it is written by version.
//!
//! PostgreSQL skips rows that another node is claiming this very moment; with one conditional update an order, every
//! node would try the same oldest ones and all but one would lose. SQLite has one writer, so nobody can be in the way.

use super::{Doubted, Error, Hold, Ledger};
use crate::model::ids::{ConsignmentId, OrderId, RefundId, ReportId};
use crate::model::partner::Mode;
use crate::sql::{Row, args};

macro_rules! due {
    () => {
        "SELECT id FROM orders WHERE state IN ('received', 'placing', 'unknown') AND look_at <= $1 AND mode = $2 \
         ORDER BY look_at LIMIT $3"
    };
}

macro_rules! silent {
    () => {
        "SELECT p.payment, p.order_id FROM payment_orders p JOIN payments m ON m.id = p.payment \
         WHERE p.state IN ('pending', 'unknown') AND m.method = 'debit' AND p.updated_at <= $1 AND m.mode = $2 \
         ORDER BY p.updated_at LIMIT $3"
    };
}

macro_rules! doubted {
    () => {
        "SELECT p.payment, p.order_id FROM payment_orders p JOIN payments m ON m.id = p.payment \
         WHERE p.doubt_at <= $1 AND m.mode = $2 ORDER BY p.doubt_at LIMIT $3"
    };
}

macro_rules! refunds {
    () => {
        "SELECT id FROM refunds WHERE state NOT IN ('rejected', 'succeeded', 'closed') AND look_at <= $1 AND mode = $2 \
         ORDER BY look_at LIMIT $3"
    };
}

macro_rules! consignments {
    () => {
        "SELECT id FROM consignments WHERE state NOT IN ('rejected', 'handed_over', 'cancelled') AND look_at <= $1 \
         AND mode = $2 ORDER BY look_at LIMIT $3"
    };
}

macro_rules! reports {
    () => {
        "SELECT r.id FROM consignment_reports r JOIN consignments c ON c.id = r.consignment \
         WHERE r.state IN ('sent', 'unknown') AND r.look_at <= $1 AND c.mode = $2 ORDER BY r.look_at LIMIT $3"
    };
}

/// Moves the time of the next look of rows that are due: the text for SQLite, and the one for PostgreSQL.
macro_rules! claim {
    ($table:literal, $due:expr, $lock:literal) => {
        (
            concat!("UPDATE ", $table, " SET look_at = $4 WHERE id IN (", $due, ") RETURNING id"),
            concat!(
                "WITH due AS MATERIALIZED (",
                $due,
                $lock,
                ") UPDATE ",
                $table,
                " SET look_at = $4 FROM due WHERE ",
                $table,
                ".id = due.id RETURNING ",
                $table,
                ".id"
            ),
        )
    };
}

impl Ledger {
    /// Takes unsettled orders whose time to be looked at has come, for so long; the longest due first.
    pub async fn claim_due(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<OrderId>, Error> {
        const CLAIM: (&str, &str) = claim!("orders", due!(), " FOR UPDATE SKIP LOCKED");
        let rows = self.claim(due!(), CLAIM, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// Takes refunds that are not finished and whose time has come, for so long: unsettled ones to settle them, others to
    /// compare them with the catalogue.
    pub async fn claim_due_refunds(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<RefundId>, Error> {
        const CLAIM: (&str, &str) = claim!("refunds", refunds!(), " FOR UPDATE SKIP LOCKED");
        let rows = self.claim(refunds!(), CLAIM, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// The same of consignments.
    pub async fn claim_due_consignments(
        &self,
        mode: Mode,
        limit: u32,
        for_ms: i64,
    ) -> Result<Vec<ConsignmentId>, Error> {
        const CLAIM: (&str, &str) = claim!("consignments", consignments!(), " FOR UPDATE SKIP LOCKED");
        let rows = self.claim(consignments!(), CLAIM, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// Takes unsettled reports about consignments whose time has come, for so long.
    pub async fn claim_due_reports(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<ReportId>, Error> {
        const CLAIM: (&str, &str) = claim!("consignment_reports", reports!(), " FOR UPDATE OF r SKIP LOCKED");
        let rows = self.claim(reports!(), CLAIM, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    pub(super) async fn claim(
        &self,
        due: &'static str,
        (on_sqlite, on_postgres): (&'static str, &'static str),
        mode: Mode,
        limit: u32,
        for_ms: i64,
    ) -> Result<Vec<Row>, Error> {
        let now = self.clock.now_ms();
        // Most looks find nothing; those must not ask for the writer.
        if self.sql.fetch_optional(due, args![now, mode.name(), 1_i64]).await?.is_none() {
            return Ok(Vec::new());
        }
        let text = self.of_engine(on_sqlite, on_postgres);
        let row = args![now, mode.name(), limit, now + for_ms];
        Ok(self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(text, row).await })).await?)
    }

    /// Takes parts of debits that nobody heard of for so long, which begins anew with it: asked for without an answer, or
    /// never asked. Whoever held them is not the newest holder any more.
    pub async fn claim_silent_debits(&self, mode: Mode, silent_ms: i64, limit: u32) -> Result<Vec<Hold>, Error> {
        const ON_SQLITE: &str = concat!(
            "UPDATE payment_orders SET updated_at = $4, fence = fence + 1 WHERE (payment, order_id) IN (",
            silent!(),
            ") RETURNING payment, order_id, fence, asked_at"
        );
        const ON_POSTGRES: &str = concat!(
            "WITH due AS MATERIALIZED (",
            silent!(),
            " FOR UPDATE OF p SKIP LOCKED) UPDATE payment_orders SET updated_at = $4, fence = fence + 1 FROM due \
             WHERE payment_orders.payment = due.payment AND payment_orders.order_id = due.order_id \
             RETURNING payment_orders.payment, payment_orders.order_id, fence, asked_at"
        );
        let now = self.clock.now_ms();
        if self.sql.fetch_optional(silent!(), args![now - silent_ms, mode.name(), 1_i64]).await?.is_none() {
            return Ok(Vec::new());
        }
        let text = self.of_engine(ON_SQLITE, ON_POSTGRES);
        let row = args![now - silent_ms, mode.name(), limit, now];
        let rows = self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(text, row).await })).await?;
        rows.iter().map(Hold::read).collect()
    }

    /// Takes parts of debits that were called failed though their order is paid, for so long.
    pub async fn claim_doubted(&self, mode: Mode, for_ms: i64, limit: u32) -> Result<Vec<Doubted>, Error> {
        const ON_SQLITE: &str = concat!(
            "UPDATE payment_orders SET doubt_at = $4 WHERE (payment, order_id) IN (",
            doubted!(),
            ") RETURNING payment, order_id"
        );
        const ON_POSTGRES: &str = concat!(
            "WITH due AS MATERIALIZED (",
            doubted!(),
            " FOR UPDATE OF p SKIP LOCKED) UPDATE payment_orders SET doubt_at = $4 FROM due \
             WHERE payment_orders.payment = due.payment AND payment_orders.order_id = due.order_id \
             RETURNING payment_orders.payment, payment_orders.order_id"
        );
        let now = self.clock.now_ms();
        if self.sql.fetch_optional(doubted!(), args![now, mode.name(), 1_i64]).await?.is_none() {
            return Ok(Vec::new());
        }
        let text = self.of_engine(ON_SQLITE, ON_POSTGRES);
        let row = args![now, mode.name(), limit, now + for_ms];
        let rows = self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(text, row).await })).await?;
        rows.iter().map(|row| Ok(Doubted { payment: row.parse("payment")?, order: row.parse("order_id")? })).collect()
    }

    fn of_engine(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        if self.sql.engine_name() == "postgres" { postgres } else { sqlite }
    }
}

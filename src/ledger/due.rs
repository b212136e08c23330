//! What is left open and wants to be looked at: claimed in batches, so that several nodes share the work instead of
//! racing for it. A claim is a lease: it only moves the time of the next look; what comes of it is written by version.
//!
//! PostgreSQL skips rows that another node is claiming this very moment; with one conditional update an order, every
//! node would try the same oldest ones and all but one would lose. SQLite has one writer, so nobody can be in the way.

use std::sync::LazyLock;

use super::kept::{IdOf, Kept};
use super::{Doubted, Error, Hold, Ledger};
use crate::model::ids::ReportId;
use crate::model::partner::Mode;
use crate::sql::{Row, args};

/// How rows of a table are claimed.
pub(super) struct Claiming {
    /// The table.
    pub table: &'static str,
    /// The columns that name a row.
    pub keys: &'static [&'static str],
    /// The keys of the rows that are due at `$1` in the world `$2`, the longest due first, `$3` at most.
    pub due: String,
    /// How PostgreSQL locks them.
    pub lock: &'static str,
    /// What is set, the new time being `$4`.
    pub set: &'static str,
    /// What is told of each beside its keys, with a comma before.
    pub told: &'static str,
}

/// The statements that claim rows.
pub(super) struct Claim {
    due: String,
    on_sqlite: String,
    on_postgres: String,
}

const LOCK: &str = "FOR UPDATE SKIP LOCKED";

static REPORTS: LazyLock<Claim> = LazyLock::new(|| {
    let due = "SELECT r.id FROM consignment_reports r JOIN consignments c ON c.id = r.consignment \
               WHERE r.state IN ('sent', 'unknown') AND r.look_at <= $1 AND c.mode = $2 ORDER BY r.look_at LIMIT $3";
    Claim::of(&Claiming { lock: "FOR UPDATE OF r SKIP LOCKED", ..Claiming::looks("consignment_reports", due.into()) })
});

static SILENT: LazyLock<Claim> = LazyLock::new(|| {
    Claim::of(&Claiming {
        set: "updated_at = $4, fence = fence + 1",
        told: ", fence, asked_at",
        ..Claiming::parts(
            "WHERE p.state IN ('pending', 'unknown') AND m.method = 'debit' AND p.updated_at <= $1 AND m.mode = $2 \
             ORDER BY p.updated_at",
        )
    })
});

static DOUBTED: LazyLock<Claim> = LazyLock::new(|| {
    Claim::of(&Claiming {
        set: "doubt_at = $4",
        ..Claiming::parts("WHERE p.doubt_at <= $1 AND m.mode = $2 ORDER BY p.doubt_at")
    })
});

impl Claiming {
    /// Rows with a time of their next look.
    pub(super) fn looks(table: &'static str, due: String) -> Self {
        Self { table, keys: &["id"], due, lock: LOCK, set: "look_at = $4", told: "" }
    }

    /// Parts of payments.
    fn parts(due: &str) -> Self {
        let due = format!(
            "SELECT p.payment, p.order_id FROM payment_orders p JOIN payments m ON m.id = p.payment {due} LIMIT $3"
        );
        let keys = &["payment", "order_id"];
        Self { table: "payment_orders", keys, due, lock: "FOR UPDATE OF p SKIP LOCKED", set: "", told: "" }
    }
}

impl Claim {
    pub(super) fn of(Claiming { table, keys, due, lock, set, told }: &Claiming) -> Self {
        let these = if let [key] = keys { (*key).to_owned() } else { format!("({})", keys.join(", ")) };
        let named: Vec<_> = keys.iter().map(|key| format!("{table}.{key}")).collect();
        let same: Vec<_> = keys.iter().map(|key| format!("{table}.{key} = due.{key}")).collect();
        let (bare, named, same) = (keys.join(", "), named.join(", "), same.join(" AND "));
        Self {
            due: due.clone(),
            on_sqlite: format!("UPDATE {table} SET {set} WHERE {these} IN ({due}) RETURNING {bare}{told}"),
            on_postgres: format!(
                "WITH due AS MATERIALIZED ({due} {lock}) UPDATE {table} SET {set} FROM due \
                 WHERE {same} RETURNING {named}{told}"
            ),
        }
    }
}

impl Ledger {
    /// Takes what is not finished and whose time to be looked at has come, for so long; the longest due first.
    pub async fn claim_due<S: Kept>(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<IdOf<S>>, Error> {
        let rows = self.claim_looks(&S::texts().claim, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// Takes unsettled reports about consignments whose time has come, for so long.
    pub async fn claim_due_reports(&self, mode: Mode, limit: u32, for_ms: i64) -> Result<Vec<ReportId>, Error> {
        let rows = self.claim_looks(&REPORTS, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// Takes parts of debits that nobody heard of for so long, which begins anew with it: asked for without an answer, or
    /// never asked. Whoever held them is not the newest holder any more.
    pub async fn claim_silent_debits(&self, mode: Mode, silent_ms: i64, limit: u32) -> Result<Vec<Hold>, Error> {
        let now = self.clock.now_ms();
        self.claim(&SILENT, now - silent_ms, mode, limit, now).await?.iter().map(Hold::read).collect()
    }

    /// Takes parts of debits that were called failed though their order is paid, for so long.
    pub async fn claim_doubted(&self, mode: Mode, for_ms: i64, limit: u32) -> Result<Vec<Doubted>, Error> {
        let rows = self.claim_looks(&DOUBTED, mode, limit, for_ms).await?;
        rows.iter().map(|row| Ok(Doubted { payment: row.parse("payment")?, order: row.parse("order_id")? })).collect()
    }

    /// Claims what is due now, until so long from now.
    pub(super) async fn claim_looks(
        &self,
        claim: &'static Claim,
        mode: Mode,
        limit: u32,
        for_ms: i64,
    ) -> Result<Vec<Row>, Error> {
        let now = self.clock.now_ms();
        self.claim(claim, now, mode, limit, now + for_ms).await
    }

    async fn claim(
        &self,
        claim: &'static Claim,
        due_at: i64,
        mode: Mode,
        limit: u32,
        time: i64,
    ) -> Result<Vec<Row>, Error> {
        // Most looks find nothing; those must not ask for the writer.
        if self.sql.fetch_optional(&claim.due, args![due_at, mode.name(), 1_i64]).await?.is_none() {
            return Ok(Vec::new());
        }
        let text = if self.sql.engine_name() == "postgres" { &claim.on_postgres } else { &claim.on_sqlite };
        let row = args![due_at, mode.name(), limit, time];
        Ok(self.sql.transaction(move |tx| Box::pin(async move { tx.fetch_all(text, row).await })).await?)
    }
}

//! Writes sums to the database. A batch carries its node's next number, which is raised in the same transaction: a batch
//! whose commit was not heard of is sent again and counts once.

use std::sync::Arc;

use serde_json::json;

use super::Error;
use super::books::{DAY_MS, Sums};
use crate::sql::{Arg, Rows, Sql, Tx, args};

/// How long days are kept.
const DAYS_KEPT: i64 = 400;
/// How long minutes are kept: a day, and an hour in which a day can be asked for.
const MINUTES_KEPT: i64 = 25 * 60;

static DAYS: Rows = Rows::with_tail(
    "INSERT INTO usage_days (partner, mode, day, operation, outcome, code, calls, units) VALUES",
    8,
    "ON CONFLICT (partner, mode, day, operation, outcome, code) DO UPDATE SET \
        calls = usage_days.calls + excluded.calls, units = usage_days.units + excluded.units",
);
static MINUTES: Rows = Rows::new(
    "INSERT INTO usage_minutes (partner, mode, minute, node, flush, calls, units, refused, seconds) VALUES",
    9,
);
const NUMBER: &str = "INSERT INTO usage_nodes (node, flush, at) VALUES ($1, $2, $3) \
    ON CONFLICT (node) DO UPDATE SET flush = excluded.flush, at = excluded.at WHERE usage_nodes.flush < excluded.flush";

/// Sums on their way into the database.
#[derive(Debug)]
pub struct Batch {
    /// Which node they are of.
    pub node: Arc<str>,
    /// The node's number of this batch, counted from 1.
    pub number: i64,
    /// When it was made.
    pub at_ms: i64,
    /// What it holds.
    pub sums: Sums,
}

impl Batch {
    fn days(&self) -> Vec<Vec<Arg>> {
        let rows = self.sums.days.iter().map(|(day, sum)| {
            let (partner, outcome) = (&*day.partner, day.outcome.name());
            args![partner, day.mode, day.day, day.operation, outcome, day.code, sum.calls, sum.units]
        });
        rows.collect()
    }

    fn minutes(&self) -> Vec<Vec<Arg>> {
        let rows = self.sums.minutes.iter().map(|(at, minute)| {
            let ((calls, units), refused) = (minute.seconds.total(), json!(minute.refused).to_string());
            let (partner, node, seconds) = (&*at.partner, &*self.node, minute.seconds.bytes());
            args![partner, at.mode, at.minute, node, self.number, calls, units, refused, seconds]
        });
        rows.collect()
    }
}

/// Writes a batch; one that was written before is left alone.
pub async fn write(sql: &Sql, batch: Arc<Batch>) -> Result<(), Error> {
    sql.transaction(move |tx| Box::pin(async move { write_in(tx, &batch).await })).await
}

async fn write_in(tx: &mut Tx, batch: &Batch) -> Result<(), Error> {
    let is_new = tx.execute(NUMBER, args![&*batch.node, batch.number, batch.at_ms]).await? > 0;
    if is_new {
        // In the order of their keys, so that nodes that add to the same rows wait for each other and never in a circle.
        DAYS.insert(tx, batch.days()).await?;
        MINUTES.insert(tx, batch.minutes()).await?;
    }
    Ok(())
}

/// Removes what is past its time; gives how many rows.
pub async fn tidy(sql: &Sql, now_ms: i64) -> Result<u64, Error> {
    let first_day = now_ms.div_euclid(DAY_MS) - DAYS_KEPT;
    let first_minute = now_ms.div_euclid(60_000) - MINUTES_KEPT;
    let days = sql.execute("DELETE FROM usage_days WHERE day < $1", args![first_day]).await?;
    let minutes = sql.execute("DELETE FROM usage_minutes WHERE minute < $1", args![first_minute]).await?;
    // A node that wrote nothing for so long is gone, or counts on from a number that is above what it forgot.
    let nodes = sql.execute("DELETE FROM usage_nodes WHERE at < $1", args![first_minute * 60_000]).await?;
    Ok(days + minutes + nodes)
}

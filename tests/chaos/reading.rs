//! Reads both books: the ledger by SQL and as its partners are shown it, the catalogue by its own face.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::{PgPool, Row as _};
use tokio::task::JoinSet;
use xunyuan::commands::client::Draft;

use crate::books::{Books, Row, Shown, Theirs};
use crate::caller::About;
use crate::history::{self, Op, Record, is_passing};
use crate::partner::Partner;
use crate::world::Catalogue;

const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: usize = 50;
const LARGE_PAGE: usize = 1000;

/// A partner and a reference of its.
type Key = (String, String);

/// What the ledger does not know yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Open {
    /// Orders that were sent or are about to be.
    pub orders: i64,
    /// Orders that wait for their partner to ask again: the catalogue was not reached.
    pub waiting: i64,
    /// Debits.
    pub debits: i64,
}

/// How many orders and debits are open.
pub async fn open(pool: &PgPool) -> Result<Open> {
    const ASK: &str = "SELECT (SELECT count(*) FROM orders WHERE state IN ('placing', 'unknown')), \
        (SELECT count(*) FROM orders WHERE state = 'received'), \
        (SELECT count(*) FROM payment_orders WHERE state = 'unknown')";
    let row = sqlx::query(ASK).fetch_one(pool).await?;
    Ok(Open { orders: row.try_get(0)?, waiting: row.try_get(1)?, debits: row.try_get(2)? })
}

/// The ledger's table.
pub async fn rows(pool: &PgPool) -> Result<Vec<Row>> {
    const ASK: &str = "SELECT id, partner, reference, state, catalogue_order, version, \
        (SELECT count(*) FROM order_events WHERE order_id = orders.id) FROM orders ORDER BY created_at, id";
    let read = |row: sqlx::postgres::PgRow| -> Result<Row> {
        Ok(Row {
            id: row.try_get(0)?,
            partner: row.try_get(1)?,
            reference: row.try_get(2)?,
            state: row.try_get(3)?,
            number: row.try_get(4)?,
            version: row.try_get(5)?,
            events: row.try_get(6)?,
        })
    };
    sqlx::query(ASK).fetch_all(pool).await?.into_iter().map(read).collect()
}

/// The catalogue's whole book: at once where it can be had so, else partner by partner.
pub async fn theirs(catalogue: &Catalogue, partners: &[String]) -> Result<Vec<Theirs>> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let target = format!("/control/orders?after={after}&limit={LARGE_PAGE}");
        let Some(page) = catalogue.ask("GET", &target, None).await? else { break };
        let items = page["items"].as_array().context("a page without items")?;
        for order in items {
            after = after.max(order["orderNo"].as_i64().unwrap_or(0));
            all.push(Theirs::read(order).with_context(|| format!("an order that cannot be read: {order}"))?);
        }
        if items.len() < LARGE_PAGE {
            return Ok(all);
        }
    }
    for partner in partners {
        let mut token = String::new();
        loop {
            let target = format!("/trade/orders?partnerCode={partner}&pageSize={PAGE}&pageToken={token}");
            let page = catalogue.ask("GET", &target, None).await?.context("the catalogue lists no orders")?;
            for order in page["items"].as_array().context("a page without items")? {
                all.push(Theirs::read(order).with_context(|| format!("an order that cannot be read: {order}"))?);
            }
            let Some(next) = page["nextPageToken"].as_str() else { break };
            next.clone_into(&mut token);
        }
    }
    Ok(all)
}

/// Every reference that was ever used, partner by partner.
pub fn references(path: &Path) -> Result<BTreeSet<Key>> {
    let mut all = BTreeSet::new();
    for record in history::read::<Record>(path)? {
        let record = record?;
        if record.op == Op::Order
            && let Some(reference) = record.reference
        {
            all.insert((record.partner, reference));
        }
    }
    Ok(all)
}

/// Both books, each order also as its partner is shown it, `at_once` at a time.
pub async fn books(
    pool: &PgPool,
    catalogue: &Catalogue,
    partners: &[Arc<Partner>],
    history: &Path,
    at_once: usize,
) -> Result<Books> {
    let names: Vec<_> = partners.iter().map(|partner| partner.caller().partner.clone()).collect();
    let mut books = Books {
        rows: rows(pool).await?,
        theirs: theirs(catalogue, &names).await?,
        open_debits: open(pool).await?.debits,
        ..Books::default()
    };
    let mut reads: JoinSet<Result<(Key, Option<Shown>)>> = JoinSet::new();
    for (number, (partner, reference)) in references(history)?.into_iter().enumerate() {
        let who = partners.iter().find(|who| who.caller().partner == partner).context("a partner nobody knows")?;
        let who = Arc::clone(who);
        reads.spawn(async move {
            let shown = show(&who, &reference, number).await?;
            Ok(((partner, reference), shown))
        });
        if reads.len() >= at_once
            && let Some(read) = reads.join_next().await
        {
            let (key, shown) = read??;
            books.shown.insert(key, shown);
        }
    }
    while let Some(read) = reads.join_next().await {
        let (key, shown) = read??;
        books.shown.insert(key, shown);
    }
    Ok(books)
}

/// What a partner is shown under a reference.
async fn show(partner: &Partner, reference: &str, number: usize) -> Result<Option<Shown>> {
    let caller = partner.caller();
    let about = About { op: Op::Final, reference: Some(reference) };
    let draft = Draft::get(format!("/v1/orders/by-reference/{reference}"));
    for attempt in 0..10 {
        let node = (number + attempt) % caller.desk.avoided.len();
        let said = caller.ask(node, about, &draft, PATIENCE).await?;
        match said.status {
            Some(200) => return Shown::read(&said.json).context("an order's view that cannot be read").map(Some),
            Some(404) => return Ok(None),
            Some(status) if !is_passing(status, said.code()) => {
                anyhow::bail!("{status} {} when reading {reference}", said.code())
            }
            _ => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
    anyhow::bail!("{reference} of {} cannot be read though all is healed", caller.partner)
}

//! What the operator asks over all partners: the newest orders, and how many stand where.
//! What one partner asks of its own orders is in `orders.rs`.

use super::orders::{select, summary};
use super::{Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::order::{Order, Reference, State};
use crate::sql::{Row, args};

/// Which of the newest orders are wanted.
#[derive(Clone, Debug)]
pub enum Latest {
    /// All of them.
    Any,
    /// Those in this state.
    In(State),
    /// Those with this number of a partner's; several partners may have used it.
    Named(Reference),
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

impl Ledger {
    /// The newest orders of all partners, without their events.
    pub async fn list_latest(&self, which: &Latest, limit: u32) -> Result<Vec<Order>, Error> {
        const ANY: &str = select!("ORDER BY created_at DESC, id DESC LIMIT $1");
        const IN: &str = select!("WHERE state = $2 ORDER BY created_at DESC, id DESC LIMIT $1");
        const NAMED: &str = select!("WHERE reference = $2 ORDER BY created_at DESC, id DESC LIMIT $1");
        let rows = match which {
            Latest::Any => self.sql.fetch_all(ANY, args![limit]).await?,
            Latest::In(state) => self.sql.fetch_all(IN, args![limit, state.name()]).await?,
            Latest::Named(reference) => self.sql.fetch_all(NAMED, args![limit, reference.as_str()]).await?,
        };
        rows.iter().map(summary).collect()
    }

    /// Orders received in the last so many milliseconds, by partner and state.
    pub async fn count_by_state(&self, within_ms: i64) -> Result<Vec<Count>, Error> {
        const COUNT: &str = "SELECT partner, state, COUNT(*) AS orders FROM orders WHERE created_at >= $1 \
            GROUP BY partner, state ORDER BY partner, state";
        let rows = self.sql.fetch_all(COUNT, args![self.clock.now_ms() - within_ms]).await?;
        rows.iter().map(count).collect()
    }
}

fn count(row: &Row) -> Result<Count, Error> {
    let orders = u64::try_from(row.int("orders")?).unwrap_or(0);
    Ok(Count { partner: row.parse("partner")?, state: row.parse("state")?, orders })
}

//! What a full comparison with the catalogue needs from the ledger, and what it leaves for people: whose turn it is,
//! whose orders are walked, which are open, and which somebody has to look at.

use super::orders::{select, summary};
use super::{Error, Ledger};
use crate::model::ids::{OrderId, PartnerId};
use crate::model::order::{Attention, Order};
use crate::model::partner::Mode;
use crate::sql::{Row, args};

impl Ledger {
    /// Takes the next comparison of a world, if the last one was begun so long ago; one node gets it.
    pub async fn claim_comparison(&self, mode: Mode, every_ms: i64) -> Result<bool, Error> {
        const PEEK: &str = "SELECT begun_at FROM comparisons WHERE mode = $1";
        const FIRST: &str = "INSERT INTO comparisons (mode, begun_at) VALUES ($1, $2) ON CONFLICT (mode) DO NOTHING";
        const TAKE: &str = "UPDATE comparisons SET begun_at = $3 WHERE mode = $1 AND begun_at = $2";
        let now = self.clock.now_ms();
        let Some(row) = self.sql.fetch_optional(PEEK, args![mode.name()]).await? else {
            return Ok(self.sql.execute(FIRST, args![mode.name(), now]).await? == 1);
        };
        let last = row.int("begun_at")?;
        Ok(now - last >= every_ms && self.sql.execute(TAKE, args![mode.name(), last, now]).await? == 1)
    }

    /// Gives a comparison that was not finished back: the next one may begin at once.
    pub async fn give_comparison_back(&self, mode: Mode) -> Result<(), Error> {
        self.sql.execute("UPDATE comparisons SET begun_at = 0 WHERE mode = $1", args![mode.name()]).await?;
        Ok(())
    }

    /// Partners with orders in this world.
    pub async fn list_buyers(&self, mode: Mode) -> Result<Vec<PartnerId>, Error> {
        const BUYERS: &str = "SELECT DISTINCT partner FROM orders WHERE mode = $1 ORDER BY partner";
        let rows = self.sql.fetch_all(BUYERS, args![mode.name()]).await?;
        rows.iter().map(|row| Ok(row.parse("partner")?)).collect()
    }

    /// A partner's orders that the catalogue has and that have not ended, by id, after one.
    pub async fn list_open(
        &self,
        partner: &PartnerId,
        mode: Mode,
        after: Option<&OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, Error> {
        const OPEN: &str = "SELECT id FROM orders WHERE partner = $1 AND mode = $2 AND id > $3 \
            AND state IN ('awaiting_payment', 'paid', 'preparing', 'shipped', 'at_warehouse', 'inspected', 'handed_over', \
            'refunding') ORDER BY id LIMIT $4";
        let row = args![partner.as_str(), mode.name(), after.map_or("", OrderId::as_str), limit];
        let rows = self.sql.fetch_all(OPEN, row).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
    }

    /// Orders that somebody has to look at, the longest waiting first, without their events.
    pub async fn needing_attention(&self, limit: u32) -> Result<Vec<Order>, Error> {
        const LIST: &str = select!("WHERE attention IS NOT NULL ORDER BY updated_at, id LIMIT $1");
        self.sql.fetch_all(LIST, args![limit]).await?.iter().map(summary).collect()
    }

    /// How many orders somebody has to look at, by why.
    pub async fn count_attention(&self) -> Result<Vec<(Attention, u64)>, Error> {
        const COUNT: &str =
            "SELECT attention, COUNT(*) AS orders FROM orders WHERE attention IS NOT NULL GROUP BY attention";
        let rows = self.sql.fetch_all(COUNT, Vec::new()).await?;
        let count = |row: &Row| Ok((row.parse("attention")?, u64::try_from(row.int("orders")?).unwrap_or(0)));
        rows.iter().map(count).collect()
    }
}

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

    /// Gives a comparison that was not finished back: the next one may begin after a pause.
    pub async fn give_comparison_back(&self, mode: Mode, every_ms: i64, pause_ms: i64) -> Result<(), Error> {
        const BACK: &str = "UPDATE comparisons SET begun_at = $2 WHERE mode = $1";
        let begun_at = self.clock.now_ms() - every_ms + pause_ms;
        self.sql.execute(BACK, args![mode.name(), begun_at]).await?;
        Ok(())
    }

    /// Takes a walk over many rows, when its time has come, for so long: gives where to go on, empty at the beginning.
    /// The first is due so long after it was heard of.
    pub async fn claim_walk(&self, name: &str, every_ms: i64, for_ms: i64) -> Result<Option<String>, Error> {
        const PEEK: &str = "SELECT look_at, mark FROM walks WHERE name = $1";
        const FIRST: &str = "INSERT INTO walks (name, look_at, mark) VALUES ($1, $2, '') ON CONFLICT (name) DO NOTHING";
        const TAKE: &str = "UPDATE walks SET look_at = $3 WHERE name = $1 AND look_at = $2";
        let now = self.clock.now_ms();
        let Some(row) = self.sql.fetch_optional(PEEK, args![name]).await? else {
            self.sql.execute(FIRST, args![name, now + every_ms]).await?;
            return Ok(None);
        };
        let look_at = row.int("look_at")?;
        let taken = look_at <= now && self.sql.execute(TAKE, args![name, look_at, now + for_ms]).await? == 1;
        Ok(if taken { Some(row.text("mark")?) } else { None })
    }

    /// Leaves a walk at a mark until then.
    pub async fn leave_walk(&self, name: &str, mark: &str, look_at: i64) -> Result<(), Error> {
        self.sql
            .execute("UPDATE walks SET look_at = $2, mark = $3 WHERE name = $1", args![name, look_at, mark])
            .await?;
        Ok(())
    }

    /// Orders that have or get parcels and are not completed, by id, after one.
    pub async fn list_on_their_way(&self, mode: Mode, after: &str, limit: u32) -> Result<Vec<OrderId>, Error> {
        const LIST: &str = "SELECT id FROM orders WHERE mode = $1 AND id > $2 AND state IN ('preparing', 'shipped', \
            'at_warehouse', 'inspected', 'handed_over', 'refunding') ORDER BY id LIMIT $3";
        let rows = self.sql.fetch_all(LIST, args![mode.name(), after, limit]).await?;
        rows.iter().map(|row| Ok(row.parse("id")?)).collect()
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

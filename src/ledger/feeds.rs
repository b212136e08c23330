//! How far each of the catalogue's change feeds was followed, over restarts and for all nodes together.

use super::{Error, Ledger};
use crate::sql::args;

impl Ledger {
    /// The number of the last change that was taken in; 0 at first.
    pub async fn feed_cursor(&self, feed: &str) -> Result<i64, Error> {
        let row = self.sql.fetch_optional("SELECT seq FROM feed_cursors WHERE feed = $1", args![feed]).await?;
        row.map_or(Ok(0), |row| Ok(row.int("seq")?))
    }

    /// Moves the cursor from where it was read; false when another node moved it meanwhile.
    pub async fn advance_feed(&self, feed: &str, from: i64, to: i64) -> Result<bool, Error> {
        const FIRST: &str = "INSERT INTO feed_cursors (feed, seq) VALUES ($1, 0) ON CONFLICT (feed) DO NOTHING";
        const MOVE: &str = "UPDATE feed_cursors SET seq = $3 WHERE feed = $1 AND seq = $2";
        if from == 0 {
            self.sql.execute(FIRST, args![feed]).await?;
        }
        Ok(self.sql.execute(MOVE, args![feed, from, to]).await? == 1)
    }
}

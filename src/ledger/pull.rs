//! Up to where partners acknowledged the events they pull.

use super::{Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::sql::args;

impl Ledger {
    /// Up to where a partner acknowledged its events; 0 at first.
    pub async fn event_cursor(&self, partner: &PartnerId, mode: Mode) -> Result<i64, Error> {
        const FIND: &str = "SELECT position FROM event_cursors WHERE partner = $1 AND mode = $2";
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name()]).await?;
        row.map_or(Ok(0), |row| Ok(row.int("position")?))
    }

    /// Keeps that a partner has everything up to a position; it never goes back. Gives where it stands.
    pub async fn acknowledge_events(&self, partner: &PartnerId, mode: Mode, position: i64) -> Result<i64, Error> {
        const KEEP: &str = "INSERT INTO event_cursors (partner, mode, position, updated_at) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (partner, mode) DO UPDATE SET position = $3, updated_at = $4 \
            WHERE event_cursors.position < $3";
        let row = args![partner.as_str(), mode.name(), position, self.clock.now_ms()];
        self.sql.execute(KEEP, row).await?;
        self.event_cursor(partner, mode).await
    }

    /// The newest position that was ever given to an event of anybody's.
    pub async fn newest_of_all(&self) -> Result<i64, Error> {
        let row = self.sql.fetch_optional("SELECT position FROM event_head WHERE id = 1", Vec::new()).await?;
        row.map_or(Ok(0), |row| Ok(row.int("position")?))
    }

    /// The newest position of a partner's events; 0 when there is none.
    pub async fn newest_event(&self, partner: &PartnerId, mode: Mode) -> Result<i64, Error> {
        const NEWEST: &str = "SELECT MAX(position) AS newest FROM events WHERE partner = $1 AND mode = $2";
        let row = self.sql.fetch_optional(NEWEST, args![partner.as_str(), mode.name()]).await?;
        row.map_or(Ok(0), |row| Ok(row.opt_int("newest")?.unwrap_or(0)))
    }
}

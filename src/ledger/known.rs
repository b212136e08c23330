//! Whether a request was seen before: asked before something is prepared for it that repeats have no need of.

use super::{Error, KeyUse, Ledger};
use crate::sql::args;

impl Ledger {
    /// Whether the key is in use, by whatever request. Who wants its work or answer claims it.
    pub async fn knows_key(&self, asked: &KeyUse) -> Result<bool, Error> {
        const FIND: &str =
            "SELECT fence FROM idempotency WHERE partner = $1 AND mode = $2 AND key = $3 AND expires_at > $4";
        let row = args![asked.partner.as_str(), asked.mode.name(), &asked.key, self.clock.now_ms()];
        Ok(self.sql.fetch_optional(FIND, row).await?.is_some())
    }
}

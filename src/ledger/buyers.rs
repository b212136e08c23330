//! For which buyer account of a partner an order was placed. What is not written down is the main account's, which
//! everything else is seen by, too.

use super::{Error, Ledger};
use crate::model::ids::PartnerId;
use crate::model::order::Reference;
use crate::model::partner::Mode;
use crate::sql::args;

impl Ledger {
    /// Writes down for whom the order about to be placed under a reference is; of an order that is there it says no more.
    pub async fn note_buyer(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
        account: &str,
    ) -> Result<(), Error> {
        const NOTE: &str = "INSERT INTO order_buyers (partner, mode, reference, account) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (partner, mode, reference) DO UPDATE SET account = excluded.account WHERE NOT EXISTS \
            (SELECT 1 FROM orders o WHERE o.partner = $1 AND o.mode = $2 AND o.reference = $3)";
        let row = args![partner.as_str(), mode.name(), reference.as_str(), account];
        self.sql.execute(NOTE, row).await?;
        Ok(())
    }

    /// The account that an order under this reference is, or would be, for; none for the main one.
    pub async fn find_buyer(
        &self,
        partner: &PartnerId,
        mode: Mode,
        reference: &Reference,
    ) -> Result<Option<String>, Error> {
        const FIND: &str = "SELECT account FROM order_buyers WHERE partner = $1 AND mode = $2 AND reference = $3";
        let row = self.sql.fetch_optional(FIND, args![partner.as_str(), mode.name(), reference.as_str()]).await?;
        Ok(row.map(|row| row.text("account")).transpose()?)
    }
}

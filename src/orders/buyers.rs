//! Buyer accounts of a partner: each sees what was ordered for it, and the main one, called like the partner, all.

use super::{Error, Orders};
use crate::model::order::{Order, Reference};
use crate::model::partner::Caller;

impl Orders {
    /// Writes down for whom the order about to be placed under a reference is.
    pub async fn note_buyer(&self, caller: &Caller, reference: &Reference, account: &str) -> Result<(), Error> {
        let (partner, mode) = (&caller.partner.id, caller.mode);
        // Most orders are the main account's; those are only written down where something else was before.
        if account != partner.as_str() || self.ledger.find_buyer(partner, mode, reference).await?.is_some() {
            self.ledger.note_buyer(partner, mode, reference, account).await?;
        }
        Ok(())
    }

    /// Whether an account sees an order.
    pub async fn is_seen_by(&self, caller: &Caller, order: &Order, account: &str) -> Result<bool, Error> {
        let (partner, reference) = (&caller.partner.id, &order.deed.reference);
        if account == partner.as_str() {
            return Ok(true);
        }
        let buyer = self.ledger.find_buyer(partner, caller.mode, reference).await?;
        Ok(buyer.is_some_and(|buyer| buyer == account))
    }
}

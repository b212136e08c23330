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

    /// The account that an order was placed for.
    pub async fn buyer_of(&self, caller: &Caller, order: &Order) -> Result<String, Error> {
        let partner = &caller.partner.id;
        let buyer = self.ledger.find_buyer(partner, caller.mode, &order.deed.reference).await?;
        Ok(buyer.unwrap_or_else(|| partner.to_string()))
    }

    /// Whether an account sees an order.
    pub async fn is_seen_by(&self, caller: &Caller, order: &Order, account: &str) -> Result<bool, Error> {
        Ok(account == caller.partner.id.as_str() || self.buyer_of(caller, order).await? == account)
    }
}

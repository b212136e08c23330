//! Reading for those who know refunds by the catalogue's number and turn numbered pages.

use super::{Aftersale, Counted, Error, Slice, SoughtRefunds};
use crate::model::ids::CatalogueRefundId;
use crate::model::partner::Caller;
use crate::model::refund::Refund;

impl Aftersale {
    /// A partner's refund by the catalogue's number, with its events.
    pub async fn by_number(&self, caller: &Caller, number: CatalogueRefundId) -> Result<Refund, Error> {
        let id = self.ledger.find_refund_id(&caller.partner.id, caller.mode, number).await?;
        self.get(caller, &id.ok_or(Error::RefundNotFound)?).await
    }

    /// A page of a partner's refunds that the catalogue has, newest first, with their events.
    pub async fn search(
        &self,
        caller: &Caller,
        sought: &SoughtRefunds,
        slice: Slice,
    ) -> Result<Counted<Refund>, Error> {
        Ok(self.ledger.page_refunds(&caller.partner.id, caller.mode, sought, slice).await?)
    }
}

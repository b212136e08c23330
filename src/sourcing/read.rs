//! Reading: inquiries one by one and in lists.

use super::{Error, InquiryFilter, Sourcing};
use crate::model::ids::InquiryId;
use crate::model::inquiry::{Answering, Inquiry};
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Caller;

impl Sourcing {
    /// A partner's inquiry with its events.
    pub async fn get(&self, caller: &Caller, id: &InquiryId) -> Result<Inquiry, Error> {
        let found = self.ledger.find::<Inquiry>(&caller.partner.id, caller.mode, id).await?;
        found.ok_or(Error::InquiryNotFound)
    }

    /// The same by the partner's own number.
    pub async fn by_reference(&self, caller: &Caller, reference: &Reference) -> Result<Inquiry, Error> {
        let found = self.ledger.find_inquiry_by_reference(&caller.partner.id, caller.mode, reference).await?;
        found.ok_or(Error::InquiryNotFound)
    }

    /// How each supplier of an inquiry answered the inquiries of its partner in the last ninety days, in the order in which
    /// they were named.
    pub async fn answering(&self, inquiry: &Inquiry) -> Result<Vec<Answering>, Error> {
        let deed = &inquiry.deed;
        let mut all = Vec::with_capacity(deed.invited.len());
        for invited in &deed.invited {
            all.push(self.ledger.answering(&deed.partner, deed.mode, invited.supplier).await?);
        }
        Ok(all)
    }

    /// A partner's inquiries, newest first, without their events.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &InquiryFilter,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Inquiry>, Error> {
        Ok(self.ledger.list_inquiries(&caller.partner.id, caller.mode, filter, after, size).await?)
    }
}

//! Reading consignments: one by one with what is not settled about them, and in lists.

use super::{Error, Fulfilment};
use crate::model::consignment::{Consignment, Report, State};
use crate::model::ids::ConsignmentId;
use crate::model::order::Reference;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Caller;

/// A consignment and the reports about it that are not settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The consignment with its events.
    pub consignment: Consignment,
    /// Reports whose outcome is not known yet, oldest first.
    pub pending: Vec<Report>,
}

impl Fulfilment {
    /// A partner's consignment.
    pub async fn get(&self, caller: &Caller, id: &ConsignmentId) -> Result<Shown, Error> {
        let found = self.ledger.find_consignment(&caller.partner.id, caller.mode, id).await?;
        self.shown(found).await
    }

    /// The same by the partner's own number.
    pub async fn by_reference(&self, caller: &Caller, reference: &Reference) -> Result<Shown, Error> {
        let found = self.ledger.find_consignment_by_reference(&caller.partner.id, caller.mode, reference).await?;
        self.shown(found).await
    }

    /// A partner's consignments, newest first, without their events and figures.
    pub async fn list(
        &self,
        caller: &Caller,
        state: Option<State>,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Consignment>, Error> {
        Ok(self.ledger.list_consignments(&caller.partner.id, caller.mode, state, after, size).await?)
    }

    async fn shown(&self, found: Option<Consignment>) -> Result<Shown, Error> {
        let consignment = found.ok_or(Error::ConsignmentNotFound)?;
        let pending = self.ledger.list_open_reports(&consignment.deed.id).await?;
        Ok(Shown { consignment, pending })
    }
}

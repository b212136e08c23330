//! What else is asked of the catalogue about refunds: what can be asked for, and the pictures that prove something.

use super::{Aftersale, Error};
use crate::asking::Asks;
use crate::model::ids::CatalogueOrderId;
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::model::refund::{Options, Proof, Refund, Remedy};
use crate::translate::aftersale::{self as translate, Standing};
use crate::upstream::wholesale::calls::aftersale as calls;
use crate::upstream::{self, Call, Context};

impl Aftersale {
    /// What can be asked for now.
    pub(super) async fn reasons(
        &self,
        mode: Mode,
        order: CatalogueOrderId,
        remedy: Remedy,
        language: Language,
    ) -> Result<Options, Error> {
        let call = calls::refund_reasons(order, translate::kind(remedy), language);
        Ok(translate::options(self.desk().read(mode, &call).await?)?)
    }

    /// The pictures a refund has at the catalogue, by our ids.
    pub(super) async fn proofs(&self, refund: &Refund, standing: &Standing) -> Result<Vec<Proof>, Error> {
        if standing.vouchers == translate::numbers(refund.proofs()) {
            return Ok(refund.proofs().to_vec());
        }
        let mut proofs = Vec::with_capacity(standing.vouchers.len());
        for number in &standing.vouchers {
            let id = self.ledger.adopt_voucher(&refund.deed.partner, refund.deed.mode, *number).await?;
            proofs.push(Proof { id, number: *number });
        }
        Ok(proofs)
    }

    pub(super) async fn fetch(&self, mode: Mode, call: &Call) -> Result<bytes::Bytes, upstream::Error> {
        self.upstream.ask(mode, call, Context::here()).await
    }
}

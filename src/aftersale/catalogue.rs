//! The calls this room makes to the catalogue, and what their answers mean for a refund.

use serde::de::DeserializeOwned;

use super::{Aftersale, Error};
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId};
use crate::model::language::Language;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::refund::{Deed, Happening, Options, Proof, Refund, Rejection, Remedy};
use crate::telemetry::trace;
use crate::translate::Nonsense;
use crate::translate::aftersale::{self as translate, Standing};
use crate::upstream::wholesale::calls::aftersale as calls;
use crate::upstream::wholesale::wire::aftersale as wire;
use crate::upstream::{self, Call, Context, Outcome};

/// What came of asking for money back.
#[derive(Debug)]
pub(super) enum Sent {
    /// The catalogue has it.
    Taken(Box<Standing>),
    /// The catalogue does not want it.
    Refused(Rejection),
    /// It surely never got there.
    NotReached(upstream::Error),
    /// It may or may not have it.
    Unknown(String),
}

impl Aftersale {
    /// Asks under our own id; repeating it is harmless, because the catalogue takes a reference once.
    pub(super) async fn send(&self, deed: &Deed) -> Result<Sent, Error> {
        let call = calls::create_refund(&translate::new_refund(deed));
        let error = match self.read::<wire::Refund>(deed.mode, &call).await {
            Ok(refund) => match ours(refund, deed) {
                Ok(standing) => return Ok(Sent::Taken(standing.into())),
                Err(nonsense) => return Ok(Sent::Unknown(nonsense.to_string())),
            },
            Err(error) => error,
        };
        Ok(match (error.outcome(), error.refusal()) {
            // Somebody else's content lies under our reference: for a person to look at, not to be guessed about.
            (_, Some(refused)) if refused.error_code == "OUT_REF_CONFLICT" => Sent::Unknown(error.to_string()),
            (_, Some(refused)) => Sent::Refused(self.rejection(refused, deed).await?),
            (Outcome::NotExecuted, None) => Sent::NotReached(error),
            (Outcome::Refused | Outcome::Unknown, None) => Sent::Unknown(error.to_string()),
        })
    }

    /// Why something was refused, with the open refund by our id.
    pub(super) async fn rejection(&self, refused: &upstream::Refusal, deed: &Deed) -> Result<Rejection, Error> {
        let open = match translate::in_the_way(refused) {
            Some(number) => self.ledger.find_refund_id(&deed.partner, deed.mode, number).await?,
            None => None,
        };
        Ok(Rejection { open, ..translate::rejection(refused, &deed.lines) })
    }

    /// Where a refund stands, by our own id; `None` when the catalogue does not have it.
    pub(super) async fn look_up(&self, deed: &Deed) -> Result<Option<Standing>, Error> {
        let call = calls::refund_by_reference(deed.partner.as_str(), deed.id.as_str());
        match self.read::<wire::Refund>(deed.mode, &call).await {
            Ok(refund) => Ok(Some(ours(refund, deed)?)),
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "REFUND_NOT_FOUND") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes a refund back.
    pub(super) async fn take_back(&self, deed: &Deed, number: CatalogueRefundId) -> Result<Standing, Error> {
        self.tell(deed, &calls::withdraw(number)).await
    }

    /// Gives an instruction about a refund.
    pub(super) async fn tell(&self, deed: &Deed, call: &Call) -> Result<Standing, Error> {
        let refund = self.read::<wire::Refund>(deed.mode, call).await?;
        Ok(ours(refund, deed)?)
    }

    /// What can be asked for now.
    pub(super) async fn reasons(
        &self,
        mode: Mode,
        order: CatalogueOrderId,
        remedy: Remedy,
        language: Language,
    ) -> Result<Options, Error> {
        let call = calls::refund_reasons(order, translate::kind(remedy), language);
        Ok(translate::options(self.read(mode, &call).await?)?)
    }

    /// What is to be written so that a refund stands where the catalogue says.
    pub(super) async fn catch_up(
        &self,
        refund: &Refund,
        standing: &Standing,
        actor: Actor,
        cause: &str,
    ) -> Result<Vec<Happening>, Error> {
        let proofs = self.proofs(refund, standing).await?;
        Ok(super::steps::catch_up(refund, standing, proofs, actor, cause))
    }

    /// The pictures a refund has at the catalogue, by our ids.
    async fn proofs(&self, refund: &Refund, standing: &Standing) -> Result<Vec<Proof>, Error> {
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

    pub(super) async fn read<T: DeserializeOwned>(&self, mode: Mode, call: &Call) -> Result<T, upstream::Error> {
        let traceparent = trace::current();
        self.upstream.read(mode, call, Context { traceparent: traceparent.as_deref(), until: None }).await
    }

    pub(super) async fn fetch(&self, mode: Mode, call: &Call) -> Result<bytes::Bytes, upstream::Error> {
        let traceparent = trace::current();
        self.upstream.ask(mode, call, Context { traceparent: traceparent.as_deref(), until: None }).await
    }
}

/// Their refund in our words, if it is the one we mean.
fn ours(refund: wire::Refund, deed: &Deed) -> Result<Standing, Nonsense> {
    let standing = translate::standing(refund)?;
    if standing.reference == deed.id.as_str() {
        return Ok(standing);
    }
    Err(Nonsense::new(format!("refund {} answered for {}", standing.reference, deed.id)))
}

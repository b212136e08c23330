//! What a partner does about an inquiry that is under way: ask a supplier for another price, or take it back. Each once by
//! its key; what was said without an answer is said again under the same reference, which the catalogue takes once.

use sha2::{Digest, Sha256};

use super::{Answer, Error, Once, Sourcing, Told};
use crate::asking;
use crate::error::Code;
use crate::ledger::Lease;
use crate::model::ids::{CatalogueInquiryId, CatalogueQuotationId, InquiryId, QuotationId};
use crate::model::inquiry::{Inquiry, Rejection, State};
use crate::model::money::Money;
use crate::model::partner::Caller;
use crate::model::quote::Quantity;
use crate::translate::inquiry::{self as translate, Standing};
use crate::upstream::wholesale::calls::inquiry as calls;
use crate::upstream::wholesale::wire::inquiry as wire;
use crate::upstream::{Call, Outcome};

/// What a supplier is asked for instead.
#[derive(Clone, Debug)]
pub struct Counter {
    /// The quotation that is answered.
    pub quotation: QuotationId,
    /// What the partner would pay for a piece, in CNY.
    pub target: Money,
    /// For so many pieces; as quoted when absent.
    pub quantity: Option<Quantity>,
    /// Words for the supplier.
    pub note: Option<String>,
}

/// A step of a partner's.
#[derive(Clone, Debug)]
pub enum Step {
    /// Asks for another price.
    Counter(Counter),
    /// Takes the inquiry back.
    Withdraw,
}

/// How an inquiry is told after a step: as it is, or why the step was declined.
type Render<'a> = &'a (dyn Fn(&Inquiry, Option<&Rejection>) -> Answer + Sync);

impl Sourcing {
    /// Takes a step once, however often it is asked for. What the step led to, or why it was declined, is stored for
    /// repeats; when neither is known, the same request says it again.
    pub async fn step(
        &self,
        caller: &Caller,
        once: Once,
        id: InquiryId,
        step: &Step,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        let out_ref = reference(&once);
        let asked = asking::key_use(self, caller, once, step.operation());
        let take = async |lease: &Lease, inquiry, _| self.take(lease, inquiry, step, &out_ref, render).await;
        asking::step(self, asked, id, take).await
    }

    async fn take(
        &self,
        lease: &Lease,
        inquiry: Inquiry,
        step: &Step,
        out_ref: &str,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if matches!(step, Step::Withdraw) && inquiry.state == State::Withdrawn {
            return self.conclude(lease, inquiry, None, None, render).await;
        }
        let number = inquiry.known.catalogue_inquiry.filter(|_| inquiry.state == State::Open);
        let call = match (number, step) {
            (Some(number), Step::Withdraw) => Ok(calls::withdraw(number)),
            (Some(number), Step::Counter(counter)) => counter_call(&inquiry, number, counter, out_ref),
            (None, _) => Err(conflict(&inquiry)),
        };
        let call = match call {
            Ok(call) => call,
            Err(declined) => return self.conclude(lease, inquiry, None, Some(declined), render).await,
        };
        let error = match asking::tell(self, &inquiry.deed, &call).await {
            Ok(standing) => return self.conclude(lease, inquiry, Some(standing), None, render).await,
            Err(Error::Upstream(error)) => error,
            // An answer came that cannot be understood: it may have been done.
            Err(Error::Nonsense(nonsense)) => crate::upstream::Error::Nonsense(nonsense.to_string()),
            Err(other) => return Err(other),
        };
        match (error.outcome(), error.refusal()) {
            (_, Some(refused)) => {
                let declined = translate::rejection(refused);
                let stands = asking::read_back(self, &inquiry).await?;
                let declined = if refused.error_code == "STATUS_NOT_ALLOWED" { conflict(&stands) } else { declined };
                self.conclude(lease, stands, None, Some(declined), render).await
            }
            (Outcome::NotExecuted, None) => Err(Error::NotDone(error)),
            (_, None) => Err(Error::Unsure(error)),
        }
    }

    /// Writes where the inquiry stands now together with the answer.
    async fn conclude(
        &self,
        lease: &Lease,
        inquiry: Inquiry,
        standing: Option<Standing>,
        declined: Option<Rejection>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        asking::conclude(self, lease, inquiry, standing, &|after| render(after, declined.as_ref())).await
    }
}

impl Step {
    /// The operation's id.
    const fn operation(&self) -> &'static str {
        match self {
            Self::Counter(_) => "counter_quotation",
            Self::Withdraw => "withdraw_inquiry",
        }
    }
}

/// The reference of a counter-offer: the same for every repeat of its request.
fn reference(once: &Once) -> String {
    let mut digest = Sha256::new();
    digest.update(once.key.as_bytes());
    digest.update([0]);
    digest.update(&once.body_hash);
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Whether the quotation still holds is for the catalogue to say: it alone knows what happened meanwhile.
fn counter_call(
    inquiry: &Inquiry,
    number: CatalogueInquiryId,
    counter: &Counter,
    out_ref: &str,
) -> Result<Call, Rejection> {
    let quotation = number_of(inquiry, &counter.quotation).ok_or_else(|| Rejection {
        code: Code::QuotationNotFound,
        detail: format!("The inquiry has no quotation {}.", counter.quotation),
        pointer: None,
    })?;
    let body = wire::Counter {
        out_ref,
        quotation_no: quotation.number(),
        target_price_fen: counter.target.minor,
        quantity: counter.quantity.map(Quantity::get),
        note: counter.note.as_deref(),
    };
    Ok(calls::counter(number, &body))
}

/// The catalogue's number of a quotation that the inquiry has, or ever had.
pub(super) fn number_of(inquiry: &Inquiry, id: &QuotationId) -> Option<CatalogueQuotationId> {
    let told = inquiry.events.iter().filter_map(|event| event.facts.talks.as_ref()).flatten();
    let mut quotations = told.filter_map(|talk| talk.quotation.as_ref());
    quotations.find(|quotation| quotation.id == *id).map(|quotation| quotation.number)
}

pub(super) fn conflict(inquiry: &Inquiry) -> Rejection {
    let advice = match inquiry.state {
        State::Received | State::Sending | State::Unknown => {
            "Whether the catalogue has it is not known yet; wait until it is open."
        }
        State::Open => "Read it for where its suppliers stand.",
        State::Rejected | State::Ordered | State::Withdrawn | State::Closed => "It has ended.",
    };
    let detail = format!("The inquiry is {}. {advice}", inquiry.state);
    Rejection { code: Code::InquiryStateConflict, detail, pointer: None }
}

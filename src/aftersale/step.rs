//! What a partner does about a refund that is under way: withdraw it, ask for something else, send the goods back, ask
//! the marketplace to decide. Each once by its key; a step whose answer was lost is looked up before it is said again.

use super::{Aftersale, Answer, Error, Once, Told};
use crate::asking::{self, Asks, TRIES};
use crate::error::Code;
use crate::ledger::Lease;
use crate::model::ids::{CatalogueRefundId, RefundId, VoucherId};
use crate::model::money::Money;
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::model::refund::{
    CarrierCode, Closing, Event, Facts, Happening, Kind, Proof, Refund, Rejection, State, TrackingNumber,
};
use crate::translate::aftersale::{Standing, numbers};
use crate::upstream::wholesale::calls::aftersale as calls;
use crate::upstream::wholesale::wire::aftersale as wire;
use crate::upstream::{Call, Outcome};

/// What is asked for instead.
#[derive(Clone, Debug)]
pub struct Change {
    /// How much, freight included.
    pub amount: Money,
    /// How much of it is freight; as it is when left out.
    pub freight: Option<Money>,
    /// What is said for it.
    pub description: String,
    /// What proves it.
    pub vouchers: Vec<VoucherId>,
}

/// How the goods were sent back.
#[derive(Clone, Debug)]
pub struct SendBack {
    /// Who carries them.
    pub carrier: CarrierCode,
    /// The carrier's number of them.
    pub tracking_number: TrackingNumber,
    /// A note to the supplier.
    pub note: Option<String>,
}

/// What is said before the marketplace.
#[derive(Clone, Debug)]
pub struct Plea {
    /// Why.
    pub reason: String,
    /// What proves it.
    pub vouchers: Vec<VoucherId>,
}

/// A step of a partner's.
#[derive(Clone, Debug)]
pub enum Step {
    /// Takes the refund back.
    Withdraw,
    /// Asks for something else after the supplier refused.
    Modify(Change),
    /// Says that the goods were sent back.
    SendBack(SendBack),
    /// Asks the marketplace to decide.
    Arbitrate(Plea),
}

/// How a refund is told after a step: as it is, or why the step was declined.
type Render<'a> = &'a (dyn Fn(&Refund, Option<&Rejection>) -> Answer + Sync);

/// What came of telling the catalogue.
enum Heard {
    /// It did, and this is where the refund stands.
    Done(Box<Standing>),
    /// It did not, for this reason.
    Declined(Rejection),
    /// What it said, or did not say, is to be read off the refund.
    LookUp(Option<crate::upstream::Error>),
}

impl Aftersale {
    /// Takes a step once, however often it is asked for. What the step led to, or why it was declined, is stored for
    /// repeats; when neither is known, the same request decides it again.
    pub async fn step(
        &self,
        caller: &Caller,
        once: Once,
        id: RefundId,
        step: &Step,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        let asked = asking::key_use(self, caller, once, step.operation());
        let take = async |lease: &Lease, refund, fresh| self.take(lease, refund, step, fresh, render).await;
        asking::step(self, asked, id, take).await
    }

    async fn take(
        &self,
        lease: &Lease,
        mut refund: Refund,
        step: &Step,
        fresh: bool,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        let is_under_way = refund.known.catalogue_refund.is_some() && !refund.state.is_final();
        if is_under_way && (!fresh || !step.fits(refund.state)) {
            refund = asking::read_back(self, &refund).await?;
        }
        if step.is_done(&refund, fresh) {
            return self.conclude(lease, refund, None, None, render).await;
        }
        let Some(number) = refund.known.catalogue_refund.filter(|_| step.fits(refund.state)) else {
            let conflict = conflict(&refund, step);
            return self.conclude(lease, refund, None, Some(conflict), render).await;
        };
        refund = self.mark(refund, step).await?;
        match self.say(&refund, number, step).await? {
            Heard::Done(standing) => self.conclude(lease, refund, Some(*standing), None, render).await,
            Heard::Declined(rejection) => self.conclude(lease, refund, None, Some(rejection), render).await,
            Heard::LookUp(lost) => {
                let stands = match (asking::read_back(self, &refund).await, lost) {
                    (Ok(stands), None) => stands,
                    (Ok(stands), Some(_)) if step.is_done(&stands, false) => stands,
                    // It stands where it stood and the instruction may still arrive: nothing can be promised.
                    (_, Some(lost)) => return Err(Error::Unsure(lost)),
                    (Err(error), None) => return Err(error),
                };
                let declined = (!step.is_done(&stands, false)).then(|| conflict(&stands, step));
                self.conclude(lease, stands, None, declined, render).await
            }
        }
    }

    /// Leaves a mark in the story before the catalogue is told to change what is asked for: whether that was done can
    /// only be told from what happened after the mark, because the same may be asked for twice.
    async fn mark(&self, mut refund: Refund, step: &Step) -> Result<Refund, Error> {
        if !matches!(step, Step::Modify(_)) {
            return Ok(refund);
        }
        for _ in 0..TRIES {
            let asked = Happening::new(Kind::ModifyAsked, Actor::Partner, "asking for something else");
            match self.desk().write(&refund, vec![asked]).await? {
                Some(after) => return Ok(after),
                None => refund = self.desk().again(&refund).await?,
            }
        }
        Err(Error::Busy)
    }

    async fn say(&self, refund: &Refund, number: CatalogueRefundId, step: &Step) -> Result<Heard, Error> {
        let call = self.call(refund, number, step).await?;
        let error = match asking::tell(self, &refund.deed, &call).await {
            Ok(standing) => return Ok(Heard::Done(standing.into())),
            Err(Error::Upstream(error)) => error,
            // An answer came that cannot be understood: it may have been done.
            Err(Error::Nonsense(nonsense)) => crate::upstream::Error::Nonsense(nonsense.to_string()),
            Err(other) => return Err(other),
        };
        match (error.outcome(), error.refusal()) {
            (_, Some(refused)) if refused.error_code == "STATUS_NOT_ALLOWED" => Ok(Heard::LookUp(None)),
            (_, Some(refused)) => Ok(Heard::Declined(self.rejection(refused, &refund.deed).await?)),
            (Outcome::NotExecuted, None) => Err(Error::NotDone(error)),
            (_, None) => Ok(Heard::LookUp(Some(error))),
        }
    }

    async fn call(&self, refund: &Refund, number: CatalogueRefundId, step: &Step) -> Result<Call, Error> {
        Ok(match step {
            Step::Withdraw => calls::withdraw(number),
            Step::Modify(change) => {
                let proofs = self.pictures(refund, &change.vouchers).await?;
                calls::modify(
                    number,
                    &wire::Modify {
                        apply_fen: change.amount.minor,
                        freight_fen: change.freight.unwrap_or(refund.freight()).minor,
                        description: &change.description,
                        voucher_ids: numbers(&proofs),
                    },
                )
            }
            Step::SendBack(parcel) => calls::return_shipment(
                number,
                &wire::SendBack {
                    carrier_code: parcel.carrier.as_str(),
                    mail_no: parcel.tracking_number.as_str(),
                    note: parcel.note.as_deref(),
                },
            ),
            Step::Arbitrate(plea) => {
                let proofs = self.pictures(refund, &plea.vouchers).await?;
                calls::arbitration(number, &wire::Plead { reason: &plea.reason, voucher_ids: numbers(&proofs) })
            }
        })
    }

    async fn pictures(&self, refund: &Refund, ids: &[VoucherId]) -> Result<Vec<Proof>, Error> {
        let found = self.ledger.find_vouchers(&refund.deed.partner, refund.deed.mode, ids).await?;
        Ok(found.into_iter().map(|(id, number)| Proof { id, number }).collect())
    }

    /// Writes where the refund stands now together with the answer.
    async fn conclude(
        &self,
        lease: &Lease,
        refund: Refund,
        standing: Option<Standing>,
        declined: Option<Rejection>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        asking::conclude(self, lease, refund, standing, &|after| render(after, declined.as_ref())).await
    }
}

impl Step {
    /// The operation's id.
    const fn operation(&self) -> &'static str {
        match self {
            Self::Withdraw => "withdraw_refund",
            Self::Modify(_) => "modify_refund",
            Self::SendBack(_) => "create_return_shipment",
            Self::Arbitrate(_) => "create_arbitration",
        }
    }

    /// Whether it can be taken from there.
    fn fits(&self, state: State) -> bool {
        match self {
            Self::Withdraw => matches!(
                state,
                State::Requested | State::Agreed | State::Refused | State::ReturnAwaited | State::ReturnSent
            ),
            Self::Modify(_) => state == State::Refused,
            Self::SendBack(_) => state == State::ReturnAwaited,
            Self::Arbitrate(_) => matches!(state, State::Refused | State::ReturnSent),
        }
    }

    /// Whether the refund shows that it was taken. A step that is asked for the first time was not, unless it is one
    /// whose end is the same for everybody.
    fn is_done(&self, refund: &Refund, fresh: bool) -> bool {
        match self {
            Self::Withdraw => refund.known.closing == Some(Closing::Withdrawn),
            _ if fresh => false,
            Self::Modify(change) => modified_since_asked(refund, change),
            Self::SendBack(sent) => {
                refund.known.parcel.as_ref().is_some_and(|parcel| {
                    parcel.carrier == sent.carrier && parcel.tracking_number == sent.tracking_number
                })
            }
            Self::Arbitrate(plea) => refund.known.arbitration.as_ref().is_some_and(|case| case.plea == plea.reason),
        }
    }
}

/// Whether what was asked for instead is found in the story after the mark that says it was about to be asked.
fn modified_since_asked(refund: &Refund, change: &Change) -> bool {
    let says = |facts: &Facts| {
        let ids = |proofs: &Vec<Proof>| proofs.iter().map(|proof| proof.id.clone()).eq(change.vouchers.iter().cloned());
        facts.amount == Some(change.amount)
            && change.freight.is_none_or(|freight| facts.freight == Some(freight))
            && facts.description.as_deref() == Some(change.description.as_str())
            && facts.proofs.as_ref().is_some_and(ids)
    };
    let last_mark = refund.events.iter().rposition(|event| event.kind == Kind::ModifyAsked);
    let since = last_mark.and_then(|mark| refund.events.get(mark..)).unwrap_or_default();
    since.iter().any(|event: &Event| event.kind == Kind::Modified && says(&event.facts))
}

fn conflict(refund: &Refund, step: &Step) -> Rejection {
    let advice = match (step, refund.state) {
        (_, State::Received | State::Requesting | State::Unknown) => {
            "Whether the catalogue has it is not known yet; wait until it is requested."
        }
        (_, State::Rejected | State::Succeeded | State::Closed) => "It has ended.",
        (Step::Withdraw, _) => "While the marketplace decides, nothing can be withdrawn.",
        (Step::Modify(_), _) => "Only a refund that the supplier refused can be modified.",
        (Step::SendBack(_), _) => "Goods are sent back once the supplier agreed to a return, and once only.",
        (Step::Arbitrate(_), _) => {
            "The marketplace can be asked once the supplier refused, or does not confirm what was sent back."
        }
    };
    let detail = format!("The refund is {}. {advice}", refund.state);
    Rejection::new(Code::RefundStateConflict, detail)
}

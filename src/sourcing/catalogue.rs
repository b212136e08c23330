//! The calls this room makes to the catalogue about inquiries, and what their answers mean.

use serde::de::DeserializeOwned;

use super::{Error, Sourcing};
use crate::model::ids::CatalogueInquiryId;
use crate::model::inquiry::{Deed, Rejection};
use crate::model::partner::Mode;
use crate::telemetry::trace;
use crate::translate::Nonsense;
use crate::translate::inquiry::{self as translate, Standing};
use crate::upstream::wholesale::calls::inquiry as calls;
use crate::upstream::wholesale::wire::inquiry as wire;
use crate::upstream::{self, Call, Context, Outcome};

/// What came of asking.
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

impl Sourcing {
    /// Asks under our own id; repeating it is harmless, because the catalogue takes a reference once.
    pub(super) async fn send(&self, deed: &Deed) -> Sent {
        let call = calls::create_inquiry(&translate::new_inquiry(deed));
        let error = match self.read::<wire::Inquiry>(deed.mode, &call).await {
            Ok(inquiry) => match ours(inquiry, deed) {
                Ok(standing) => return Sent::Taken(standing.into()),
                Err(nonsense) => return Sent::Unknown(nonsense.to_string()),
            },
            Err(error) => error,
        };
        match (error.outcome(), error.refusal()) {
            // Somebody else's content lies under our reference: for a person to look at, not to be guessed about.
            (_, Some(refused)) if refused.error_code == "OUT_REF_CONFLICT" => Sent::Unknown(error.to_string()),
            (_, Some(refused)) => Sent::Refused(translate::rejection(refused)),
            (Outcome::NotExecuted, None) => Sent::NotReached(error),
            (Outcome::Refused | Outcome::Unknown, None) => Sent::Unknown(error.to_string()),
        }
    }

    /// Where an inquiry stands, by our own id; `None` when the catalogue does not have it.
    pub(super) async fn look_up(&self, deed: &Deed) -> Result<Option<Standing>, Error> {
        let call = calls::inquiry_by_reference(deed.partner.as_str(), deed.id.as_str());
        match self.read::<wire::Inquiry>(deed.mode, &call).await {
            Ok(inquiry) => Ok(Some(ours(inquiry, deed)?)),
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "INQUIRY_NOT_FOUND") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes an inquiry back.
    pub(super) async fn take_back(&self, deed: &Deed, number: CatalogueInquiryId) -> Result<Standing, Error> {
        self.tell(deed, &calls::withdraw(number)).await
    }

    /// Gives an instruction about an inquiry.
    pub(super) async fn tell(&self, deed: &Deed, call: &Call) -> Result<Standing, Error> {
        let inquiry = self.read::<wire::Inquiry>(deed.mode, call).await?;
        Ok(ours(inquiry, deed)?)
    }

    pub(super) async fn read<T: DeserializeOwned>(&self, mode: Mode, call: &Call) -> Result<T, upstream::Error> {
        let traceparent = trace::current();
        self.upstream.read(mode, call, Context { traceparent: traceparent.as_deref(), until: None }).await
    }
}

/// Their inquiry in our words, if it is the one we mean.
fn ours(inquiry: wire::Inquiry, deed: &Deed) -> Result<Standing, Nonsense> {
    let standing = translate::standing(inquiry)?;
    if standing.reference == deed.id.as_str() {
        return Ok(standing);
    }
    Err(Nonsense::new(format!("inquiry {} answered for {}", standing.reference, deed.id)))
}

//! The calls themselves: asking under our own id, looking up by it, and giving instructions.

use serde::de::DeserializeOwned;

use super::{Asks, DeedOf, Desk, Sent, SentOf};
use crate::model::partner::Mode;
use crate::model::story::Asked;
use crate::translate::Nonsense;
use crate::upstream::{self, Call, Context, Outcome};

/// Asks under our own id; repeating it is harmless, because the catalogue takes a reference once.
pub(crate) async fn send<R: Asks>(room: &R, deed: &DeedOf<R>) -> Result<SentOf<R>, R::Error> {
    let error = match read::<R>(room, deed, &R::asking(deed)).await {
        Ok(answer) => {
            return Ok(match ours::<R>(answer, deed) {
                Ok(standing) => Sent::Taken(Box::new(standing)),
                Err(nonsense) => Sent::Unknown(nonsense.to_string()),
            });
        }
        Err(error) => error,
    };
    Ok(match (error.outcome(), error.refusal()) {
        // Somebody else's content lies under our reference: for a person to look at, not to be guessed about.
        (_, Some(refused)) if refused.error_code == "OUT_REF_CONFLICT" => Sent::Unknown(error.to_string()),
        (_, Some(refused)) => Sent::Refused(room.rejection(refused, deed).await?),
        (Outcome::NotExecuted, None) => Sent::NotReached(error),
        (Outcome::Refused | Outcome::Unknown, None) => Sent::Unknown(error.to_string()),
    })
}

/// Where something stands, by our own id; `None` when the catalogue does not have it.
pub async fn look_up<R: Asks>(room: &R, deed: &DeedOf<R>) -> Result<Option<R::Standing>, R::Error> {
    match read::<R>(room, deed, &R::finding(deed)).await {
        Ok(answer) => Ok(Some(ours::<R>(answer, deed)?)),
        Err(error) if error.refusal().is_some_and(|refused| refused.error_code == R::MISSING) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Gives an instruction about something; where it stands then.
pub async fn tell<R: Asks>(room: &R, deed: &DeedOf<R>, call: &Call) -> Result<R::Standing, R::Error> {
    Ok(ours::<R>(read::<R>(room, deed, call).await?, deed)?)
}

async fn read<R: Asks>(room: &R, deed: &DeedOf<R>, call: &Call) -> Result<R::Answer, upstream::Error> {
    room.desk().read(deed.head().mode, call).await
}

impl Desk<'_> {
    /// Sends a call and reads the document, as a part of what is being traced.
    pub async fn read<T: DeserializeOwned>(&self, mode: Mode, call: &Call) -> Result<T, upstream::Error> {
        self.upstream.read(mode, call, Context::here()).await
    }
}

/// Their answer in our words, if it is about the one we mean.
fn ours<R: Asks>(answer: R::Answer, deed: &DeedOf<R>) -> Result<R::Standing, Nonsense> {
    let (standing, id) = (R::standing(answer)?, deed.head().id);
    let about = R::reference(&standing);
    if about == id.to_string() { Ok(standing) } else { Err(Nonsense::new(format!("{about} answered for {id}"))) }
}

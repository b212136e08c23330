//! Asking suppliers: in which words that is done, what the answers mean, and what becomes of an inquiry that should not be
//! there. When each call is made, and what is written down of it, is for `asking`.

use super::{Error, Once, Sourcing, Told, Wish, steps};
use crate::asking::{self, Asks, Desk};
use crate::model::inquiry::{Deed, Happening, Inquiring, Inquiry, Rejection, State};
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::translate::Nonsense;
use crate::translate::inquiry::{self as translate, Standing};
use crate::upstream::wholesale::calls::inquiry as calls;
use crate::upstream::wholesale::wire::inquiry as wire;
use crate::upstream::{self, Call};

/// How an inquiry is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = asking::Render<'a, Inquiring>;

impl Sourcing {
    /// Asks suppliers once, however often it is asked for. `render` must tell every state an inquiry may have by
    /// then: taken, unknown, or rejected.
    pub async fn request(&self, caller: &Caller, once: Once, wish: Wish, render: Render<'_>) -> Result<Told, Error> {
        let wish = self.completed(caller, wish)?;
        let asked = asking::key_use(self, caller, once, "create_inquiry");
        asking::request(self, self.ledger.begin_inquiry(asked, wish).await?, render).await
    }
}

impl Asks for Sourcing {
    type Plot = Inquiring;
    type Answer = wire::Inquiry;
    type Standing = Standing;
    type Error = Error;
    const MISSING: &'static str = "INQUIRY_NOT_FOUND";
    const NEVER_TAKEN: &'static str =
        "The catalogue could not be asked in time and never took the inquiry; nobody was asked.";

    fn desk(&self) -> Desk<'_> {
        Desk { ledger: &self.ledger, upstream: &self.upstream, clock: &self.clock, times: self.settings.times }
    }

    fn not_done(why: upstream::Error) -> Error {
        Error::NotDone(why)
    }

    fn busy() -> Error {
        Error::Busy
    }

    fn not_found() -> Error {
        Error::InquiryNotFound
    }

    fn asking(deed: &Deed) -> Call {
        calls::create_inquiry(&translate::new_inquiry(deed))
    }

    fn finding(deed: &Deed) -> Call {
        calls::inquiry_by_reference(deed.partner.as_str(), deed.id.as_str())
    }

    fn standing(answer: wire::Inquiry) -> Result<Standing, Nonsense> {
        translate::standing(answer)
    }

    fn reference(standing: &Standing) -> &str {
        &standing.reference
    }

    async fn rejection(&self, refused: &upstream::Refusal, _: &Deed) -> Result<Rejection, Error> {
        Ok(translate::rejection(refused))
    }

    async fn moves(
        &self,
        inquiry: &Inquiry,
        standing: &Standing,
        actor: Actor,
        cause: &str,
    ) -> Result<Vec<Happening>, Error> {
        Ok(steps::catch_up(inquiry, standing, actor, cause))
    }

    async fn undo(&self, inquiry: &Inquiry, standing: &Standing) -> Result<(), Error> {
        let (id, number, there) = (&inquiry.deed.id, standing.number, standing.state);
        match there {
            State::Closed | State::Withdrawn => {}
            State::Ordered => {
                tracing::error!(inquiry = %id, %number, %there, "an inquiry that was rejected here goes on at the catalogue; somebody has to look");
            }
            _ => {
                tracing::error!(inquiry = %id, %number, %there, "an inquiry that was rejected here is alive at the catalogue; it is taken back");
                asking::tell(self, &inquiry.deed, &calls::withdraw(number)).await?;
            }
        }
        Ok(())
    }
}

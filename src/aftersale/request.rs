//! Asking for money back: in which words that is done, what the answers mean, and what becomes of a refund that should not
//! be there. When each call is made, and what is written down of it, is for `asking`.

use super::{Aftersale, Error, NewRefund, Once, Told, steps};
use crate::asking::{self, Asks, Desk};
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::model::refund::{Deed, Happening, Refund, Refunding, Rejection, State};
use crate::translate::Nonsense;
use crate::translate::aftersale::{self as translate, Standing};
use crate::upstream::wholesale::calls::aftersale as calls;
use crate::upstream::wholesale::wire::aftersale as wire;
use crate::upstream::{self, Call};

/// How a refund is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = asking::Render<'a, Refunding>;

impl Aftersale {
    /// Asks for money back once, however often it is asked for. `render` must tell every state a refund may have by
    /// then: taken, unknown, or rejected.
    pub async fn request(
        &self,
        caller: &Caller,
        once: Once,
        wish: NewRefund,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        let asked = asking::key_use(self, caller, once, "create_refund");
        asking::request(self, self.ledger.begin_refund(asked, wish).await?, render).await
    }
}

impl Asks for Aftersale {
    type Plot = Refunding;
    type Answer = wire::Refund;
    type Standing = Standing;
    type Error = Error;
    const MISSING: &'static str = "REFUND_NOT_FOUND";
    const NEVER_TAKEN: &'static str =
        "The catalogue could not be asked in time and never took the refund; nothing was asked for.";

    fn desk(&self) -> Desk<'_> {
        Desk { ledger: &self.ledger, upstream: &self.upstream, clock: &self.clock, times: self.settings }
    }

    fn not_done(why: upstream::Error) -> Error {
        Error::NotDone(why)
    }

    fn busy() -> Error {
        Error::Busy
    }

    fn not_found() -> Error {
        Error::RefundNotFound
    }

    fn asking(deed: &Deed) -> Call {
        calls::create_refund(&translate::new_refund(deed))
    }

    fn finding(deed: &Deed) -> Call {
        calls::refund_by_reference(deed.partner.as_str(), deed.id.as_str())
    }

    fn standing(answer: wire::Refund) -> Result<Standing, Nonsense> {
        translate::standing(answer)
    }

    fn reference(standing: &Standing) -> &str {
        &standing.reference
    }

    /// With the open refund by our id.
    async fn rejection(&self, refused: &upstream::Refusal, deed: &Deed) -> Result<Rejection, Error> {
        let open = match translate::in_the_way(refused) {
            Some(number) => self.ledger.find_refund_id(&deed.partner, deed.mode, number).await?,
            None => None,
        };
        Ok(Rejection { open, ..translate::rejection(refused, &deed.lines) })
    }

    async fn moves(
        &self,
        refund: &Refund,
        standing: &Standing,
        actor: Actor,
        cause: &str,
    ) -> Result<Vec<Happening>, Error> {
        let proofs = self.proofs(refund, standing).await?;
        Ok(steps::catch_up(refund, standing, proofs, actor, cause))
    }

    async fn undo(&self, refund: &Refund, standing: &Standing) -> Result<(), Error> {
        let (id, number, there) = (&refund.deed.id, standing.number, standing.state);
        match there {
            State::Closed => {}
            State::Succeeded | State::Arbitrating => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here goes on at the catalogue; somebody has to look");
            }
            _ => {
                tracing::error!(refund = %id, %number, %there, "a refund that was rejected here is alive at the catalogue; it is taken back");
                asking::tell(self, &refund.deed, &calls::withdraw(number)).await?;
            }
        }
        Ok(())
    }
}

//! Asking: the key and the intent first, then the catalogue, then event and answer together.

use super::catalogue::Sent;
use super::reconcile::never_sent;
use super::{Aftersale, Answer, Error, NewRefund, Once, Told};
use crate::ledger::{self, Begun, KeyUse, Lease};
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::model::refund::{Facts, Happening, Kind, Refund, State};

/// How often a decision is taken again because somebody else wrote first.
pub(super) const TRIES: usize = 8;

/// How a refund is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = &'a (dyn Fn(&Refund) -> Answer + Sync);

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
        let asked = self.key_use(caller, once, "create_refund");
        match self.ledger.begin_refund(asked, wish).await? {
            Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, refund) => self.request_now(&lease, refund, render).await,
            Begun::Resumed(lease, refund) => self.resume(&lease, refund, render).await,
        }
    }

    pub(super) fn key_use(&self, caller: &Caller, once: Once, operation: &'static str) -> KeyUse {
        KeyUse {
            partner: caller.partner.id.clone(),
            mode: caller.mode,
            operation,
            key: once.key,
            body_hash: once.body_hash,
            lease_ms: self.settings.lease_ms,
        }
    }

    /// Goes on where an earlier worker stopped.
    async fn resume(&self, lease: &Lease, refund: Refund, render: Render<'_>) -> Result<Told, Error> {
        let again = "asked again with the same key";
        let (moves, alone) = match refund.state {
            State::Received if self.is_overdue(&refund) => (vec![never_sent()], true),
            State::Received => (vec![Happening::new(Kind::RequestingStarted, Actor::Partner, again)], true),
            // Perhaps it was sent, perhaps not; under the same reference it can be sent again.
            State::Requesting => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                (vec![lost, Happening::new(Kind::TriedAgain, Actor::Partner, again)], self.is_quiet(&refund))
            }
            _ => return self.settle(lease, refund, None, render).await,
        };
        let after = self.after(&refund, moves);
        let look_at = self.clock.now_ms() + self.settings.lease_ms;
        match self.ledger.append_story(&after, refund.version, look_at).await {
            Ok(()) if after.state == State::Requesting => self.request_now(lease, after, render).await,
            Ok(()) if after.state == State::Unknown => self.request_again(lease, after, alone, render).await,
            Ok(()) => self.settle(lease, after, None, render).await,
            // Settled or let go in the same moment: then that is what there is to tell.
            Err(ledger::Error::Moved) => {
                let refund = self.ledger.get::<Refund>(&refund.deed.id).await?;
                self.settle(lease, refund, None, render).await
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Sends a refund of which no earlier attempt may have got through.
    async fn request_now(&self, lease: &Lease, refund: Refund, render: Render<'_>) -> Result<Told, Error> {
        match self.send(&refund.deed).await? {
            Sent::NotReached(error) => self.give_back(lease, &refund, error).await,
            sent => self.settle(lease, refund, Some(sent), render).await,
        }
    }

    /// Sends a refund that may have been sent before. A refusal is final only when no earlier call can be under way.
    async fn request_again(
        &self,
        lease: &Lease,
        refund: Refund,
        alone: bool,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        match self.send(&refund.deed).await? {
            Sent::Refused(refusal) if !alone => {
                let why = Sent::Unknown(format!("refused while an earlier call may be under way: {}", refusal.detail));
                self.settle(lease, refund, Some(why), render).await
            }
            sent => self.settle(lease, refund, Some(sent), render).await,
        }
    }

    /// Nothing was asked for: the refund waits to be asked for again, at the latest until it is overdue.
    async fn give_back(&self, lease: &Lease, refund: &Refund, error: crate::upstream::Error) -> Result<Told, Error> {
        let happening = Happening::new(Kind::NotReached, Actor::Gateway, "the catalogue could not be reached");
        let after = self.after(refund, vec![happening]);
        let look_at = refund.deed.created_at.as_millisecond() + self.settings.unknown_bound_s * 1000;
        match self.ledger.release_story(lease, &after, refund.version, look_at).await {
            // Somebody who saw the refund stand still took over; theirs is the word now.
            Ok(()) | Err(ledger::Error::LeaseLost | ledger::Error::Moved) => Err(Error::NotDone(error)),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes what became of the refund together with the answer; without an outcome, only the answer.
    async fn settle(
        &self,
        lease: &Lease,
        mut refund: Refund,
        mut sent: Option<Sent>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if let Some(Sent::Unknown(why)) = &sent {
            tracing::warn!(refund = %refund.deed.id, why, "nobody knows yet whether a refund was asked for");
        }
        for _ in 0..TRIES {
            let moves = match &sent {
                Some(sent) => self.outcome(&refund, sent).await?,
                None => Vec::new(),
            };
            let after = self.after(&refund, moves);
            let answer = render(&after);
            match self.ledger.commit_story(lease, &after, refund.version, self.look_at(&after), &answer).await {
                Ok(()) => return Ok(Told { answer, replayed: false }),
                Err(ledger::Error::Moved) => {
                    refund = self.ledger.get::<Refund>(&refund.deed.id).await?;
                    // Another wrote, and may have sent it once more: what was heard before that may be old.
                    sent = if is_open(refund.state) { Some(self.found(&refund).await) } else { None };
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// What came of all calls for a refund so far, as the catalogue says now.
    async fn found(&self, refund: &Refund) -> Sent {
        match self.look_up(&refund.deed).await {
            Ok(Some(standing)) => Sent::Taken(Box::new(standing)),
            Ok(None) => Sent::Unknown("another try is under way, and the catalogue does not have it yet".into()),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }

    /// What the outcome of a call means for a refund that may have moved on since.
    pub(super) async fn outcome(&self, refund: &Refund, sent: &Sent) -> Result<Vec<Happening>, Error> {
        let open = is_open(refund.state);
        Ok(match sent {
            Sent::Taken(standing) => {
                self.catch_up(refund, standing, Actor::Catalogue, "taken by the catalogue").await?
            }
            Sent::Refused(rejection) if open => {
                let facts = Facts { rejection: Some(rejection.clone()), ..Facts::default() };
                vec![Happening::new(Kind::Rejected, Actor::Catalogue, "rejected by the catalogue").with(facts)]
            }
            Sent::Unknown(_) | Sent::NotReached(_) if refund.state == State::Requesting => {
                vec![Happening::new(Kind::Unanswered, Actor::Gateway, "no answer came from the catalogue")]
            }
            _ => Vec::new(),
        })
    }

    /// Writes happenings on a refund; `None` when another wrote first.
    pub(super) async fn write(&self, refund: &Refund, happenings: Vec<Happening>) -> Result<Option<Refund>, Error> {
        let after = self.after(refund, happenings);
        match self.ledger.append_story(&after, refund.version, self.look_at(&after)).await {
            Ok(()) => Ok(Some(after)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

fn is_open(state: State) -> bool {
    matches!(state, State::Requesting | State::Unknown)
}

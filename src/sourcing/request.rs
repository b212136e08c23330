//! Asking: the key and the intent first, then the catalogue, then event and answer together.

use super::catalogue::Sent;
use super::reconcile::never_sent;
use super::{Answer, Error, Once, Sourcing, Told, Wish, steps};
use crate::ledger::{self, Begun, KeyUse, Lease};
use crate::model::inquiry::{Facts, Happening, Inquiry, Kind, State};
use crate::model::order::Actor;
use crate::model::partner::Caller;

/// How often a decision is taken again because somebody else wrote first.
pub(super) const TRIES: usize = 8;

/// How an inquiry is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = &'a (dyn Fn(&Inquiry) -> Answer + Sync);

impl Sourcing {
    /// Asks suppliers once, however often it is asked for. `render` must tell every state an inquiry may have by
    /// then: taken, unknown, or rejected.
    pub async fn request(&self, caller: &Caller, once: Once, wish: Wish, render: Render<'_>) -> Result<Told, Error> {
        let wish = self.completed(caller, wish)?;
        let asked = self.key_use(caller, once, "create_inquiry");
        match self.ledger.begin_inquiry(asked, wish).await? {
            Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, inquiry) => self.request_now(&lease, inquiry, render).await,
            Begun::Resumed(lease, inquiry) => self.resume(&lease, inquiry, render).await,
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
    async fn resume(&self, lease: &Lease, inquiry: Inquiry, render: Render<'_>) -> Result<Told, Error> {
        let again = "asked again with the same key";
        let (moves, alone) = match inquiry.state {
            State::Received if self.is_overdue(&inquiry) => (vec![never_sent()], true),
            State::Received => (vec![Happening::new(Kind::SendingStarted, Actor::Partner, again)], true),
            // Perhaps it was sent, perhaps not; under the same reference it can be sent again.
            State::Sending => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                (vec![lost, Happening::new(Kind::TriedAgain, Actor::Partner, again)], self.is_quiet(&inquiry))
            }
            _ => return self.settle(lease, inquiry, None, render).await,
        };
        let after = self.after(&inquiry, moves);
        let look_at = self.clock.now_ms() + self.settings.lease_ms;
        match self.ledger.append_story(&after, inquiry.version, look_at).await {
            Ok(()) if after.state == State::Sending => self.request_now(lease, after, render).await,
            Ok(()) if after.state == State::Unknown => self.request_again(lease, after, alone, render).await,
            Ok(()) => self.settle(lease, after, None, render).await,
            // Settled or let go in the same moment: then that is what there is to tell.
            Err(ledger::Error::Moved) => {
                let inquiry = self.ledger.get::<Inquiry>(&inquiry.deed.id).await?;
                self.settle(lease, inquiry, None, render).await
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Sends an inquiry of which no earlier attempt may have got through.
    async fn request_now(&self, lease: &Lease, inquiry: Inquiry, render: Render<'_>) -> Result<Told, Error> {
        match self.send(&inquiry.deed).await {
            Sent::NotReached(error) => self.give_back(lease, &inquiry, error).await,
            sent => self.settle(lease, inquiry, Some(sent), render).await,
        }
    }

    /// Sends an inquiry that may have been sent before. A refusal is final only when no earlier call can be under way.
    async fn request_again(
        &self,
        lease: &Lease,
        inquiry: Inquiry,
        alone: bool,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        match self.send(&inquiry.deed).await {
            Sent::Refused(refusal) if !alone => {
                let why = Sent::Unknown(format!("refused while an earlier call may be under way: {}", refusal.detail));
                self.settle(lease, inquiry, Some(why), render).await
            }
            sent => self.settle(lease, inquiry, Some(sent), render).await,
        }
    }

    /// Nobody was asked: the inquiry waits to be asked for again, at the latest until it is overdue.
    async fn give_back(&self, lease: &Lease, inquiry: &Inquiry, error: crate::upstream::Error) -> Result<Told, Error> {
        let happening = Happening::new(Kind::NotReached, Actor::Gateway, "the catalogue could not be reached");
        let after = self.after(inquiry, vec![happening]);
        let look_at = inquiry.deed.created_at.as_millisecond() + self.settings.unknown_bound_s * 1000;
        match self.ledger.release_story(lease, &after, inquiry.version, look_at).await {
            // Somebody who saw the inquiry stand still took over; theirs is the word now.
            Ok(()) | Err(ledger::Error::LeaseLost | ledger::Error::Moved) => Err(Error::NotDone(error)),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes what became of the inquiry together with the answer; without an outcome, only the answer.
    async fn settle(
        &self,
        lease: &Lease,
        mut inquiry: Inquiry,
        mut sent: Option<Sent>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if let Some(Sent::Unknown(why)) = &sent {
            tracing::warn!(inquiry = %inquiry.deed.id, why, "nobody knows yet whether suppliers were asked");
        }
        for _ in 0..TRIES {
            let moves = match &sent {
                Some(sent) => outcome(&inquiry, sent),
                None => Vec::new(),
            };
            let after = self.after(&inquiry, moves);
            let answer = render(&after);
            match self.ledger.commit_story(lease, &after, inquiry.version, self.look_at(&after), &answer).await {
                Ok(()) => return Ok(Told { answer, replayed: false }),
                Err(ledger::Error::Moved) => {
                    inquiry = self.ledger.get::<Inquiry>(&inquiry.deed.id).await?;
                    // Another wrote, and may have sent it once more: what was heard before that may be old.
                    sent = if is_open(inquiry.state) { Some(self.found(&inquiry).await) } else { None };
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// What came of all calls for an inquiry so far, as the catalogue says now.
    async fn found(&self, inquiry: &Inquiry) -> Sent {
        match self.look_up(&inquiry.deed).await {
            Ok(Some(standing)) => Sent::Taken(Box::new(standing)),
            Ok(None) => Sent::Unknown("another try is under way, and the catalogue does not have it yet".into()),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }

    /// Writes happenings on an inquiry; `None` when another wrote first.
    pub(super) async fn write(&self, inquiry: &Inquiry, happenings: Vec<Happening>) -> Result<Option<Inquiry>, Error> {
        let after = self.after(inquiry, happenings);
        match self.ledger.append_story(&after, inquiry.version, self.look_at(&after)).await {
            Ok(()) => Ok(Some(after)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

fn is_open(state: State) -> bool {
    matches!(state, State::Sending | State::Unknown)
}

/// What the outcome of a call means for an inquiry that may have moved on since.
pub(super) fn outcome(inquiry: &Inquiry, sent: &Sent) -> Vec<Happening> {
    match sent {
        Sent::Taken(standing) => steps::catch_up(inquiry, standing, Actor::Catalogue, "taken by the catalogue"),
        Sent::Refused(rejection) if is_open(inquiry.state) => {
            let facts = Facts { rejection: Some(rejection.clone()), ..Facts::default() };
            vec![Happening::new(Kind::Rejected, Actor::Catalogue, "rejected by the catalogue").with(facts)]
        }
        Sent::Unknown(_) | Sent::NotReached(_) if inquiry.state == State::Sending => {
            vec![Happening::new(Kind::Unanswered, Actor::Gateway, "no answer came from the catalogue")]
        }
        _ => Vec::new(),
    }
}

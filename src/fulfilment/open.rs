//! Opening a consignment: the key and the intent first, then the catalogue, then event and answer together.

use super::catalogue::Sent;
use super::{Answer, Error, Fulfilment, NewConsignment, Once, TRIES, Told};
use crate::error::Place;
use crate::ledger::{self, Begun, Lease, Written};
use crate::model::consignment::{Consignment, Facts, Happening, Kind, State};
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::upstream;

/// How many orders one consignment may have.
pub const MOST_ORDERS: usize = 100;

/// How a consignment is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = &'a (dyn Fn(&Consignment) -> Answer + Sync);

impl Fulfilment {
    /// Opens a consignment once, however often it is asked for. `render` must tell every state it may have by then:
    /// open, unknown, rejected.
    pub async fn open(
        &self,
        caller: &Caller,
        once: Once,
        wish: NewConsignment,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if wish.orders.is_empty() || wish.orders.len() > MOST_ORDERS {
            let detail = format!("1 to {MOST_ORDERS} orders; gather the rest in another consignment");
            return Err(Error::Invalid(vec![Place::body("/order_ids", detail)]));
        }
        let asked = self.key_use(caller, once, "create_consignment");
        match self.ledger.begin_consignment(asked, wish).await? {
            Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, consignment) => self.open_now(&lease, consignment, render).await,
            Begun::Resumed(lease, consignment) => self.resume(&lease, consignment, render).await,
        }
    }

    /// Goes on where an earlier worker stopped.
    async fn resume(&self, lease: &Lease, left: Consignment, render: Render<'_>) -> Result<Told, Error> {
        let asked_again = "asked again with the same key";
        let (happenings, may_be_there) = match left.state {
            State::Requested => (vec![Happening::new(Kind::OpeningStarted, Actor::Partner, asked_again)], false),
            // Perhaps it was sent, perhaps not; under the same reference it can be sent again.
            State::Opening => (
                vec![
                    Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back"),
                    Happening::new(Kind::TriedAgain, Actor::Partner, asked_again),
                ],
                true,
            ),
            _ => return self.settle(lease, left, None, render).await,
        };
        let alone = self.is_quiet(last_attempt(&left));
        let after = self.after(&left, happenings);
        let look_at = self.clock.now_ms() + self.settings.lease_ms;
        let written = Written { consignment: &after, known: left.version, look_at, report: None };
        match self.ledger.append_consignment(written).await {
            Ok(()) if may_be_there => self.open_again(lease, after, alone, render).await,
            Ok(()) => self.open_now(lease, after, render).await,
            // Settled or let go in the same moment: then that is what there is to tell.
            Err(ledger::Error::Moved) => {
                let now = self.ledger.get_consignment(&left.deed.id).await?;
                self.settle(lease, now, None, render).await
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Sends a consignment of which no earlier attempt may have got through.
    async fn open_now(&self, lease: &Lease, consignment: Consignment, render: Render<'_>) -> Result<Told, Error> {
        match self.send(&consignment.deed).await {
            Sent::NotReached(error) => self.give_back(lease, &consignment, error).await,
            sent => self.settle(lease, consignment, Some(sent), render).await,
        }
    }

    /// Sends one that may have been sent before. A refusal is final only when no earlier call can be under way.
    async fn open_again(
        &self,
        lease: &Lease,
        consignment: Consignment,
        alone: bool,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        match self.send(&consignment.deed).await {
            Sent::Refused(refusal) if !alone => {
                let why = Sent::Unknown(format!("refused while an earlier call may be under way: {}", refusal.detail));
                self.settle(lease, consignment, Some(why), render).await
            }
            sent => self.settle(lease, consignment, Some(sent), render).await,
        }
    }

    /// Nothing was opened: it waits to be asked for again, and is let go in the end.
    async fn give_back(&self, lease: &Lease, consignment: &Consignment, error: upstream::Error) -> Result<Told, Error> {
        let happening = Happening::new(Kind::NotReached, Actor::Gateway, "the catalogue could not be reached");
        let after = self.after(consignment, vec![happening]);
        let look_at = self.look_at(&after);
        let written = Written { consignment: &after, known: consignment.version, look_at, report: None };
        match self.ledger.release_consignment(lease, written).await {
            // Somebody who saw it stand still took over; theirs is the word now.
            Ok(()) | Err(ledger::Error::LeaseLost | ledger::Error::Moved) => Err(Error::NotReached(error)),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes what became of it together with the answer; without an outcome, only the answer.
    async fn settle(
        &self,
        lease: &Lease,
        mut consignment: Consignment,
        mut sent: Option<Sent>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if let Some(Sent::Unknown(why)) = &sent {
            tracing::warn!(consignment = %consignment.deed.id, why, "nobody knows yet whether a consignment was opened");
        }
        for _ in 0..TRIES {
            let happenings = match &sent {
                Some(sent) => self.outcome(&consignment, sent).await?,
                None => Vec::new(),
            };
            let after = self.after(&consignment, happenings);
            let answer = render(&after);
            let look_at = self.look_at(&after);
            let written = Written { consignment: &after, known: consignment.version, look_at, report: None };
            match self.ledger.commit_consignment(lease, written, &answer).await {
                Ok(()) => return Ok(Told { answer, replayed: false }),
                Err(ledger::Error::Moved) => {
                    consignment = self.ledger.get_consignment(&consignment.deed.id).await?;
                    // Another wrote, and may have sent it once more: what was heard before that may be old.
                    sent = if is_open(consignment.state) { Some(self.found(&consignment).await) } else { None };
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// What came of all calls for a consignment so far, as the catalogue says now.
    async fn found(&self, consignment: &Consignment) -> Sent {
        match self.look_up(&consignment.deed).await {
            Ok(Some(standing)) => Sent::Taken(Box::new(standing)),
            Ok(None) => Sent::Unknown("another try is under way, and the catalogue does not have it yet".into()),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }

    /// What the outcome of a call means for a consignment that may have moved on since.
    pub(super) async fn outcome(&self, consignment: &Consignment, sent: &Sent) -> Result<Vec<Happening>, Error> {
        let open = is_open(consignment.state);
        Ok(match sent {
            Sent::Taken(standing) => {
                self.catch_up(consignment, standing, Actor::Catalogue, "opened at the catalogue").await?
            }
            Sent::Refused(refusal) if open => {
                let facts = Facts { refusal: Some(refusal.clone()), ..Facts::default() };
                vec![Happening::new(Kind::Refused, Actor::Catalogue, "refused by the catalogue").with(facts)]
            }
            Sent::Unknown(_) | Sent::NotReached(_) if consignment.state == State::Opening => {
                vec![Happening::new(Kind::Unanswered, Actor::Gateway, "no answer came from the catalogue")]
            }
            _ => Vec::new(),
        })
    }
}

fn is_open(state: State) -> bool {
    matches!(state, State::Opening | State::Unknown)
}

/// When it was last sent, as far as it is written down.
pub(super) fn last_attempt(consignment: &Consignment) -> jiff::Timestamp {
    let sent = |kind| matches!(kind, Kind::OpeningStarted | Kind::TriedAgain);
    let last = consignment.events.iter().rev().find(|event| sent(event.kind));
    last.map_or(consignment.deed.created_at, |event| event.at)
}

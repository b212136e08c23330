//! Placing: the key and the intent first, then the catalogue, then event and answer together.

use super::catalogue::Sent;
use super::reconcile::never_placed;
use super::steps::catch_up;
use super::{Answer, Error, NewOrder, Once, Orders, Told};
use crate::ledger::{self, Begun, KeyUse, Lease};
use crate::model::order::{Actor, Facts, Happening, Kind, Order, State};
use crate::model::partner::Caller;

/// How often a decision is taken again because somebody else wrote first.
pub(super) const TRIES: usize = 8;

/// How an order is told to its partner; what it gives is stored for repeats.
pub type Render<'a> = &'a (dyn Fn(&Order) -> Answer + Sync);

impl Orders {
    /// Places an order once, however often it is asked for. `render` must tell every state an order may have by then:
    /// taken, unknown, or rejected.
    pub async fn place(&self, caller: &Caller, once: Once, wish: NewOrder, render: Render<'_>) -> Result<Told, Error> {
        let asked = self.key_use(caller, once, "create_order");
        let wish = self.resolve(caller, &asked, wish).await?;
        match self.ledger.begin_order(asked, wish).await? {
            Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, order) => self.place_now(&lease, order, render).await,
            Begun::Resumed(lease, order) => self.resume(&lease, order, render).await,
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
    async fn resume(&self, lease: &Lease, order: Order, render: Render<'_>) -> Result<Told, Error> {
        match order.state {
            State::Received if order.deed.quote_expires_at.is_some_and(|end| end <= self.now()) => {
                let order = match self.write(&order, vec![never_placed()]).await? {
                    Some(after) => after,
                    None => self.ledger.get_order(&order.deed.id).await?,
                };
                self.settle(lease, order, None, render).await
            }
            State::Received => {
                let started = Happening::new(Kind::PlacingStarted, Actor::Partner, "asked again with the same key");
                let after = self.after(&order, vec![started]);
                let look_at = self.clock.now_ms() + self.settings.lease_ms;
                match self.ledger.append(&after, order.version, look_at).await {
                    Ok(()) => self.place_now(lease, after, render).await,
                    // Cancelled or let go in the same moment: then that is what there is to tell.
                    Err(ledger::Error::Moved) => {
                        let order = self.ledger.get_order(&order.deed.id).await?;
                        self.settle(lease, order, None, render).await
                    }
                    Err(other) => Err(other.into()),
                }
            }
            // Perhaps it was sent, perhaps not; under the same reference it can be sent again.
            State::Placing => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                let again = Happening::new(Kind::TriedAgain, Actor::Partner, "asked again with the same key");
                let alone = self.is_quiet(&order);
                let after = self.after(&order, vec![lost, again]);
                let look_at = self.clock.now_ms() + self.settings.lease_ms;
                match self.ledger.append(&after, order.version, look_at).await {
                    Ok(()) => self.place_again(lease, after, alone, render).await,
                    Err(ledger::Error::Moved) => {
                        let order = self.ledger.get_order(&order.deed.id).await?;
                        self.settle(lease, order, None, render).await
                    }
                    Err(other) => Err(other.into()),
                }
            }
            _ => self.settle(lease, order, None, render).await,
        }
    }

    /// Sends an order of which no earlier attempt may have got through.
    async fn place_now(&self, lease: &Lease, order: Order, render: Render<'_>) -> Result<Told, Error> {
        match self.send(&order.deed).await {
            Sent::NotReached(error) => self.give_back(lease, &order, error).await,
            sent => self.settle(lease, order, Some(sent), render).await,
        }
    }

    /// Sends an order that may have been sent before. A refusal is final only when no earlier call can be under way.
    async fn place_again(&self, lease: &Lease, order: Order, alone: bool, render: Render<'_>) -> Result<Told, Error> {
        match self.send(&order.deed).await {
            Sent::Refused(refusal) if !alone => {
                let why = Sent::Unknown(format!("refused while an earlier call may be under way: {}", refusal.detail));
                self.settle(lease, order, Some(why), render).await
            }
            sent => self.settle(lease, order, Some(sent), render).await,
        }
    }

    /// Nothing was ordered: the order waits to be asked for again, at the latest until its quote has expired.
    async fn give_back(&self, lease: &Lease, order: &Order, error: crate::upstream::Error) -> Result<Told, Error> {
        let happening = Happening::new(Kind::NotReached, Actor::Gateway, "the catalogue could not be reached");
        let after = self.after(order, vec![happening]);
        let born = order.deed.created_at.as_millisecond();
        let ends = order.deed.quote_expires_at.map(|end| end.as_millisecond());
        let look_at = ends.unwrap_or(born + self.settings.quote_valid_s * 1000);
        match self.ledger.release(lease, &after, order.version, look_at).await {
            // Somebody who saw the order stand still took over; theirs is the word now.
            Ok(()) | Err(ledger::Error::LeaseLost | ledger::Error::Moved) => Err(Error::NotPlaced(error)),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes what became of the order together with the answer; without an outcome, only the answer.
    pub(super) async fn settle(
        &self,
        lease: &Lease,
        mut order: Order,
        mut sent: Option<Sent>,
        render: Render<'_>,
    ) -> Result<Told, Error> {
        if let Some(Sent::Unknown(why)) = &sent {
            tracing::warn!(order = %order.deed.id, why, "nobody knows yet whether an order was placed");
        }
        for _ in 0..TRIES {
            let after = self.after(&order, sent.as_ref().map(|sent| outcome(&order, sent)).unwrap_or_default());
            let answer = render(&after);
            let look_at = self.look_at(&order);
            match self.ledger.commit(lease, &after, order.version, look_at, &answer).await {
                Ok(()) => return Ok(Told { answer, replayed: false }),
                Err(ledger::Error::Moved) => {
                    order = self.ledger.get_order(&order.deed.id).await?;
                    // Another wrote, and may have sent it once more: what was heard before that may be old.
                    sent = if is_open(order.state) { Some(self.found(&order).await) } else { None };
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Error::Busy)
    }

    /// What came of all calls for an order so far, as the catalogue says now.
    async fn found(&self, order: &Order) -> Sent {
        match self.look_up(&order.deed).await {
            Ok(Some(standing)) => Sent::Taken(standing),
            Ok(None) => Sent::Unknown("another try is under way, and the catalogue does not have it yet".into()),
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }
}

fn is_open(state: State) -> bool {
    matches!(state, State::Placing | State::Unknown)
}

/// What the outcome of a call means for an order that may have moved on since.
pub(super) fn outcome(order: &Order, sent: &Sent) -> Vec<Happening> {
    let open = is_open(order.state);
    match sent {
        Sent::Taken(standing) if open => catch_up(order, standing, Actor::Catalogue, "placed at the catalogue"),
        Sent::Refused(refusal) if open => {
            let facts = Facts { refusal: Some(refusal.clone()), ..Facts::default() };
            vec![Happening::new(Kind::Refused, Actor::Catalogue, "refused by the catalogue").with(facts)]
        }
        Sent::Unknown(_) | Sent::NotReached(_) if order.state == State::Placing => {
            vec![Happening::new(Kind::Unanswered, Actor::Gateway, "no answer came from the catalogue")]
        }
        _ => Vec::new(),
    }
}

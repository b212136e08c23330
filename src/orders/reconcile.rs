//! Settling what was left open: orders whose worker died or whose answer was lost, and debits nobody heard of.

use super::catalogue::Sent;
use super::place::outcome;
use super::{Error, Orders};
use crate::error::Code;
use crate::feed::work_off;
use crate::ledger::{Doubted, Hold};
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Facts, Happening, Kind, Order, Refusal, State};
use crate::model::partner::Mode;

/// How an open order was left.
#[derive(Clone, Copy)]
enum Left {
    Settled,
    Open,
    WithAPerson,
}

impl From<State> for Left {
    fn from(state: State) -> Self {
        match state {
            State::Received | State::Placing | State::Unknown => Self::Open,
            _ => Self::Settled,
        }
    }
}

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Orders whose outcome is known now.
    pub settled: usize,
    /// Orders still open.
    pub open: usize,
    /// Orders handed to a person in this pass.
    pub handed_over: usize,
    /// Debits looked at.
    pub debits: usize,
}

impl Reconciled {
    fn add(&mut self, left: Result<Left, Error>, id: &OrderId) {
        match left {
            Ok(Left::Open) => self.open += 1,
            Ok(Left::WithAPerson) => self.handed_over += 1,
            Ok(Left::Settled) => self.settled += 1,
            Err(error) => {
                tracing::warn!(order = %id, %error, "an open order could not be looked at");
                self.open += 1;
            }
        }
    }
}

impl Orders {
    /// One pass over the open orders and debits of one world whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        let lease_ms = self.settings.lease_ms;
        let due = async |limit| self.ledger.claim_due::<Order>(mode, limit, lease_ms).await;
        let settle = async |id: OrderId| {
            let left = self.settle_due(&id).await;
            (id, left)
        };
        let mut told = Reconciled::default();
        for (id, left) in work_off(&self.clock, due, settle).await? {
            told.add(left, &id);
        }
        told.debits = self.settle_debits(mode).await?;
        Ok(told)
    }

    /// Asks for debits that nobody heard of, and what paid orders whose debits are in doubt; gives how many.
    async fn settle_debits(&self, mode: Mode) -> Result<usize, Error> {
        let lease_ms = self.settings.lease_ms;
        let silent = async |limit| self.ledger.claim_silent_debits(mode, lease_ms, limit).await;
        let settle = async |hold: Hold| {
            if let Err(error) = self.settle_open(hold.clone()).await {
                tracing::warn!(order = %hold.order, payment = %hold.payment, %error, "a debit could not be looked at");
            }
        };
        let settled = work_off(&self.clock, silent, settle).await?.len();
        let doubted = async |limit| self.ledger.claim_doubted(mode, lease_ms, limit).await;
        let end = async |part: Doubted| {
            if let Err(error) = self.settle_doubt(&part).await {
                tracing::warn!(order = %part.order, payment = %part.payment, %error, "a doubt could not be ended");
            }
        };
        Ok(settled + work_off(&self.clock, doubted, end).await?.len())
    }

    /// Takes one claimed order as far as it goes now.
    async fn settle_due(&self, id: &OrderId) -> Result<Left, Error> {
        let order = self.ledger.get_order(id).await?;
        match order.state {
            State::Received => self.let_go(&order).await,
            State::Placing => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                match self.write(&order, vec![lost]).await? {
                    Some(unknown) => self.find_out(unknown).await,
                    None => Ok(Left::Open),
                }
            }
            State::Unknown => self.find_out(order).await,
            settled => Ok(settled.into()),
        }
    }

    /// An order that surely was not sent and was not asked for again: it ends when its quote does.
    async fn let_go(&self, order: &Order) -> Result<Left, Error> {
        Ok(self.write(order, vec![never_placed()]).await?.map_or(Left::Open, |after| after.state.into()))
    }

    /// Looks an unknown order up; places it again under the same reference when the catalogue does not have it, or
    /// ends it when that went on for too long. Only what cannot be asked about is handed to a person.
    async fn find_out(&self, order: Order) -> Result<Left, Error> {
        match self.look_up(&order.deed).await {
            Ok(Some(standing)) => self.take_outcome(&order, &Sent::Taken(standing)).await,
            Ok(None) if self.is_overdue(&order) => self.give_up(&order).await,
            Ok(None) => {
                let alone = self.is_quiet(&order);
                let again = Happening::new(Kind::TriedAgain, Actor::Gateway, "the catalogue does not have it");
                // Nobody else should look while this call is under way.
                let until = self.clock.now_ms() + self.settings.lease_ms;
                let Some(order) = self.write_until(&order, vec![again], until).await? else { return Ok(Left::Open) };
                match self.send(&order.deed).await {
                    Sent::Refused(_) if !alone => self.wait_for_quiet(&order).await,
                    sent => self.take_outcome(&order, &sent).await,
                }
            }
            Err(error) => {
                tracing::info!(order = %order.deed.id, %error, "an unknown order could not be looked up yet");
                if self.is_overdue(&order) {
                    return self.hand_over(&order).await;
                }
                self.take_outcome(&order, &Sent::Unknown(error.to_string())).await
            }
        }
    }

    /// Whether every call that was ever made for the order is surely over: what the catalogue does not have then, and
    /// refuses now, it will never have. Before, a refusal proves nothing: an earlier call may still get through.
    pub(super) fn is_quiet(&self, order: &Order) -> bool {
        let now = self.clock.now_ms();
        last_attempt(order).is_none_or(|at| now - at.as_millisecond() >= self.settings.lease_ms)
    }

    async fn wait_for_quiet(&self, order: &Order) -> Result<Left, Error> {
        self.ledger.look_again::<Order>(&order.deed.id, self.clock.now_ms() + self.settings.lease_ms).await?;
        Ok(Left::Open)
    }

    /// The catalogue does not have it and it is too late to place it again.
    async fn give_up(&self, order: &Order) -> Result<Left, Error> {
        if !self.is_quiet(order) {
            return self.wait_for_quiet(order).await;
        }
        let refusal = Refusal::plain(
            Code::OrderRefused,
            "The catalogue could not be asked in time and never took the order; nothing was ordered.",
        );
        let facts = Facts { refusal: Some(refusal), ..Facts::default() };
        let ended = Happening::new(Kind::Refused, Actor::Gateway, "never arrived at the catalogue").with(facts);
        Ok(self.write(order, vec![ended]).await?.map_or(Left::Open, |after| after.state.into()))
    }

    async fn take_outcome(&self, order: &Order, sent: &Sent) -> Result<Left, Error> {
        let moves = outcome(order, sent);
        if moves.is_empty() {
            self.ledger.look_again::<Order>(&order.deed.id, self.look_at(order)).await?;
            return Ok(order.state.into());
        }
        Ok(self.write(order, moves).await?.map_or(Left::Open, |after| after.state.into()))
    }

    fn is_overdue(&self, order: &Order) -> bool {
        let age_s = self.now().as_second() - order.deed.created_at.as_second();
        age_s > self.settings.unknown_bound_s
    }

    /// From now on it is looked up seldom, so that a person has time to look; what the catalogue says settles it still.
    async fn hand_over(&self, order: &Order) -> Result<Left, Error> {
        const SELDOM_MS: i64 = 30_000;
        let handed = order.events.iter().any(|event| event.kind == Kind::HandedToPerson);
        if !handed {
            tracing::error!(order = %order.deed.id, "an order stayed unknown for too long; somebody has to look");
            let happening = Happening::new(Kind::HandedToPerson, Actor::Gateway, "unknown for too long");
            self.write(order, vec![happening]).await?;
        }
        self.ledger.look_again::<Order>(&order.deed.id, self.clock.now_ms() + SELDOM_MS).await?;
        Ok(if handed { Left::Open } else { Left::WithAPerson })
    }
}

/// When the order was last sent, as far as it is written down.
fn last_attempt(order: &Order) -> Option<jiff::Timestamp> {
    let sent = |kind| matches!(kind, Kind::PlacingStarted | Kind::TriedAgain);
    order.events.iter().rev().find(|event| sent(event.kind)).map(|event| event.at)
}

/// The end of an order that surely was not sent while its quote held.
pub(super) fn never_placed() -> Happening {
    let refusal = Refusal::plain(
        Code::QuoteExpired,
        "The catalogue could not be reached, and the request was not repeated while the quote held.",
    );
    let facts = Facts { refusal: Some(refusal), ..Facts::default() };
    Happening::new(Kind::Refused, Actor::Gateway, "never placed").with(facts)
}

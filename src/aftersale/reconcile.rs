//! Settling what was left open, and comparing what is under way: refunds whose worker died or whose answer was lost are
//! looked up under our reference; open ones are read again from time to time, whatever the feed told.

use super::catalogue::Sent;
use super::{Aftersale, Error};
use crate::error::Code;
use crate::feed::work_off;
use crate::model::ids::RefundId;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::refund::{Facts, Happening, Kind, Refund, Rejection, State};

/// Pause between looks at what was handed to a person.
const SELDOM_MS: i64 = 300_000;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Refunds whose outcome is known now.
    pub settled: usize,
    /// Refunds still open.
    pub open: usize,
    /// Refunds handed to a person in this pass.
    pub handed_over: usize,
    /// Refunds that were compared with the catalogue.
    pub compared: usize,
    /// Compared ones that the feed had left behind.
    pub repaired: usize,
}

/// How a refund was left.
#[derive(Clone, Copy)]
enum Left {
    Settled,
    Open,
    WithAPerson,
    Same,
    Repaired,
}

impl From<State> for Left {
    fn from(state: State) -> Self {
        match state {
            State::Received | State::Requesting | State::Unknown => Self::Open,
            _ => Self::Settled,
        }
    }
}

impl Aftersale {
    /// One pass over the refunds of one world whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        let claim = async |limit| Ok(self.ledger.claim_due::<Refund>(mode, limit, self.settings.lease_ms).await?);
        let settle = async |id: RefundId| (self.settle_due(&id).await, id);
        let mut told = Reconciled::default();
        for (left, id) in work_off::<_, _, Error, _, _>(&self.clock, claim, settle).await? {
            match left {
                Ok(Left::Settled) => told.settled += 1,
                Ok(Left::Open) => told.open += 1,
                Ok(Left::WithAPerson) => told.handed_over += 1,
                Ok(Left::Same) => told.compared += 1,
                Ok(Left::Repaired) => (told.compared, told.repaired) = (told.compared + 1, told.repaired + 1),
                Err(error) => {
                    tracing::warn!(refund = %id, %error, "an open refund could not be looked at");
                    told.open += 1;
                }
            }
        }
        Ok(told)
    }

    /// Takes one claimed refund as far as it goes now.
    async fn settle_due(&self, id: &RefundId) -> Result<Left, Error> {
        let refund = self.ledger.get::<Refund>(id).await?;
        match refund.state {
            State::Received => {
                Ok(self.write(&refund, vec![never_sent()]).await?.map_or(Left::Open, |after| after.state.into()))
            }
            State::Requesting => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                match self.write(&refund, vec![lost]).await? {
                    Some(unknown) => self.find_out(unknown).await,
                    None => Ok(Left::Open),
                }
            }
            State::Unknown => self.find_out(refund).await,
            _ => self.compare(&refund).await,
        }
    }

    /// Reads a refund that is under way again, in case the feed left something out.
    async fn compare(&self, refund: &Refund) -> Result<Left, Error> {
        let after = self.read_back(refund).await?;
        if after.version > refund.version {
            tracing::info!(refund = %refund.deed.id, state = %after.state, "a refund had moved without our having heard");
            return Ok(Left::Repaired);
        }
        self.ledger.look_again::<Refund>(&refund.deed.id, self.look_at(refund)).await?;
        Ok(Left::Same)
    }

    /// Looks an unknown refund up; asks again under the same reference when the catalogue does not have it, or ends it
    /// when that went on for too long. Only what cannot be asked about is handed to a person.
    async fn find_out(&self, refund: Refund) -> Result<Left, Error> {
        match self.look_up(&refund.deed).await {
            Ok(Some(standing)) => self.take_outcome(&refund, &Sent::Taken(standing.into())).await,
            Ok(None) if self.is_overdue(&refund) => self.give_up(&refund).await,
            Ok(None) => {
                let alone = self.is_quiet(&refund);
                let again = Happening::new(Kind::TriedAgain, Actor::Gateway, "the catalogue does not have it");
                let Some(refund) = self.write(&refund, vec![again]).await? else { return Ok(Left::Open) };
                match self.send(&refund.deed).await? {
                    Sent::Refused(_) if !alone => self.wait_for_quiet(&refund).await,
                    sent => self.take_outcome(&refund, &sent).await,
                }
            }
            Err(error) => {
                tracing::info!(refund = %refund.deed.id, %error, "an unknown refund could not be looked up yet");
                if self.is_overdue(&refund) {
                    return self.hand_over(&refund).await;
                }
                self.take_outcome(&refund, &Sent::Unknown(error.to_string())).await
            }
        }
    }

    /// Whether every call that was ever made for the refund is surely over: what the catalogue does not have then, and
    /// refuses now, it will never have. Before, a refusal proves nothing: an earlier call may still get through.
    pub(super) fn is_quiet(&self, refund: &Refund) -> bool {
        let sent = |kind| matches!(kind, Kind::RequestingStarted | Kind::TriedAgain);
        let last = refund.events.iter().rev().find(|event| sent(event.kind)).map(|event| event.at);
        last.is_none_or(|at| self.clock.now_ms() - at.as_millisecond() >= self.settings.lease_ms)
    }

    pub(super) fn is_overdue(&self, refund: &Refund) -> bool {
        self.now().as_second() - refund.deed.created_at.as_second() > self.settings.unknown_bound_s
    }

    async fn wait_for_quiet(&self, refund: &Refund) -> Result<Left, Error> {
        self.ledger.look_again::<Refund>(&refund.deed.id, self.clock.now_ms() + self.settings.lease_ms).await?;
        Ok(Left::Open)
    }

    /// The catalogue does not have it and it is too late to ask again.
    async fn give_up(&self, refund: &Refund) -> Result<Left, Error> {
        if !self.is_quiet(refund) {
            return self.wait_for_quiet(refund).await;
        }
        let ended = rejected(
            "The catalogue could not be asked in time and never took the refund; nothing was asked for.",
            "never arrived at the catalogue",
        );
        Ok(self.write(refund, vec![ended]).await?.map_or(Left::Open, |after| after.state.into()))
    }

    async fn take_outcome(&self, refund: &Refund, sent: &Sent) -> Result<Left, Error> {
        let moves = self.outcome(refund, sent).await?;
        if moves.is_empty() {
            self.ledger.look_again::<Refund>(&refund.deed.id, self.look_at(refund)).await?;
            return Ok(refund.state.into());
        }
        Ok(self.write(refund, moves).await?.map_or(Left::Open, |after| after.state.into()))
    }

    /// From now on it is only looked up, seldom, and never asked for again by itself.
    async fn hand_over(&self, refund: &Refund) -> Result<Left, Error> {
        let handed = refund.events.iter().any(|event| event.kind == Kind::HandedToPerson);
        if !handed {
            tracing::error!(refund = %refund.deed.id, "a refund stayed unknown for too long; somebody has to look");
            let happening = Happening::new(Kind::HandedToPerson, Actor::Gateway, "unknown for too long");
            self.write(refund, vec![happening]).await?;
        }
        self.ledger.look_again::<Refund>(&refund.deed.id, self.clock.now_ms() + SELDOM_MS).await?;
        Ok(if handed { Left::Open } else { Left::WithAPerson })
    }
}

/// The end of a refund that surely was not sent and was not asked for again.
pub(super) fn never_sent() -> Happening {
    rejected("The catalogue could not be reached, and the request was not repeated in time.", "never sent")
}

fn rejected(detail: &str, cause: &str) -> Happening {
    let rejection = Rejection {
        code: Code::RefundRefused,
        detail: detail.to_owned(),
        most: None,
        most_freight: None,
        lines: Vec::new(),
        open: None,
    };
    let facts = Facts { rejection: Some(rejection), ..Facts::default() };
    Happening::new(Kind::Rejected, Actor::Gateway, cause).with(facts)
}

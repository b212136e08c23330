//! Settling what was left open, and comparing what is under way: inquiries whose worker died or whose answer was lost are
//! looked up under our reference; open ones are read again from time to time, whatever the feed told.

use super::catalogue::Sent;
use super::request::outcome;
use super::{Error, Sourcing};
use crate::error::Code;
use crate::feed::work_off;
use crate::model::ids::InquiryId;
use crate::model::inquiry::{Facts, Happening, Inquiry, Kind, Rejection, State};
use crate::model::order::Actor;
use crate::model::partner::Mode;

/// Pause between looks at what was handed to a person.
const SELDOM_MS: i64 = 300_000;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Inquiries whose outcome is known now.
    pub settled: usize,
    /// Inquiries still open.
    pub open: usize,
    /// Inquiries handed to a person in this pass.
    pub handed_over: usize,
    /// Inquiries that were compared with the catalogue.
    pub compared: usize,
    /// Compared ones that the feed had left behind.
    pub repaired: usize,
}

/// How an inquiry was left.
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
            State::Received | State::Sending | State::Unknown => Self::Open,
            _ => Self::Settled,
        }
    }
}

impl Sourcing {
    /// One pass over the inquiries of one world whose time has come; the worlds do not wait for each other.
    pub async fn reconcile(&self, mode: Mode) -> Result<Reconciled, Error> {
        let claim = async |limit| Ok(self.ledger.claim_due::<Inquiry>(mode, limit, self.settings.lease_ms).await?);
        let settle = async |id: InquiryId| (self.settle_due(&id).await, id);
        let mut told = Reconciled::default();
        for (left, id) in work_off::<_, _, Error, _, _>(&self.clock, claim, settle).await? {
            match left {
                Ok(Left::Settled) => told.settled += 1,
                Ok(Left::Open) => told.open += 1,
                Ok(Left::WithAPerson) => told.handed_over += 1,
                Ok(Left::Same) => told.compared += 1,
                Ok(Left::Repaired) => (told.compared, told.repaired) = (told.compared + 1, told.repaired + 1),
                Err(error) => {
                    tracing::warn!(inquiry = %id, %error, "an open inquiry could not be looked at");
                    told.open += 1;
                }
            }
        }
        Ok(told)
    }

    /// Takes one claimed inquiry as far as it goes now.
    async fn settle_due(&self, id: &InquiryId) -> Result<Left, Error> {
        let inquiry = self.ledger.get::<Inquiry>(id).await?;
        match inquiry.state {
            State::Received => {
                Ok(self.write(&inquiry, vec![never_sent()]).await?.map_or(Left::Open, |after| after.state.into()))
            }
            State::Sending => {
                let lost = Happening::new(Kind::Unanswered, Actor::Gateway, "its worker did not come back");
                match self.write(&inquiry, vec![lost]).await? {
                    Some(unknown) => self.find_out(unknown).await,
                    None => Ok(Left::Open),
                }
            }
            State::Unknown => self.find_out(inquiry).await,
            _ => self.compare(&inquiry).await,
        }
    }

    /// Reads an inquiry that is under way again, in case the feed left something out.
    async fn compare(&self, inquiry: &Inquiry) -> Result<Left, Error> {
        let after = self.read_back(inquiry).await?;
        if after.version > inquiry.version {
            tracing::info!(inquiry = %inquiry.deed.id, state = %after.state, "an inquiry had moved without our having heard");
            return Ok(Left::Repaired);
        }
        self.ledger.look_again::<Inquiry>(&inquiry.deed.id, self.look_at(inquiry)).await?;
        Ok(Left::Same)
    }

    /// Looks an unknown inquiry up; asks again under the same reference when the catalogue does not have it, or ends it
    /// when that went on for too long. Only what cannot be asked about is handed to a person.
    async fn find_out(&self, inquiry: Inquiry) -> Result<Left, Error> {
        match self.look_up(&inquiry.deed).await {
            Ok(Some(standing)) => self.take_outcome(&inquiry, &Sent::Taken(standing.into())).await,
            Ok(None) if self.is_overdue(&inquiry) => self.give_up(&inquiry).await,
            Ok(None) => {
                let alone = self.is_quiet(&inquiry);
                let again = Happening::new(Kind::TriedAgain, Actor::Gateway, "the catalogue does not have it");
                let Some(inquiry) = self.write(&inquiry, vec![again]).await? else { return Ok(Left::Open) };
                match self.send(&inquiry.deed).await {
                    Sent::Refused(_) if !alone => self.wait_for_quiet(&inquiry).await,
                    sent => self.take_outcome(&inquiry, &sent).await,
                }
            }
            Err(error) => {
                tracing::info!(inquiry = %inquiry.deed.id, %error, "an unknown inquiry could not be looked up yet");
                if self.is_overdue(&inquiry) {
                    return self.hand_over(&inquiry).await;
                }
                self.take_outcome(&inquiry, &Sent::Unknown(error.to_string())).await
            }
        }
    }

    /// Whether every call that was ever made for the inquiry is surely over: what the catalogue does not have then, and
    /// refuses now, it will never have. Before, a refusal proves nothing: an earlier call may still get through.
    pub(super) fn is_quiet(&self, inquiry: &Inquiry) -> bool {
        let sent = |kind| matches!(kind, Kind::SendingStarted | Kind::TriedAgain);
        let last = inquiry.events.iter().rev().find(|event| sent(event.kind)).map(|event| event.at);
        last.is_none_or(|at| self.clock.now_ms() - at.as_millisecond() >= self.settings.lease_ms)
    }

    pub(super) fn is_overdue(&self, inquiry: &Inquiry) -> bool {
        self.now().as_second() - inquiry.deed.created_at.as_second() > self.settings.unknown_bound_s
    }

    async fn wait_for_quiet(&self, inquiry: &Inquiry) -> Result<Left, Error> {
        self.ledger.look_again::<Inquiry>(&inquiry.deed.id, self.clock.now_ms() + self.settings.lease_ms).await?;
        Ok(Left::Open)
    }

    /// The catalogue does not have it and it is too late to ask again.
    async fn give_up(&self, inquiry: &Inquiry) -> Result<Left, Error> {
        if !self.is_quiet(inquiry) {
            return self.wait_for_quiet(inquiry).await;
        }
        let ended = rejected(
            "The catalogue could not be asked in time and never took the inquiry; nobody was asked.",
            "never arrived at the catalogue",
        );
        Ok(self.write(inquiry, vec![ended]).await?.map_or(Left::Open, |after| after.state.into()))
    }

    async fn take_outcome(&self, inquiry: &Inquiry, sent: &Sent) -> Result<Left, Error> {
        let moves = outcome(inquiry, sent);
        if moves.is_empty() {
            self.ledger.look_again::<Inquiry>(&inquiry.deed.id, self.look_at(inquiry)).await?;
            return Ok(inquiry.state.into());
        }
        Ok(self.write(inquiry, moves).await?.map_or(Left::Open, |after| after.state.into()))
    }

    /// From now on it is only looked up, seldom, and never asked for again by itself.
    async fn hand_over(&self, inquiry: &Inquiry) -> Result<Left, Error> {
        let handed = inquiry.events.iter().any(|event| event.kind == Kind::HandedToPerson);
        if !handed {
            tracing::error!(inquiry = %inquiry.deed.id, "an inquiry stayed unknown for too long; somebody has to look");
            let happening = Happening::new(Kind::HandedToPerson, Actor::Gateway, "unknown for too long");
            self.write(inquiry, vec![happening]).await?;
        }
        self.ledger.look_again::<Inquiry>(&inquiry.deed.id, self.clock.now_ms() + SELDOM_MS).await?;
        Ok(if handed { Left::Open } else { Left::WithAPerson })
    }
}

/// The end of an inquiry that surely was not sent and was not asked for again.
pub(super) fn never_sent() -> Happening {
    rejected("The catalogue could not be reached, and the request was not repeated in time.", "never sent")
}

fn rejected(detail: &str, cause: &str) -> Happening {
    let rejection = Rejection { code: Code::InquiryRefused, detail: detail.to_owned(), pointer: None };
    let facts = Facts { rejection: Some(rejection), ..Facts::default() };
    Happening::new(Kind::Rejected, Actor::Gateway, cause).with(facts)
}

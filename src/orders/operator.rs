//! The operator's hand on an order: look it up now, try it again, settle what nobody else can. Every step is an event
//! of the order with the operator as its actor, and a row of the audit in the same transaction.
//!
//! A hand may do no more than the reconciler may, only sooner and on somebody's word: an order is given up only when
//! the catalogue was asked and does not have it, and no earlier call can still be under way.

use super::catalogue::Sent;
use super::follow::{goes_on, moves_of};
use super::place::{TRIES, outcome};
use super::{Error, Orders};
use crate::error::Code;
use crate::ledger::{self, Hand};
use crate::model::ids::OrderId;
use crate::model::order::{Actor, Attention, Facts, Happening, Kind, Order, Refusal, State};
use crate::translate::trade::Standing;

/// What a look or another try brought.
#[derive(Clone, Debug)]
pub struct Looked {
    /// The order as it stands now.
    pub order: Order,
    /// Where it stands at the catalogue; none when the catalogue does not have it.
    pub there: Option<Standing>,
    /// What was written.
    pub moved: Vec<Kind>,
    /// What is to be known beyond that.
    pub remark: Option<String>,
}

/// Why an operator's wish was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum Declined {
    /// It cannot be done as the order stands, and what to do instead.
    #[error("{0}")]
    NotSo(String),
    /// The catalogue could not be asked.
    #[error("the catalogue could not be asked, so nothing was changed: {0}")]
    CannotAsk(Error),
    /// The room failed.
    #[error(transparent)]
    Failed(#[from] Error),
}

impl From<ledger::Error> for Declined {
    fn from(error: ledger::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl Orders {
    /// Looks an order up at the catalogue now and brings it to where it stands there.
    pub async fn look_by_hand(&self, operator: &str, id: &OrderId) -> Result<Looked, Declined> {
        for _ in 0..TRIES {
            let order = self.ledger.get_order(id).await?;
            self.can_be_looked_up(&order)?;
            let there = self.look_up(&order.deed).await.map_err(Declined::CannotAsk)?;
            let hand = self.hand(operator, "order.look", describe(there.as_ref()));
            if let Some(looked) = self.take_in_by(hand, order, there).await? {
                return Ok(looked);
            }
        }
        Err(Error::Busy.into())
    }

    /// Tries an unknown order again under the same reference: for those that the gateway only looks up any more.
    pub async fn retry_by_hand(&self, operator: &str, id: &OrderId) -> Result<Looked, Declined> {
        let order = self.ledger.get_order(id).await?;
        must_be_unknown(&order, "tried again")?;
        if let Some(there) = self.look_up(&order.deed).await.map_err(Declined::CannotAsk)? {
            let hand = self.hand(operator, "order.retry", describe(Some(&there)));
            return self.take_in_by(hand, order, Some(there)).await?.ok_or_else(|| Error::Busy.into());
        }
        let alone = self.is_quiet(&order);
        let again = Happening::new(Kind::TriedAgain, Actor::Operator, "tried again by the operator");
        let tried = self.after(&order, vec![again]);
        let hand = self.hand(operator, "order.retry", describe(None));
        self.write_by(hand, &order, &tried, self.clock.now_ms() + self.settings.lease_ms).await?;
        let sent = self.send(&tried.deed).await;
        let remark = remark(&sent, alone);
        if matches!(&sent, Sent::Refused(_)) && !alone {
            return Ok(Looked { order: tried, there: None, moved: vec![Kind::TriedAgain], remark });
        }
        let moves = outcome(&tried, &sent);
        // Without a move, the reconciler looks again when its time has come.
        let after = if moves.is_empty() { None } else { self.write(&tried, moves).await? };
        let order = match after {
            Some(after) => after,
            None => self.ledger.get_order(id).await?,
        };
        let moved = kinds_after(&order, tried.version - 1);
        let there = if let Sent::Taken(standing) = sent { Some(standing) } else { None };
        Ok(Looked { order, there, moved, remark })
    }

    /// Ends an order that was handed to a person as rejected, if the catalogue does not have it. The reason is for the
    /// audit alone; the partner learns that nothing was ordered.
    pub async fn reject_by_hand(&self, operator: &str, id: &OrderId, reason: &str) -> Result<Looked, Declined> {
        let order = self.ledger.get_order(id).await?;
        must_be_unknown(&order, "settled by hand")?;
        if !order.events.iter().any(|event| event.kind == Kind::HandedToPerson) {
            let bound = self.settings.unknown_bound_s;
            return Err(Declined::NotSo(format!(
                "order {id} was not handed to a person yet: the gateway still settles it by itself, until {bound} s after \
                 it was received. Look it up now with `order look {id}`."
            )));
        }
        self.must_be_quiet(&order, "settle it then")?;
        if let Some(there) = self.look_up(&order.deed).await.map_err(Declined::CannotAsk)? {
            return Err(Declined::NotSo(format!(
                "the catalogue has order {id} as {}, {}: it is not rejected. Take that in with `order look {id}`.",
                there.number, there.state
            )));
        }
        let refusal = Refusal::plain(
            Code::OrderRefused,
            "The operator settled it: the catalogue never took the order, and nothing was ordered.",
        );
        let facts = Facts { refusal: Some(refusal), ..Facts::default() };
        let ended = Happening::new(Kind::Refused, Actor::Operator, "settled by the operator").with(facts);
        let after = self.after(&order, vec![ended]);
        let hand = self.hand(operator, "order.settle", format!("as rejected: {reason}"));
        self.write_by(hand, &order, &after, self.look_at(&order)).await?;
        Ok(Looked { moved: kinds_after(&after, order.version), order: after, there: None, remark: None })
    }

    /// Says that nothing is left to do about an order that went on at the catalogue, or is missing there. The gateway does
    /// not raise it again by itself; nothing else of the order changes, and its partner hears nothing.
    pub async fn clear_by_hand(&self, operator: &str, id: &OrderId, reason: &str) -> Result<Order, Declined> {
        let order = self.ledger.get_order(id).await?;
        let found = match order.attention {
            Some(found @ (Attention::WentOn | Attention::WentMissing)) => found,
            Some(Attention::Unknown) => {
                return Err(Declined::NotSo(format!(
                    "order {id} is unknown; it is not cleared but settled: `order look {id}`, `order retry {id}`, or \
                     `order settle {id} --as rejected`"
                )));
            }
            None => {
                return Err(Declined::NotSo(format!(
                    "nobody is asked to look at order {id}; `order list --attention` shows those that wait"
                )));
            }
        };
        let cleared = Happening::new(Kind::Cleared, Actor::Operator, "cleared by the operator");
        let after = self.after(&order, vec![cleared]);
        let hand = self.hand(operator, "order.clear", format!("{}: {reason}", found.name()));
        self.write_by(hand, &order, &after, self.look_at(&order)).await?;
        Ok(after)
    }

    /// Writes what a look found; `None` when somebody else wrote first.
    async fn take_in_by(&self, hand: Hand, order: Order, there: Option<Standing>) -> Result<Option<Looked>, Declined> {
        let went_on = there.as_ref().is_some_and(|there| goes_on(&order, there));
        let moves = match &there {
            Some(there) if !went_on => moves_of(&order, there),
            _ => Vec::new(),
        };
        let settled = matches!(order.state, State::Rejected | State::Cancelled | State::Unknown | State::Placing);
        let remark = match &there {
            Some(there) if went_on => Some(format!(
                "it ended here and is alive at the catalogue as {}: nobody may pay it; have it taken back there",
                there.number
            )),
            None if !settled => {
                Some("the catalogue had it once and does not have it any more: ask its people".to_owned())
            }
            _ => None,
        };
        let moves = moves.into_iter().map(|happening| Happening { actor: Actor::Operator, ..happening }).collect();
        let after = self.after(&order, moves);
        match self.ledger.append_by(hand, &after, order.version, self.look_at(&order)).await {
            Ok(()) => {}
            Err(ledger::Error::Moved) => return Ok(None),
            Err(other) => return Err(other.into()),
        }
        Ok(Some(Looked { moved: kinds_after(&after, order.version), order: after, there, remark }))
    }

    /// Writes a decision, or says that the order moved on since it was taken.
    async fn write_by(&self, hand: Hand, order: &Order, after: &Order, look_at: i64) -> Result<(), Declined> {
        match self.ledger.append_by(hand, after, order.version, look_at).await {
            Err(ledger::Error::Moved) => Err(Declined::NotSo(format!(
                "order {0} moved on meanwhile; see it with `order show {0}`",
                order.deed.id
            ))),
            other => Ok(other?),
        }
    }

    fn can_be_looked_up(&self, order: &Order) -> Result<(), Declined> {
        match order.state {
            State::Received => Err(Declined::NotSo(format!(
                "order {} was never sent, so the catalogue cannot have it: it waits for its partner to repeat the \
                 request with the same key, and ends by itself when its quote does.",
                order.deed.id
            ))),
            State::Placing => self.must_be_quiet(order, "look then"),
            _ => Ok(()),
        }
    }

    /// Nobody decides anything while a call for the order may still be under way.
    fn must_be_quiet(&self, order: &Order, advice: &str) -> Result<(), Declined> {
        if self.is_quiet(order) {
            return Ok(());
        }
        let lease_s = self.settings.lease_ms / 1000;
        Err(Declined::NotSo(format!(
            "a call that places order {} may still be under way; it is surely over {lease_s} s after the last attempt: \
             {advice}.",
            order.deed.id
        )))
    }

    fn hand(&self, operator: &str, action: &'static str, detail: String) -> Hand {
        Hand { operator: operator.to_owned(), action, detail }
    }
}

fn must_be_unknown(order: &Order, what: &str) -> Result<(), Declined> {
    if order.state == State::Unknown {
        return Ok(());
    }
    let id = &order.deed.id;
    let advice = match order.state {
        State::Received => "it was never sent; its partner repeats the request with the same key".to_owned(),
        State::Placing => "it is being placed right now; wait until that is settled".to_owned(),
        _ => format!("its outcome is known; bring it up to date with `order look {id}`"),
    };
    Err(Declined::NotSo(format!("order {id} is {}; only unknown orders are {what}: {advice}.", order.state)))
}

fn kinds_after(order: &Order, version: u32) -> Vec<Kind> {
    order.events.iter().filter(|event| event.version > version).map(|event| event.kind).collect()
}

fn describe(there: Option<&Standing>) -> String {
    match there {
        Some(there) => format!("the catalogue has it as {}, {}", there.number, there.state),
        None => "the catalogue does not have it".to_owned(),
    }
}

fn remark(sent: &Sent, alone: bool) -> Option<String> {
    match sent {
        Sent::Taken(_) => None,
        Sent::Refused(refusal) if alone => Some(format!("the catalogue refused it: {}", refusal.detail)),
        Sent::Refused(refusal) => Some(format!(
            "the catalogue refuses it now ({}), which proves nothing while an earlier call may be under way; it is looked \
             at again when that is surely over",
            refusal.detail
        )),
        Sent::NotReached(error) => Some(format!("the catalogue was not reached: {error}")),
        Sent::Unknown(why) => Some(format!("again no answer that settles it: {why}")),
    }
}

//! Paying: a page for a person, or a debit. What is paid is what was agreed to when the payment was begun, to the fen.
//! Each order's part is settled by itself; a debit whose answer was lost is read back, and said again only under its own
//! reference, by which the catalogue knows it. That an order is paid does not say by whom: a debit is paid when the
//! catalogue has it under its reference.

use std::time::{Duration, Instant};

use super::pay_wish::{Expected, NewPayment, check};
use super::place::TRIES;
use super::steps::catch_up;
use super::{Answer, Error, Once, Orders, Told};
use crate::error::{Code, Failure};
use crate::ledger::{self, Begun, Doubted, Hold};
use crate::model::ids::{CatalogueOrderId, OrderId};
use crate::model::money::Money;
use crate::model::order::{Actor, Happening, Kind, Order, Paying, State};
use crate::model::partner::Caller;
use crate::model::payment::{Agreed, Method, Part, PartState, Payment};
use crate::translate::trade::PaidHow;
use crate::upstream::Outcome;
use crate::upstream::wholesale::wire::trade::PayMode;

/// What came of asking for one order's part.
enum Asked {
    /// By this debit.
    Paid,
    /// Never: the order ended, or something else paid it.
    TooLate,
    /// Somebody has to pay at this address.
    At(String),
    /// Not paid by this attempt.
    Failed(Code),
    /// Perhaps paid.
    Unknown,
    /// Somebody else took the part: nothing more was asked for, and it is theirs to say how it goes.
    Lost,
}

/// How far the clocks of two nodes may be apart.
const SKEW_MS: i64 = 10_000;

impl Orders {
    /// Pays once, however often it is asked for.
    pub async fn pay(
        &self,
        caller: &Caller,
        once: Once,
        wish: NewPayment,
        render: &(dyn Fn(&Payment) -> Answer + Sync),
    ) -> Result<Told, Error> {
        check(&wish)?;
        let asked = self.key_use(caller, once, "create_payment");
        let agreed = match wish.expected.is_nothing() {
            true => None,
            false => self.unless_begun(&asked, self.must_cost(caller, &wish.orders, &wish.expected)).await?,
        };
        let orders = agreed.unwrap_or_else(|| wish.orders.into_iter().map(|id| (id, None)).collect());
        let (lease, payment, fresh) = match self.ledger.begin_payment(asked, wish.method, orders).await? {
            Begun::Seen(answer) => return Ok(Told { answer, replayed: true }),
            Begun::Fresh(lease, payment) => (lease, payment, true),
            Begun::Resumed(lease, payment) => (lease, payment, false),
        };
        match self.pay_parts(caller, payment, fresh).await {
            Ok(payment) => {
                let answer = render(&payment);
                self.ledger.commit_payment(&lease, &answer).await?;
                Ok(Told { answer, replayed: false })
            }
            Err(error) => {
                // Whoever asks again with this key goes on at once instead of waiting for a lease nobody works under.
                if let Err(held) = self.ledger.release_payment(&lease).await {
                    tracing::warn!(error = %held, "the lease of a payment that failed could not be ended");
                }
                Err(error)
            }
        }
    }

    /// Refuses when one of the orders cannot be paid, or when they do not cost what is expected, as the catalogue says
    /// now; gives what is agreed to for each.
    async fn must_cost(
        &self,
        caller: &Caller,
        ids: &[OrderId],
        expected: &Expected,
    ) -> Result<Vec<(OrderId, Option<Agreed>)>, Error> {
        let mut orders = Vec::new();
        for id in ids {
            let order = self.ledger.find_order(&caller.partner.id, caller.mode, id).await?;
            let order = order.ok_or_else(|| ledger::Error::OrderNotFound(id.clone()))?;
            let order = self.read_back(&order).await?;
            if order.state != State::AwaitingPayment {
                return Err(Error::NotPayable { order: order.deed.id, state: order.state });
            }
            orders.push(order);
        }
        expected.agrees(&orders)?;
        let agreed = |order: &Order| Agreed { amount: order.payable, version: order.version };
        Ok(orders.iter().map(|order| (order.deed.id.clone(), Some(agreed(order)))).collect())
    }

    async fn pay_parts(&self, caller: &Caller, payment: Payment, fresh: bool) -> Result<Payment, Error> {
        let holds = if fresh { Hold::of_fresh(&payment) } else { self.ledger.take_parts(&payment.id).await? };
        for (at, hold) in holds.iter().enumerate() {
            if at > 0 {
                // Those before it may have taken long; nobody should think that these were left.
                self.ledger.renew_holds(holds.get(at..).unwrap_or_default()).await?;
            }
            self.pay_part(&payment, hold.clone()).await?;
        }
        self.payment(caller, &payment.id).await
    }

    /// Settles the held part of one order.
    async fn pay_part(&self, payment: &Payment, mut hold: Hold) -> Result<(), Error> {
        let (state, pay_url, problem) = match self.ask_for_part(payment, &mut hold).await? {
            Asked::Lost => return Ok(()),
            Asked::Paid => (PartState::Paid, None, None),
            Asked::At(url) => (PartState::Pending, Some(url), None),
            Asked::TooLate => (PartState::Failed, None, Some(Code::OrderStateConflict)),
            Asked::Failed(code) if self.is_over(&hold) => (PartState::Failed, None, Some(code)),
            // Not this time, but what was sent before may still get through.
            Asked::Failed(_) | Asked::Unknown => (PartState::Unknown, None, None),
        };
        let problem = problem.map(|code| code.facts().name.to_owned());
        let part = Part { order: hold.order.clone(), state, pay_url, problem, agreed: None };
        if !self.ledger.settle_part(&hold, &part).await? {
            tracing::info!(payment = %hold.payment, order = %hold.order, "somebody else took over or settled this part");
        }
        Ok(())
    }

    /// Whether every debit that was ever sent for the part is surely over. A call ends with the lease it was begun under;
    /// whoever sent it may have had another time.
    fn is_over(&self, hold: &Hold) -> bool {
        hold.asked.is_none_or(|at| self.clock.now_ms() - at >= self.settings.lease_ms + SKEW_MS)
    }

    async fn ask_for_part(&self, payment: &Payment, hold: &mut Hold) -> Result<Asked, Error> {
        let order = self.ledger.get_order(&hold.order).await?;
        let agreed = agreed(payment, &order);
        // What has to be paid may have been changed without our having heard of it; nobody pays what was never shown.
        let order = match self.read_back(&order).await {
            Ok(order) => order,
            Err(Error::Ledger(error)) => return Err(error.into()),
            Err(error) if hold.is_first() || payment.method == Method::Page => return Ok(Asked::Failed(error.code())),
            Err(error) => return Err(error),
        };
        let (State::AwaitingPayment, Some(number)) = (order.state, order.catalogue_order) else {
            return self.by_what(payment, hold, &order).await;
        };
        // An earlier attempt may have been carried out though its answer was lost: asked by its reference, not repeated.
        if !hold.is_first()
            && payment.method == Method::Debit
            && self.was_debited(&order.deed, number, payment.id.as_str()).await?
        {
            if let Err(error) = self.read_back(&order).await {
                tracing::warn!(order = %order.deed.id, %error, "an order that was debited could not be read back yet");
            }
            return Ok(Asked::Paid);
        }
        if order.payable != agreed {
            return Ok(Asked::Failed(Code::PriceChanged));
        }
        self.ask_now(payment, hold, &order, number, agreed).await
    }

    /// Asks the catalogue for a page, or for a debit of what was agreed to.
    async fn ask_now(
        &self,
        payment: &Payment,
        hold: &mut Hold,
        order: &Order,
        number: CatalogueOrderId,
        agreed: Money,
    ) -> Result<Asked, Error> {
        // Before it is written down: a process that was halted after that must not send anything later.
        let until = Instant::now() + Duration::from_millis(self.settings.lease_ms.unsigned_abs());
        let how = match payment.method {
            Method::Page => PayMode::Page,
            Method::Debit => PayMode::Debit,
        };
        let earlier = hold.asked;
        if payment.method == Method::Debit {
            hold.asked = self.ledger.mark_asked(hold).await?;
            if hold.asked.is_none() {
                return Ok(Asked::Lost);
            }
        }
        let answer = self.ask_to_pay(payment.mode, number, how, payment.id.as_str(), agreed, until).await;
        if answer.as_ref().is_err_and(|error| problem(error).is_some()) {
            // This one ended without money.
            hold.asked = earlier;
        }
        match answer {
            Ok(PaidHow::At(url)) => {
                // It is the same page every time.
                if order.paying != Paying::Page {
                    let opened = Happening::new(Kind::PageOpened, Actor::Partner, "a payment page was opened");
                    self.write(order, vec![opened]).await?;
                }
                Ok(Asked::At(url))
            }
            // An order that was paid before is told as paid as well.
            Ok(PaidHow::Taken) => Ok(self.learn(payment, hold, order).await),
            Err(error) => match problem(&error) {
                // Perhaps because it is paid by now.
                Some(code @ (Code::PriceChanged | Code::OrderStateConflict)) => {
                    match self.learn(payment, hold, order).await {
                        Asked::Unknown => Ok(Asked::Failed(code)),
                        learnt => Ok(learnt),
                    }
                }
                Some(code) => Ok(Asked::Failed(code)),
                None if payment.method == Method::Page => Ok(Asked::Failed(error.code())),
                None => Ok(self.learn(payment, hold, order).await),
            },
        }
    }

    /// What became of a debit that was sent, by where the order stands now and what paid it. When that cannot be read it
    /// is unknown, and read back later: an answer that says "failed" could have the partner pay twice.
    async fn learn(&self, payment: &Payment, hold: &Hold, order: &Order) -> Asked {
        let learnt = match self.read_back(order).await {
            Ok(after) if after.state != State::AwaitingPayment => self.by_what(payment, hold, &after).await,
            Ok(_) => return Asked::Unknown,
            Err(error) => Err(error),
        };
        learnt.unwrap_or_else(|error| {
            tracing::warn!(order = %order.deed.id, %error, "a debit could not be read back yet");
            Asked::Unknown
        })
    }

    /// Whether an order that does not wait for money any more was paid by this debit. Asked after the order was seen so:
    /// then what is not there will never be, because an order is paid once.
    async fn by_what(&self, payment: &Payment, hold: &Hold, order: &Order) -> Result<Asked, Error> {
        let was_sent = payment.method == Method::Debit && !(hold.is_first() && hold.asked.is_none());
        let was_paid = matches!(order.paying, Paying::Paid | Paying::Refunded);
        let Some(number) = order.catalogue_order.filter(|_| was_sent && was_paid) else { return Ok(Asked::TooLate) };
        let by_this = self.was_debited(&order.deed, number, payment.id.as_str()).await?;
        Ok(if by_this { Asked::Paid } else { Asked::TooLate })
    }

    /// Takes in where an order that waits for money stands at the catalogue and what it costs there. What was read is
    /// written only if nobody wrote since the order was read before that; else both are read again.
    async fn read_back(&self, order: &Order) -> Result<Order, Error> {
        let mut order = order.clone();
        for _ in 0..TRIES {
            if order.state != State::AwaitingPayment {
                return Ok(order);
            }
            let Some(standing) = self.look_up(&order.deed).await? else { return Err(Error::OrderNotFound) };
            let moves = catch_up(&order, &standing, Actor::Catalogue, "read back for a payment");
            if moves.is_empty() {
                return Ok(order);
            }
            if let Some(after) = self.write(&order, moves).await? {
                return Ok(after);
            }
            order = self.ledger.get_order(&order.deed.id).await?;
        }
        Err(Error::Busy)
    }

    /// Settles a debit that nobody heard of for a while: read back first, then said again under its own reference.
    pub(super) async fn settle_open(&self, hold: Hold) -> Result<(), Error> {
        let order = self.ledger.get_order(&hold.order).await?;
        let payment = self.ledger.find_payment(&order.deed.partner, order.deed.mode, &hold.payment).await?;
        self.pay_part(&payment.ok_or(Error::PaymentNotFound)?, hold).await
    }

    /// Asks whether the debit of an open part, or of one that was called failed, is what paid its order, and says so.
    pub(super) async fn settle_doubt(&self, doubted: &Doubted) -> Result<(), Error> {
        let order = self.ledger.get_order(&doubted.order).await?;
        let was_taken = match order.catalogue_order {
            Some(number) => self.was_debited(&order.deed, number, doubted.payment.as_str()).await?,
            None => false,
        };
        if self.ledger.end_doubt(doubted, was_taken).await? {
            tracing::error!(payment = %doubted.payment, order = %doubted.order, "a debit called failed was taken");
        }
        Ok(())
    }
}

/// What was agreed to for an order; for payments of older gateways, what it cost when the payment was begun.
fn agreed(payment: &Payment, order: &Order) -> Money {
    let part = payment.parts.iter().find(|part| part.order == order.deed.id);
    part.and_then(|part| part.agreed).map_or_else(|| order.payable_at(payment.created_at), |agreed| agreed.amount)
}

/// The code of a payment that surely failed; none when it may have been executed.
fn problem(error: &Error) -> Option<Code> {
    let Error::Upstream(error) = error else { return None };
    match (error.outcome(), error.refusal().map(|refused| refused.error_code.as_str())) {
        (_, Some("PAY_EXPIRED")) => Some(Code::PaymentExpired),
        (_, Some("PRICE_CHANGED")) => Some(Code::PriceChanged),
        (_, Some("STATUS_NOT_ALLOWED")) => Some(Code::OrderStateConflict),
        (_, Some(_)) => Some(Code::UpstreamRefused),
        (Outcome::NotExecuted, None) => Some(error.code()),
        (_, None) => None,
    }
}

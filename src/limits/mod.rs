//! May they, now? Every verified call asks here before anything else is done for it.
//!
//! Under pressure browsing is put off before orders are (`pressure`). The path of every other call, cheapest question
//! first:
//! 1. **a place in flight**, per partner and node (`account::Slot`), free again when the answer is sent;
//! 2. **governor** at a little more than the plan (`flood`): a flood ends here;
//! 3. **units in hand** (`lease`): a busy partner's node takes units from Redis ahead, for the next quarter of a second
//!    at most, and calls use them without asking anybody. Why this never admits too much: `counters::gcra`;
//! 4. **what this node knows**: the last word of Redis, kept per account. Whom Redis refused is refused from it
//!    until the time Redis named, so that an abuser costs no question;
//! 5. **Redis**, one script over all policies of the plan, all or nothing (`counters::rate`). One question an account
//!    is under way at a time; calls that come meanwhile wait for what it brings.
//!
//! Without Redis step 5 is the same arithmetic on what this node knows (`counters::gcra`). So it is while Redis is slow
//! or gone, with this node's share of the plan: limits get less exact across nodes, calls never fail for it, and what
//! was admitted meanwhile is charged when Redis is back. A refused call costs nothing, and live and sandbox keys of a
//! partner are counted apart.
//!
//! A plan may change at any time: what is out stays out under the new one (`counters::gcra`). Policies that only count
//! (`shadow`) are charged like the others where they have room, and say of each call that they would have refused it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

mod account;
mod accounts;
mod books;
pub mod cost;
mod flood;
mod lease;
mod near;
mod permit;
pub mod pressure;
mod refusal;
mod standing;
pub mod tally;
mod terms;
#[cfg(test)]
mod tests;

pub use near::{NEAR_PERCENT, Near};
pub use permit::{Decided, Permit};
pub use pressure::{Bounds, Priority};
pub use refusal::{Refusal, SHED};
pub use standing::{Row, Standing};
pub use tally::{Cause, Tally};

use account::{Account, Outcome, Question, Screened, Slot};
use accounts::Accounts;
use near::NearLimits;
use permit::Charged;
use pressure::{Place, Pressure};
use tally::add;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::rate::Ask;
use crate::counters::redis::{Redis, Unavailable};
use crate::model::partner::Caller;

/// Redis is not asked again where a partner stands if it told so lately.
const FRESH_US: i64 = 50_000;
/// However long a call has waited for another's question, its own gets this long; less would only look like an outage.
const LEAST_WAIT: Duration = Duration::from_millis(5);

/// What the limiter may keep.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Accounts remembered per mode.
    pub most_accounts: usize,
    /// Nodes that share a plan while Redis does not answer.
    pub nodes: u32,
    /// From where on calls are put off.
    pub bounds: Bounds,
}

impl Default for Settings {
    fn default() -> Self {
        Self { most_accounts: 100_000, nodes: 1, bounds: Bounds::default() }
    }
}

/// The limiter; one for all workers.
#[derive(Debug)]
pub struct Limits {
    accounts: Accounts,
    counters: Counters,
    clock: Clock,
    tally: Tally,
    pressure: Pressure,
    near: NearLimits,
    /// Nodes that share every plan, as far as this one knows.
    nodes: AtomicU32,
    /// Accounts that may hold units taken ahead.
    holders: Mutex<Vec<Arc<Account>>>,
}

impl Limits {
    /// A limiter that has admitted nothing yet.
    pub fn new(settings: Settings, counters: Counters, clock: Clock) -> Self {
        let accounts = Accounts::with_room_for(settings.most_accounts);
        let nodes = AtomicU32::new(settings.nodes.max(1));
        let pressure = Pressure::within(settings.bounds);
        let (tally, near, holders) = (Tally::default(), NearLimits::default(), Mutex::default());
        Self { accounts, counters, clock, tally, pressure, near, nodes, holders }
    }

    /// Admits a call of this cost or refuses it, however busy the node is; else as [`Limits::admit_as`].
    pub async fn admit(&self, caller: &Caller, cost: u32) -> Result<Permit, Refusal> {
        self.admit_as(caller, cost, Priority::Free).await
    }

    /// Admits a call of this cost or refuses it, and says what is left either way. Never fails for Redis' sake;
    /// awaits nothing without Redis, for free calls, and for those that this node knows to be over their limit.
    pub async fn admit_as(&self, caller: &Caller, cost: u32, priority: Priority) -> Result<Permit, Refusal> {
        let plan = &caller.partner.plan;
        let account = self.account(caller);
        let Some(place) = self.pressure.enter(priority, self.clock.now_ms()) else {
            let cause = Cause::Shed(priority);
            self.tally.deny(cause);
            let standing = account.spend(plan, 0).standing(account.in_flight());
            let retry_us = self.pressure.come_back_us();
            return Err(Refusal { cause, cost, retry_us, standing, decided: Decided::Here });
        };
        let Some((slot, in_flight)) = account.enter(plan.in_flight) else {
            self.tally.deny(Cause::InFlight);
            let standing = account.spend(plan, 0).standing(account.in_flight());
            return Err(Refusal { cause: Cause::InFlight, cost, retry_us: 0, standing, decided: Decided::Here });
        };
        let Some(redis) = self.counters.redis().filter(|_| cost > 0) else {
            let how = (Charged::Here, Decided::Here);
            return self.decided((slot, place), in_flight, account.spend(plan, cost), how);
        };
        let (outcome, how) = match account.screen(plan, cost, self.nodes()) {
            // In a box, so that the many calls that ask nobody do not carry the room for it around.
            Screened::Open => Box::pin(self.wait_and_ask(redis, &account, caller, cost)).await,
            Screened::Held(outcome) => {
                add(&self.tally.allowed_in_hand);
                (outcome, (Charged::InRedis, Decided::InHand))
            }
            Screened::Refused(known) => {
                add(&self.tally.denied_without_redis);
                (known, (Charged::Here, Decided::InHand))
            }
        };
        self.decided((slot, place), in_flight, outcome, how)
    }

    /// Waits for the question under way, looks whether its answer will do, and else asks for itself.
    async fn wait_and_ask(
        &self,
        redis: &Redis,
        account: &Arc<Account>,
        caller: &Caller,
        cost: u32,
    ) -> (Outcome, (Charged, Decided)) {
        let (plan, nodes, began) = (&caller.partner.plan, self.nodes(), Instant::now());
        let turn = match account.turn.try_lock() {
            Ok(turn) => Some(turn),
            Err(_) => {
                let _waiting = account.wait(cost);
                let turn = tokio::time::timeout(redis.budget(), account.turn.lock()).await.ok();
                match account.screen_again(plan, cost, nodes) {
                    Screened::Open => {}
                    Screened::Held(outcome) => {
                        add(&self.tally.allowed_in_hand);
                        return (outcome, (Charged::InRedis, Decided::InHand));
                    }
                    Screened::Refused(known) => {
                        add(&self.tally.denied_without_redis);
                        return (known, (Charged::Here, Decided::InHand));
                    }
                }
                turn
            }
        };
        let question = account.question(plan, cost, nodes);
        let within = redis.budget().saturating_sub(began.elapsed()).max(LEAST_WAIT);
        let answer = self.ask(account, caller, question, within).await;
        drop(turn);
        answer
    }

    /// Where a caller stands, at no cost; asks Redis unless it told so in the last moment.
    pub async fn standing(&self, caller: &Caller) -> Standing {
        let plan = &caller.partner.plan;
        let account = self.account(caller);
        let question = self.counters.redis().and_then(|_| account.look(plan, FRESH_US));
        let outcome = match question {
            Some(question) => {
                let within = self.counters.redis().map_or(LEAST_WAIT, Redis::budget);
                self.ask(&account, caller, question, within).await.0
            }
            None => account.spend(plan, 0),
        };
        outcome.standing(account.in_flight())
    }

    /// How busy this node is.
    pub fn pressure(&self) -> &Pressure {
        &self.pressure
    }

    /// Notes how long a call waited inside the node before it came here.
    pub fn note_wait(&self, waited: Duration) {
        self.pressure.note_wait(waited, self.clock.now_ms());
    }

    /// Takes over the days that run out and that nobody was told of yet.
    pub fn take_near(&self) -> Vec<Near> {
        self.near.take()
    }

    /// Puts back what could not be told.
    pub fn near_again(&self, near: Vec<Near>) {
        self.near.put(near);
    }

    /// What was decided so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Accounts this node remembers.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Nodes that share every plan, as far as this one knows.
    pub fn nodes(&self) -> u32 {
        self.nodes.load(Ordering::Relaxed)
    }

    /// Says how many nodes there are; called by a task.
    pub fn share_among(&self, nodes: u32) {
        self.nodes.store(nodes.max(1), Ordering::Relaxed);
    }

    /// Forgets accounts that have nothing spent; called by a task every minute or so.
    pub fn tidy(&self) {
        self.accounts.tidy(self.clock.now_ms() * 1_000);
    }

    /// Hands units back that quiet accounts hold; called by a task many times a second.
    pub async fn hand_back(&self) {
        let Some(redis) = self.counters.redis() else { return };
        let holders = std::mem::take(&mut *self.holders.lock().unwrap_or_else(PoisonError::into_inner));
        for account in holders {
            account.listed.store(false, Ordering::Release);
            let (question, holds) = account.hand_back();
            if let Some(question) = question {
                if let Err(question) = self.put(&account, question, redis.budget()).await {
                    account.not_told(&question);
                }
            } else if holds {
                self.watch(&account);
            }
        }
    }

    /// Keeps an account in mind that holds units.
    fn watch(&self, account: &Arc<Account>) {
        if !account.listed.swap(true, Ordering::AcqRel) {
            self.holders.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(account));
        }
    }

    fn account(&self, caller: &Caller) -> Arc<Account> {
        let partner = &caller.partner;
        let fresh = || Account::new(&partner.id, caller.mode, &partner.plan, self.clock.clone());
        self.accounts.get(&partner.id, caller.mode, fresh)
    }

    async fn ask(
        &self,
        account: &Arc<Account>,
        caller: &Caller,
        question: Question,
        within: Duration,
    ) -> (Outcome, (Charged, Decided)) {
        match self.put(account, question, within).await {
            Ok(outcome) => (outcome, (Charged::InRedis, Decided::ByRedis)),
            Err(question) => {
                let nodes = self.nodes();
                let outcome = account.settle_here(&caller.partner.plan, &question, nodes);
                (outcome, (Charged::ToShare(nodes), Decided::Locally))
            }
        }
    }

    /// Puts a question to Redis and takes the answer over; gives the question back when there is none.
    async fn put(&self, account: &Arc<Account>, question: Question, within: Duration) -> Result<Outcome, Question> {
        let Counters::Redis { redis, rate, node } = &self.counters else { return Err(question) };
        let ask = Ask {
            keys: &question.terms.keys,
            rules: &question.terms.rules,
            known: (&question.told, question.asked_at_us),
            spend: question.spend,
            held: question.held,
            node,
            lasts_us: lease::LASTS_US,
        };
        match rate.spend(redis, ask, within).await {
            Ok(decision) => {
                let ahead = decision.units > question.spend.cost;
                let outcome = account.settle(question, decision);
                if ahead {
                    self.watch(account);
                }
                Ok(outcome)
            }
            Err(why) => {
                add(&self.tally.local_fallback);
                if why == Unavailable::Failed {
                    add(&self.tally.redis_errors);
                }
                Err(question)
            }
        }
    }

    fn decided(
        &self,
        (slot, place): (Slot, Place),
        in_flight: u32,
        outcome: Outcome,
        (charged, decided): (Charged, Decided),
    ) -> Result<Permit, Refusal> {
        let (units, at_us, day_us) = (outcome.units, outcome.at_us, outcome.day_us);
        if outcome.admitted {
            add(&self.tally.allowed);
            if outcome.is_near() {
                self.near.put(slot.account().near(&outcome));
            }
            let shadow = outcome.shadow();
            if !shadow.is_empty() {
                add(&self.tally.shadow_refused);
            }
            let standing = outcome.standing(in_flight);
            return Ok(Permit { slot, units, charged, at_us, day_us, decided, shadow, standing, _place: place });
        }
        let (cause, retry_us) = outcome.refusal();
        self.tally.deny(cause);
        // The refused call leaves its place.
        drop((slot, place));
        Err(Refusal { cause, cost: units, retry_us, standing: outcome.standing(in_flight - 1), decided })
    }
}

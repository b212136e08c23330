//! May they, now? Every verified call asks here before anything else is done for it.
//!
//! The path of a call, cheapest question first:
//! 1. **a place in flight**, per partner and node (`account::Slot`), free again when the answer is sent;
//! 2. **governor** at a little more than the plan (`flood`): a flood ends here;
//! 3. **what this node knows**: the last word of Redis, kept per account. Whom Redis refused is refused from it
//!    until the time Redis named, so that an abuser costs no question;
//! 4. **Redis**, one script over all policies of the plan, all or nothing (`counters::rate`).
//!
//! Without Redis step 4 is the same arithmetic on what this node knows (`counters::gcra`). So it is while Redis is slow
//! or gone, with this node's share of the plan: limits get less exact across nodes, calls never fail for it. A refused call costs nothing,
//! and live and sandbox keys of a partner are counted apart.

use std::sync::Arc;

mod account;
mod accounts;
pub mod cost;
mod flood;
mod permit;
mod refusal;
mod standing;
pub mod tally;
mod terms;
#[cfg(test)]
mod tests;

pub use permit::Permit;
pub use refusal::Refusal;
pub use standing::{Row, Standing};
pub use tally::{Cause, Tally};

use account::{Account, Outcome, Question, Slot};
use accounts::Accounts;
use permit::Charged;
use tally::add;

use crate::clock::Clock;
use crate::counters::Counters;
use crate::counters::redis::Unavailable;
use crate::model::partner::Caller;

/// Redis is not asked again where a partner stands if it told so lately.
const FRESH_US: i64 = 50_000;

/// What the limiter may keep.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Accounts remembered per mode.
    pub most_accounts: usize,
    /// Nodes that share a plan while Redis does not answer.
    pub nodes: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { most_accounts: 100_000, nodes: 1 }
    }
}

/// The limiter; one for all workers.
#[derive(Debug)]
pub struct Limits {
    accounts: Accounts,
    counters: Counters,
    clock: Clock,
    tally: Tally,
    nodes: u32,
}

impl Limits {
    /// A limiter that has admitted nothing yet.
    pub fn new(settings: Settings, counters: Counters, clock: Clock) -> Self {
        let accounts = Accounts::with_room_for(settings.most_accounts);
        Self { accounts, counters, clock, tally: Tally::default(), nodes: settings.nodes }
    }

    /// Admits a call of this cost or refuses it, and says what is left either way. Never fails for Redis' sake;
    /// awaits nothing without Redis, for free calls, and for those that this node knows to be over their limit.
    pub async fn admit(&self, caller: &Caller, cost: u32) -> Result<Permit, Refusal> {
        let plan = &caller.partner.plan;
        let account = self.account(caller);
        let Some((slot, in_flight)) = account.enter(plan.in_flight) else {
            self.tally.deny(Cause::InFlight);
            let standing = account.spend(plan, 0).standing(account.in_flight());
            return Err(Refusal { cause: Cause::InFlight, cost, retry_us: 0, standing });
        };
        if cost == 0 || self.counters.redis().is_none() {
            return self.decided(slot, in_flight, account.spend(plan, cost), Charged::Here);
        }
        match account.screen(plan, cost) {
            Ok(question) => {
                let (outcome, charged) = self.ask(&account, caller, question).await;
                self.decided(slot, in_flight, outcome, charged)
            }
            Err(known) => {
                add(&self.tally.denied_without_redis);
                self.decided(slot, in_flight, known, Charged::Here)
            }
        }
    }

    /// Where a caller stands, at no cost; asks Redis unless it told so in the last moment.
    pub async fn standing(&self, caller: &Caller) -> Standing {
        let plan = &caller.partner.plan;
        let account = self.account(caller);
        let question = self.counters.redis().and_then(|_| account.look(plan, FRESH_US));
        let outcome = match question {
            Some(question) => self.ask(&account, caller, question).await.0,
            None => account.spend(plan, 0),
        };
        outcome.standing(account.in_flight())
    }

    /// What was decided so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Accounts this node remembers.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// Forgets accounts that have nothing spent; called by a task every minute or so.
    pub fn tidy(&self) {
        self.accounts.tidy(self.clock.now_ms() * 1_000);
    }

    fn account(&self, caller: &Caller) -> Arc<Account> {
        let partner = &caller.partner;
        let fresh = || Account::new(partner.id.clone(), caller.mode, &partner.plan, self.nodes, self.clock.clone());
        self.accounts.get(&partner.id, caller.mode, fresh)
    }

    async fn ask(&self, account: &Account, caller: &Caller, question: Question) -> (Outcome, Charged) {
        let answer = match &self.counters {
            Counters::InProcess => Err(Unavailable::HeldBack),
            Counters::Redis { redis, rate } => {
                rate.spend(redis, &question.terms.keys, &question.terms.rules, question.spend).await
            }
        };
        match answer {
            Ok(decision) => (account.settle(question, decision), Charged::InRedis),
            Err(why) => {
                add(&self.tally.local_fallback);
                if why == Unavailable::Failed {
                    add(&self.tally.redis_errors);
                }
                (account.settle_here(&caller.partner.plan, &question), Charged::ToShare)
            }
        }
    }

    fn decided(&self, slot: Slot, in_flight: u32, outcome: Outcome, charged: Charged) -> Result<Permit, Refusal> {
        let (units, at_us) = (outcome.units, outcome.at_us);
        if outcome.admitted {
            add(&self.tally.allowed);
            return Ok(Permit { slot, units, charged, at_us, standing: outcome.standing(in_flight) });
        }
        let (cause, retry_us) = outcome.refusal();
        self.tally.deny(cause);
        // The refused call leaves its place.
        drop(slot);
        Err(Refusal { cause, cost: units, retry_us, standing: outcome.standing(in_flight - 1) })
    }
}

//! What one partner has spent in one mode, as far as this node knows: alone in charge without Redis; with Redis a
//! copy of what Redis last said, which refuses what Redis would refuse and takes over when Redis is gone.
//! Asks nobody; `Limits` carries questions to Redis.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::flood::{Flood, Flooded};
use super::standing::Standing;
use super::tally::Cause;
use super::terms::Terms;
use crate::clock::Clock;
use crate::counters::gcra::{self, Level, Rule, Spend};
use crate::counters::rate::Decision;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::Plan;

/// One partner in one mode.
#[derive(Debug)]
pub struct Account {
    partner: PartnerId,
    mode: Mode,
    nodes: u32,
    clock: Clock,
    in_flight: AtomicU32,
    books: Mutex<Books>,
}

#[derive(Debug)]
struct Books {
    terms: Arc<Terms>,
    /// The plan as last handed in: as good as the one in `terms`, though it may be another copy.
    plan: Arc<Plan>,
    /// One theoretical arrival time per policy, on this node's clock.
    tats: Vec<i64>,
    flood: Flood,
    /// Units that Redis was charged and has yet to be told to give back.
    owed: u32,
    owed_since_us: i64,
    /// When Redis last told where the policies stand.
    told_at_us: i64,
}

/// A question for Redis.
#[derive(Debug)]
pub struct Question {
    /// The policies to ask about.
    pub terms: Arc<Terms>,
    /// What to spend.
    pub spend: Spend,
    asked_at_us: i64,
}

/// A decision about one call.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the call was charged.
    pub admitted: bool,
    /// Units that were charged, or would have been.
    pub units: u32,
    /// When it was decided, on this node's clock.
    pub at_us: i64,
    terms: Arc<Terms>,
    levels: Vec<Level>,
}

impl Outcome {
    /// Why and for how many microseconds the call is refused; of several policies, the one with the longest window.
    pub fn refusal(&self) -> (Cause, i64) {
        let refusing = || self.terms.plan.policies.iter().zip(&self.levels).filter(|(_, level)| level.retry_us > 0);
        let window_s = refusing().map(|(policy, _)| policy.window_s).max().unwrap_or(0);
        (Cause::of_window(window_s), refusing().map(|(_, level)| level.retry_us).max().unwrap_or(0))
    }

    /// What is left.
    pub fn standing(self, in_flight: u32) -> Standing {
        Standing { terms: self.terms, levels: self.levels, in_flight }
    }
}

impl Account {
    /// An account that has spent nothing.
    pub fn new(partner: PartnerId, mode: Mode, plan: &Arc<Plan>, nodes: u32, clock: Clock) -> Self {
        let terms = Arc::new(Terms::of(Arc::clone(plan), partner.as_str(), mode, nodes));
        let flood = Flood::of(&terms.rules, &clock);
        let tats = vec![0; terms.rules.len()];
        let books = Books { terms, plan: Arc::clone(plan), tats, flood, owed: 0, owed_since_us: 0, told_at_us: 0 };
        Self { partner, mode, nodes, clock, in_flight: AtomicU32::new(0), books: Mutex::new(books) }
    }

    /// Decides on this node's own count.
    pub fn spend(&self, plan: &Arc<Plan>, cost: u32) -> Outcome {
        let (mut books, now_us) = self.open(plan);
        let units = books.units(cost);
        match books.flood.pass(units) {
            Ok(()) => books.charge(units, now_us),
            Err(flooded) => books.turn_away(flooded, units, now_us),
        }
    }

    /// What to ask Redis, unless this node knows already that the answer is no.
    pub fn screen(&self, plan: &Arc<Plan>, cost: u32) -> Result<Question, Outcome> {
        let (mut books, now_us) = self.open(plan);
        let units = books.units(cost);
        if let Err(flooded) = books.flood.pass(units) {
            return Err(books.turn_away(flooded, units, now_us));
        }
        if !gcra::admits(&books.terms.rules, &books.tats, now_us, units) {
            return Err(books.charge(units, now_us));
        }
        Ok(books.question(units, now_us))
    }

    /// A question that spends nothing; none when Redis told less than `fresh_us` ago.
    pub fn look(&self, plan: &Arc<Plan>, fresh_us: i64) -> Option<Question> {
        let (mut books, now_us) = self.open(plan);
        let fresh = (0..fresh_us).contains(&(now_us - books.told_at_us));
        (!fresh).then(|| books.question(0, now_us))
    }

    /// Takes over what Redis decided.
    pub fn settle(&self, question: Question, decision: Decision) -> Outcome {
        let mut books = self.lock();
        let Question { terms, spend, asked_at_us } = question;
        if Arc::ptr_eq(&terms, &books.terms) && decision.levels.len() == books.tats.len() {
            // Counted from when Redis was asked, so that this node never refuses longer than Redis would.
            books.tats.iter_mut().zip(&decision.levels).for_each(|(tat, level)| *tat = asked_at_us + level.reset_us);
            books.told_at_us = asked_at_us;
        }
        if !decision.admitted {
            books.flood.give_back(spend.cost);
        }
        Outcome { admitted: decision.admitted, units: spend.cost, at_us: asked_at_us, terms, levels: decision.levels }
    }

    /// Decides on this node's share of the plan what Redis did not answer.
    pub fn settle_here(&self, plan: &Arc<Plan>, question: &Question) -> Outcome {
        let (mut books, now_us) = self.open(plan);
        books.owe(question.spend.credit, question.asked_at_us - question.spend.credit_age_us);
        books.charge_share(question.spend.cost, now_us)
    }

    /// Gives back what a call was charged on this node's own count.
    pub fn give_back(&self, units: u32) {
        self.lock().give_back(units, 1);
    }

    /// Gives back what a call was charged to this node's share.
    pub fn give_back_to_share(&self, units: u32) {
        self.lock().give_back(units, i64::from(self.nodes.max(1)));
    }

    /// Gives back what a call was charged in Redis; the next question takes it along.
    pub fn give_back_to_redis(&self, units: u32, charged_at_us: i64) {
        self.give_back(units);
        self.lock().owe(units, charged_at_us);
    }

    /// Calls under way.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Takes a place among the calls under way; gives how many there are then.
    pub fn enter(self: &Arc<Self>, most: u32) -> Option<(Slot, u32)> {
        let one_more = |now: u32| (now < most).then_some(now + 1);
        let before = self.in_flight.fetch_update(Ordering::AcqRel, Ordering::Relaxed, one_more).ok()?;
        Some((Slot(Arc::clone(self)), before + 1))
    }

    /// The moment at which nothing spent is left to remember.
    pub fn blank_at_us(&self) -> i64 {
        self.lock().tats.iter().copied().max().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books under this plan, and the time.
    fn open(&self, plan: &Arc<Plan>) -> (MutexGuard<'_, Books>, i64) {
        let mut books = self.lock();
        if !Arc::ptr_eq(&books.plan, plan) {
            if books.plan != *plan {
                books.change(Terms::of(Arc::clone(plan), self.partner.as_str(), self.mode, self.nodes), &self.clock);
            }
            books.plan = Arc::clone(plan);
        }
        (books, self.clock.now_ms() * 1_000)
    }
}

impl Books {
    fn units(&self, cost: u32) -> u32 {
        cost.min(self.terms.most_per_call)
    }

    /// Charges a call that passed the pre-filter; tells the pre-filter when it was not charged.
    fn charge(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        self.charge_by(&terms.rules, units, now_us)
    }

    /// The same by this node's share; a call dearer than the share's smallest burst is charged that.
    fn charge_share(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        let most = terms.share.iter().map(|rule| rule.burst).min().unwrap_or(u32::MAX);
        self.flood.give_back(units.saturating_sub(most));
        self.charge_by(&terms.share, units.min(most), now_us)
    }

    fn charge_by(&mut self, rules: &[Rule], units: u32, now_us: i64) -> Outcome {
        let spend = Spend { cost: units, ..Spend::default() };
        let (admitted, levels) = gcra::spend(rules, &mut self.tats, now_us, spend);
        if !admitted {
            self.flood.give_back(units);
        }
        Outcome { admitted, units, at_us: now_us, terms: Arc::clone(&self.terms), levels }
    }

    /// Gives units back that were charged by rules so many times as slow.
    fn give_back(&mut self, units: u32, times: i64) {
        self.flood.give_back(units);
        for (rule, tat) in self.terms.rules.iter().zip(&mut self.tats) {
            *tat -= i64::from(units) * rule.interval_us * times;
        }
    }

    fn turn_away(&mut self, flooded: Flooded, units: u32, now_us: i64) -> Outcome {
        let (_, mut levels) = gcra::spend(&self.terms.rules, &mut self.tats, now_us, Spend::default());
        if let Some(level) = levels.get_mut(flooded.rule) {
            level.retry_us = flooded.retry_us;
        }
        Outcome { admitted: false, units, at_us: now_us, terms: Arc::clone(&self.terms), levels }
    }

    fn question(&mut self, units: u32, now_us: i64) -> Question {
        let credit = std::mem::take(&mut self.owed);
        let credit_age_us = if credit > 0 { (now_us - self.owed_since_us).max(0) } else { 0 };
        let spend = Spend { cost: units, credit, credit_age_us };
        Question { terms: Arc::clone(&self.terms), spend, asked_at_us: now_us }
    }

    fn owe(&mut self, units: u32, since_us: i64) {
        if units > 0 {
            self.owed_since_us = if self.owed == 0 { since_us } else { self.owed_since_us.min(since_us) };
            self.owed = self.owed.saturating_add(units);
        }
    }

    /// Goes on under another plan; policies of the same name keep what was spent.
    fn change(&mut self, terms: Terms, clock: &Clock) {
        let spent = |name: &str| {
            let mut old = self.terms.plan.policies.iter().zip(&self.tats);
            old.find(|(policy, _)| &*policy.name == name).map_or(0, |(_, tat)| *tat)
        };
        self.tats = terms.plan.policies.iter().map(|policy| spent(&policy.name)).collect();
        self.flood = Flood::of(&terms.rules, clock);
        self.terms = Arc::new(terms);
    }
}

/// A place among the calls under way; free again when dropped.
#[derive(Debug)]
pub struct Slot(Arc<Account>);

impl Slot {
    /// Whose place it is.
    pub fn account(&self) -> &Arc<Account> {
        &self.0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

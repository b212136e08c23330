//! What one partner has spent in one mode, as far as this node knows: alone in charge without Redis; with Redis a
//! copy of what Redis last said, which refuses what Redis would refuse, uses up what it gave ahead, and takes over when
//! it is gone. Asks nobody; `Limits` carries questions to Redis.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::books::{Books, add_in_hand};
use super::near::{self, Near};
use super::standing::Standing;
use super::tally::Cause;
use super::terms::Terms;
use crate::clock::Clock;
use crate::counters::gcra::{Level, Mark, Rule, Spend};
use crate::counters::rate::Decision;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::Plan;

/// One partner in one mode.
#[derive(Debug)]
pub struct Account {
    mode: Mode,
    clock: Clock,
    in_flight: AtomicU32,
    /// Units of the calls that wait for the question under way.
    waiting: AtomicU32,
    /// One question at a time: who waits for it may find what it brought.
    pub(super) turn: tokio::sync::Mutex<()>,
    /// Whether `Limits` has the account on its list of those that hold units.
    pub(super) listed: AtomicBool,
    books: Mutex<Books>,
}

/// A question for Redis.
#[derive(Debug)]
pub struct Question {
    /// The policies to ask about.
    pub terms: Arc<Terms>,
    /// What Redis last told to have stored.
    pub told: Vec<Mark>,
    /// What to spend.
    pub spend: Spend,
    /// Units this node still holds.
    pub held: u32,
    /// When it is asked, by Redis' clock as far as this node knows it.
    pub asked_at_us: i64,
    pub(super) asked_wall_us: i64,
    pub(super) asked_tick_us: i64,
}

/// What this node can say by itself about a call.
#[derive(Debug)]
pub enum Screened {
    /// Admitted, with units in hand.
    Held(Outcome),
    /// Refused, as Redis would.
    Refused(Outcome),
    /// Only Redis knows.
    Open,
}

/// A decision about one call.
#[derive(Debug)]
pub struct Outcome {
    /// Whether the call was charged.
    pub admitted: bool,
    /// Units that were charged, or would have been.
    pub units: u32,
    /// When it was decided.
    pub at_us: i64,
    /// A moment of the day the units were charged in.
    pub day_us: i64,
    pub(super) terms: Arc<Terms>,
    pub(super) levels: Vec<Level>,
}

impl Outcome {
    /// Why and for how many microseconds the call is refused; of several policies, the one with the longest window.
    pub fn refusal(&self) -> (Cause, i64) {
        let policies = || self.terms.plan.policies.iter().zip(&self.levels).filter(|(policy, _)| !policy.shadow);
        let refusing = || policies().filter(|(_, level)| level.retry_us > 0);
        let window_s = refusing().map(|(policy, _)| policy.span.seconds()).max().unwrap_or(0);
        (Cause::of_window(window_s), refusing().map(|(_, level)| level.retry_us).max().unwrap_or(0))
    }

    /// Shadow policies that would have refused what was admitted.
    pub fn shadow(&self) -> Vec<Arc<str>> {
        if !self.terms.shadows || !self.admitted || self.units == 0 {
            return Vec::new();
        }
        let policies = self.terms.plan.policies.iter().zip(&self.levels);
        policies
            .filter(|(policy, level)| policy.shadow && level.retry_us > 0)
            .map(|(policy, _)| policy.name.clone())
            .collect()
    }

    /// Whether most of a day is used.
    pub fn is_near(&self) -> bool {
        self.admitted && self.levels.iter().enumerate().any(|(at, level)| near::is_near(&self.terms, at, level))
    }

    /// What is left.
    pub fn standing(self, in_flight: u32) -> Standing {
        Standing { terms: self.terms, levels: self.levels, in_flight }
    }
}

impl Account {
    /// An account that has spent nothing.
    pub fn new(partner: &PartnerId, mode: Mode, plan: &Arc<Plan>, clock: Clock) -> Self {
        let terms = Terms::of(Arc::clone(plan), partner, mode, clock.now_ms() * 1_000);
        let books = Books::of(terms, &clock);
        Self {
            mode,
            clock,
            in_flight: AtomicU32::new(0),
            waiting: AtomicU32::new(0),
            turn: tokio::sync::Mutex::default(),
            listed: AtomicBool::new(false),
            books: Mutex::new(books),
        }
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

    /// The first look at a call: counts it as wanted and turns floods away, then as `screen_again`.
    pub fn screen(&self, plan: &Arc<Plan>, cost: u32, nodes: u32) -> Screened {
        let (mut books, now_us) = self.open(plan);
        let units = books.units(cost);
        if let Err(flooded) = books.flood.pass(units) {
            return Screened::Refused(books.turn_away(flooded, units, now_us));
        }
        books.demand.note(units, self.clock.ticks_us());
        books.screen(units, now_us, self.clock.ticks_us(), nodes)
    }

    /// Whether a call can be decided with what this node holds and knows by now.
    pub fn screen_again(&self, plan: &Arc<Plan>, cost: u32, nodes: u32) -> Screened {
        let (mut books, now_us) = self.open(plan);
        let units = books.units(cost);
        books.screen(units, now_us, self.clock.ticks_us(), nodes)
    }

    /// What to ask Redis for a call, and ahead for those that wait and are to come.
    pub fn question(&self, plan: &Arc<Plan>, cost: u32, nodes: u32) -> Question {
        let (mut books, now_us) = self.open(plan);
        let units = books.units(cost);
        let more = books.demand.ahead().max(self.waiting.load(Ordering::Relaxed));
        books.question(Spend { more, nodes, ..Spend::of(units) }, now_us, self.clock.ticks_us())
    }

    /// A question that spends nothing; none when Redis told less than `fresh_us` ago.
    pub fn look(&self, plan: &Arc<Plan>, fresh_us: i64) -> Option<Question> {
        let (mut books, now_us) = self.open(plan);
        let fresh = (0..fresh_us).contains(&(now_us - books.told_at_us));
        (!fresh).then(|| books.question(Spend::default(), now_us, self.clock.ticks_us()))
    }

    /// A question that hands back what is held, if the account is quiet; the second says whether any is left to watch.
    pub fn hand_back(&self) -> (Option<Question>, bool) {
        let tick_us = self.clock.ticks_us();
        let mut books = self.lock();
        let now_us = self.clock.now_ms() * 1_000 + books.ahead_us;
        let units = books.lease.give_up(tick_us);
        if units == 0 {
            return (None, books.lease.held(tick_us) > 0);
        }
        let from_us = books.lease.since_us();
        books.owe(units, now_us, from_us);
        (Some(books.question(Spend::default(), now_us, tick_us)), false)
    }

    /// Takes over what Redis decided.
    pub fn settle(&self, question: Question, decision: Decision) -> Outcome {
        let mut books = self.lock();
        let Question { terms, spend, asked_at_us, asked_wall_us, asked_tick_us, .. } = question;
        let ahead = decision.units.saturating_sub(spend.cost);
        let same_plan = Arc::ptr_eq(&terms.plan, &books.terms.plan) && decision.levels.len() == books.marks.len();
        books.ahead_us = decision.now_us - asked_wall_us;
        if same_plan {
            let mark = |(rule, level): (&Rule, &Level)| Mark {
                at_us: decision.now_us + level.reset_us,
                spent: if rule.is_daily() { rule.burst.saturating_sub(level.remaining) } else { 0 },
                interval_us: rule.interval_us,
            };
            books.marks = terms.rules.iter().zip(&decision.levels).map(mark).collect();
            books.told = books.marks.clone();
            books.told_at_us = asked_at_us;
            if spend.more > 0 {
                books.scarce = ahead < spend.more.div_ceil(4);
            }
        }
        if ahead > 0 && same_plan {
            books.take_in(&terms, &decision, spend.cost, asked_tick_us);
        } else if ahead > 0 {
            // Taken under a plan that does not hold any more: not to be used, and given back with the next question.
            books.owe(ahead, decision.now_us, decision.now_us);
        }
        if !decision.admitted {
            books.flood.give_back(spend.cost);
        }
        let mut levels = decision.levels;
        add_in_hand(&terms, &mut levels, books.lease.held(asked_tick_us));
        let (at_us, units) = (decision.now_us, spend.cost);
        Outcome { admitted: decision.admitted, units, at_us, day_us: at_us, terms, levels }
    }

    /// Redis was not told what the question settles: the next one does.
    pub fn not_told(&self, question: &Question) {
        self.lock().not_told(question);
    }

    /// Decides on this node's share of the plan what Redis did not answer.
    pub fn settle_here(&self, plan: &Arc<Plan>, question: &Question, nodes: u32) -> Outcome {
        let (mut books, now_us) = self.open(plan);
        books.not_told(question);
        let outcome = books.charge_share(question.spend.cost, now_us, nodes);
        books.debt = books.debt.saturating_add(if outcome.admitted { outcome.units } else { 0 });
        outcome
    }

    /// Gives back what a call was charged on this node's own count.
    pub fn give_back(&self, units: u32, day_us: i64) {
        self.lock().give_back(units, day_us, 1);
    }

    /// Gives back what a call was charged to this node's share.
    pub fn give_back_to_share(&self, units: u32, day_us: i64, nodes: u32) {
        let mut books = self.lock();
        books.debt = books.debt.saturating_sub(units);
        books.give_back(units, day_us, nodes.max(1));
    }

    /// Gives back what a call was charged in Redis: to what is held, or with the next question.
    pub fn give_back_to_redis(&self, units: u32, charged_at_us: i64, day_us: i64) {
        let tick_us = self.clock.ticks_us();
        let mut books = self.lock();
        if books.lease.put_back(units, day_us, tick_us) {
            books.flood.give_back(units);
            books.backed.iter_mut().for_each(|backed| *backed += units);
        } else {
            books.give_back(units, day_us, 1);
            books.owe(units, charged_at_us, day_us);
        }
    }

    /// Days that run out by this decision and were not noticed before.
    pub fn near(&self, outcome: &Outcome) -> Vec<Near> {
        let mut books = self.lock();
        let mut noticed = Vec::new();
        for (at, level) in outcome.levels.iter().enumerate() {
            let ends_us = outcome.at_us + level.reset_us;
            let told = books.near_told.get_mut(at).filter(|told| !same_end(**told, ends_us));
            if let (true, Some(told)) = (near::is_near(&outcome.terms, at, level), told) {
                *told = ends_us;
                noticed.extend(near::of(&outcome.terms, self.mode, at, level, outcome.at_us));
            }
        }
        noticed
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

    /// Says that a call of this cost waits for the question under way, until the returned value is dropped.
    pub fn wait(&self, cost: u32) -> Waiting<'_> {
        self.waiting.fetch_add(cost, Ordering::Relaxed);
        Waiting { account: self, units: cost }
    }

    /// The moment at which nothing spent is left to remember, on this node's clock.
    pub fn blank_at_us(&self) -> i64 {
        let books = self.lock();
        let spent = books.marks.iter().filter(|mark| mark.interval_us > 0 || mark.spent > 0);
        spent.map(|mark| mark.at_us - books.ahead_us).max().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books under this plan and on this day, and the time.
    fn open(&self, plan: &Arc<Plan>) -> (MutexGuard<'_, Books>, i64) {
        let mut books = self.lock();
        let now_us = self.clock.now_ms() * 1_000 + books.ahead_us;
        if !Arc::ptr_eq(&books.plan, plan) {
            if books.plan != *plan {
                let terms = Terms::of(Arc::clone(plan), &books.terms.partner, self.mode, now_us);
                books.change(terms, now_us, &self.clock);
            }
            books.plan = Arc::clone(plan);
        }
        if let Some(terms) = books.terms.renewed(now_us) {
            books.terms = Arc::new(terms);
        }
        (books, now_us)
    }
}

/// Whether two ends are of one day, though one may have been told by a clock that is a little off.
fn same_end(one_us: i64, other_us: i64) -> bool {
    (one_us - other_us).abs() < 3_600_000_000
}

/// A call that waits for another's question.
#[derive(Debug)]
pub struct Waiting<'a> {
    account: &'a Account,
    units: u32,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.account.waiting.fetch_sub(self.units, Ordering::Relaxed);
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

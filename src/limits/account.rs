//! What one partner has spent in one mode, as far as this node knows: alone in charge without Redis; with Redis a
//! copy of what Redis last said, which refuses what Redis would refuse, uses up what it gave ahead, and takes over when
//! it is gone. Asks nobody; `Limits` carries questions to Redis.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::flood::{Flood, Flooded};
use super::lease::{Demand, LASTS_US, Lease};
use super::near::{self, Near};
use super::standing::Standing;
use super::tally::Cause;
use super::terms::Terms;
use crate::clock::Clock;
use crate::counters::gcra::{self, Level, Mark, Rule, Spend};
use crate::counters::rate::Decision;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::{Plan, Policy};

/// A busy account that finds its bucket empty asks again when so many units a node must have come back, not for each.
const GATHERED_PER_NODE: u32 = 4;

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

#[derive(Debug)]
struct Books {
    terms: Arc<Terms>,
    /// The plan as last handed in: as good as the one in `terms`, though it may be another copy.
    plan: Arc<Plan>,
    /// How far Redis' clock is before this node's, as its last answer showed; all moments here are by Redis' clock.
    ahead_us: i64,
    /// One mark per policy.
    marks: Vec<Mark>,
    /// The same as Redis last told, without what was decided here since.
    told: Vec<Mark>,
    flood: Flood,
    lease: Lease,
    /// For each shadow policy: how many of the units in hand it had room for.
    backed: Vec<u32>,
    /// For each day policy: the end of the last day that was noticed to run out.
    near_told: Vec<i64>,
    demand: Demand,
    /// Redis gave much less ahead than was asked for: the bucket is nearly empty.
    scarce: bool,
    /// Units that Redis was charged and has yet to be told to give back.
    owed: u32,
    owed_since_us: i64,
    /// A moment of the first day they were charged in.
    owed_day_us: i64,
    /// Units that were admitted while Redis could not be told.
    debt: u32,
    /// When Redis last told where the policies stand.
    told_at_us: i64,
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
    asked_wall_us: i64,
    asked_tick_us: i64,
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
    terms: Arc<Terms>,
    levels: Vec<Level>,
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
        let terms = Arc::new(Terms::of(Arc::clone(plan), partner, mode, clock.now_ms() * 1_000));
        let books = Books {
            flood: Flood::of(&terms.rules, &clock),
            marks: vec![Mark::default(); terms.rules.len()],
            told: vec![Mark::default(); terms.rules.len()],
            plan: Arc::clone(plan),
            ahead_us: 0,
            lease: Lease::default(),
            backed: vec![0; terms.rules.len()],
            near_told: vec![0; terms.rules.len()],
            demand: Demand::default(),
            scarce: false,
            owed: 0,
            owed_since_us: 0,
            owed_day_us: 0,
            debt: 0,
            told_at_us: 0,
            terms,
        };
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
        let from_us = books.lease.from_us();
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

impl Books {
    fn units(&self, cost: u32) -> u32 {
        cost.min(self.terms.most_per_call)
    }

    fn screen(&mut self, units: u32, now_us: i64, tick_us: i64, nodes: u32) -> Screened {
        let held = self.lease.held(tick_us);
        if self.lease.take(units, tick_us) {
            let mut levels = self.levels(now_us, tick_us);
            self.use_backed(units, held, &mut levels);
            let (terms, day_us) = (Arc::clone(&self.terms), self.lease.from_us());
            return Screened::Held(Outcome { admitted: true, units, at_us: now_us, day_us, terms, levels });
        }
        let gathered = if self.scarce { self.gathered(nodes) } else { 0 };
        if gcra::admits(&self.terms.rules, &self.marks, now_us, units.max(gathered)) {
            return Screened::Open;
        }
        let mut refused = self.look_at(units.max(gathered), now_us);
        refused.units = units;
        self.flood.give_back(units);
        Screened::Refused(refused)
    }

    /// Takes in what Redis gave ahead. Nothing outlasts the day it was charged to: what is still held from another is
    /// dropped, and what is given now ends with the day.
    fn take_in(&mut self, terms: &Terms, decision: &Decision, cost: u32, asked_tick_us: i64) {
        let days = || terms.rules.iter().zip(&decision.levels).filter(|(rule, _)| rule.is_daily());
        let from_us = self.lease.from_us();
        if !days().all(|(rule, _)| rule.day_has(decision.now_us, from_us)) {
            self.lease.end(asked_tick_us);
        }
        let fresh = self.lease.held(asked_tick_us) == 0;
        let lasts_us = days().map(|(_, level)| level.reset_us).fold(LASTS_US, i64::min);
        self.lease.add(decision.units.saturating_sub(cost), decision.now_us, asked_tick_us, lasts_us);
        for (backed, level) in self.backed.iter_mut().zip(&decision.levels) {
            let of_the_call = if level.retry_us == 0 { cost } else { 0 };
            *backed = if fresh { 0 } else { *backed } + level.charged.saturating_sub(of_the_call);
        }
    }

    /// Notes which shadow policies had room for units that are used now, out of so many in hand.
    fn use_backed(&mut self, units: u32, held: u32, levels: &mut [Level]) {
        if !self.terms.shadows {
            return;
        }
        for ((rule, backed), level) in self.terms.rules.iter().zip(&mut self.backed).zip(levels) {
            *backed = (*backed).min(held);
            match backed.checked_sub(units) {
                Some(left) => *backed = left,
                None if rule.shadow => level.retry_us = level.retry_us.max(1),
                None => {}
            }
        }
    }

    /// How much must have come back before a busy account asks again; never so much that a bucket could overflow
    /// meanwhile.
    fn gathered(&self, nodes: u32) -> u32 {
        let ahead = self.demand.ahead();
        ahead.min(GATHERED_PER_NODE.saturating_mul(nodes)).min(self.terms.most_per_call / 4)
    }

    /// What is left, and in hand.
    fn levels(&mut self, now_us: i64, tick_us: i64) -> Vec<Level> {
        let held = self.lease.held(tick_us);
        let mut levels = gcra::spend(&self.terms.rules, &mut self.marks, now_us, Spend::default(), &[]).levels;
        add_in_hand(&self.terms, &mut levels, held);
        levels
    }

    /// Where the rules stand for a call that is refused.
    fn look_at(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        let taken = gcra::spend(&terms.rules, &mut self.marks.clone(), now_us, Spend::of(units), &[]);
        Outcome { admitted: false, units, at_us: now_us, day_us: now_us, terms, levels: taken.levels }
    }

    /// Charges a call that passed the pre-filter; tells the pre-filter when it was not charged.
    fn charge(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        self.charge_by(&terms.rules, units, now_us)
    }

    /// The same by this node's share; a call dearer than the share's smallest burst is charged that.
    fn charge_share(&mut self, units: u32, now_us: i64, nodes: u32) -> Outcome {
        let share: Vec<_> = self.terms.rules.iter().map(|rule| rule.share_of(nodes)).collect();
        let most = share.iter().filter(|rule| !rule.shadow).map(|rule| rule.burst).min().unwrap_or(u32::MAX);
        self.flood.give_back(units.saturating_sub(most));
        // What is out counts against the share as it counts against the whole: time for time, not unit for unit.
        let terms = Arc::clone(&self.terms);
        self.count_by(&terms.rules, &share, now_us);
        let outcome = self.charge_by(&share, units.min(most), now_us);
        self.count_by(&share, &terms.rules, now_us);
        outcome
    }

    /// Calls the marks of some rules those of others.
    fn count_by(&mut self, from: &[Rule], to: &[Rule], now_us: i64) {
        for ((from, to), mark) in from.iter().zip(to).zip(&mut self.marks) {
            *mark = Mark { interval_us: to.interval_us, ..from.taken_over(*mark, now_us) };
        }
    }

    fn charge_by(&mut self, rules: &[Rule], units: u32, now_us: i64) -> Outcome {
        let taken = gcra::spend(rules, &mut self.marks, now_us, Spend::of(units), &[]);
        if !taken.admitted {
            self.flood.give_back(units);
        }
        let terms = Arc::clone(&self.terms);
        Outcome { admitted: taken.admitted, units, at_us: now_us, day_us: now_us, terms, levels: taken.levels }
    }

    /// Gives units back that counted so many times; to a day only what was charged to it.
    fn give_back(&mut self, units: u32, day_us: i64, times: u32) {
        self.flood.give_back(units);
        let units = units.saturating_mul(times);
        for (rule, mark) in self.terms.rules.iter().zip(&mut self.marks) {
            mark.at_us -= i64::from(units) * rule.interval_us;
            if rule.is_daily() && rule.day_has(mark.at_us - 1, day_us) {
                mark.spent = mark.spent.saturating_sub(units);
            }
        }
    }

    fn turn_away(&mut self, flooded: Flooded, units: u32, now_us: i64) -> Outcome {
        let mut outcome = self.look_at(0, now_us);
        outcome.units = units;
        if let Some(level) = outcome.levels.get_mut(flooded.rule) {
            level.retry_us = flooded.retry_us;
        }
        outcome
    }

    fn question(&mut self, spend: Spend, now_us: i64, tick_us: i64) -> Question {
        let credit = std::mem::take(&mut self.owed);
        let credit_age_us = if credit > 0 { (now_us - self.owed_since_us).max(0) } else { 0 };
        let debt = std::mem::take(&mut self.debt);
        let credit_day_us = self.owed_day_us;
        let (spend, held) = (Spend { credit, credit_age_us, credit_day_us, debt, ..spend }, self.lease.held(tick_us));
        let (terms, told) = (Arc::clone(&self.terms), self.told.clone());
        let asked_wall_us = now_us - self.ahead_us;
        Question { terms, told, spend, held, asked_at_us: now_us, asked_wall_us, asked_tick_us: tick_us }
    }

    fn not_told(&mut self, question: &Question) {
        let Spend { credit, credit_age_us, credit_day_us, .. } = question.spend;
        self.owe(credit, question.asked_at_us - credit_age_us, credit_day_us);
        self.debt = self.debt.saturating_add(question.spend.debt);
    }

    fn owe(&mut self, units: u32, since_us: i64, day_us: i64) {
        if units > 0 {
            let first = self.owed == 0;
            self.owed_since_us = if first { since_us } else { self.owed_since_us.min(since_us) };
            self.owed_day_us = if first { day_us } else { self.owed_day_us.min(day_us) };
            self.owed = self.owed.saturating_add(units);
        }
    }

    /// Goes on under another plan. Policies of the same name keep the units that are out (`counters::gcra`), and units
    /// that were taken ahead under the old plan are not used any more.
    fn change(&mut self, terms: Terms, now_us: i64, clock: &Clock) {
        let out = |(policy, rule): (&Policy, Rule)| {
            let mut old = self.terms.plan.policies.iter().zip(&self.marks);
            let mark = old.find(|(old, _)| old.name == policy.name).map_or(Mark::default(), |(_, mark)| *mark);
            rule.taken_over(mark, now_us)
        };
        self.marks = terms.policies().map(out).collect();
        self.told.clone_from(&self.marks);
        let (held, from_us) = (self.lease.end(clock.ticks_us()), self.lease.from_us());
        self.owe(held, now_us, from_us);
        self.flood = Flood::of(&terms.rules, clock);
        self.backed = vec![0; terms.rules.len()];
        self.near_told = vec![0; terms.rules.len()];
        self.terms = Arc::new(terms);
    }
}

/// Units in hand are left as much as those in the bucket.
fn add_in_hand(terms: &Terms, levels: &mut [Level], held: u32) {
    for (rule, level) in terms.rules.iter().zip(levels) {
        level.remaining = level.remaining.saturating_add(held).min(rule.burst);
    }
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

//! What one partner has spent in one mode, as far as this node knows: alone in charge without Redis; with Redis a
//! copy of what Redis last said, which refuses what Redis would refuse, uses up what it gave ahead, and takes over when
//! it is gone. Asks nobody; `Limits` carries questions to Redis.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::flood::{Flood, Flooded};
use super::lease::{Demand, Lease};
use super::standing::Standing;
use super::tally::Cause;
use super::terms::Terms;
use crate::clock::Clock;
use crate::counters::gcra::{self, Level, Mark, Rule, Spend};
use crate::counters::rate::Decision;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::Plan;

/// A busy account that finds its bucket empty asks again when so many units a node must have come back, not for each.
const GATHERED_PER_NODE: u32 = 4;

/// One partner in one mode.
#[derive(Debug)]
pub struct Account {
    partner: PartnerId,
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
    /// One mark per policy, on this node's clock.
    marks: Vec<Mark>,
    /// The same as Redis last told, without what was decided here since.
    told: Vec<Mark>,
    flood: Flood,
    lease: Lease,
    demand: Demand,
    /// Redis gave much less ahead than was asked for: the bucket is nearly empty.
    scarce: bool,
    /// Units that Redis was charged and has yet to be told to give back.
    owed: u32,
    owed_since_us: i64,
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
    /// When it is asked, on this node's clock.
    pub asked_at_us: i64,
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
    pub fn new(partner: PartnerId, mode: Mode, plan: &Arc<Plan>, clock: Clock) -> Self {
        let terms = Arc::new(Terms::of(Arc::clone(plan), partner.as_str(), mode));
        let books = Books {
            flood: Flood::of(&terms.rules, &clock),
            marks: vec![Mark::default(); terms.rules.len()],
            told: vec![Mark::default(); terms.rules.len()],
            terms,
            plan: Arc::clone(plan),
            lease: Lease::default(),
            demand: Demand::default(),
            scarce: false,
            owed: 0,
            owed_since_us: 0,
            debt: 0,
            told_at_us: 0,
        };
        Self {
            partner,
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
        let (now_us, tick_us) = (self.clock.now_ms() * 1_000, self.clock.ticks_us());
        let mut books = self.lock();
        let units = books.lease.give_up(tick_us);
        if units == 0 {
            return (None, books.lease.held(tick_us) > 0);
        }
        books.owe(units, now_us);
        (Some(books.question(Spend::default(), now_us, tick_us)), false)
    }

    /// Takes over what Redis decided.
    pub fn settle(&self, question: Question, decision: Decision) -> Outcome {
        let mut books = self.lock();
        let Question { terms, spend, asked_at_us, asked_tick_us, .. } = question;
        let ahead = decision.units.saturating_sub(spend.cost);
        if Arc::ptr_eq(&terms, &books.terms) && decision.levels.len() == books.marks.len() {
            // Counted from when Redis was asked, so that this node never refuses longer than Redis would.
            for ((rule, mark), level) in terms.rules.iter().zip(&mut books.marks).zip(&decision.levels) {
                let spent = if rule.is_daily() { rule.burst.saturating_sub(level.remaining) } else { 0 };
                *mark = Mark { at_us: asked_at_us + level.reset_us, spent };
            }
            books.told = books.marks.clone();
            books.told_at_us = asked_at_us;
            if spend.more > 0 {
                books.scarce = ahead < spend.more.div_ceil(4);
            }
        }
        if ahead > 0 {
            books.lease.add(ahead, asked_tick_us);
        }
        if !decision.admitted {
            books.flood.give_back(spend.cost);
        }
        let mut levels = decision.levels;
        add_in_hand(&terms, &mut levels, books.lease.held(asked_tick_us));
        Outcome { admitted: decision.admitted, units: spend.cost, at_us: asked_at_us, terms, levels }
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
    pub fn give_back(&self, units: u32) {
        self.lock().give_back(units, 1);
    }

    /// Gives back what a call was charged to this node's share.
    pub fn give_back_to_share(&self, units: u32, nodes: u32) {
        let mut books = self.lock();
        books.debt = books.debt.saturating_sub(units);
        books.give_back(units, nodes.max(1));
    }

    /// Gives back what a call was charged in Redis: to what is held, or with the next question.
    pub fn give_back_to_redis(&self, units: u32, charged_at_us: i64) {
        let tick_us = self.clock.ticks_us();
        let mut books = self.lock();
        if books.lease.put_back(units, tick_us) {
            books.flood.give_back(units);
        } else {
            books.give_back(units, 1);
            books.owe(units, charged_at_us);
        }
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

    /// The moment at which nothing spent is left to remember.
    pub fn blank_at_us(&self) -> i64 {
        self.lock().marks.iter().map(|mark| mark.at_us).max().unwrap_or(0)
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The books under this plan, and the time.
    fn open(&self, plan: &Arc<Plan>) -> (MutexGuard<'_, Books>, i64) {
        let mut books = self.lock();
        if !Arc::ptr_eq(&books.plan, plan) {
            if books.plan != *plan {
                books.change(Terms::of(Arc::clone(plan), self.partner.as_str(), self.mode), &self.clock);
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

    fn screen(&mut self, units: u32, now_us: i64, tick_us: i64, nodes: u32) -> Screened {
        if self.lease.take(units, tick_us) {
            let levels = self.levels(now_us, tick_us);
            return Screened::Held(Outcome {
                admitted: true,
                units,
                at_us: now_us,
                terms: Arc::clone(&self.terms),
                levels,
            });
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
        Outcome { admitted: false, units, at_us: now_us, terms, levels: taken.levels }
    }

    /// Charges a call that passed the pre-filter; tells the pre-filter when it was not charged.
    fn charge(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        self.charge_by(&terms.rules, units, now_us)
    }

    /// The same by this node's share; a call dearer than the share's smallest burst is charged that.
    fn charge_share(&mut self, units: u32, now_us: i64, nodes: u32) -> Outcome {
        let share: Vec<_> = self.terms.rules.iter().map(|rule| rule.share_of(nodes)).collect();
        let most = share.iter().map(|rule| rule.burst).min().unwrap_or(u32::MAX);
        self.flood.give_back(units.saturating_sub(most));
        self.charge_by(&share, units.min(most), now_us)
    }

    fn charge_by(&mut self, rules: &[Rule], units: u32, now_us: i64) -> Outcome {
        let taken = gcra::spend(rules, &mut self.marks, now_us, Spend::of(units), &[]);
        if !taken.admitted {
            self.flood.give_back(units);
        }
        let terms = Arc::clone(&self.terms);
        Outcome { admitted: taken.admitted, units, at_us: now_us, terms, levels: taken.levels }
    }

    /// Gives units back that counted so many times.
    fn give_back(&mut self, units: u32, times: u32) {
        self.flood.give_back(units);
        let units = units.saturating_mul(times);
        for (rule, mark) in self.terms.rules.iter().zip(&mut self.marks) {
            mark.at_us -= i64::from(units) * rule.interval_us;
            mark.spent = mark.spent.saturating_sub(units);
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
        let (spend, held) = (Spend { credit, credit_age_us, debt, ..spend }, self.lease.held(tick_us));
        let (terms, told) = (Arc::clone(&self.terms), self.told.clone());
        Question { terms, told, spend, held, asked_at_us: now_us, asked_tick_us: tick_us }
    }

    fn not_told(&mut self, question: &Question) {
        self.owe(question.spend.credit, question.asked_at_us - question.spend.credit_age_us);
        self.debt = self.debt.saturating_add(question.spend.debt);
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
            let mut old = self.terms.plan.policies.iter().zip(&self.marks);
            old.find(|(policy, _)| &*policy.name == name).map_or(Mark::default(), |(_, mark)| *mark)
        };
        self.marks = terms.plan.policies.iter().map(|policy| spent(&policy.name)).collect();
        self.told.clone_from(&self.marks);
        self.flood = Flood::of(&terms.rules, clock);
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

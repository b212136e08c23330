//! The books of one account: where each policy stands, what is held ahead, what is owed. Says what this node can say by
//! itself and what is to be asked; who asks is `account` and `Limits`.

use std::sync::Arc;

use super::account::{Outcome, Question, Screened};
use super::flood::{Flood, Flooded};
use super::lease::{Demand, LASTS_US, Lease};
use super::terms::Terms;
use crate::clock::Clock;
use crate::counters::gcra::{self, Level, Mark, Rule, Spend};
use crate::counters::rate::Decision;
use crate::model::plan::{Plan, Policy};

/// A busy account that finds its bucket empty asks again when so many units a node must have come back, not for each.
const GATHERED_PER_NODE: u32 = 4;

/// The books of one account.
#[derive(Debug)]
pub(super) struct Books {
    pub terms: Arc<Terms>,
    /// The plan as last handed in: as good as the one in `terms`, though it may be another copy.
    pub plan: Arc<Plan>,
    /// How far Redis' clock is before this node's, as its last answer showed; all moments here are by Redis' clock.
    pub ahead_us: i64,
    /// One mark per policy.
    pub marks: Vec<Mark>,
    /// The same as Redis last told, without what was decided here since.
    pub told: Vec<Mark>,
    pub flood: Flood,
    pub lease: Lease,
    /// For each shadow policy: how many of the units in hand it had room for.
    pub backed: Vec<u32>,
    /// For each day policy: the end of the last day that was noticed to run out.
    pub near_told: Vec<i64>,
    pub demand: Demand,
    /// Redis gave much less ahead than was asked for: the bucket is nearly empty.
    pub scarce: bool,
    /// Units that Redis was charged and has yet to be told to give back.
    pub owed: u32,
    pub owed_since_us: i64,
    /// A moment of the first day they were charged in.
    pub owed_day_us: i64,
    /// Units that were admitted while Redis could not be told.
    pub debt: u32,
    /// When Redis last told where the policies stand.
    pub told_at_us: i64,
}

impl Books {
    /// Books in which nothing is spent.
    pub fn of(terms: Terms, clock: &Clock) -> Self {
        Self {
            flood: Flood::of(&terms.rules, clock),
            marks: vec![Mark::default(); terms.rules.len()],
            told: vec![Mark::default(); terms.rules.len()],
            plan: Arc::clone(&terms.plan),
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
            terms: Arc::new(terms),
        }
    }

    pub fn units(&self, cost: u32) -> u32 {
        cost.min(self.terms.most_per_call)
    }

    pub fn screen(&mut self, units: u32, now_us: i64, tick_us: i64, nodes: u32) -> Screened {
        let held = self.lease.held(tick_us);
        if self.lease.take(units, tick_us) {
            let mut levels = self.levels(now_us, tick_us);
            self.use_backed(units, held, &mut levels);
            let (terms, day_us) = (Arc::clone(&self.terms), self.lease.since_us());
            return Screened::Held(Outcome { admitted: true, units, at_us: now_us, day_us, terms, levels });
        }
        let gathered = if self.scarce { self.gathered(nodes) } else { 0 };
        // A day gives nothing back that could be waited for: its last units are there to be used.
        let mut rules = self.terms.rules.iter().zip(&self.marks);
        let short_day = rules.any(|(rule, mark)| rule.is_daily() && !rule.admits(*mark, now_us, units.max(gathered)));
        let gathered = if short_day { 0 } else { gathered };
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
    pub fn take_in(&mut self, terms: &Terms, decision: &Decision, cost: u32, asked_tick_us: i64) {
        let days = || terms.rules.iter().zip(&decision.levels).filter(|(rule, _)| rule.is_daily());
        let from_us = self.lease.since_us();
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
    pub fn use_backed(&mut self, units: u32, held: u32, levels: &mut [Level]) {
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
    pub fn gathered(&self, nodes: u32) -> u32 {
        let ahead = self.demand.ahead();
        ahead.min(GATHERED_PER_NODE.saturating_mul(nodes)).min(self.terms.most_per_call / 4)
    }

    /// What is left, and in hand.
    pub fn levels(&mut self, now_us: i64, tick_us: i64) -> Vec<Level> {
        let held = self.lease.held(tick_us);
        let mut levels = gcra::spend(&self.terms.rules, &mut self.marks, now_us, Spend::default(), &[]).levels;
        add_in_hand(&self.terms, &mut levels, held);
        levels
    }

    /// Where the rules stand for a call that is refused.
    pub fn look_at(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        let taken = gcra::spend(&terms.rules, &mut self.marks.clone(), now_us, Spend::of(units), &[]);
        Outcome { admitted: false, units, at_us: now_us, day_us: now_us, terms, levels: taken.levels }
    }

    /// Charges a call that passed the pre-filter; tells the pre-filter when it was not charged.
    pub fn charge(&mut self, units: u32, now_us: i64) -> Outcome {
        let terms = Arc::clone(&self.terms);
        self.charge_by(&terms.rules, units, now_us)
    }

    /// The same by this node's share; a call dearer than the share's smallest burst is charged that.
    pub fn charge_share(&mut self, units: u32, now_us: i64, nodes: u32) -> Outcome {
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
    pub fn count_by(&mut self, from: &[Rule], to: &[Rule], now_us: i64) {
        for ((from, to), mark) in from.iter().zip(to).zip(&mut self.marks) {
            *mark = Mark { interval_us: to.interval_us, ..from.taken_over(*mark, now_us) };
        }
    }

    pub fn charge_by(&mut self, rules: &[Rule], units: u32, now_us: i64) -> Outcome {
        let taken = gcra::spend(rules, &mut self.marks, now_us, Spend::of(units), &[]);
        if !taken.admitted {
            self.flood.give_back(units);
        }
        let terms = Arc::clone(&self.terms);
        Outcome { admitted: taken.admitted, units, at_us: now_us, day_us: now_us, terms, levels: taken.levels }
    }

    /// Gives units back that counted so many times; to a day only what was charged to it.
    pub fn give_back(&mut self, units: u32, day_us: i64, times: u32) {
        self.flood.give_back(units);
        let units = units.saturating_mul(times);
        for (rule, mark) in self.terms.rules.iter().zip(&mut self.marks) {
            mark.at_us -= i64::from(units) * rule.interval_us;
            if rule.is_daily() && rule.day_has(mark.at_us - 1, day_us) {
                mark.spent = mark.spent.saturating_sub(units);
            }
        }
    }

    pub fn turn_away(&mut self, flooded: Flooded, units: u32, now_us: i64) -> Outcome {
        let mut outcome = self.look_at(0, now_us);
        outcome.units = units;
        if let Some(level) = outcome.levels.get_mut(flooded.rule) {
            level.retry_us = flooded.retry_us;
        }
        outcome
    }

    pub fn question(&mut self, spend: Spend, now_us: i64, tick_us: i64) -> Question {
        let credit = std::mem::take(&mut self.owed);
        let credit_age_us = if credit > 0 { (now_us - self.owed_since_us).max(0) } else { 0 };
        let debt = std::mem::take(&mut self.debt);
        let credit_day_us = self.owed_day_us;
        let (spend, held) = (Spend { credit, credit_age_us, credit_day_us, debt, ..spend }, self.lease.held(tick_us));
        let (terms, told) = (Arc::clone(&self.terms), self.told.clone());
        let asked_wall_us = now_us - self.ahead_us;
        Question { terms, told, spend, held, asked_at_us: now_us, asked_wall_us, asked_tick_us: tick_us }
    }

    pub fn not_told(&mut self, question: &Question) {
        let Spend { credit, credit_age_us, credit_day_us, .. } = question.spend;
        self.owe(credit, question.asked_at_us - credit_age_us, credit_day_us);
        self.debt = self.debt.saturating_add(question.spend.debt);
    }

    pub fn owe(&mut self, units: u32, since_us: i64, day_us: i64) {
        if units > 0 {
            let first = self.owed == 0;
            self.owed_since_us = if first { since_us } else { self.owed_since_us.min(since_us) };
            self.owed_day_us = if first { day_us } else { self.owed_day_us.min(day_us) };
            self.owed = self.owed.saturating_add(units);
        }
    }

    /// Goes on under another plan. Policies of the same name keep the units that are out (`counters::gcra`), and units
    /// that were taken ahead under the old plan are not used any more.
    pub fn change(&mut self, terms: Terms, now_us: i64, clock: &Clock) {
        let out = |(policy, rule): (&Policy, Rule)| {
            let mut old = self.terms.plan.policies.iter().zip(&self.marks);
            let mark = old.find(|(old, _)| old.name == policy.name).map_or(Mark::default(), |(_, mark)| *mark);
            rule.taken_over(mark, now_us)
        };
        self.marks = terms.policies().map(out).collect();
        self.told.clone_from(&self.marks);
        let (held, from_us) = (self.lease.end(clock.ticks_us()), self.lease.since_us());
        self.owe(held, now_us, from_us);
        self.flood = Flood::of(&terms.rules, clock);
        self.backed = vec![0; terms.rules.len()];
        self.near_told = vec![0; terms.rules.len()];
        self.terms = Arc::new(terms);
    }
}

/// Units in hand are left as much as those in the bucket.
pub(super) fn add_in_hand(terms: &Terms, levels: &mut [Level], held: u32) {
    for (rule, level) in terms.rules.iter().zip(levels) {
        level.remaining = level.remaining.saturating_add(held).min(rule.burst);
    }
}

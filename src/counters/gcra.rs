//! The arithmetic of limits over several rules at once, in whole microseconds and units; `rate.lua` is its twin.
//! Pure: time is given and what is stored is handed in; who keeps the numbers is not its concern.
//!
//! A **steady** rule is GCRA and stores the theoretical arrival time (TAT), the moment its bucket is full again, and the
//! interval it was counted by. A call of `cost` units moves the TAT by `cost × interval`, and may do so as long as the
//! TAT stays within `burst × interval` of now. A **calendar** rule stores the end of the day it counts and the units
//! spent in it. All rules must admit a call, or none is charged; but for **shadow** rules, which refuse nothing: what
//! they have room for is charged to them, and what they have not is told.
//!
//! **When a rule changes**, what counts is the units that are still out: those spent that have not come back, or those
//! spent today. They stay out under the new rule, whatever it looks like. So a change gives nobody a burst anew, more
//! quota is more by just the difference, and what is out beyond the new burst is forgotten: nobody waits longer than the
//! new rule takes from empty to full, or until its day ends.
//!
//! Units taken ahead ([`Held`], the leases of all nodes) keep a bucket from filling beyond `burst − held` for as long as
//! they may be used, and from then on it fills no faster than its rate. What lies in the bucket and what may still be
//! used is therefore never more than the burst, both together only grow by the rate, and so no window sees more than
//! burst and rate allow, however late a unit is used. Nobody tells when a unit is used: it counts as held until its
//! holder asks again. A calendar rule charges them to the day they are given in, and their holder must not use them
//! after it: a lease ends with the day, and what is given back on another day is not credited to it.

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::plan::Policy;

const SECOND_US: i64 = 1_000_000;

/// When a calendar rule gives its units back: the ends of three days in a row, of which the middle one is today's by
/// the asker's clock. Whoever decides picks by its own clock, so that an asker whose clock is off does no harm.
pub type Ends = [i64; 3];

/// One rate and its tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Microseconds in which one unit comes back, rounded up, so that rounding never admits more; 0 for a calendar rule.
    pub interval_us: i64,
    /// Units that may be spent at once; of a calendar rule, in one day.
    pub burst: u32,
    /// What a unit counts in a calendar rule: more than 1 when a node only has its share.
    pub weight: u32,
    /// When a calendar rule begins anew.
    pub ends: Ends,
    /// Counts and never refuses.
    pub shadow: bool,
}

/// What is stored of a rule. All zero is untouched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// The TAT of a steady rule; the end of the counted day of a calendar rule.
    pub at_us: i64,
    /// Units spent in that day.
    pub spent: u32,
    /// The interval a TAT was counted by; 0 for a day.
    pub interval_us: i64,
}

/// Where one rule stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// Units left right now.
    pub remaining: u32,
    /// Microseconds until everything is back, if nothing more is spent.
    pub reset_us: i64,
    /// Microseconds after which the refused call would pass this rule; 0 when this rule admits it.
    pub retry_us: i64,
    /// Units charged just now: of a shadow rule perhaps fewer than of the others.
    pub charged: u32,
}

/// What a call takes, and what is settled with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Units of this call; 0 only looks.
    pub cost: u32,
    /// Units wanted on top for calls to come; fewer are given when little is left.
    pub more: u32,
    /// Units that earlier calls give back.
    pub credit: u32,
    /// Age of the oldest of them; a rule whose bucket fills in less has had them back by itself.
    pub credit_age_us: i64,
    /// A moment of the day they were charged in; of the earliest day, if there were several. Other days do not get them.
    pub credit_day_us: i64,
    /// Units that were spent while they could not be charged; charged now, at most one burst.
    pub debt: u32,
    /// Among how many nodes what is left is divided when `more` is wanted.
    pub nodes: u32,
}

/// Units that somebody took ahead, as written down when it last took some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub units: u32,
    /// Until when they may be used.
    pub until_us: i64,
}

/// What a call got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Units charged: 0 when refused, else the cost and what was given on top.
    pub units: u32,
    /// Whether the call was admitted.
    pub admitted: bool,
    /// Where each rule stands afterwards.
    pub levels: Vec<Level>,
}

impl Spend {
    /// A call alone.
    pub fn of(cost: u32) -> Self {
        Self { cost, ..Self::default() }
    }
}

impl Rule {
    /// The rule by which a partner is held to a policy at a moment, in microseconds since 1970.
    pub fn at(policy: &Policy, partner: &PartnerId, now_us: i64) -> Self {
        match ends(policy, partner, now_us) {
            Some(ends) => Self { shadow: policy.shadow, ..Self::daily(policy.allowance(), ends) },
            None => Self::of(policy),
        }
    }

    /// The steady rule of a policy; a quota or burst of nothing counts as one, a burst beyond the quota as the quota.
    pub fn of(policy: &Policy) -> Self {
        let quota = policy.quota.max(1);
        let window_us = i64::from(policy.span.seconds().max(1)) * SECOND_US;
        let interval_us = (window_us + i64::from(quota) - 1) / i64::from(quota);
        Self { interval_us, burst: policy.burst.clamp(1, quota), weight: 1, ends: [0; 3], shadow: policy.shadow }
    }

    /// A rule of so many units a day.
    pub fn daily(quota: u32, ends: Ends) -> Self {
        Self { interval_us: 0, burst: quota.max(1), weight: 1, ends, shadow: false }
    }

    /// Whether the day that it counts is the one of this moment; a steady rule holds always.
    pub fn holds_at(self, now_us: i64) -> bool {
        !self.is_daily() || (self.ends[0]..self.ends[1]).contains(&now_us)
    }

    /// What one of so many nodes may do when none knows of the others.
    pub fn share_of(self, nodes: u32) -> Self {
        let nodes = nodes.max(1);
        if self.is_daily() {
            return Self { weight: nodes, ..self };
        }
        Self { interval_us: self.interval_us * i64::from(nodes), burst: (self.burst / nodes).max(1), ..self }
    }

    /// Whether it counts days.
    pub const fn is_daily(self) -> bool {
        self.interval_us == 0
    }

    /// Microseconds from empty to full of a steady rule.
    pub const fn span_us(self) -> i64 {
        self.interval_us * self.burst as i64
    }

    /// The day that a moment falls into: when it began, as far as is known, and when it ends.
    fn day(self, now_us: i64) -> (i64, i64) {
        match self.ends {
            [first, ..] if now_us < first => (0, first),
            [first, second, _] if now_us < second => (first, second),
            [_, second, third] if now_us < third => (second, third),
            [_, second, third] => {
                // The asker's clock is days behind: days as long as the last one it knows of.
                let length = (third - second).max(1);
                let ends = third + ((now_us - third) / length + 1) * length;
                (ends - length, ends)
            }
        }
    }

    /// Whether another moment lies in the day of a moment.
    pub fn day_has(self, now_us: i64, other_us: i64) -> bool {
        let (began, ends) = self.day(now_us);
        (began..ends).contains(&other_us)
    }

    /// Units that are out by a mark, whatever rule it was counted by; not always whole.
    fn out(self, mark: Mark, now_us: i64) -> f64 {
        let left_us = (mark.at_us - now_us).max(0);
        match mark.interval_us {
            _ if left_us == 0 => 0.0,
            0 => f64::from(mark.spent),
            interval_us => left_us as f64 / interval_us as f64,
        }
    }

    /// A mark as this rule would have written it, with the same units out.
    pub fn taken_over(self, mark: Mark, now_us: i64) -> Mark {
        if self.is_daily() {
            let spent = self.out(mark, now_us).ceil().min(f64::from(u32::MAX)) as u32;
            return Mark { at_us: self.day(now_us).1, spent, interval_us: 0 };
        }
        if mark.interval_us == self.interval_us {
            return mark;
        }
        let back_us = (self.out(mark, now_us) * self.interval_us as f64).ceil().min(self.span_us() as f64) as i64;
        Mark { at_us: now_us + back_us, spent: 0, interval_us: self.interval_us }
    }

    /// The stored mark as it counts now, with what is given back and owed.
    /// A TAT is never in the past, never so near that bucket and held units exceed the burst, and never further off than
    /// an empty bucket (a clock set back, or a plan with a smaller burst).
    fn counted(self, mark: Mark, now_us: i64, spend: &Spend, held: &[Held]) -> Mark {
        let mut mark = self.taken_over(mark, now_us);
        let (credit, debt) = (i64::from(spend.credit), i64::from(spend.debt));
        if self.is_daily() {
            let credit = if self.day_has(now_us, spend.credit_day_us) { credit } else { 0 };
            let spent =
                (i64::from(mark.spent) - credit * i64::from(self.weight)).max(0) + debt * i64::from(self.weight);
            return Mark { spent: u32::try_from(spent).unwrap_or(u32::MAX).min(self.burst), ..mark };
        }
        let full = now_us + self.span_us();
        mark.at_us = mark.at_us.clamp(now_us, full);
        if spend.credit_age_us < self.span_us() {
            mark.at_us -= credit * self.interval_us;
        }
        let least = now_us + held.iter().map(|held| self.kept_empty_us(*held, now_us)).sum::<i64>();
        mark.at_us = (mark.at_us.max(least.min(full)) + debt * self.interval_us).min(full);
        mark
    }

    /// How far units that were taken ahead still keep a steady rule's bucket from being full.
    fn kept_empty_us(self, held: Held, now_us: i64) -> i64 {
        (i64::from(held.units) * self.interval_us - (now_us - held.until_us).max(0)).max(0)
    }

    /// Units that a counted mark leaves.
    fn left(self, mark: Mark, now_us: i64) -> u32 {
        let left = if self.is_daily() {
            i64::from((self.burst - mark.spent) / self.weight.max(1))
        } else {
            (self.span_us() - (mark.at_us - now_us)) / self.interval_us
        };
        u32::try_from(left).unwrap_or(0)
    }

    /// Whether it would admit a call of this cost.
    pub fn admits(self, mark: Mark, now_us: i64, cost: u32) -> bool {
        let counted = self.counted(mark, now_us, &Spend::of(cost), &[]);
        self.shadow || self.retry_us(counted, now_us, cost) == 0
    }

    /// Microseconds until a counted mark has room for the cost.
    fn retry_us(self, mark: Mark, now_us: i64, cost: u32) -> i64 {
        if self.is_daily() {
            return if self.left(mark, now_us) >= cost { 0 } else { mark.at_us - now_us };
        }
        (mark.at_us + i64::from(cost) * self.interval_us - self.span_us() - now_us).max(0)
    }

    fn charge(self, mark: &mut Mark, units: u32) {
        if self.is_daily() {
            mark.spent = mark.spent.saturating_add(units.saturating_mul(self.weight)).min(self.burst);
        } else {
            mark.at_us += i64::from(units) * self.interval_us;
        }
    }

    /// How much of what was admitted a rule is charged: all, or what a shadow rule has room for.
    fn chargeable(self, mark: Mark, now_us: i64, units: u32, spend: &Spend) -> u32 {
        if !self.shadow {
            return units;
        }
        let left = self.left(mark, now_us);
        if left < spend.cost { units.saturating_sub(spend.cost).min(left) } else { units.min(left) }
    }
}

/// When yesterday, today and tomorrow end.
fn ends(policy: &Policy, partner: &PartnerId, now_us: i64) -> Option<Ends> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let today = policy.span.day(partner, now)?;
    let tomorrow = policy.span.day(partner, today.ends)?;
    Some([today.begins, today.ends, tomorrow.ends].map(Timestamp::as_microsecond))
}

/// Whether a call of this cost would be admitted by all rules.
pub fn admits(rules: &[Rule], marks: &[Mark], now_us: i64, cost: u32) -> bool {
    rules.iter().zip(marks).all(|(rule, mark)| rule.admits(*mark, now_us, cost))
}

/// Spends on all rules or on none, and says where each stands afterwards. `marks` belong to `rules` one by one.
/// Credit and debt are settled even when the call is refused.
pub fn spend(rules: &[Rule], marks: &mut [Mark], now_us: i64, spend: Spend, held: &[Held]) -> Taken {
    for (rule, mark) in rules.iter().zip(marks.iter_mut()) {
        *mark = rule.counted(*mark, now_us, &spend, held);
    }
    let mut binding = rules.iter().zip(&*marks).filter(|(rule, _)| !rule.shadow);
    let admitted = binding.all(|(rule, mark)| rule.retry_us(*mark, now_us, spend.cost) == 0);
    let units = if admitted { spend.cost + more(rules, marks, now_us, &spend) } else { 0 };
    let levels = rules.iter().zip(marks.iter_mut()).map(|(rule, mark)| {
        let retry_us = rule.retry_us(*mark, now_us, spend.cost);
        let charged = rule.chargeable(*mark, now_us, units, &spend);
        rule.charge(mark, charged);
        Level { remaining: rule.left(*mark, now_us), reset_us: mark.at_us - now_us, retry_us, charged }
    });
    let levels = levels.collect();
    Taken { units, admitted, levels }
}

/// What is given on top: no more than this node's part of what is left, so that the last units are not lying with one
/// node while another refuses.
fn more(rules: &[Rule], marks: &[Mark], now_us: i64, spend: &Spend) -> u32 {
    let binding = rules.iter().zip(marks).filter(|(rule, _)| !rule.shadow);
    let left = binding.map(|(rule, mark)| rule.left(*mark, now_us)).min().unwrap_or(0);
    spend.more.min(left.saturating_sub(spend.cost) / spend.nodes.max(1))
}

//! The arithmetic of GCRA over several rules at once, in whole microseconds; `rate.lua` is its twin.
//! Pure: time is given and what is stored is handed in; who keeps the numbers is not its concern.
//!
//! A rule stores one number, the theoretical arrival time (TAT): the moment its bucket is full again.
//! A call of `cost` units moves the TAT by `cost × interval`, and may do so as long as the TAT stays within
//! `burst × interval` of now. All rules must admit a call, or none is charged.

use crate::model::plan::Policy;

const SECOND_US: i64 = 1_000_000;

/// One rate and its tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Microseconds in which one unit comes back; rounded up, so that rounding never admits more.
    pub interval_us: i64,
    /// Units that may be spent at once.
    pub burst: u32,
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
}

/// What a call spends, and what earlier calls give back with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// Units of this call; 0 only looks.
    pub cost: u32,
    /// Units that earlier calls of this node give back.
    pub credit: u32,
    /// Age of the oldest of them; a rule whose bucket fills in less has had them back by itself.
    pub credit_age_us: i64,
}

impl Rule {
    /// The rule of a policy; a quota or burst of nothing counts as one, a burst beyond the quota as the quota.
    pub fn of(policy: &Policy) -> Self {
        let quota = policy.quota.max(1);
        let window_us = i64::from(policy.window_s.max(1)) * SECOND_US;
        let interval_us = (window_us + i64::from(quota) - 1) / i64::from(quota);
        Self { interval_us, burst: policy.burst.clamp(1, quota) }
    }

    /// What one of so many nodes may do when none knows of the others.
    pub fn share_of(self, nodes: u32) -> Self {
        let nodes = nodes.max(1);
        Self { interval_us: self.interval_us * i64::from(nodes), burst: (self.burst / nodes).max(1) }
    }

    /// Microseconds from empty to full.
    pub const fn span_us(self) -> i64 {
        self.interval_us * self.burst as i64
    }

    /// The stored TAT as it counts now: never in the past, and never further off than an empty bucket
    /// (a clock set back, or a plan with a smaller burst).
    fn counted(self, tat_us: i64, now_us: i64, spend: Spend) -> i64 {
        let tat_us = tat_us.clamp(now_us, now_us + self.span_us());
        if spend.credit == 0 || spend.credit_age_us >= self.span_us() {
            return tat_us;
        }
        (tat_us - i64::from(spend.credit) * self.interval_us).max(now_us)
    }

    /// Microseconds until a counted TAT has room for the cost.
    fn retry_us(self, tat_us: i64, now_us: i64, cost: u32) -> i64 {
        (tat_us + i64::from(cost) * self.interval_us - self.span_us() - now_us).max(0)
    }

    fn level(self, tat_us: i64, now_us: i64, retry_us: i64) -> Level {
        let left = (self.span_us() - (tat_us - now_us)) / self.interval_us;
        Level { remaining: u32::try_from(left).unwrap_or(0), reset_us: tat_us - now_us, retry_us }
    }
}

/// Whether a call of this cost would be admitted by all rules.
pub fn admits(rules: &[Rule], tats: &[i64], now_us: i64, cost: u32) -> bool {
    let looking = Spend { cost, ..Spend::default() };
    rules.iter().zip(tats).all(|(rule, tat)| rule.retry_us(rule.counted(*tat, now_us, looking), now_us, cost) == 0)
}

/// Spends on all rules or on none, and says where each stands afterwards. `tats` belong to `rules` one by one;
/// 0 is a full bucket. Credit is given back even when the call is refused.
pub fn spend(rules: &[Rule], tats: &mut [i64], now_us: i64, spend: Spend) -> (bool, Vec<Level>) {
    for (rule, tat) in rules.iter().zip(tats.iter_mut()) {
        *tat = rule.counted(*tat, now_us, spend);
    }
    let admitted = rules.iter().zip(&*tats).all(|(rule, tat)| rule.retry_us(*tat, now_us, spend.cost) == 0);
    let levels = rules.iter().zip(tats.iter_mut()).map(|(rule, tat)| {
        let retry_us = rule.retry_us(*tat, now_us, spend.cost);
        if admitted {
            *tat += i64::from(spend.cost) * rule.interval_us;
        }
        rule.level(*tat, now_us, retry_us)
    });
    let levels = levels.collect();
    (admitted, levels)
}

//! The pre-filter: governor at a little more than a plan's shortest policy, so that a flood is turned away on
//! this node without asking anybody. Never refuses what the exact count would admit; that is `account`'s.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::counters::gcra::Rule;

/// Governor's time, taken from ours.
#[derive(Clone, Debug)]
struct Given(Clock);

impl governor::clock::Clock for Given {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(u64::try_from(self.0.now_ms()).unwrap_or(0) * 1_000_000)
    }
}

/// Governor for one account. Units that were spent here and then not charged come back in `unspent`, so that
/// over time governor sees what the exact count sees; the slack covers the moments in between.
#[derive(Debug)]
pub struct Flood {
    governor: Option<RateLimiter<NotKeyed, InMemoryState, Given, NoOpMiddleware<Nanos>>>,
    rule: usize,
    unspent: u32,
}

/// A call of a flood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flooded {
    /// The rule that stands for the refusal.
    pub rule: usize,
    /// Microseconds until the call would pass.
    pub retry_us: i64,
}

impl Flood {
    /// A quarter more than the rate and twice the burst of the rule that fills fastest.
    pub fn of(rules: &[Rule], clock: &Clock) -> Self {
        // A day has no rate, and what only counts refuses nothing.
        let steady = rules.iter().enumerate().filter(|(_, rule)| !rule.is_daily() && !rule.shadow);
        let fastest = steady.min_by_key(|(_, rule)| rule.span_us());
        let quota = fastest.and_then(|(_, rule)| {
            let interval_us = u64::try_from(rule.interval_us * 4 / 5).unwrap_or(1).max(1);
            let burst = NonZeroU32::new(rule.burst.saturating_mul(2))?;
            Some(Quota::with_period(Duration::from_micros(interval_us))?.allow_burst(burst))
        });
        let governor = quota.map(|quota| RateLimiter::direct_with_clock(quota, Given(clock.clone())));
        Self { governor, rule: fastest.map_or(0, |(at, _)| at), unspent: 0 }
    }

    /// Lets a call pass, or says when it would.
    pub fn pass(&mut self, units: u32) -> Result<(), Flooded> {
        if let Some(left) = self.unspent.checked_sub(units) {
            self.unspent = left;
            return Ok(());
        }
        let (Some(governor), Some(units)) = (&self.governor, NonZeroU32::new(units)) else { return Ok(()) };
        match governor.check_n(units) {
            Ok(Err(wait)) => {
                let wait = wait.wait_time_from(governor.clock().now());
                let retry_us = i64::try_from(wait.as_micros()).unwrap_or(i64::MAX).max(1);
                Err(Flooded { rule: self.rule, retry_us })
            }
            Ok(Ok(())) | Err(_) => Ok(()),
        }
    }

    /// Units that passed and were not charged, or were charged and given back.
    pub fn give_back(&mut self, units: u32) {
        self.unspent = self.unspent.saturating_add(units);
    }
}

//! How much of a plan is left: the numbers behind `RateLimit` and `GET /v1/limits`.

use std::sync::Arc;

use bytes::BytesMut;
use jiff::Timestamp;

use super::terms::Terms;
use crate::counters::gcra::Level;
use crate::model::plan::{CONCURRENT, Policy};
use crate::telemetry::line::digits;

/// What a partner has left at one moment.
#[derive(Clone, Debug)]
pub struct Standing {
    pub(super) terms: Arc<Terms>,
    pub(super) levels: Vec<Level>,
    pub(super) in_flight: u32,
}

/// One policy and what is left of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// Its name.
    pub name: &'a str,
    /// Units per window, with what was earned.
    pub quota: u32,
    /// Length of the window in seconds; 86,400 for a day.
    pub window_s: u32,
    /// Units that may be spent at once.
    pub burst: u32,
    /// Units left.
    pub remaining: u32,
    /// Seconds until all units are back, rounded up.
    pub resets_in_s: u64,
    /// When the day ends, if it is one.
    pub day_ends: Option<Timestamp>,
}

impl Standing {
    /// The field value of `RateLimit-Policy`.
    pub fn rate_limit_policy(&self) -> &str {
        &self.terms.policy_text
    }

    /// The field value of `RateLimit`: `"second";r=49;t=1, …, "concurrent";r=7`.
    pub fn rate_limit(&self) -> String {
        let mut text = BytesMut::new();
        self.write_rate_limit(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Writes the field value of `RateLimit`, of ASCII letters only; every answer carries it.
    pub fn write_rate_limit(&self, text: &mut BytesMut) {
        text.reserve(self.terms.policy_text.len() + 48);
        let number = |text: &mut BytesMut, number| text.extend_from_slice(digits(number, &mut [0; 20]));
        let binding =
            self.terms.quoted.iter().zip(&self.levels).zip(&self.terms.rules).filter(|(_, rule)| !rule.shadow);
        for ((name, level), _) in binding {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b";r=");
            number(text, u64::from(level.remaining));
            text.extend_from_slice(b";t=");
            number(text, seconds(level.reset_us));
            text.extend_from_slice(b", ");
        }
        text.extend_from_slice(b"\"");
        text.extend_from_slice(CONCURRENT.as_bytes());
        text.extend_from_slice(b"\";r=");
        number(text, u64::from(self.in_flight_limit().saturating_sub(self.in_flight)));
    }

    /// Every policy that partners see, with what is left of it, in the plan's order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.all_rows().filter(|row| !row.policy.shadow)
    }

    /// The same with policies that only count.
    pub fn all_rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.terms.policies().zip(&self.levels).map(|((policy, rule), level)| Row {
            policy,
            name: &policy.name,
            quota: policy.allowance(),
            window_s: policy.span.seconds(),
            burst: rule.burst,
            remaining: level.remaining,
            resets_in_s: seconds(level.reset_us),
            day_ends: rule.is_daily().then(|| Timestamp::from_microsecond(rule.ends[1]).unwrap_or_default()),
        })
    }

    /// The plan's short name.
    pub fn plan(&self) -> &str {
        &self.terms.plan.id
    }

    /// Calls of the partner that this node may answer at one time.
    pub fn in_flight_limit(&self) -> u32 {
        self.terms.plan.in_flight
    }

    /// Calls of the partner that this node is answering, this one included.
    pub fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Counts units as never spent.
    pub(super) fn give_back(&mut self, units: u32) {
        for (rule, level) in self.terms.rules.iter().zip(&mut self.levels) {
            level.remaining = level.remaining.saturating_add(units).min(rule.burst);
            level.reset_us = (level.reset_us - i64::from(units) * rule.interval_us).max(0);
        }
    }
}

/// Whole seconds, rounded up.
pub(super) fn seconds(us: i64) -> u64 {
    u64::try_from(us).unwrap_or(0).div_ceil(1_000_000)
}

//! Partners of whose day most is used up: noticed once a day by each node, to be told by whoever can tell partners.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;

use super::terms::Terms;
use crate::counters::gcra::Level;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;

/// A day counts as running out when this share of it is used, in hundredths.
pub const NEAR_PERCENT: u32 = 80;
/// So many wait to be told at most; more than a node has partners.
const MOST: usize = 100_000;

/// A day that runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// Whose.
    pub partner: PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The day policy.
    pub policy: String,
    /// The calendar day, `YYYY-MM-DD`.
    pub day: String,
    /// The plan's short name.
    pub plan: String,
    /// Units of the day.
    pub allowance: u32,
    /// Units used.
    pub used: u32,
    /// When the day ends.
    pub resets_at: Timestamp,
}

/// Days that wait to be told.
#[derive(Debug, Default)]
pub struct NearLimits(Mutex<Vec<Near>>);

impl NearLimits {
    /// Puts some on the list.
    pub fn put(&self, near: impl IntoIterator<Item = Near>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(near);
        waiting.truncate(MOST);
    }

    /// Takes all off the list.
    pub fn take(&self) -> Vec<Near> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether a rule is a day of which most is used.
pub(super) fn is_near(terms: &Terms, at: usize, level: &Level) -> bool {
    terms.rules.get(at).is_some_and(|rule| {
        let used = u64::from(rule.burst - level.remaining.min(rule.burst));
        rule.is_daily() && !rule.shadow && used * 100 >= u64::from(rule.burst) * u64::from(NEAR_PERCENT)
    })
}

/// What there is to tell of it.
pub(super) fn of(terms: &Terms, mode: Mode, at: usize, level: &Level, now_us: i64) -> Option<Near> {
    let (policy, rule) = (terms.plan.policies.get(at)?, terms.rules.get(at)?);
    let day = policy.span.day(&terms.partner, Timestamp::from_microsecond(now_us).ok()?)?;
    Some(Near {
        partner: terms.partner.clone(),
        mode,
        policy: policy.name.to_string(),
        day: day.date.to_string(),
        plan: terms.plan.id.to_string(),
        allowance: rule.burst,
        used: rule.burst.saturating_sub(level.remaining),
        resets_at: day.ends,
    })
}

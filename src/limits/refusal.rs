//! A refused call: by which policies, for how long, and with which number left.

use super::standing::{Standing, seconds};
use super::tally::Cause;
use super::terms::IN_FLIGHT;
use crate::error::{Code, Failure};

/// A call that a plan does not allow now. It cost nothing.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(super) cause: Cause,
    pub(super) cost: u32,
    pub(super) retry_us: i64,
    pub(super) standing: Standing,
}

impl Refusal {
    /// What the partner has left, for the header fields of the answer.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What refused the call; of several, the one with the longest window.
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Names of the policies that refused.
    pub fn violated(&self) -> Vec<&str> {
        if self.cause == Cause::InFlight {
            return vec![IN_FLIGHT];
        }
        let policies = self.standing.terms.plan.policies.iter().zip(&self.standing.levels);
        policies.filter(|(_, level)| level.retry_us > 0).map(|(policy, _)| &*policy.name).collect()
    }
}

impl Failure for Refusal {
    fn code(&self) -> Code {
        match self.cause {
            Cause::Second | Cause::Minute => Code::RateLimited,
            Cause::Day => Code::QuotaUsedUp,
            Cause::InFlight => Code::TooManyInFlight,
        }
    }

    fn detail(&self) -> Option<String> {
        if self.cause == Cause::InFlight {
            let limit = self.standing.in_flight_limit();
            return Some(format!("{limit} of your requests are being answered at this moment, which is the limit."));
        }
        let violated = self.violated();
        let row = self.standing.rows().filter(|row| violated.contains(&row.name)).max_by_key(|row| row.window_s)?;
        Some(format!(
            "Policy {:?} gives {} units per {} s; {} left, this call costs {}. It will pass in {} s.",
            row.name,
            row.quota,
            row.window_s,
            row.remaining,
            self.cost,
            seconds(self.retry_us).max(1),
        ))
    }

    fn retry_after_s(&self) -> Option<u64> {
        Some(seconds(self.retry_us).max(1))
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        serde_json::to_string(&self.violated()).map(|names| vec![("violated-policies", names)]).unwrap_or_default()
    }
}

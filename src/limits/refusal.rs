//! A refused call: by which policies, for how long, and with which number left.

use super::permit::Decided;
use super::standing::{Row, Standing, seconds};
use super::tally::Cause;
use crate::error::{Code, Failure};
use crate::model::plan::{CONCURRENT, Span};

/// What stands for a policy's name where the node was too busy.
pub const SHED: &str = "shed";

/// A call that a plan does not allow now. It cost nothing.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub(super) cause: Cause,
    pub(super) cost: u32,
    pub(super) retry_us: i64,
    pub(super) standing: Standing,
    pub(super) decided: Decided,
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

    /// The name of what refused the call: a policy (of several, the one with the longest window), `concurrent` or `shed`.
    pub fn policy(&self) -> &str {
        match self.cause {
            Cause::InFlight => CONCURRENT,
            Cause::Shed(_) => SHED,
            _ => self.refusing().max_by_key(|row| row.window_s).map_or("", |row| row.name),
        }
    }

    /// What the call would have cost.
    pub fn cost(&self) -> u32 {
        self.cost
    }

    /// Who decided.
    pub fn decided(&self) -> Decided {
        self.decided
    }

    /// Names of the policies that refused.
    pub fn violated(&self) -> Vec<&str> {
        match self.cause {
            Cause::InFlight => vec![CONCURRENT],
            Cause::Shed(_) => Vec::new(),
            _ => self.refusing().map(|row| row.name).collect(),
        }
    }

    fn refusing(&self) -> impl Iterator<Item = Row<'_>> {
        let rows = self.standing.all_rows().zip(&self.standing.levels);
        rows.filter(|(row, level)| level.retry_us > 0 && !row.policy.shadow).map(|(row, _)| row)
    }
}

impl Failure for Refusal {
    fn code(&self) -> Code {
        match self.cause {
            Cause::Second | Cause::Minute => Code::RateLimited,
            Cause::Day => Code::QuotaUsedUp,
            Cause::InFlight => Code::TooManyInFlight,
            Cause::Shed(_) => Code::Overloaded,
        }
    }

    fn detail(&self) -> Option<String> {
        if matches!(self.cause, Cause::Shed(_)) {
            return Some("The gateway answers orders first; this call was put off and cost nothing.".to_owned());
        }
        if self.cause == Cause::InFlight {
            let limit = self.standing.in_flight_limit();
            return Some(format!("{limit} of your requests are being answered at this moment, which is the limit."));
        }
        let row = self.refusing().max_by_key(|row| row.window_s)?;
        let per = match &row.policy.span {
            Span::Rolling { seconds } => format!("per {seconds} s"),
            Span::Day { zone, .. } => format!("per day of {zone}"),
        };
        let (left, cost, retry_s) = (row.remaining, self.cost, seconds(self.retry_us).max(1));
        Some(format!(
            "Policy {:?} gives {} units {per}; {left} left, this call costs {cost}. It will pass in {retry_s} s.",
            row.name, row.quota,
        ))
    }

    fn retry_after_s(&self) -> Option<u64> {
        Some(seconds(self.retry_us).max(1))
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        if matches!(self.cause, Cause::Shed(_)) {
            return Vec::new();
        }
        serde_json::to_string(&self.violated()).map(|names| vec![("violated-policies", names)]).unwrap_or_default()
    }
}

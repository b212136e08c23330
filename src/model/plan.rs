//! What a plan allows: named policies over time and a number of requests in flight.
//! When a calendar day begins and ends is `model::calendar`'s; counting is for `counters` and `limits`.

use std::sync::Arc;

use jiff::Timestamp;

use crate::model::calendar::{self, Day};
use crate::model::ids::PartnerId;
use crate::model::margin::Tariff;

/// Seconds of a day, as `RateLimit-Policy` tells the window of a calendar day; a true one may have an hour more or less.
pub const DAY_S: u32 = 86_400;
/// The name of the number of calls under way, where policies are named.
pub const CONCURRENT: &str = "concurrent";

/// Over which time a policy counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Any stretch of so many seconds: units come back evenly.
    Rolling {
        /// 1, 60 and so on.
        seconds: u32,
    },
    /// The calendar day of a time zone: all units come back at once when the next begins.
    Day {
        /// A name of the IANA time zone database, such as `Asia/Tokyo`.
        zone: Arc<str>,
        /// How long after midnight the last partner's day begins; each has a delay of its own, the same every day, so
        /// that not all come back in one second.
        jitter_s: u32,
    },
}

impl Span {
    /// Length in seconds; 86,400 for a day.
    pub const fn seconds(&self) -> u32 {
        match self {
            Self::Rolling { seconds } => *seconds,
            Self::Day { .. } => DAY_S,
        }
    }

    /// The partner's calendar day that a moment falls into; none for a rolling span.
    pub fn day(&self, partner: &PartnerId, at: Timestamp) -> Option<Day> {
        match self {
            Self::Rolling { .. } => None,
            Self::Day { zone, jitter_s } => Some(calendar::day(zone, calendar::delay_s(partner, *jitter_s), at)),
        }
    }
}

/// Points that paid orders earn, as an option of a day policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merit {
    /// Units that one paid order adds to the day's allowance.
    pub per_order: u32,
    /// The most that is added.
    pub most: u32,
    /// Orders paid within so many days count.
    pub days: u32,
}

/// An override in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Its id, `ovr_…`.
    pub id: Arc<str>,
    /// When it ends by itself.
    pub until: Timestamp,
}

/// How much may be spent in a span of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The name partners see in `RateLimit-Policy`, such as `second`, `minute` or `day`.
    pub name: Arc<str>,
    /// Cost units per span, without what was earned.
    pub quota: u32,
    /// Units that may be spent at once; at most and by default the quota. Of no meaning for a day.
    pub burst: u32,
    /// The span.
    pub span: Span,
    /// Counts and never refuses; partners do not see it.
    pub shadow: bool,
    /// What paid orders add.
    pub merit: Option<Merit>,
    /// What they have added to this day so far.
    pub earned: u32,
    /// The override that quota and burst come from.
    pub overridden: Option<InForce>,
}

impl Policy {
    /// A policy over any stretch of so many seconds.
    pub fn rolling(name: &str, quota: u32, seconds: u32, burst: u32) -> Self {
        let span = Span::Rolling { seconds };
        Self { name: name.into(), quota, burst, span, shadow: false, merit: None, earned: 0, overridden: None }
    }

    /// A policy over the calendar day of a time zone.
    pub fn daily(name: &str, quota: u32, zone: &str, jitter_s: u32) -> Self {
        let span = Span::Day { zone: zone.into(), jitter_s };
        Self { name: name.into(), quota, burst: quota, span, shadow: false, merit: None, earned: 0, overridden: None }
    }

    /// Units per span, with what was earned.
    pub fn allowance(&self) -> u32 {
        self.quota.saturating_add(self.earned)
    }
}

/// A named set of limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The plan's short name.
    pub id: Arc<str>,
    /// Policies, shortest window first; all of them must admit a call.
    pub policies: Vec<Policy>,
    /// Requests that may be under way at one time on one node.
    pub in_flight: u32,
    /// Which prices the partner sees, and with what margin; answers are only shared inside one.
    pub price_tier: Tariff,
}

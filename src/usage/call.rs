//! One finished request, as it is noted: whose, for what, what came of it, and how long it took.

use std::sync::Arc;

use crate::model::partner::Mode;

/// What came of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Answered with what was asked for: 2xx, and 3xx but 304.
    Answered,
    /// The caller had it already: 304, free of charge.
    NotModified,
    /// Refused for a reason in the request or the account: 4xx but 429.
    Refused,
    /// Too much at once: 429.
    Limited,
    /// Failed on our side or behind us: 5xx.
    Failed,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Answered, Self::NotModified, Self::Refused, Self::Limited, Self::Failed];

    /// The outcome that an HTTP status stands for.
    pub const fn of_status(status: u16) -> Self {
        match status {
            304 => Self::NotModified,
            429 => Self::Limited,
            400..=499 => Self::Refused,
            500.. => Self::Failed,
            _ => Self::Answered,
        }
    }

    /// `answered`, `not_modified`, `refused`, `limited` or `failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::NotModified => "not_modified",
            Self::Refused => "refused",
            Self::Limited => "limited",
            Self::Failed => "failed",
        }
    }
}

/// Whose call it is.
#[derive(Clone, Debug)]
pub struct Account {
    /// The partner's short name.
    pub partner: Arc<str>,
    /// The key's world.
    pub mode: Mode,
    /// Whether the signature was proven; a refused proof only named a key of the partner.
    pub proven: bool,
    /// How old the signature was when it came, in seconds.
    pub age_s: Option<i64>,
}

/// One finished request.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it was answered, in milliseconds since 1970.
    pub at_ms: i64,
    /// Whose it is; none when no key of ours was named.
    pub account: Option<Account>,
    /// The operation's id.
    pub operation: &'static str,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The problem's code; empty when there was none.
    pub code: &'static str,
    /// Our id of the request, of failed ones.
    pub request_id: Option<Arc<str>>,
    /// Units it asked for.
    pub cost: u32,
    /// Units it was charged.
    pub units: u32,
    /// The policy that refused it.
    pub refused_by: Option<Arc<str>>,
    /// Policies on trial that would have refused it.
    pub shadow: Vec<Arc<str>>,
    /// Who decided about it: this node with units in hand, Redis, …
    pub decided: Option<&'static str>,
    /// How long it took.
    pub micros: u64,
    /// How much of that the catalogue took.
    pub waited_us: u64,
}

impl Call {
    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        Outcome::of_status(self.status)
    }

    /// Units that the partner wanted: what it was charged, or would have been had its plan had room.
    pub fn wanted(&self) -> u32 {
        if self.refused_by.is_some() { self.cost } else { self.units }
    }
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn every_status_has_its_outcome() {
        let names = [200, 202, 304, 400, 401, 428, 429, 430, 499, 500, 504].map(|s| Outcome::of_status(s).name());
        let expected = [
            "answered",
            "answered",
            "not_modified",
            "refused",
            "refused",
            "refused",
            "limited",
            "refused",
            "refused",
            "failed",
            "failed",
        ];
        assert_eq!(names, expected);
    }
}

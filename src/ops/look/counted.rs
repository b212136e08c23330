//! What the rooms count, in the operator's words: which counters are shown, and what they are called.

use serde::Serialize;
use utoipa::ToSchema;

use crate::ops::look::figures;
use crate::telemetry::metrics::Reading;

/// Some counters under one heading.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// What is counted.
    pub rows: Vec<Counter>,
}

/// A counter of this node.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Counter {
    /// Its name in `/metrics`.
    pub name: &'static str,
    /// What it counts.
    pub says: &'static str,
    /// How much of it.
    pub count: f64,
}

impl Counter {
    /// How much, for people.
    pub fn shown(&self) -> String {
        figures::count(self.count)
    }
}

// Heading, reading, outcomes with their names for people.
type Plan = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const PLAN: &[Plan] = &[
    (
        "Limiter",
        "xunyuan_limits_total",
        &[
            ("allowed", "admitted"),
            ("denied_second", "refused by a policy per second"),
            ("denied_minute", "refused by a policy per minute"),
            ("denied_day", "refused by a policy per day"),
            ("denied_in_flight", "refused, too many under way"),
            ("denied_without_redis", "of these without asking Redis"),
            ("local_fallback", "decided here while Redis was gone"),
            ("redis_errors", "questions Redis did not answer"),
        ],
    ),
    (
        "Cache",
        "xunyuan_cache_total",
        &[
            ("hits_process", "found in this process"),
            ("hits_redis", "found in Redis"),
            ("misses", "not found"),
            ("coalesced", "waited for another's fetch"),
            ("stale", "shown past their time"),
            ("refreshes", "renewed in the background"),
            ("failures", "fetches that failed"),
            ("fell", "let go because something moved"),
            ("refused", "fetched too late to be kept"),
            ("redis_slow", "questions Redis did not answer in time"),
            ("redis_gone", "questions Redis could not be asked"),
            ("redis_refused", "questions Redis said no to"),
            ("redis_foreign", "entries in Redis that were damaged"),
        ],
    ),
    (
        "Catalogue",
        "xunyuan_upstream_total",
        &[
            ("calls", "calls"),
            ("in_flight", "under way"),
            ("retries", "repeats"),
            ("retries_refused", "repeats the budget forbade"),
            ("not_sent", "failed before sending"),
            ("unknown", "failed without an answer"),
            ("denied", "denied by HTTP status"),
            ("refused", "refused with a reason"),
            ("nonsense", "answers not understood"),
        ],
    ),
];

/// All groups.
pub fn groups(readings: &[Reading]) -> Vec<Group> {
    let group = |(title, reading, outcomes): &Plan| Group {
        title,
        rows: outcomes
            .iter()
            .map(|(name, says)| Counter { name, says, count: value(readings, reading, name) })
            .collect(),
    };
    PLAN.iter().map(group).collect()
}

/// One counter of a reading; an empty outcome is the reading's only one.
pub fn value(readings: &[Reading], reading: &str, outcome: &str) -> f64 {
    let labels = if outcome.is_empty() { String::new() } else { format!("outcome=\"{outcome}\"") };
    let rows = readings.iter().filter(|(name, ..)| *name == reading).flat_map(|(.., rows)| rows);
    rows.filter(|(row, _)| *row == labels).map(|(_, value)| *value).sum()
}

#[cfg(test)]
mod tests {
    use super::{PLAN, groups, value};
    use crate::{cache, limits, upstream};

    #[test]
    fn every_counter_that_is_shown_exists() {
        let names: [Vec<&str>; 3] = [
            limits::Tally::default().read().map(|(name, _)| name).to_vec(),
            cache::Tally::default().rows().iter().map(|(name, _)| *name).collect(),
            upstream::Tally::default().rows().map(|(name, _)| name).to_vec(),
        ];
        for ((title, _, outcomes), names) in PLAN.iter().zip(names) {
            for (outcome, _) in *outcomes {
                assert!(names.contains(outcome), "{title} does not count {outcome}");
            }
        }
    }

    #[test]
    fn a_counter_is_found_by_its_outcome() {
        let readings = [("xunyuan_cache_total", "", vec![("outcome=\"misses\"".to_owned(), 1234.0)])];
        assert_eq!(value(&readings, "xunyuan_cache_total", "misses"), 1234.0);
        let shown = groups(&readings);
        let cache = shown.iter().find(|group| group.title == "Cache").unwrap();
        let found = cache.rows.iter().find(|row| row.says == "not found").unwrap();
        assert_eq!((found.name, found.shown().as_str()), ("misses", "1,234"));
    }
}

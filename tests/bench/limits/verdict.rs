//! A day's figures, and which of them were to be reached.

use std::collections::HashMap;
use std::time::Duration;

use serde::Serialize;

use super::judge::{Decided, Over, Rate, WINDOWS_S, ideal, over, quantile, under};
use super::log::Seen;
use super::profiles::{Load, Profile, Scale, Trouble};
use super::send::Shot;
use super::{Happened, UNLUCKY};

const MOST_OVER_PERCENT: f64 = 0.1;
const MOST_UNDER_PERCENT: f64 = 0.5;
const MOST_CALLS: f64 = 0.3;
const FIRST_CALLS: Duration = Duration::from_millis(200);
const FIRST_P99_US: u64 = 25_000;
const OPEN_P99_US: u64 = 1_000;
const RECOVERY: Duration = Duration::from_secs(1);
/// A change of plan is to have reached every node by then.
const CHANGE_US: i64 = 2_000_000;
const LATE_US: i64 = 5_000;

/// One call with all that is known of it.
#[derive(Clone, Copy, Debug)]
struct Call {
    shot: Shot,
    decided: Decided,
    /// In the gateway, if it told.
    took_us: Option<i64>,
}

/// What became of a day's calls.
pub struct Story {
    calls: Vec<Call>,
    happened: Happened,
    scripts: u64,
}

impl Story {
    /// Puts together what callers and gateways saw.
    pub fn of(
        shots: Vec<Shot>,
        seen: &[(HashMap<String, Seen>, i64)],
        id: impl Fn(usize) -> String,
        happened: Happened,
        scripts: u64,
    ) -> Self {
        let calls = shots.into_iter().map(|shot| {
            let (told, off_ms) = match seen.get(shot.node) {
                Some((told, off_ms)) => (told.get(&id(shot.number)), *off_ms),
                None => (None, 0),
            };
            let (mut from_us, mut to_us) = (shot.sent_us, shot.got_us);
            if let Some(told) = told {
                let at_us = (told.at_ms - off_ms) * 1_000;
                from_us = from_us.max(at_us - told.took_us);
                to_us = to_us.min(at_us + 1_000);
            }
            // The two clocks are one, read in different ways.
            to_us = to_us.max(from_us);
            let decided = Decided { from_us, to_us, admitted: shot.status == 200 };
            Call { shot, decided, took_us: told.map(|told| told.took_us) }
        });
        Self { calls: calls.collect(), happened, scripts }
    }

    fn decided(&self, from_us: i64, to_us: i64) -> Vec<Decided> {
        let answered = self.calls.iter().filter(|call| matches!(call.shot.status, 200 | 429));
        let decided = answered.map(|call| call.decided);
        decided.filter(|one| (from_us..=to_us).contains(&one.from_us) && one.to_us <= to_us).collect()
    }

    fn all(&self) -> Vec<Decided> {
        self.decided(i64::MIN, i64::MAX)
    }

    /// Microseconds in the gateway of the calls that came between two moments.
    fn took_us(&self, from_us: i64, to_us: i64) -> Vec<u64> {
        let calls = self.calls.iter().filter(|call| (from_us..to_us).contains(&call.decided.from_us));
        calls.filter_map(|call| u64::try_from(call.took_us?).ok()).collect()
    }

    /// Calls with another answer than yes or no, but for those that a killed gateway took with it.
    fn failures(&self, trouble: Trouble) -> usize {
        let died = |shot: &Shot| trouble == Trouble::NodeKilled && shot.node == UNLUCKY && shot.status == 0;
        let failed = |shot: &Shot| !matches!(shot.status, 200 | 429) && !died(shot);
        self.calls.iter().filter(|call| failed(&call.shot)).count()
    }
}

/// Something to reach.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// What.
    pub what: String,
    /// What came out.
    pub value: String,
    /// What was wanted.
    pub wanted: String,
    /// Whether it is met.
    pub met: bool,
}

/// A day's figures.
#[derive(Debug, Serialize)]
pub struct Verdict {
    name: &'static str,
    calls: usize,
    late: usize,
    admitted: usize,
    ideal: usize,
    over: Vec<Over>,
    over_in_trouble: Vec<Over>,
    under_percent: f64,
    calls_to_redis: f64,
    known_within_us: u64,
    p50_us: u64,
    p99_us: u64,
    failures: usize,
    recovered_ms: Option<u128>,
    /// What was to be reached.
    pub checks: Vec<Check>,
}

/// The names of the columns.
pub fn head() {
    let windows = WINDOWS_S.map(|window_s| format!("{:>16}", format!("over {window_s} s, %"))).concat();
    println!(
        "{:<16}{:>7}{:>6}{:>9}{:>8}{windows}{:>9}{:>8}{:>9}{:>8}{:>8}{:>6}",
        "", "calls", "late", "admitted", "ideal", "under %", "Redis", "jitter", "p50 µs", "p99 µs", "fail"
    );
}

impl Verdict {
    /// Judges a day.
    pub fn on(day: &Profile, scale: &Scale, story: &Story) -> Self {
        let (decided, rates) = (story.all(), scale.rates);
        let jitter = decided.iter().map(|one| u64::try_from(one.to_us - one.from_us).unwrap_or(0)).collect();
        let took = story.took_us(i64::MIN, i64::MAX);
        let mut verdict = Self {
            name: day.name,
            calls: story.calls.len(),
            late: story.calls.iter().filter(|call| call.shot.sent_us - call.shot.due_us > LATE_US).count(),
            admitted: decided.iter().filter(|one| one.admitted).count(),
            ideal: ideal(&decided, &rates),
            over: over(&decided, &rates),
            over_in_trouble: Vec::new(),
            under_percent: under(&decided, &rates),
            calls_to_redis: story.scripts as f64 / story.calls.len().max(1) as f64,
            known_within_us: quantile(jitter, 0.99),
            p50_us: quantile(took.clone(), 0.5),
            p99_us: quantile(took, 0.99),
            failures: story.failures(day.trouble),
            recovered_ms: story.happened.recovered_after.map(|after| after.as_millis()),
            checks: Vec::new(),
        };
        verdict.check(day, &rates, story);
        verdict
    }

    fn check(&mut self, day: &Profile, rates: &[Rate; 2], story: &Story) {
        self.must("calls that failed", self.failures as f64, 0.0, "");
        match day.trouble {
            Trouble::PlanChange => {
                let [second, minute] = *rates;
                let Happened { from_us, to_us, .. } = story.happened;
                let before = over(&story.decided(i64::MIN, from_us), rates);
                let after = over(&story.decided(to_us + CHANGE_US, i64::MAX), &[second.halved(), minute]);
                self.must_not_exceed("before the change", &before);
                self.must_not_exceed("two seconds after the change", &after);
                (self.over, self.over_in_trouble) = (before, after);
                // No single plan says what would have been right.
                self.under_percent = f64::NAN;
            }
            trouble if trouble.is_healthy() => self.must_not_exceed("", &self.over.clone()),
            _ => self.check_trouble(rates, story),
        }
        if day.trouble.is_healthy() && matches!(day.load, Load::Light(_)) {
            self.must("refused though there was room, %", self.under_percent, MOST_UNDER_PERCENT, "");
        }
        if day.trouble.is_healthy() && matches!(day.load, Load::Light(_) | Load::Heavy) {
            self.must("calls to Redis for each request", self.calls_to_redis, MOST_CALLS, "");
        }
    }

    /// Redis was gone: the nodes' shares together are the plan, and nobody waits.
    fn check_trouble(&mut self, rates: &[Rate; 2], story: &Story) {
        let Happened { from_us, to_us, recovered_after } = story.happened;
        self.over_in_trouble = over(&story.decided(from_us, to_us), rates);
        self.must_not_exceed("while Redis is gone, of the shares together", &self.over_in_trouble.clone());
        let first_us = from_us + FIRST_CALLS.as_micros() as i64;
        let first = quantile(story.took_us(from_us, first_us), 0.99);
        self.must("p99 of the first calls, µs", first as f64, FIRST_P99_US as f64, "");
        // By then the breaker is open at every node that is called at all.
        let open = quantile(story.took_us(from_us + 1_000_000, to_us), 0.99);
        self.must("p99 with the breaker open, µs", open as f64, OPEN_P99_US as f64, "");
        let recovered = recovered_after.map_or(f64::INFINITY, |after| after.as_secs_f64() * 1e3);
        self.must("until all nodes ask Redis again, ms", recovered, RECOVERY.as_secs_f64() * 1e3, "");
    }

    fn must_not_exceed(&mut self, when: &str, all: &[Over]) {
        for over in all {
            let what = format!("over in {} s, %", over.window_s);
            self.must(&what, over.percent, MOST_OVER_PERCENT, when);
        }
    }

    fn must(&mut self, what: &str, value: f64, most: f64, when: &str) {
        let when = if when.is_empty() { String::new() } else { format!(" ({when})") };
        self.checks.push(Check {
            what: format!("{}: {what}{when}", self.name),
            value: format!("{value:.2}"),
            wanted: format!("<= {most}"),
            met: value <= most,
        });
    }

    /// One line of the table, and one more for the time of trouble.
    pub fn print(&self) {
        println!(
            "{:<16}{:>7}{:>6}{:>9}{:>8}{}{:>9.2}{:>8.2}{:>9}{:>8}{:>8}{:>6}",
            self.name,
            self.calls,
            self.late,
            self.admitted,
            self.ideal,
            windows(&self.over),
            self.under_percent,
            self.calls_to_redis,
            self.known_within_us,
            self.p50_us,
            self.p99_us,
            self.failures
        );
        if !self.over_in_trouble.is_empty() {
            let recovered = self.recovered_ms.map_or_else(String::new, |ms| format!("   back after {ms} ms"));
            println!("{:<46}{}{recovered}", "  then", windows(&self.over_in_trouble));
        }
    }
}

fn windows(all: &[Over]) -> String {
    let of = |window_s: f64| {
        let found = all.iter().find(|over| (over.window_s - window_s).abs() < 1e-9);
        found.map_or_else(|| "-".to_owned(), |over| format!("{:+.2} ({:+.2})", over.percent, over.nominal_percent))
    };
    WINDOWS_S.map(|window_s| format!("{:>16}", of(window_s))).concat()
}

impl Rate {
    /// Half of it.
    pub fn halved(self) -> Self {
        Self { per_s: (self.per_s / 2.0).floor(), burst: (self.burst / 2.0).floor() }
    }
}

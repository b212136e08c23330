//! The last 24 hours once more under another plan, by the very arithmetic that limits calls (`counters::gcra`). What was
//! wanted is known by the second and counts for calls that were refused then, too; free answers count nothing.
//!
//! Inside a second nobody knows the order of calls, so the most favourable one is taken: a second begins with what the
//! last one left, and what comes back during it may be used in it. So traffic that a plan admitted is admitted again, and
//! every refusal that is told would have happened, if not a few more. Calls under way at one time are not replayed.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Error;
use super::seconds::{Seconds, Wanted};
use crate::counters::gcra::{self, Mark, Rule, Spend};
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::{Plan, Policy};
use crate::sql::{Sql, args};

/// Minutes that are replayed.
const MINUTES: i64 = 24 * 60;
/// After so many seconds others may go on with their work.
const AT_ONCE: usize = 2_000;

/// Calls and units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct Amount {
    /// Calls.
    pub calls: u64,
    /// Units.
    pub units: u64,
}

impl Amount {
    fn add(&mut self, calls: u64, units: u64) {
        (self.calls, self.units) = (self.calls + calls, self.units + units);
    }
}

/// What one policy would have refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct RefusedBy {
    /// The policy.
    pub policy: String,
    /// How much; of several policies that had no room, the one with least counts.
    pub refused: Amount,
}

/// A minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct OneMinute {
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was wanted in it.
    pub offered: Amount,
    /// What would have been refused.
    pub refused: Amount,
}

/// What would have become of one account's calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Replayed {
    /// The partner.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// The first moment that is replayed.
    #[schema(value_type = String, format = DateTime)]
    pub from: Timestamp,
    /// The last one.
    #[schema(value_type = String, format = DateTime)]
    pub to: Timestamp,
    /// How exactly the calls are known, in seconds.
    pub resolution_s: u32,
    /// What was wanted.
    pub offered: Amount,
    /// What would have been admitted.
    pub admitted: Amount,
    /// What would have been refused.
    pub refused: Amount,
    /// Units that were really refused then.
    pub refused_then: u64,
    /// The refused, by policy, in the plan's order.
    pub policies: Vec<RefusedBy>,
    /// The minute in which most would have been refused.
    pub worst: Option<OneMinute>,
    /// Each hour that begins in the time, the oldest first.
    pub hours: Vec<OneMinute>,
}

/// What was recorded of one account.
#[derive(Debug, Default)]
pub struct Record {
    seconds: BTreeMap<i64, Wanted>,
    refused_units: u64,
}

impl Record {
    /// Reads what all nodes wrote of the 24 hours before this moment.
    pub async fn read(sql: &Sql, partner: &PartnerId, mode: Mode, now_ms: i64) -> Result<Self, Error> {
        const READ: &str = "SELECT minute, refused, seconds FROM usage_minutes \
            WHERE partner = $1 AND mode = $2 AND minute >= $3 ORDER BY minute";
        let first = now_ms.div_euclid(60_000) - MINUTES;
        let mut record = Self::default();
        for row in sql.fetch_all(READ, args![partner.as_str(), mode.name(), first]).await? {
            let minute = row.int("minute")?;
            for (second, wanted) in Seconds::read(&row.bytes("seconds")?).iter() {
                record.note(minute * 60 + i64::from(second), wanted);
            }
            let refused: HashMap<String, u64> = serde_json::from_str(&row.text("refused")?).unwrap_or_default();
            record.refused_units += refused.values().sum::<u64>();
        }
        Ok(record)
    }

    /// Adds what was wanted in a second since 1970.
    pub fn note(&mut self, second: i64, wanted: Wanted) {
        self.seconds.entry(second).or_default().add(wanted);
    }
}

/// Replays a record under a plan.
pub async fn replay(partner: &PartnerId, mode: Mode, record: &Record, plan: &Plan, now_ms: i64) -> Replayed {
    let to_s = now_ms.div_euclid(60_000) * 60;
    let mut run = Run::under(plan, partner);
    for (done, (second, wanted)) in record.seconds.iter().enumerate() {
        run.second(*second, *wanted);
        if done % AT_ONCE == AT_ONCE - 1 {
            tokio::task::yield_now().await;
        }
    }
    let policies = plan.policies.iter().zip(&run.by_policy);
    let amounts = |(minute, (offered, refused)): (&i64, &(Amount, Amount))| OneMinute {
        at: moment(minute * 60),
        offered: *offered,
        refused: *refused,
    };
    // Of equally bad ones the first.
    let worst = run.minutes.iter().rev().filter(|(_, (_, refused))| refused.calls > 0);
    Replayed {
        partner: partner.to_string(),
        mode: mode.name(),
        from: moment(to_s - MINUTES * 60),
        to: moment(to_s),
        resolution_s: 1,
        offered: run.offered,
        admitted: run.admitted,
        refused: run.refused,
        refused_then: record.refused_units,
        policies: policies
            .map(|(policy, refused)| RefusedBy { policy: policy.name.to_string(), refused: *refused })
            .collect(),
        worst: worst.max_by_key(|(_, (_, refused))| refused.units).map(amounts),
        hours: hours(&run.minutes, to_s),
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn hours(minutes: &BTreeMap<i64, (Amount, Amount)>, to_s: i64) -> Vec<OneMinute> {
    let first = to_s.div_euclid(3_600) - 23;
    let one = |hour: i64| {
        let (mut offered, mut refused) = (Amount::default(), Amount::default());
        for (_, (wanted, turned_away)) in minutes.range(hour * 60..(hour + 1) * 60) {
            offered.add(wanted.calls, wanted.units);
            refused.add(turned_away.calls, turned_away.units);
        }
        OneMinute { at: moment(hour * 3_600), offered, refused }
    };
    (first..first + 24).map(one).collect()
}

/// A replay under way.
struct Run<'a> {
    policies: &'a [Policy],
    partner: &'a PartnerId,
    rules: Vec<Rule>,
    marks: Vec<Mark>,
    /// The most one call is charged, as in real life: a dearer one would never pass.
    most_per_call: u64,
    offered: Amount,
    admitted: Amount,
    refused: Amount,
    by_policy: Vec<Amount>,
    minutes: BTreeMap<i64, (Amount, Amount)>,
}

impl<'a> Run<'a> {
    fn under(plan: &'a Plan, partner: &'a PartnerId) -> Self {
        let policies = plan.policies.as_slice();
        let bursts = policies.iter().filter(|policy| !policy.shadow).map(|policy| Rule::at(policy, partner, 0).burst);
        Self {
            most_per_call: bursts.map(u64::from).min().unwrap_or(u64::MAX),
            marks: vec![Mark::default(); policies.len()],
            by_policy: vec![Amount::default(); policies.len()],
            rules: rules_at(policies, partner, 0),
            policies,
            partner,
            offered: Amount::default(),
            admitted: Amount::default(),
            refused: Amount::default(),
            minutes: BTreeMap::new(),
        }
    }

    fn second(&mut self, second: i64, wanted: Wanted) {
        let calls = u64::from(wanted.calls);
        if calls == 0 {
            return;
        }
        let units = u64::from(wanted.units).min(calls.saturating_mul(self.most_per_call));
        let now_us = second * 1_000_000;
        if !self.rules.iter().all(|rule| rule.holds_at(now_us)) {
            self.rules = rules_at(self.policies, self.partner, now_us);
        }
        let looked = gcra::spend(&self.rules, &mut self.marks, now_us, Spend::default(), &[]);
        let binding = looked.levels.iter().enumerate().zip(self.policies).filter(|(_, policy)| !policy.shadow);
        let scarcest = binding.map(|(level, _)| level).rev().min_by_key(|(_, level)| level.remaining);
        let left = scarcest.map_or(u64::MAX, |(_, level)| u64::from(level.remaining));
        let (in_calls, in_units) = if units <= left {
            (calls, units)
        } else {
            // Whole calls of the mean cost.
            let fitting = left * calls / units;
            (fitting, fitting * units / calls)
        };
        let spend = Spend::of(u32::try_from(in_units).unwrap_or(u32::MAX));
        gcra::spend(&self.rules, &mut self.marks, now_us, spend, &[]);
        let (out_calls, out_units) = (calls - in_calls, units - in_units);
        self.offered.add(calls, units);
        self.admitted.add(in_calls, in_units);
        self.refused.add(out_calls, out_units);
        if let Some(by) = scarcest.and_then(|(at, _)| self.by_policy.get_mut(at)) {
            by.add(out_calls, out_units);
        }
        let (offered, refused) = self.minutes.entry(second.div_euclid(60)).or_default();
        offered.add(calls, units);
        refused.add(out_calls, out_units);
    }
}

fn rules_at(policies: &[Policy], partner: &PartnerId, now_us: i64) -> Vec<Rule> {
    policies.iter().map(|policy| with_a_second_more(Rule::at(policy, partner, now_us))).collect()
}

/// A rule that already has what comes back in the next second; asked at the second's beginning, it admits what the real
/// one admits by its end.
fn with_a_second_more(rule: Rule) -> Rule {
    if rule.is_daily() {
        return rule;
    }
    let more = (1_000_000 + rule.interval_us - 1) / rule.interval_us;
    Rule { burst: rule.burst.saturating_add(u32::try_from(more).unwrap_or(u32::MAX)), ..rule }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, Record, Replayed, replay};
    use crate::counters::gcra::{self, Mark, Rule, Spend};
    use crate::model::partner::Mode;
    use crate::model::plan::{Plan, Policy};
    use crate::usage::seconds::Wanted;

    const BEGIN: i64 = 1_800_000_000;

    fn proposed(policies: Vec<Policy>) -> Plan {
        Plan { id: "proposed".into(), policies, in_flight: 10, price_tier: "standard".into() }
    }

    fn plan(policies: &[(u32, u32, u32)]) -> Plan {
        let policy = |(at, (quota, window_s, burst)): (usize, &(u32, u32, u32))| {
            Policy::rolling(&format!("p{at}"), *quota, *window_s, *burst)
        };
        proposed(policies.iter().enumerate().map(policy).collect())
    }

    fn replayed(record: &Record, plan: &Plan) -> Replayed {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(replay(&"acme".parse().unwrap(), Mode::Live, record, plan, (BEGIN + 86_000) * 1_000))
    }

    /// So many calls of this cost in each of so many seconds.
    fn steady(seconds: i64, calls: u32, cost: u32) -> Record {
        let mut record = Record::default();
        (0..seconds).for_each(|second| record.note(BEGIN + second, Wanted { calls, units: calls * cost }));
        record
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn what_a_plan_admitted_it_admits_again(
            second in (1_u32..80, 1_u32..80),
            minute in (1_u32..2_000, 1_u32..2_000),
            calls in proptest::collection::vec((0_i64..2_500_000, 1_u32..12), 1..400),
        ) {
            let plan = plan(&[(second.0, 1, second.1), (minute.0, 60, minute.1)]);
            let rules: Vec<_> = plan.policies.iter().map(Rule::of).collect();
            let most = rules.iter().map(|rule| rule.burst).min().unwrap();
            let (mut marks, mut now_us, mut record) = (vec![Mark::default(); 2], BEGIN * 1_000_000, Record::default());
            let mut units = 0;
            for (pause_us, cost) in calls {
                now_us += pause_us;
                let cost = cost.min(most);
                if gcra::spend(&rules, &mut marks, now_us, Spend::of(cost), &[]).admitted {
                    record.note(now_us.div_euclid(1_000_000), Wanted { calls: 1, units: cost });
                    units += u64::from(cost);
                }
            }
            let again = replayed(&record, &plan);
            prop_assert_eq!(again.refused, Amount::default());
            prop_assert_eq!((again.admitted.units, again.worst), (units, None));
        }

        #[test]
        fn no_more_is_admitted_than_burst_and_rate_allow(
            (quota, burst) in (1_u32..50, 1_u32..100),
            wanted in proptest::collection::vec((1_u32..60, 1_u32..5), 1..200),
        ) {
            let plan = plan(&[(quota, 1, burst)]);
            let mut record = Record::default();
            for (second, (calls, cost)) in wanted.iter().enumerate() {
                record.note(BEGIN + second as i64, Wanted { calls: *calls, units: calls * cost });
            }
            let told = replayed(&record, &plan);
            let most = u64::from(burst.min(quota)) + u64::from(quota) * wanted.len() as u64 + 1;
            prop_assert!(told.admitted.units <= most, "{} of {most}", told.admitted.units);
            prop_assert_eq!(told.admitted.units + told.refused.units, told.offered.units);
            prop_assert_eq!(told.policies[0].refused, told.refused);
        }
    }

    #[test]
    fn half_of_twice_the_rate_is_refused() {
        let told = replayed(&steady(600, 20, 1), &plan(&[(10, 1, 10), (100_000, 60, 100_000)]));
        assert_eq!((told.offered.units, told.offered.calls), (12_000, 12_000));
        assert!((5_980..=6_000).contains(&told.refused.units), "{:?}", told.refused);
        assert_eq!((told.policies[0].refused, told.policies[1].refused), (told.refused, Amount::default()));
        let worst = told.worst.unwrap();
        assert_eq!((worst.offered.units, worst.refused.units), (1_200, 600));
        assert_eq!(told.hours.iter().map(|hour| hour.refused.units).sum::<u64>(), told.refused.units);
    }

    #[test]
    fn the_policy_that_has_least_room_is_named() {
        let told = replayed(&steady(120, 10, 3), &plan(&[(100, 1, 100), (600, 60, 600)]));
        assert_eq!(told.policies[0].refused, Amount::default());
        assert!(told.policies[1].refused.units > 1_500, "{told:?}");
        assert_eq!(told.admitted.units % 3, 0, "calls are not torn apart");
    }

    #[test]
    fn a_call_dearer_than_the_plan_is_charged_the_smallest_burst() {
        let told = replayed(&steady(1, 1, 50), &plan(&[(10, 1, 10)]));
        assert_eq!((told.offered, told.refused), (Amount { calls: 1, units: 10 }, Amount::default()));
    }

    #[test]
    fn a_day_begins_anew_at_midnight_in_the_zone_of_the_plan() {
        // At 08:00 UTC it is 22:00 there: twelve hours later is another day there, and the same one in UTC.
        let told = replayed(&steady(60, 10, 1), &proposed(vec![Policy::daily("day", 400, "Pacific/Kiritimati", 0)]));
        assert_eq!((told.admitted.units, told.refused.units), (400, 200));
        let mut two_days = steady(60, 10, 1);
        (0..60).for_each(|second| two_days.note(BEGIN + 43_200 + second, Wanted { calls: 10, units: 10 }));
        let told = replayed(&two_days, &proposed(vec![Policy::daily("day", 400, "Pacific/Kiritimati", 0)]));
        assert_eq!((told.admitted.units, told.refused.units), (800, 400));
        let told = replayed(&two_days, &proposed(vec![Policy::daily("day", 400, "UTC", 0)]));
        assert_eq!((told.admitted.units, told.refused.units), (400, 800));
    }

    #[test]
    fn a_policy_on_trial_refuses_nobody() {
        let trial = Policy { shadow: true, ..Policy::rolling("trial", 1, 1, 1) };
        let told = replayed(&steady(60, 10, 2), &proposed(vec![trial, Policy::rolling("second", 10, 1, 10)]));
        assert!((580..=600).contains(&told.refused.units), "{told:?}");
        assert_eq!(told.policies[1].refused, told.refused);
        assert_eq!(told.policies[0].refused, Amount::default());
    }
}

//! The plan a partner is held to at a moment: its plan's policies, with overrides in force and points earned applied.
//! Pure; reading them is `load`'s.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::plan::{CONCURRENT, InForce, Plan, Policy};
use crate::partners::overrides::Override;

/// Points by partner, policy and calendar day.
pub(super) type Points = HashMap<(String, String, String), u32>;

/// The plan of a partner now. `overrides` are the partner's, oldest first.
pub(super) fn plan(
    plan: &Arc<Plan>,
    partner: &PartnerId,
    all: &[&Override],
    points: &Points,
    now: Timestamp,
) -> Arc<Plan> {
    let mut own = (**plan).clone();
    for policy in own.policies.iter_mut().filter(|policy| policy.merit.is_some()) {
        policy.earned = earned(policy, partner, points, now);
    }
    for one in all.iter().filter(|one| one.is_in_force(now)) {
        apply(&mut own, one);
    }
    if own == **plan { Arc::clone(plan) } else { Arc::new(own) }
}

/// When the plan of a partner may change by itself: an override ends, or a day for which points are earned.
pub(super) fn changes_at(plan: &Plan, partner: &PartnerId, all: &[&Override], now: Timestamp) -> Option<Timestamp> {
    let ends = all.iter().filter(|one| one.is_in_force(now)).map(|one| one.until);
    let with_merit = plan.policies.iter().filter(|policy| policy.merit.is_some());
    let days = with_merit.filter_map(|policy| policy.span.day(partner, now)).map(|day| day.ends);
    ends.chain(days).min()
}

fn earned(policy: &Policy, partner: &PartnerId, points: &Points, now: Timestamp) -> u32 {
    let Some((merit, day)) = policy.merit.zip(policy.span.day(partner, now)) else { return 0 };
    let key = (partner.as_str().to_owned(), policy.name.to_string(), day.date.to_string());
    points.get(&key).copied().unwrap_or(0).min(merit.most)
}

fn apply(plan: &mut Plan, one: &Override) {
    if one.policy == CONCURRENT {
        plan.in_flight = one.quota.unwrap_or(plan.in_flight);
        return;
    }
    let Some(at) = plan.policies.iter().position(|policy| *policy.name == *one.policy && !policy.shadow) else {
        return;
    };
    let Some(policy) = plan.policies.get(at) else { return };
    let changed = overridden(policy, one);
    if !one.shadow {
        plan.policies[at] = changed;
        return;
    }
    // A newer trial of the same policy takes the place of an older one.
    plan.policies.retain(|policy| policy.name != changed.name);
    plan.policies.push(changed);
}

fn overridden(policy: &Policy, one: &Override) -> Policy {
    let quota = one.quota.unwrap_or(policy.quota);
    // A burst that nobody named stays in proportion.
    let in_proportion = u64::from(policy.burst) * u64::from(quota) / u64::from(policy.quota.max(1));
    let burst = one.burst.unwrap_or(u32::try_from(in_proportion).unwrap_or(quota)).clamp(1, quota.max(1));
    let name = if one.shadow { trial_name(&policy.name) } else { Arc::clone(&policy.name) };
    let in_force = InForce { id: one.id.as_str().into(), until: one.until };
    Policy { name, quota, burst, shadow: one.shadow, overridden: Some(in_force), ..policy.clone() }
}

/// What the trial of other figures for a policy is called.
fn trial_name(policy: &str) -> Arc<str> {
    format!("{policy}.trial").into()
}

#[cfg(test)]
mod tests {
    use super::{Points, changes_at, plan};
    use crate::model::ids::{OverrideId, PartnerId};
    use crate::model::plan::{CONCURRENT, Merit, Plan, Policy};
    use crate::partners::overrides::Override;
    use jiff::Timestamp;
    use std::sync::Arc;

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn starter() -> Arc<Plan> {
        let policies = vec![Policy::rolling("minute", 600, 60, 300), Policy::daily("day", 1_000, "UTC", 0)];
        Arc::new(Plan { id: "starter".into(), policies, in_flight: 4, price_tier: "standard".into() })
    }

    fn other(policy: &str, quota: u32, until_s: i64) -> Override {
        Override {
            id: OverrideId::fresh(),
            partner: acme(),
            policy: policy.to_owned(),
            quota: Some(quota),
            burst: None,
            shadow: false,
            reason: "fair".to_owned(),
            by: "operator:li".to_owned(),
            created_at: at(0),
            until: at(until_s),
            ended_at: None,
            ended_by: None,
        }
    }

    fn quotas(plan: &Plan) -> Vec<(&str, u32, u32)> {
        plan.policies.iter().map(|policy| (&*policy.name, policy.quota, policy.burst)).collect()
    }

    #[test]
    fn the_newest_override_in_force_takes_the_place_of_the_plans_figures() {
        let (older, newer) = (other("minute", 1_200, 500), other("minute", 60, 100));
        let now = |second| plan(&starter(), &acme(), &[&older, &newer], &Points::new(), at(second));
        assert_eq!(quotas(&now(50))[0], ("minute", 60, 30), "the burst keeps its proportion");
        assert_eq!(quotas(&now(100))[0], ("minute", 1_200, 600), "until it ends");
        assert!(*now(500) == *starter());
        assert_eq!(changes_at(&starter(), &acme(), &[&older, &newer], at(50)), Some(at(100)));
    }

    #[test]
    fn a_trial_stands_beside_the_policy_and_an_override_of_the_number_under_way_is_one() {
        let trial = Override { shadow: true, ..other("minute", 60, 100) };
        let own = plan(&starter(), &acme(), &[&trial, &other(CONCURRENT, 9, 100)], &Points::new(), at(1));
        assert_eq!(quotas(&own), [("minute", 600, 300), ("day", 1_000, 1_000), ("minute.trial", 60, 30)]);
        assert_eq!((own.in_flight, own.policies[2].shadow), (9, true));
    }

    #[test]
    fn points_are_those_of_the_day_and_no_more_than_allowed() {
        let mut earning = (*starter()).clone();
        earning.policies[1].merit = Some(Merit { per_order: 10, most: 500, days: 7 });
        let earning = Arc::new(earning);
        let key = |day: &str| ("acme".to_owned(), "day".to_owned(), day.to_owned());
        let points: Points = [(key("1970-01-01"), 40), (key("1970-01-02"), 9_999)].into();
        let allowance = |second| plan(&earning, &acme(), &[], &points, at(second)).policies[1].allowance();
        assert_eq!((allowance(10), allowance(86_400), allowance(2 * 86_400)), (1_040, 1_500, 1_000));
        assert_eq!(changes_at(&earning, &acme(), &[], at(10)), Some(at(86_400)));
    }
}

//! What would have been: the last 24 hours of accounts once more under a plan that is only proposed.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::{Plan, Policy};
use crate::ops::look::overrides::units;
use crate::ops::look::{Books, Trouble};
use crate::usage::{Replayed, by_day};

/// Accounts that are replayed at one time: those that called most.
const MOST: usize = 200;
const DAY_MS: i64 = 86_400_000;
/// The longest rolling window that a plan can have: two days.
const MOST_WINDOW_S: u32 = 172_800;

/// What is asked, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The plan that the proposed one is like.
    pub plan: String,
    /// A partner; `*` for all; nothing for those that are on the plan.
    pub partner: String,
    /// Other figures for policies.
    pub figures: Vec<Figures>,
}

/// Figures of a policy, as they were typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The policy; one that the plan does not have is added.
    pub policy: String,
    /// Units per window; 0 leaves the policy out.
    pub quota: String,
    /// Units at once; empty for the plan's proportion.
    pub burst: String,
    /// Seconds of the window; only of a policy that is added.
    pub window_s: String,
}

impl Figures {
    /// `minute:600`, `minute:600:300` or `hour:20000:5000:3600`.
    pub fn read(text: &str) -> Self {
        let mut parts = text.split(':').map(|part| part.trim().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        Self { policy: next(), quota: next(), burst: next(), window_s: next() }
    }
}

/// What would have been.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WhatIf {
    /// The plan that the proposed one is like.
    pub plan: String,
    /// The policies of the proposed plan.
    pub policies: Vec<Proposed>,
    /// Accounts that called in these days and were replayed.
    pub accounts: usize,
    /// Accounts that called less and were left out, so that the answer comes in time.
    pub left_out: usize,
    /// How many would have been refused something.
    pub hurt: usize,
    /// Units that all of them wanted.
    pub offered_units: u64,
    /// Of these, units that would have been refused.
    pub refused_units: u64,
    /// Units that really were refused then.
    pub refused_then: u64,
    /// The accounts, those that would have been refused most first.
    pub items: Vec<Replayed>,
}

/// A policy of the proposed plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Proposed {
    /// Its name.
    pub name: String,
    /// Units per window.
    pub quota: u32,
    /// Units at once.
    pub burst: u32,
    /// Length of the window in seconds; 86,400 for a day.
    pub window_s: u32,
    /// Whether it is a calendar day, which has no burst of its own.
    pub daily: bool,
    /// Whether it only counts, and so refuses nothing here either.
    pub shadow: bool,
}

impl Proposed {
    fn of(policy: &Policy) -> Self {
        Self {
            name: policy.name.to_string(),
            quota: policy.quota,
            burst: policy.burst,
            window_s: policy.span.seconds(),
            daily: matches!(policy.span, crate::model::plan::Span::Day { .. }),
            shadow: policy.shadow,
        }
    }
}

/// The plans there are, as they are written down.
pub async fn plans(books: &Books) -> Result<Vec<String>, Trouble> {
    Ok(books.directory.list_plans().await?.iter().map(|plan| plan.id.to_string()).collect())
}

/// The policies of a plan, to be given other figures.
pub async fn policies(books: &Books, plan: &str) -> Result<Vec<Proposed>, Trouble> {
    Ok(books.directory.get_plan(plan).await?.policies.iter().map(Proposed::of).collect())
}

/// Replays the last 24 hours.
pub async fn replay(books: &Books, asked: &Asked) -> Result<WhatIf, Trouble> {
    let mut plan = (*books.directory.get_plan(&asked.plan).await?).clone();
    asked.figures.iter().try_for_each(|figures| propose(&mut plan, figures))?;
    if plan.policies.iter().all(|policy| policy.shadow) {
        return Err(Trouble::Wrong("A plan needs a policy that refuses; this one would let everything in.".to_owned()));
    }
    let mut accounts = accounts(books, asked).await?;
    let left_out = accounts.len().saturating_sub(MOST);
    accounts.truncate(MOST);
    let items = books.usage.what_if(&accounts, &plan).await?;
    let sum = |of: fn(&Replayed) -> u64| items.iter().map(of).sum();
    Ok(WhatIf {
        plan: asked.plan.clone(),
        policies: plan.policies.iter().map(Proposed::of).collect(),
        accounts: items.len(),
        left_out,
        hurt: items.iter().filter(|one| one.refused.calls > 0).count(),
        offered_units: sum(|one| one.offered.units),
        refused_units: sum(|one| one.refused.units),
        refused_then: sum(|one| one.refused_then),
        items,
    })
}

/// The accounts that are meant and that called yesterday or today, those that called most first.
async fn accounts(books: &Books, asked: &Asked) -> Result<Vec<(PartnerId, Mode)>, Trouble> {
    let rows = books.directory.list_partners().await?;
    if !matches!(asked.partner.as_str(), "" | "*") && !rows.iter().any(|row| row.id == asked.partner) {
        return Err(Trouble::Missing(format!("No partner is called {}.", asked.partner)));
    }
    let meant = |id: &str| match asked.partner.as_str() {
        "*" => true,
        "" => rows.iter().any(|row| row.id == id && row.plan == asked.plan),
        one => one == id,
    };
    let yesterday = books.clock.now_ms().div_euclid(DAY_MS) - 1;
    let called = by_day::trends(&books.sql, yesterday, 2).await?;
    let mut called: Vec<_> = called.into_iter().filter(|((partner, _), _)| meant(partner)).collect();
    called.sort_by_key(|(account, days)| (std::cmp::Reverse(days.iter().sum::<i64>()), account.clone()));
    let account = |(partner, mode): (String, String)| Some((partner.parse().ok()?, mode.parse().ok()?));
    Ok(called.into_iter().filter_map(|(names, _)| account(names)).collect())
}

/// Gives a policy of the plan other figures, adds one, or leaves one out.
fn propose(plan: &mut Plan, figures: &Figures) -> Result<(), Trouble> {
    let name = figures.policy.as_str();
    let wrong = |what: &str| Trouble::Wrong(format!("{name}: {what}"));
    if name.is_empty() {
        return Err(Trouble::Wrong("policy: its name, a colon, and units per window, like minute:600".to_owned()));
    }
    let quota = units(name, &figures.quota)?;
    let burst = units(name, &figures.burst)?;
    if quota == Some(0) {
        plan.policies.retain(|policy| *policy.name != *name);
        return Ok(());
    }
    let Some(policy) = plan.policies.iter_mut().find(|policy| *policy.name == *name) else {
        let (quota, window_s) = (quota.ok_or_else(|| wrong("say how many units a window"))?, &figures.window_s);
        let window_s = units(name, window_s)?.filter(|seconds| (1..=MOST_WINDOW_S).contains(seconds));
        let window_s =
            window_s.ok_or_else(|| wrong("the plan has no such policy; to add it, say its window, 1 to 172800 s"))?;
        let burst = burst.unwrap_or(quota);
        fits(quota, burst).then_some(()).ok_or_else(|| wrong(BURST))?;
        plan.policies.push(Policy::rolling(name, quota, window_s, burst));
        return Ok(());
    };
    let other = quota.unwrap_or(policy.quota);
    // A burst that nobody named stays in proportion, as with overrides.
    let in_proportion = u64::from(policy.burst) * u64::from(other) / u64::from(policy.quota.max(1));
    let in_proportion = u32::try_from(in_proportion).unwrap_or(other).clamp(1, other);
    let burst = if Proposed::of(policy).daily { other } else { burst.unwrap_or(in_proportion) };
    fits(other, burst).then_some(()).ok_or_else(|| wrong(BURST))?;
    (policy.quota, policy.burst) = (other, burst);
    Ok(())
}

const BURST: &str = "a burst is at least 1 and at most the quota";

fn fits(quota: u32, burst: u32) -> bool {
    (1..=quota).contains(&burst)
}

#[cfg(test)]
mod tests {
    use super::{Figures, propose};
    use crate::model::plan::{Plan, Policy};

    fn starter() -> Plan {
        let policies = vec![Policy::rolling("minute", 600, 60, 300), Policy::daily("day", 1_000, "UTC", 0)];
        Plan { id: "starter".into(), policies, in_flight: 4, price_tier: "standard".into() }
    }

    fn proposed(figures: &[&str]) -> Result<Vec<(String, u32, u32)>, String> {
        let mut plan = starter();
        for one in figures {
            propose(&mut plan, &Figures::read(one)).map_err(|trouble| trouble.to_string())?;
        }
        Ok(plan.policies.iter().map(|policy| (policy.name.to_string(), policy.quota, policy.burst)).collect())
    }

    #[test]
    fn a_plan_is_proposed_by_what_is_other_than_in_one_there_is() {
        let told = |figures: &[&str]| {
            let policies = proposed(figures).unwrap();
            policies.iter().map(|(name, quota, burst)| format!("{name} {quota}/{burst}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(told(&[]), "minute 600/300, day 1000/1000");
        assert_eq!(told(&["minute:60", "day:500"]), "minute 60/30, day 500/500");
        assert_eq!(told(&["minute:60:60", "day:0"]), "minute 60/60");
        assert_eq!(told(&["hour:2000:500:3600"]), "minute 600/300, day 1000/1000, hour 2000/500");
        assert_eq!(told(&["minute::200"]), "minute 600/200, day 1000/1000");
    }

    #[test]
    fn what_no_plan_can_have_is_not_proposed() {
        for wrong in
            ["", "minute:x", "minute:60:61", "hour:5", "hour:5:5:0", "hour:5:5:172801", "hour::5:60", "minute:5:0"]
        {
            assert!(proposed(&[wrong]).is_err(), "{wrong}");
        }
    }
}

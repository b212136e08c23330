//! Who is about to be limited, who is hurt, who abuses: one row for each account, the nearest to a limit first. Where
//! accounts stand is told by whoever knows their plans; here it is set against what they did lately.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::recent::{Counts, RATE_S, Recently};
use crate::model::partner::Mode;

/// Days of the trend, today included.
pub const TREND_DAYS: usize = 7;

/// Where an account stands, as its plan's keeper says.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The partner.
    pub partner: String,
    /// Of which keys.
    pub mode: Mode,
    /// The plan's short name.
    pub plan: String,
    /// Each policy, in the plan's order.
    pub policies: Vec<Left>,
    /// When the first of the keys that count ends.
    pub key_expires_at: Option<Timestamp>,
}

/// What is left of a policy.
#[derive(Clone, Debug)]
pub struct Left {
    /// Its name.
    pub name: String,
    /// Units per window.
    pub quota: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Units that can be left at most.
    pub most: u32,
    /// Units left.
    pub remaining: u32,
    /// Seconds until all units are back.
    pub resets_in_s: u64,
    /// Whether units come back little by little; otherwise all at once when the window ends.
    pub refills: bool,
}

/// How much of a policy is used, and until when the rest lasts.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Used {
    /// The policy's name.
    pub name: String,
    /// Units per window.
    pub quota: u32,
    /// Length of the window in seconds.
    pub window_s: u32,
    /// Units left.
    pub remaining: u32,
    /// Percent used, 0 to 100.
    pub percent: f64,
    /// Seconds after which nothing is left if it goes on as in the last ten seconds; none when that does not happen
    /// before the window ends.
    pub exhausted_in_s: Option<f64>,
}

/// How far the account's clock is off: age of its signatures when they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Skew {
    /// The youngest, in seconds; negative when it was of the future.
    pub min_s: i16,
    /// The one in the middle.
    pub median_s: i16,
    /// The oldest.
    pub max_s: i16,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Headroom {
    /// The partner.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// The plan's short name; empty when nobody said.
    pub plan: String,
    /// Calls a second in the last ten seconds.
    pub rps: f64,
    /// Units charged a second in the last ten seconds.
    pub units_per_s: f64,
    /// Each policy.
    pub policies: Vec<Used>,
    /// Of the policy that is used most, percent.
    pub percent: f64,
    /// The soonest that a policy is exhausted, in seconds.
    pub exhausted_in_s: Option<f64>,
    /// Calls of the last five minutes.
    pub calls: u32,
    /// Of them, refused by a policy.
    pub limited: u32,
    /// Their share, 0 to 1.
    pub limited_share: f64,
    /// Of them, failed on our side.
    pub failed: u32,
    /// Limited calls by policy.
    pub causes: Counts,
    /// Calls that policies on trial would have refused, by policy.
    pub shadow: Counts,
    /// The operation that was called most.
    pub top_operation: Option<String>,
    /// Refused proofs by code, of the last five minutes.
    pub proofs: Counts,
    /// Decisions of the last five minutes, e.g. `allowed_in_hand`, `denied_redis`.
    pub decisions: Counts,
    /// How old the last signatures were.
    pub skew: Option<Skew>,
    /// When the first key ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub key_expires_at: Option<Timestamp>,
    /// Calls on each of the last seven days in UTC, today last.
    pub trend: Vec<i64>,
    /// When the last call was answered.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_call_at: Option<Timestamp>,
}

/// The row of an account.
pub fn row(standing: &Standing, recently: &Recently, trend: Vec<i64>) -> Headroom {
    let rate = f64::from(recently.units_10s) / RATE_S as f64;
    let policies: Vec<_> = standing.policies.iter().map(|left| used(left, rate)).collect();
    let calls = recently.calls;
    Headroom {
        partner: standing.partner.clone(),
        mode: standing.mode.name(),
        plan: standing.plan.clone(),
        rps: f64::from(recently.calls_10s) / RATE_S as f64,
        units_per_s: rate,
        percent: policies.iter().map(|used| used.percent).fold(0.0, f64::max),
        exhausted_in_s: policies.iter().filter_map(|used| used.exhausted_in_s).reduce(f64::min),
        policies,
        calls,
        limited: recently.limited,
        limited_share: if calls == 0 { 0.0 } else { f64::from(recently.limited) / f64::from(calls) },
        failed: recently.failed,
        causes: recently.causes.clone(),
        shadow: recently.shadow.clone(),
        top_operation: recently.operations.iter().max_by_key(|(_, count)| **count).map(|(name, _)| name.clone()),
        proofs: recently.proofs.clone(),
        decisions: recently.decisions.clone(),
        skew: skew(&recently.ages),
        key_expires_at: standing.key_expires_at,
        trend,
        last_call_at: (recently.last_ms > 0).then(|| Timestamp::from_millisecond(recently.last_ms).ok()).flatten(),
    }
}

/// The nearest to a limit first: by what is used, then by how soon it is exhausted, then by who is limited most.
pub fn sort(rows: &mut [Headroom]) {
    let soon = |row: &Headroom| row.exhausted_in_s.unwrap_or(f64::INFINITY);
    rows.sort_by(|one, other| {
        let by_percent = other.percent.total_cmp(&one.percent);
        let by_time = soon(one).total_cmp(&soon(other));
        let by_calls = other.limited.cmp(&one.limited).then(other.rps.total_cmp(&one.rps));
        by_percent
            .then(by_time)
            .then(by_calls)
            .then_with(|| (&one.partner, one.mode).cmp(&(&other.partner, other.mode)))
    });
}

fn used(left: &Left, rate: f64) -> Used {
    let most = f64::from(left.most.max(1));
    let back = if left.refills { f64::from(left.quota) / f64::from(left.window_s.max(1)) } else { 0.0 };
    let shrinks = rate - back;
    let lasts = (shrinks > 0.0).then(|| f64::from(left.remaining) / shrinks);
    Used {
        name: left.name.clone(),
        quota: left.quota,
        window_s: left.window_s,
        remaining: left.remaining,
        percent: (100.0 * (1.0 - f64::from(left.remaining) / most)).clamp(0.0, 100.0),
        // A window that ends before gives everything back.
        exhausted_in_s: lasts.filter(|lasts| left.refills || *lasts < left.resets_in_s as f64),
    }
}

fn skew(ages: &[i16]) -> Option<Skew> {
    let mut ages = ages.to_vec();
    ages.sort_unstable();
    Some(Skew { min_s: *ages.first()?, median_s: *ages.get(ages.len() / 2)?, max_s: *ages.last()? })
}

#[cfg(test)]
mod tests {
    use super::{Headroom, Left, Standing, row, skew, sort};
    use crate::model::partner::Mode;
    use crate::usage::recent::Recently;

    fn left(remaining: u32, refills: bool) -> Left {
        let (quota, window_s, resets_in_s) = if refills { (600, 60, 60) } else { (10_000, 86_400, 3_600) };
        Left { name: "p".to_owned(), quota, window_s, most: quota, remaining, resets_in_s, refills }
    }

    fn account(partner: &str, policies: Vec<Left>, units_10s: u32) -> Headroom {
        let (partner, plan) = (partner.to_owned(), "starter".to_owned());
        let standing = Standing { partner, mode: Mode::Live, plan, policies, key_expires_at: None };
        row(&standing, &Recently { units_10s, ..Recently::default() }, vec![0; 7])
    }

    #[test]
    fn the_rest_lasts_until_it_is_used_up_faster_than_it_comes_back() {
        let lasts = |left, units_10s| account("acme", vec![left], units_10s).exhausted_in_s;
        assert_eq!(lasts(left(300, true), 100), None, "as much comes back as goes");
        assert_eq!(lasts(left(300, true), 130), Some(100.0));
        assert_eq!(lasts(left(3_000, false), 10), Some(3_000.0));
        assert_eq!(lasts(left(4_000, false), 10), None, "the day ends before");
        assert_eq!(lasts(left(0, true), 200), Some(0.0));
    }

    #[test]
    fn the_nearest_to_a_limit_stands_first() {
        let mut rows = vec![
            account("easy", vec![left(600, true)], 0),
            account("near", vec![left(600, true), left(500, false)], 1),
            account("soon", vec![left(60, true)], 200),
            account("later", vec![left(60, true)], 110),
        ];
        sort(&mut rows);
        let order: Vec<_> = rows.iter().map(|row| (row.partner.as_str(), row.percent.round())).collect();
        assert_eq!(order, [("near", 95.0), ("soon", 90.0), ("later", 90.0), ("easy", 0.0)]);
    }

    #[test]
    fn a_clock_that_is_off_shows_in_all_three_figures() {
        assert_eq!(skew(&[]), None);
        let off = skew(&[31, -2, 30, 32, 29]).unwrap();
        assert_eq!((off.min_s, off.median_s, off.max_s), (-2, 30, 32));
    }
}

//! Where every account stands: `limits` knows what is left, `partners` whose keys count and when they end, `usage` what
//! was done lately. Only here the three meet.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::ops::look::{Books, Trouble, figures};
use crate::partners::{KeyRow, KeyState};
use crate::usage::headroom::{Headroom, Used};
use crate::usage::{Left, Standing};

/// So many accounts are asked about at a time, each of them in Redis.
const AT_ONCE: usize = 64;

/// An account: a partner in one of the two worlds, with what it does and what is left for it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountView {
    /// The partner's name for people.
    pub name: String,
    /// Overrides in force for it, trials among them.
    pub overrides: usize,
    /// Calls of it that this node is answering.
    pub in_flight: u32,
    /// How many it may answer at a time.
    pub in_flight_limit: u32,
    /// How near it is to a limit, and what it did in the last five minutes.
    #[serde(flatten)]
    pub headroom: Headroom,
}

/// Reads all accounts with a key that counts, the nearest to a limit first.
pub async fn accounts(books: &Books, keys: &[KeyRow]) -> Result<Vec<AccountView>, Trouble> {
    let snapshot = books.directory.snapshot();
    let partners: Vec<_> = snapshot.partners().cloned().collect();
    of(books, &partners, keys).await
}

/// Reads the accounts of some partners.
pub async fn of(books: &Books, partners: &[Arc<Partner>], keys: &[KeyRow]) -> Result<Vec<AccountView>, Trouble> {
    let open = |partner: &Arc<Partner>, mode| !partner.suspended && counting(keys, partner, mode).next().is_some();
    let accounts = partners.iter().flat_map(|partner| [(partner, Mode::Live), (partner, Mode::Sandbox)]);
    let accounts = accounts.filter(|(partner, mode)| open(partner, *mode));
    let asked = accounts.map(|(partner, mode)| stand(books, Arc::clone(partner), mode, ends(keys, partner, mode)));
    let stood: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    let standings: Vec<_> = stood.iter().map(|(.., standing)| standing.clone()).collect();
    let rows = books.usage.headroom(&standings).await?;
    let view = |headroom: Headroom| {
        let known = stood.iter().find(|(.., one)| one.partner == headroom.partner && one.mode.name() == headroom.mode);
        known.map(|(partner, limited, _)| AccountView {
            name: partner.name.clone(),
            overrides: partner.plan.policies.iter().filter(|policy| policy.overridden.is_some()).count(),
            in_flight: limited.in_flight(),
            in_flight_limit: limited.in_flight_limit(),
            headroom,
        })
    };
    Ok(rows.into_iter().filter_map(view).collect())
}

type Stood = (Arc<Partner>, limits::Standing, Standing);

async fn stand(books: &Books, partner: Arc<Partner>, mode: Mode, key_expires_at: Option<Timestamp>) -> Stood {
    let caller = Caller { partner: Arc::clone(&partner), key_id: "console".into(), mode, scopes: Scopes::default() };
    let limited = books.limits.standing(&caller).await;
    let standing = Standing {
        partner: partner.id.to_string(),
        mode,
        plan: limited.plan().to_owned(),
        policies: limited.rows().map(|row| left(&row)).collect(),
        key_expires_at,
    };
    (partner, limited, standing)
}

fn left(row: &limits::Row<'_>) -> Left {
    Left {
        name: row.name.to_owned(),
        quota: row.quota,
        window_s: row.window_s,
        most: row.burst,
        remaining: row.remaining,
        resets_in_s: row.resets_in_s,
        refills: row.day_ends.is_none(),
    }
}

fn counting<'a>(keys: &'a [KeyRow], partner: &'a Partner, mode: Mode) -> impl Iterator<Item = &'a KeyRow> {
    let own = keys.iter().filter(|key| key.partner == partner.id.as_str());
    own.filter(move |key| key.state == KeyState::Active && key.mode == Some(mode))
}

/// When the first of the keys that count ends.
fn ends(keys: &[KeyRow], partner: &Partner, mode: Mode) -> Option<Timestamp> {
    counting(keys, partner, mode).flat_map(|key| [key.expires_at, key.retired_at]).flatten().min()
}

/// How a policy that is used so far looks: more than half, more than four fifths.
pub fn look(used: &Used) -> &'static str {
    match used.percent {
        percent if percent > 80.0 => "bad",
        percent if percent > 50.0 => "warn",
        _ => "good",
    }
}

/// What is left of a policy, for people: units, and when nothing is left.
pub fn shown(used: &Used) -> String {
    let units = format!("{} left", figures::grouped(used.remaining.into()));
    match used.exhausted_in_s {
        Some(seconds) => format!("{units}, none in {}", figures::span(seconds.ceil() as i64)),
        None => units,
    }
}

/// Who decided, in words: the name in the numbers, and what it says.
const DECIDED: [(&str, &str); 4] = [
    ("in_hand", "units in hand"),
    ("by_redis", "Redis"),
    ("locally", "own share, Redis silent"),
    ("here", "this node alone"),
];

/// Decisions of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decisions {
    /// Who decided.
    pub name: &'static str,
    /// The same in words.
    pub says: &'static str,
    /// Calls that were let in.
    pub allowed: u32,
    /// Calls that were refused.
    pub denied: u32,
}

impl AccountView {
    /// The decisions of the last five minutes by who took them; kinds that did not happen are left out.
    pub fn decisions(&self) -> Vec<Decisions> {
        let count =
            |verdict: &str, name: &str| self.headroom.decisions.get(&format!("{verdict}_{name}")).copied().unwrap_or(0);
        let all = DECIDED.iter().map(|(name, says)| Decisions {
            name,
            says,
            allowed: count("allowed", name),
            denied: count("denied", name),
        });
        all.filter(|one| one.allowed + one.denied > 0).collect()
    }

    /// The policy of which nothing is left soonest if it goes on like that, and in how many seconds.
    pub fn soonest(&self) -> Option<(&str, f64)> {
        let policies = self.headroom.policies.iter();
        let ending = policies.filter_map(|used| used.exhausted_in_s.map(|seconds| (used.name.as_str(), seconds)));
        ending.min_by(|one, other| one.1.total_cmp(&other.1))
    }
}

#[cfg(test)]
mod tests {
    use super::{look, shown};
    use crate::usage::headroom::Used;

    fn used(percent: f64, exhausted_in_s: Option<f64>) -> Used {
        Used { name: "minute".to_owned(), quota: 6_000, window_s: 60, remaining: 1_200, percent, exhausted_in_s }
    }

    #[test]
    fn what_is_left_is_told_in_words_and_looks_as_it_is() {
        assert_eq!(shown(&used(80.0, None)), "1,200 left");
        assert_eq!(shown(&used(80.0, Some(11.2))), "1,200 left, none in 12 s");
        assert_eq!([50.0, 50.1, 80.1].map(|percent| look(&used(percent, None))), ["good", "warn", "bad"]);
    }
}

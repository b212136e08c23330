//! What one account did in the last minutes, in slots of ten seconds; its last errors; how old its signatures were.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::{Account, Call, Outcome};

const SLOT_MS: i64 = 10_000;
/// Five minutes of slots are told of.
const SLOTS: i64 = 30;
/// The rate is that of so many seconds.
pub const RATE_S: i64 = 10;
const MOST_ERRORS: usize = 50;
const MOST_AGES: usize = 64;
/// So many ages are told to other nodes.
const TOLD_AGES: usize = 16;

/// An answer of 400 or above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    /// Our id of the request.
    pub request_id: String,
    /// When it was answered.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The operation.
    pub operation: String,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code.
    pub code: String,
    /// The policy that refused it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub policy: Option<String>,
}

/// How many of each; small, as names come from our own tables.
pub type Counts = BTreeMap<String, u32>;

/// What an account did in the last five minutes, on one node or on several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Recently {
    /// Calls of the last ten seconds.
    pub calls_10s: u32,
    /// Units charged in the last ten seconds.
    pub units_10s: u32,
    /// Calls.
    pub calls: u32,
    /// Calls refused by a policy.
    pub limited: u32,
    /// Calls that failed on our side.
    pub failed: u32,
    /// Limited calls by policy.
    pub causes: Counts,
    /// Calls that policies on trial would have refused, by policy.
    pub shadow: Counts,
    /// Calls by operation.
    pub operations: Counts,
    /// Refused proofs by the step that failed.
    pub proofs: Counts,
    /// Decisions, `allowed` or `denied` by who decided.
    pub decisions: Counts,
    /// Ages of the last signatures in seconds.
    pub ages: Vec<i16>,
    /// When the last call was answered, in milliseconds since 1970.
    pub last_ms: i64,
}

impl Recently {
    /// What another node saw, too.
    pub fn merge(&mut self, other: &Self) {
        for (own, more) in [
            (&mut self.calls_10s, other.calls_10s),
            (&mut self.units_10s, other.units_10s),
            (&mut self.calls, other.calls),
            (&mut self.limited, other.limited),
            (&mut self.failed, other.failed),
        ] {
            *own = own.saturating_add(more);
        }
        add_all(&mut self.causes, &other.causes);
        add_all(&mut self.shadow, &other.shadow);
        add_all(&mut self.operations, &other.operations);
        add_all(&mut self.proofs, &other.proofs);
        add_all(&mut self.decisions, &other.decisions);
        self.ages.extend(&other.ages);
        self.last_ms = self.last_ms.max(other.last_ms);
    }
}

fn add_all(own: &mut Counts, more: &Counts) {
    for (name, count) in more {
        *own.entry(name.clone()).or_default() += count;
    }
}

/// What an account is ranked by: first those that were limited most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Figures {
    /// Calls limited by a policy.
    pub limited: u32,
    /// Calls.
    pub calls: u32,
}

/// Ten seconds; names are ours or the plan's and not copied.
#[derive(Debug, Default)]
struct Slot {
    at: i64,
    calls: u32,
    limited: u32,
    failed: u32,
    causes: Vec<(Arc<str>, u32)>,
    shadow: Vec<(Arc<str>, u32)>,
    operations: Vec<(&'static str, u32)>,
    proofs: Vec<(&'static str, u32)>,
    decisions: Vec<((&'static str, &'static str), u32)>,
}

/// One account on this node.
#[derive(Debug, Default)]
pub struct Recent {
    slots: VecDeque<Slot>,
    /// Second, calls, units charged.
    seconds: VecDeque<(i64, u32, u32)>,
    errors: VecDeque<LastError>,
    ages: VecDeque<i16>,
    last_ms: i64,
}

impl Recent {
    /// Adds a call of the account.
    pub fn add(&mut self, account: &Account, call: Call) {
        self.last_ms = self.last_ms.max(call.at_ms);
        if let Some(age_s) = account.age_s {
            push(&mut self.ages, i16::try_from(age_s.clamp(-9_999, 9_999)).unwrap_or(0), MOST_AGES);
        }
        let slot = slot_of(&mut self.slots, call.at_ms.div_euclid(SLOT_MS));
        if account.proven {
            slot.calls += 1;
            one_more(&mut slot.operations, call.operation);
            self.add_to_second(&call);
        } else {
            one_more(&mut slot.proofs, call.code);
        }
        let slot = slot_of(&mut self.slots, call.at_ms.div_euclid(SLOT_MS));
        if call.outcome() == Outcome::Failed {
            slot.failed += 1;
        }
        if let Some(policy) = &call.refused_by {
            slot.limited += 1;
            one_more(&mut slot.causes, policy.clone());
        }
        if let Some(decided) = call.decided {
            let verdict = if call.refused_by.is_some() { "denied" } else { "allowed" };
            one_more(&mut slot.decisions, (verdict, decided));
        }
        call.shadow.iter().for_each(|policy| one_more(&mut slot.shadow, policy.clone()));
        if let Some(error) = error_of(call) {
            push(&mut self.errors, error, MOST_ERRORS);
        }
    }

    /// When the last call was answered.
    pub fn last_ms(&self) -> i64 {
        self.last_ms
    }

    /// The last answers of 400 and above, the newest first.
    pub fn errors(&self) -> impl Iterator<Item = &LastError> {
        self.errors.iter().rev()
    }

    /// What was done in the five minutes before this moment.
    pub fn recently(&self, now_ms: i64) -> Recently {
        let now_s = now_ms.div_euclid(1_000);
        let in_rate = |second: i64| second > now_s - 1 - RATE_S && second < now_s;
        let rated = self.seconds.iter().filter(|(second, ..)| in_rate(*second));
        let (calls_10s, units_10s) = rated.fold((0, 0), |(calls, units), one| (calls + one.1, units + one.2));
        let mut sum = Recently { calls_10s, units_10s, last_ms: self.last_ms, ..Recently::default() };
        sum.ages = self.ages.iter().rev().take(TOLD_AGES).copied().collect();
        let now = now_ms.div_euclid(SLOT_MS);
        for slot in self.slots.iter().filter(|slot| slot.at > now - SLOTS) {
            (sum.calls, sum.limited, sum.failed) =
                (sum.calls + slot.calls, sum.limited + slot.limited, sum.failed + slot.failed);
            count(&mut sum.causes, &slot.causes, |name| name.to_string());
            count(&mut sum.shadow, &slot.shadow, |name| name.to_string());
            count(&mut sum.operations, &slot.operations, |name| (*name).to_owned());
            count(&mut sum.proofs, &slot.proofs, |name| (*name).to_owned());
            count(&mut sum.decisions, &slot.decisions, |(verdict, by)| format!("{verdict}_{by}"));
        }
        sum
    }

    /// Calls in the five minutes before this moment, and those of them that a policy refused: as [`Self::recently`] tells
    /// them, without the names.
    pub fn figures(&self, now_ms: i64) -> Figures {
        let now = now_ms.div_euclid(SLOT_MS);
        let lately = self.slots.iter().filter(|slot| slot.at > now - SLOTS);
        lately.fold(Figures::default(), |sum, slot| Figures {
            limited: sum.limited + slot.limited,
            calls: sum.calls + slot.calls,
        })
    }

    fn add_to_second(&mut self, call: &Call) {
        let second = call.at_ms.div_euclid(1_000);
        match self.seconds.iter_mut().rev().find(|(at, ..)| *at == second) {
            Some((_, calls, units)) => (*calls, *units) = (*calls + 1, units.saturating_add(call.units)),
            None => push(&mut self.seconds, (second, 1, call.units), RATE_S as usize + 4),
        }
    }
}

/// The slot of this time. Workers' lists come one after the other, so a call may belong to the slot before.
fn slot_of(slots: &mut VecDeque<Slot>, at: i64) -> &mut Slot {
    let place = match slots.iter().rposition(|slot| slot.at == at) {
        Some(place) => place,
        None => {
            push(slots, Slot { at, ..Slot::default() }, SLOTS as usize + 1);
            slots.len() - 1
        }
    };
    &mut slots[place]
}

fn push<T>(kept: &mut VecDeque<T>, one: T, most: usize) {
    if kept.len() >= most {
        kept.pop_front();
    }
    kept.push_back(one);
}

fn one_more<K: PartialEq>(counted: &mut Vec<(K, u32)>, name: K) {
    match counted.iter_mut().find(|(known, _)| *known == name) {
        Some((_, count)) => *count += 1,
        None => counted.push((name, 1)),
    }
}

fn count<K>(sum: &mut Counts, counted: &[(K, u32)], name: impl Fn(&K) -> String) {
    for (what, count) in counted {
        *sum.entry(name(what)).or_default() += count;
    }
}

fn error_of(call: Call) -> Option<LastError> {
    Some(LastError {
        request_id: call.request_id.filter(|_| call.status >= 400)?.to_string(),
        at: Timestamp::from_millisecond(call.at_ms).unwrap_or(Timestamp::UNIX_EPOCH),
        operation: call.operation.to_owned(),
        status: call.status,
        code: call.code.to_owned(),
        policy: call.refused_by.map(|policy| policy.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::Recent;
    use crate::usage::call::Call;
    use crate::usage::example::call;

    fn add(recent: &mut Recent, call: Call) {
        let account = call.account.clone().unwrap();
        recent.add(&account, call);
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_whole_seconds() {
        let mut recent = Recent::default();
        for second in 0..30 {
            (0..5).for_each(|_| add(&mut recent, call("acme", second * 1_000 + 5, 200, 2)));
        }
        let now = recent.recently(30_000);
        assert_eq!((now.calls_10s, now.units_10s, now.calls), (50, 100, 150));
        let later = recent.recently(35_000);
        assert_eq!((later.calls_10s, later.calls), (25, 150));
        assert_eq!(recent.recently(400_000).calls, 0, "five minutes later it is forgotten");
    }

    #[test]
    fn fifty_errors_are_kept_and_the_newest_is_first() {
        let mut recent = Recent::default();
        (0..120).for_each(|n| add(&mut recent, call("acme", n, if n % 2 == 0 { 404 } else { 200 }, 1)));
        let errors: Vec<_> = recent.errors().map(|error| &*error.request_id).collect();
        assert_eq!((errors.len(), errors[0], errors[49]), (50, "req_118", "req_20"));
    }

    #[test]
    fn a_refused_proof_is_no_call_of_the_partner() {
        let mut recent = Recent::default();
        let mut wrong = call("acme", 1_000, 401, 0);
        wrong.code = "signature_mismatch";
        wrong.account.as_mut().unwrap().proven = false;
        add(&mut recent, wrong);
        let now = recent.recently(2_000);
        assert_eq!((now.calls, now.calls_10s, now.proofs["signature_mismatch"]), (0, 0, 1));
        assert_eq!(recent.errors().count(), 1);
    }

    #[test]
    fn two_nodes_saw_what_both_saw_together() {
        let (mut one, mut other) = (Recent::default(), Recent::default());
        let mut limited = call("acme", 500, 429, 0);
        (limited.refused_by, limited.decided) = (Some("second".into()), Some("redis"));
        add(&mut one, call("acme", 600, 200, 3));
        add(&mut other, limited);
        let mut both = one.recently(1_000);
        both.merge(&other.recently(1_000));
        assert_eq!((both.calls, both.limited, both.units_10s, both.ages.len()), (2, 1, 3, 2));
        assert_eq!((both.causes["second"], both.decisions["denied_redis"], both.operations["get_offer"]), (1, 1, 2));
    }
}

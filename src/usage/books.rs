//! What this node's calls add up to: sums to be written, what each account did lately, and the node's pulse. Fed from
//! the journal, one call at a time; knows nothing of other nodes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::call::{Account, Call, Outcome};
use super::pulse::Pulse;
use super::recent::Recent;
use super::seconds::Seconds;
use crate::model::partner::Mode;

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;
const LATELY_MS: i64 = 5 * MINUTE_MS;
/// Minutes of accounts that wait to be written while the database cannot be reached: when a minute begins and there are so
/// many, the oldest makes place.
const MOST_MINUTES: usize = 200_000;
/// Accounts whose last minutes are remembered.
const MOST_ACCOUNTS: usize = 20_000;
/// When there are more, this part of them is forgotten at once: to look for the quietest of all costs a look at all.
const FORGOTTEN_SHARE: usize = 8;
/// Partners whose limited calls have a metric of their own; those limited first.
const MOST_METERED: usize = 100;
/// What the metric says of all others.
const OTHERS: &str = "(others)";

/// What one row of `usage_days` is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    /// The partner.
    pub partner: Arc<str>,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// Days since 1970 in UTC.
    pub day: i64,
    /// The operation.
    pub operation: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// The problem's code, or empty.
    pub code: &'static str,
}

/// Calls and the units they were charged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Calls.
    pub calls: i64,
    /// Units.
    pub units: i64,
}

/// Which row of `usage_minutes`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct At {
    /// Minutes since 1970.
    pub minute: i64,
    /// The partner.
    pub partner: Arc<str>,
    /// `live` or `sandbox`.
    pub mode: &'static str,
}

/// What was wanted in a minute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Minute {
    /// By second.
    pub seconds: Seconds,
    /// Units that were refused, by policy.
    pub refused: BTreeMap<Arc<str>, u32>,
}

/// Whose minute: partner and mode.
type Whose = (Arc<str>, &'static str);

/// Sums of one node's calls. Found by hash: with very many partners an ordered table is walked through all of memory for
/// each call.
#[derive(Debug, Default)]
struct Running {
    days: HashMap<Day, Sum>,
    minutes: BTreeMap<i64, HashMap<Whose, Minute>>,
}

/// Sums that are to be written together, in the order of their keys.
#[derive(Debug, Default)]
pub struct Sums {
    /// By day.
    pub days: Vec<(Day, Sum)>,
    /// By minute.
    pub minutes: Vec<(At, Minute)>,
}

impl Sums {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.minutes.is_empty()
    }
}

impl Running {
    /// Takes all days so far, and the minutes before this one.
    fn take(&mut self, minute: i64) -> Sums {
        let later = self.minutes.split_off(&minute);
        let over = std::mem::replace(&mut self.minutes, later);
        let at = |minute: i64, (partner, mode): Whose| At { minute, partner, mode };
        let over = over
            .into_iter()
            .flat_map(|(minute, all)| all.into_iter().map(move |(whose, one)| (at(minute, whose), one)));
        let mut sums = Sums { days: std::mem::take(&mut self.days).into_iter().collect(), minutes: over.collect() };
        sums.days.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        sums.minutes.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        sums
    }

    /// What one account wanted in a minute.
    fn minute(&mut self, minute: i64, whose: Whose) -> &mut Minute {
        let waiting = || self.minutes.values().map(HashMap::len).sum::<usize>();
        if !self.minutes.contains_key(&minute) && waiting() >= MOST_MINUTES {
            self.minutes.pop_first();
        }
        self.minutes.entry(minute).or_default().entry(whose).or_default()
    }
}

/// The books of one node.
#[derive(Debug)]
pub struct Books {
    sums: Running,
    accounts: HashMap<(Arc<str>, Mode), Recent>,
    metered: BTreeMap<(Arc<str>, Arc<str>), u64>,
    /// Requests by time.
    pub pulse: Pulse,
    /// An empty list whose capacity the journal uses.
    pub spare: Vec<Call>,
}

impl Books {
    /// Empty books.
    pub fn new() -> Self {
        Self {
            sums: Running::default(),
            accounts: HashMap::new(),
            metered: BTreeMap::new(),
            pulse: Pulse::default(),
            spare: Vec::new(),
        }
    }

    /// Adds a call.
    pub fn add(&mut self, call: Call) {
        self.pulse.add(&call);
        let Some(account) = call.account.clone() else { return };
        self.add_to_day(&account, &call);
        self.add_to_minute(&account, &call);
        if let Some(policy) = &call.refused_by {
            self.meter(&account.partner, policy);
        }
        let key = (account.partner.clone(), account.mode);
        if self.accounts.len() >= MOST_ACCOUNTS && !self.accounts.contains_key(&key) {
            self.forget_the_quiet();
        }
        self.accounts.entry(key).or_default().add(&account, call);
    }

    /// Takes the sums that are complete at this moment: all days so far, and the minutes that are over. With `all`, the
    /// running minute too.
    pub fn take_sums(&mut self, now_ms: i64, all: bool) -> Sums {
        // A call of the last second may still be on its way from a worker's list.
        self.sums.take(if all { i64::MAX } else { (now_ms - 1_000).div_euclid(MINUTE_MS) })
    }

    /// What each account did lately.
    pub fn accounts(&self) -> impl Iterator<Item = (&Arc<str>, Mode, &Recent)> {
        self.accounts.iter().map(|((partner, mode), recent)| (partner, *mode, recent))
    }

    /// The same of those that called in the last five minutes.
    pub fn lately(&self, now_ms: i64) -> impl Iterator<Item = (&Arc<str>, Mode, &Recent)> {
        self.accounts().filter(move |(.., recent)| recent.last_ms() > now_ms - LATELY_MS)
    }

    /// What one account did lately.
    pub fn account(&self, partner: &str, mode: Mode) -> Option<&Recent> {
        self.accounts.get(&(Arc::from(partner), mode))
    }

    /// Calls refused by a policy since the process started, by partner and policy.
    pub fn metered(&self) -> impl Iterator<Item = (&str, &str, u64)> {
        self.metered.iter().map(|((partner, policy), calls)| (&**partner, &**policy, *calls))
    }

    /// Forgets accounts that were quiet for a day.
    pub fn tidy(&mut self, now_ms: i64) {
        self.accounts.retain(|_, recent| recent.last_ms() > now_ms - DAY_MS);
    }

    fn add_to_day(&mut self, account: &Account, call: &Call) {
        let day = Day {
            partner: account.partner.clone(),
            mode: account.mode.name(),
            day: call.at_ms.div_euclid(DAY_MS),
            operation: call.operation,
            outcome: call.outcome(),
            code: call.code,
        };
        let sum = self.sums.days.entry(day).or_default();
        (sum.calls, sum.units) = (sum.calls + 1, sum.units + i64::from(call.units));
    }

    fn add_to_minute(&mut self, account: &Account, call: &Call) {
        let wanted = call.wanted();
        if wanted == 0 {
            return;
        }
        let whose = (account.partner.clone(), account.mode.name());
        let minute = self.sums.minute(call.at_ms.div_euclid(MINUTE_MS), whose);
        let second = call.at_ms.rem_euclid(MINUTE_MS) / 1_000;
        minute.seconds.add(u8::try_from(second).unwrap_or(0), wanted);
        if let Some(policy) = &call.refused_by {
            *minute.refused.entry(policy.clone()).or_default() += wanted;
        }
    }

    fn meter(&mut self, partner: &Arc<str>, policy: &Arc<str>) {
        if let Some(calls) = self.metered.get_mut(&(partner.clone(), policy.clone())) {
            *calls += 1;
            return;
        }
        let mut names: Vec<&str> = self.metered.keys().map(|(partner, _)| &**partner).collect();
        names.dedup();
        let own = names.contains(&&**partner) || names.len() < MOST_METERED;
        let name = if own { partner.clone() } else { Arc::from(OTHERS) };
        *self.metered.entry((name, policy.clone())).or_default() += 1;
    }

    fn forget_the_quiet(&mut self) {
        let mut moments: Vec<_> = self.accounts.values().map(Recent::last_ms).collect();
        let mut most = (moments.len() / FORGOTTEN_SHARE).max(1);
        let (_, last_ms, _) = moments.select_nth_unstable(most - 1);
        let last_ms = *last_ms;
        self.accounts.retain(|_, recent| {
            let quiet = most > 0 && recent.last_ms() <= last_ms;
            most -= usize::from(quiet);
            !quiet
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Books, DAY_MS, FORGOTTEN_SHARE, MOST_ACCOUNTS, MOST_METERED, OTHERS};
    use crate::model::partner::Mode;
    use crate::usage::example::call;

    #[test]
    fn a_call_at_midnight_belongs_to_the_day_that_begins() {
        let mut books = Books::new();
        books.add(call("acme", DAY_MS - 1, 200, 1));
        books.add(call("acme", DAY_MS, 200, 3));
        books.add(call("acme", DAY_MS, 304, 0));
        let sums = books.take_sums(2 * DAY_MS, false);
        let days: Vec<_> =
            sums.days.iter().map(|(day, sum)| (day.day, day.outcome.name(), sum.calls, sum.units)).collect();
        assert_eq!(days, [(0, "answered", 1, 1), (1, "answered", 1, 3), (1, "not_modified", 1, 0)]);
        assert!(books.take_sums(2 * DAY_MS, true).is_empty(), "what was taken is not there any more");
    }

    #[test]
    fn the_running_minute_waits_until_it_is_over() {
        let mut books = Books::new();
        books.add(call("acme", 59_900, 200, 1));
        books.add(call("acme", 60_100, 200, 2));
        let sums = books.take_sums(60_500, false);
        assert!(sums.minutes.is_empty(), "a call of the last second may still come");
        let sums = books.take_sums(61_500, false);
        assert_eq!(sums.minutes.iter().map(|(_, minute)| minute.seconds.total()).collect::<Vec<_>>(), [(1, 1)]);
        let sums = books.take_sums(61_500, true);
        assert_eq!(sums.minutes.iter().map(|(_, minute)| minute.seconds.total()).collect::<Vec<_>>(), [(1, 2)]);
    }

    #[test]
    fn a_refused_call_is_wanted_and_not_charged() {
        let mut books = Books::new();
        let mut refused = call("acme", 1_000, 429, 0);
        (refused.cost, refused.refused_by) = (5, Some("minute".into()));
        books.add(refused);
        books.add(call("acme", 1_000, 200, 2));
        let sums = books.take_sums(DAY_MS, false);
        let (_, minute) = sums.minutes.first().unwrap();
        assert_eq!((minute.seconds.total(), minute.refused[&Arc::from("minute")]), ((2, 7), 5));
        assert_eq!(sums.days.iter().map(|(_, sum)| sum.units).sum::<i64>(), 2);
    }

    #[test]
    fn the_metric_of_limited_calls_names_a_bounded_number_of_partners() {
        let mut books = Books::new();
        for n in 0..MOST_METERED + 50 {
            let mut limited = call(&format!("partner-{n}"), 0, 429, 0);
            limited.refused_by = Some("second".into());
            books.add(limited);
        }
        assert_eq!(books.metered().count(), MOST_METERED + 1);
        assert_eq!(books.metered().find(|(name, ..)| *name == OTHERS).unwrap().2, 50);
        assert_eq!(books.metered().map(|(.., calls)| calls).sum::<u64>(), MOST_METERED as u64 + 50);
    }

    #[test]
    fn of_too_many_accounts_the_quiet_ones_are_forgotten() {
        let mut books = Books::new();
        for n in 0..MOST_ACCOUNTS + 1 {
            // The first ones called last.
            let at_ms = i64::try_from(2 * MOST_ACCOUNTS - n).unwrap();
            books.add(call(&format!("partner-{n}"), at_ms, 200, 1));
        }
        let left = MOST_ACCOUNTS - MOST_ACCOUNTS / FORGOTTEN_SHARE + 1;
        assert_eq!(books.accounts().count(), left);
        assert!(books.account("partner-0", Mode::Sandbox).is_some());
        assert!(books.account(&format!("partner-{}", MOST_ACCOUNTS - 1), Mode::Sandbox).is_none());
        assert!(books.account(&format!("partner-{MOST_ACCOUNTS}"), Mode::Sandbox).is_some(), "the newcomer");
    }

    #[test]
    fn worlds_are_kept_apart() {
        let mut books = Books::new();
        let mut live = call("acme", 0, 200, 1);
        live.account.as_mut().unwrap().mode = Mode::Live;
        books.add(live);
        books.add(call("acme", 0, 200, 1));
        assert_eq!((books.accounts().count(), books.take_sums(0, true).days.len()), (2, 2));
    }
}

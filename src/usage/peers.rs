//! What nodes tell each other on the board: what their accounts did lately, their hour, and the last errors. Compact and
//! bounded; a node that falls silent drops out.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::books::Books;
use super::pulse::Slots;
use super::recent::{LastError, Recent, Recently};
use crate::counters::board::Sheet;
use crate::model::partner::Mode;

/// How often nodes tell what happens now.
pub const NOW_EVERY_MS: u64 = 2_000;
/// How often they tell of their hour and of errors.
pub const HOUR_EVERY_MS: u64 = 10_000;
/// Accounts that are told of: those with the most to tell.
const MOST_ACCOUNTS: usize = 200;
/// Errors of one account, and of all, that are told.
const MOST_ERRORS: usize = 10;
const MOST_ERRORS_OF_ALL: usize = 1_000;
const COMPRESSION: i32 = 1;
/// A sheet that unpacks to more than this is none of ours.
const MOST_BYTES: usize = 16 << 20;

/// What a node tells of now.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct NowSheet {
    accounts: Vec<(Arc<str>, bool, Recently)>,
}

/// What a node tells of its hour.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct HourSheet {
    slots: Slots,
    errors: Vec<(Arc<str>, bool, Vec<LastError>)>,
}

impl NowSheet {
    /// What these books have to tell.
    pub fn of(books: &Books, now_ms: i64) -> Self {
        let told = books.lately(now_ms).map(|(partner, mode, recent)| (recent.figures(now_ms), partner, mode, recent));
        let most = first(told.collect(), MOST_ACCOUNTS, |(figures, ..)| *figures);
        let account = |(_, partner, mode, recent): (_, &Arc<str>, _, &Recent)| {
            (partner.clone(), mode == Mode::Sandbox, recent.recently(now_ms))
        };
        Self { accounts: most.into_iter().map(account).collect() }
    }

    /// What is told of each account.
    pub fn accounts(&self) -> impl Iterator<Item = (&Arc<str>, Mode, &Recently)> {
        self.accounts.iter().map(|(partner, sandbox, recently)| (partner, mode(*sandbox), recently))
    }
}

impl HourSheet {
    /// What these books have to tell.
    pub fn of(books: &Books, now_ms: i64) -> Self {
        let failing = books.accounts().filter_map(|(partner, mode, recent)| {
            let last = recent.errors().next()?;
            Some((last.at, partner, mode, recent))
        });
        let failing = first(failing.collect(), MOST_ACCOUNTS, |(at, ..)| *at);
        let mut left = MOST_ERRORS_OF_ALL;
        let errors = failing.into_iter().map(|(_, partner, mode, recent)| {
            let errors: Vec<_> = recent.errors().take(MOST_ERRORS.min(left)).cloned().collect();
            left -= errors.len();
            (partner.clone(), mode == Mode::Sandbox, errors)
        });
        Self { errors: errors.collect(), slots: books.pulse.slots(now_ms) }
    }

    /// The last errors of an account.
    pub fn errors(&self, partner: &str, of: Mode) -> impl Iterator<Item = &LastError> {
        let own = self.errors.iter().filter(move |(name, sandbox, _)| &**name == partner && mode(*sandbox) == of);
        own.flat_map(|(.., errors)| errors)
    }

    /// The slots of the hour.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }
}

/// Those with the most, in that order: of very many a few are wanted.
pub fn first<T, K: Ord>(mut all: Vec<T>, most: usize, key: impl Fn(&T) -> K) -> Vec<T> {
    if all.len() > most {
        all.select_nth_unstable_by_key(most, |one| Reverse(key(one)));
        all.truncate(most);
    }
    all.sort_by_key(|one| Reverse(key(one)));
    all
}

const fn mode(sandbox: bool) -> Mode {
    if sandbox { Mode::Sandbox } else { Mode::Live }
}

/// A sheet as it is pinned.
pub fn packed(sheet: &impl Serialize) -> Vec<u8> {
    let text = serde_json::to_vec(sheet).unwrap_or_default();
    zstd::bulk::compress(&text, COMPRESSION).unwrap_or_default()
}

fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let text = zstd::bulk::decompress(bytes, MOST_BYTES).ok()?;
    serde_json::from_slice(&text).ok()
}

/// A node that was heard of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Node {
    /// What it is called among the nodes.
    pub name: String,
    /// Whether it is the one that tells.
    pub own: bool,
    /// When it was heard of last.
    #[schema(value_type = String, format = DateTime)]
    pub heard_at: Timestamp,
}

/// What was heard of the other nodes.
#[derive(Debug, Default)]
pub struct Peers {
    now: HashMap<String, (i64, NowSheet)>,
    hour: HashMap<String, HourSheet>,
}

impl Peers {
    /// Takes over what was read of now; what is not among it is gone, and what cannot be read is left out.
    pub fn hear_now(&mut self, sheets: Vec<Sheet>, now_ms: i64) {
        let read = sheets.into_iter().filter_map(|sheet| {
            let heard_ms = now_ms - i64::try_from(sheet.age_ms).unwrap_or(0);
            Some((sheet.node, (heard_ms, unpacked(&sheet.bytes)?)))
        });
        self.now = read.collect();
    }

    /// Takes over what was read of hours.
    pub fn hear_hour(&mut self, sheets: Vec<Sheet>) {
        self.hour = sheets.into_iter().filter_map(|sheet| Some((sheet.node, unpacked(&sheet.bytes)?))).collect();
    }

    /// Forgets nodes that were not heard of for so long; while Redis does not answer nobody else says so.
    pub fn forget_before(&mut self, then_ms: i64) {
        self.now.retain(|_, (heard_ms, _)| *heard_ms >= then_ms);
        self.hour.retain(|node, _| self.now.contains_key(node));
    }

    /// What all of them tell of now.
    pub fn now(&self) -> impl Iterator<Item = &NowSheet> {
        self.now.values().map(|(_, sheet)| sheet)
    }

    /// What all of them tell of their hour.
    pub fn hours(&self) -> impl Iterator<Item = &HourSheet> {
        self.hour.values()
    }

    /// Who they are and when they were heard of, in milliseconds since 1970.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, i64)> {
        self.now.iter().map(|(name, (heard_ms, _))| (name.as_str(), *heard_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::{HourSheet, MOST_ACCOUNTS, NowSheet, Peers, first, packed, unpacked};
    use crate::counters::board::Sheet;
    use crate::model::partner::Mode;
    use crate::usage::books::Books;
    use crate::usage::example::call;

    fn busy(accounts: usize) -> Books {
        let mut books = Books::new();
        for n in 0..accounts {
            let status = if n % 2 == 0 { 404 } else { 200 };
            (0..20).for_each(|at| books.add(call(&format!("partner-{n}"), 1_000 + at, status, 1)));
        }
        books
    }

    #[test]
    fn sheets_of_a_busy_node_stay_small_and_are_read_back() {
        let books = busy(5_000);
        let (now, hour) = (NowSheet::of(&books, 5_000), HourSheet::of(&books, 5_000));
        let sizes = (packed(&now).len(), packed(&hour).len());
        assert!(sizes.0 < 40_000 && sizes.1 < 80_000, "{sizes:?}");
        let back: NowSheet = unpacked(&packed(&now)).unwrap();
        assert_eq!(back.accounts().count(), MOST_ACCOUNTS);
        let back: HourSheet = unpacked(&packed(&hour)).unwrap();
        assert_eq!((back.slots(), back.errors.len()), (hour.slots(), MOST_ACCOUNTS));
        assert!(back.errors.iter().map(|(.., errors)| errors.len()).sum::<usize>() <= super::MOST_ERRORS_OF_ALL);
    }

    #[test]
    fn those_with_the_most_to_tell_are_told_of_first() {
        let mut books = Books::new();
        for (name, calls) in [("quiet", 1), ("busy", 9), ("busier", 12)] {
            (0..calls).for_each(|at| books.add(call(name, 1_000 + at, 200, 1)));
        }
        let mut refused = call("limited", 1_000, 429, 0);
        refused.refused_by = Some("second".into());
        books.add(refused);
        let sheet = NowSheet::of(&books, 5_000);
        let names: Vec<_> = sheet.accounts().map(|(name, ..)| &**name).collect();
        assert_eq!(names, ["limited", "busier", "busy", "quiet"]);
        assert_eq!(first((0..100).collect(), 3, |n| *n), [99, 98, 97]);
        assert_eq!(NowSheet::of(&books, 400_000).accounts().count(), 0, "five minutes later");
    }

    #[test]
    fn a_node_that_falls_silent_drops_out_and_nonsense_is_left_out() {
        let sheet = |node: &str, bytes| Sheet { node: node.to_owned(), age_ms: 500, bytes };
        let books = busy(1);
        let mut peers = Peers::default();
        let now = packed(&NowSheet::of(&books, 5_000));
        peers.hear_now(vec![sheet("a", now), sheet("b", vec![1, 2, 3])], 10_000);
        peers.hear_hour(vec![sheet("a", packed(&HourSheet::of(&books, 5_000)))]);
        assert_eq!(peers.nodes().collect::<Vec<_>>(), [("a", 9_500)]);
        assert_eq!(peers.hours().flat_map(|hour| hour.errors("partner-0", Mode::Sandbox)).count(), 10);
        peers.forget_before(9_501);
        assert_eq!((peers.nodes().count(), peers.hours().count()), (0, 0));
    }
}

//! The change feed: every change, numbered without holes, readable once it can no more be lost. Waiting for more is
//! left to `feed_http`, saying when a change is safe to `market`.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Kind {
    Goods,
    Order,
    Shipment,
    Refund,
    Consignment,
    Inquiry,
    Seller,
    Category,
}

impl Kind {
    /// Every kind, in the order of the enum.
    const ALL: [(Kind, &'static str); 8] = [
        (Kind::Goods, "goods"),
        (Kind::Order, "order"),
        (Kind::Shipment, "shipment"),
        (Kind::Refund, "refund"),
        (Kind::Consignment, "consignment"),
        (Kind::Inquiry, "inquiry"),
        (Kind::Seller, "seller"),
        (Kind::Category, "category"),
    ];

    /// The kind with a word.
    pub fn parse(word: &str) -> Option<Kind> {
        Kind::ALL.iter().find(|(_, known)| *known == word).map(|(kind, _)| *kind)
    }
}

/// How it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum What {
    Price,
    Stock,
    Offline,
    Online,
    Created,
    Status,
    PriceModified,
    Memo,
    Refund,
    Lines,
    Score,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// One more than the change before.
    pub seq: i64,
    /// What it is that changed.
    pub kind: Kind,
    /// Goods, seller or category id, or the number of the order, shipment, refund or consignment.
    pub id: i64,
    /// How it changed.
    pub change: What,
    /// Its version after the change.
    pub version: i64,
    /// Beijing time.
    pub time: String,
    /// Whose it is; absent of goods and sellers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
    /// The caller's own reference of it (of a shipment: of its order); absent of goods and sellers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_ref: Option<String>,
    /// The order, of an order, a shipment or a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_no: Option<i64>,
    /// Its status after the change; absent of goods and sellers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub status: Option<Cow<'static, str>>,
}

/// Some changes, and the newest number of the same moment.
#[derive(Debug, PartialEq)]
pub struct Page {
    /// Oldest first.
    pub items: Vec<Arc<Change>>,
    /// The newest number of all kinds.
    pub last_seq: i64,
}

/// All changes so far, and a bell that rings when more can be read.
#[derive(Debug)]
pub struct Feed {
    told: RwLock<Told>,
    bell: watch::Sender<i64>,
}

#[derive(Debug, Default)]
struct Told {
    changes: Vec<Arc<Change>>,
    /// The numbers of each kind, so that a reader of one kind never walks over the others.
    of_kind: [Vec<i64>; Kind::ALL.len()],
    /// The newest number that may be read.
    readable: i64,
}

impl Default for Feed {
    fn default() -> Feed {
        Feed { told: RwLock::default(), bell: watch::Sender::new(0) }
    }
}

impl Feed {
    /// The number the next change gets; only the book, which has one writer at a time, may ask.
    pub fn next_seq(&self) -> i64 {
        self.read().newest() + 1
    }

    /// The newest number there is, readable or not.
    pub fn newest(&self) -> i64 {
        self.read().newest()
    }

    /// Adds a change; nobody can read it before `publish`.
    pub fn append(&self, change: Change) {
        let mut told = self.write();
        let seq = change.seq;
        if let Some(numbers) = told.of_kind.get_mut(change.kind as usize) {
            numbers.push(seq);
        }
        told.changes.push(Arc::new(change));
    }

    /// Lets everything up to a number be read, and wakes all who wait.
    pub fn publish(&self, seq: i64) {
        let mut told = self.write();
        told.readable = told.readable.max(seq);
        let readable = told.readable;
        drop(told);
        self.bell.send_if_modified(|seen| std::mem::replace(seen, readable) != readable);
    }

    /// Hears the bell.
    pub fn listen(&self) -> watch::Receiver<i64> {
        self.bell.subscribe()
    }

    /// Changes after a number, at most `limit`, of some kinds or (none named) of all.
    pub fn after(&self, seq: i64, limit: usize, kinds: &[Kind]) -> Page {
        let told = self.read();
        let items = if kinds.is_empty() { told.all_after(seq, limit) } else { told.some_after(seq, limit, kinds) };
        Page { items, last_seq: told.readable }
    }

    fn read(&self) -> RwLockReadGuard<'_, Told> {
        self.told.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Told> {
        self.told.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Told {
    fn newest(&self) -> i64 {
        self.changes.last().map_or(0, |change| change.seq)
    }

    /// Numbers start at 1 and have no holes, so the number is the position.
    fn at(&self, seq: i64) -> Option<Arc<Change>> {
        self.changes.get(usize::try_from(seq - 1).ok()?).cloned()
    }

    fn all_after(&self, seq: i64, limit: usize) -> Vec<Arc<Change>> {
        let from = seq.clamp(0, self.readable);
        let to = self.readable.min(from.saturating_add(i64::try_from(limit).unwrap_or(i64::MAX)));
        (from + 1..=to).filter_map(|seq| self.at(seq)).collect()
    }

    /// Merges the numbers of the kinds: as many looks as there are items on the page.
    fn some_after(&self, seq: i64, limit: usize, kinds: &[Kind]) -> Vec<Arc<Change>> {
        let numbers = kinds.iter().filter_map(|kind| self.of_kind.get(*kind as usize));
        let mut heads: Vec<&[i64]> =
            numbers.map(|of_kind| of_kind.split_at(of_kind.partition_point(|number| *number <= seq)).1).collect();
        let mut items = Vec::new();
        while items.len() < limit {
            let Some(head) = heads.iter_mut().filter(|head| !head.is_empty()).min_by_key(|head| head.first()) else {
                break;
            };
            let Some((number, rest)) = head.split_first() else { break };
            if *number > self.readable {
                break;
            }
            *head = rest;
            items.extend(self.at(*number));
        }
        items
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Feed, Kind, What};

    const KINDS: [Kind; 4] = [Kind::Goods, Kind::Order, Kind::Refund, Kind::Order];

    fn feed(length: i64, published: i64) -> Feed {
        let feed = Feed::default();
        for (seq, kind) in (1..=length).zip(KINDS.iter().cycle()) {
            assert_eq!(feed.next_seq(), seq);
            feed.append(Change {
                seq,
                kind: *kind,
                id: seq,
                change: What::Status,
                version: 1,
                time: String::new(),
                partner_code: None,
                out_ref: None,
                order_no: None,
                status: None,
            });
        }
        feed.publish(published);
        feed
    }

    fn seqs(feed: &Feed, after: i64, limit: usize, kinds: &[Kind]) -> Vec<i64> {
        feed.after(after, limit, kinds).items.iter().map(|change| change.seq).collect()
    }

    #[test]
    fn a_page_of_some_kinds_is_what_a_walk_over_all_would_give() {
        let feed = feed(40, 40);
        for kinds in [&[Kind::Order][..], &[Kind::Refund, Kind::Goods], &[Kind::Consignment]] {
            for after in [0, 1, 7, 39, 40, 99] {
                for limit in [1, 3, 500] {
                    let walked: Vec<i64> = (after + 1..=40)
                        .filter(|seq| kinds.contains(&KINDS[((seq - 1) % 4) as usize]))
                        .take(limit)
                        .collect();
                    assert_eq!(seqs(&feed, after, limit, kinds), walked, "{kinds:?} after {after}");
                }
            }
        }
        assert_eq!(seqs(&feed, 38, 9, &[]), [39, 40]);
        assert_eq!(seqs(&feed, i64::MAX, 9, &[]), [0; 0]);
    }

    #[test]
    fn what_may_still_be_lost_is_not_read() {
        let feed = feed(10, 6);
        assert_eq!(feed.after(4, 9, &[]).last_seq, 6);
        assert_eq!(seqs(&feed, 4, 9, &[]), [5, 6]);
        assert_eq!(seqs(&feed, 4, 9, &[Kind::Order]), [6]);
        feed.publish(10);
        assert_eq!(seqs(&feed, 4, 9, &[Kind::Order]), [6, 8, 10]);
    }
}

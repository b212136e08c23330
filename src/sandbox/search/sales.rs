//! Sales summed by type of goods, over everything that matches.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::{DocId, Score, SegmentOrdinal};

use super::index::{GOODS, KIND, OPEN, SOLD, WEEK};
use super::pick::first;
use crate::sandbox::shelf::{Changed, Entry};

/// How goods of one type sell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sales {
    /// How many goods.
    pub goods: u64,
    /// Sold in thirty days.
    pub month: u64,
    /// Sold in seven days.
    pub week: u64,
}

impl Sales {
    fn add(&mut self, other: Sales) {
        self.goods += other.goods;
        self.month += other.month;
        self.week += other.week;
    }

    /// How much better the last week was than the month's average, per cent; below zero when it was worse.
    pub fn rise_percent(self) -> i64 {
        let usual = (self.month * 7 / 30).max(1);
        i64::try_from(self.week * 100 / usual).unwrap_or(i64::MAX).saturating_sub(100)
    }
}

/// Sums by type.
pub struct ByType {
    /// What changed since the index was built, by goods index.
    pub changed: Arc<HashMap<u32, Changed>>,
    /// How goods were entered before anybody did anything.
    pub entry: Entry,
}

impl Collector for ByType {
    type Fruit = BTreeMap<u64, Sales>;
    type Child = SegmentByType;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentByType> {
        let column = |name: &str| reader.fast_fields().u64(name);
        Ok(SegmentByType {
            changed: Arc::clone(&self.changed),
            entry: self.entry,
            goods: column(GOODS)?,
            open: column(OPEN)?,
            kind: column(KIND)?,
            sold: column(SOLD)?,
            week: column(WEEK)?,
            sums: BTreeMap::new(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<BTreeMap<u64, Sales>>) -> tantivy::Result<BTreeMap<u64, Sales>> {
        let mut sums: BTreeMap<u64, Sales> = BTreeMap::new();
        for (kind, sales) in parts.into_iter().flatten() {
            sums.entry(kind).or_default().add(sales);
        }
        Ok(sums)
    }
}

/// The same within one segment of the index.
pub struct SegmentByType {
    changed: Arc<HashMap<u32, Changed>>,
    entry: Entry,
    goods: Column,
    open: Column,
    kind: Column,
    sold: Column,
    week: Column,
    sums: BTreeMap<u64, Sales>,
}

impl SegmentCollector for SegmentByType {
    type Fruit = BTreeMap<u64, Sales>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let Ok(index) = u32::try_from(first(&self.goods, doc)) else { return };
        if self.entry.is_seen(self.changed.get(&index), index, first(&self.open, doc) == 1) {
            let one = Sales { goods: 1, month: first(&self.sold, doc), week: first(&self.week, doc) };
            self.sums.entry(first(&self.kind, doc)).or_default().add(one);
        }
    }

    fn harvest(self) -> BTreeMap<u64, Sales> {
        self.sums
    }
}

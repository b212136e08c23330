//! How many goods are in which state of cross-border trade: entered, waiting to be, held back and why, restricted.

use std::collections::HashMap;
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::{DocId, Score, SegmentOrdinal};

use super::index::{BARRED, GOODS, OPEN};
use super::pick::first;
use crate::sandbox::shelf::{Changed, Entry, HeldFor};

/// Goods by state; each goods is in one of the first three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct States {
    /// They are seen.
    pub entered: u64,
    /// They qualify and were not entered.
    pub waiting: u64,
    /// Held back, by the reasons of `HeldFor::ALL`.
    pub held: [u64; HeldFor::ALL.len()],
    /// Of the entered ones: not to be sold everywhere.
    pub restricted: u64,
}

impl States {
    fn add(mut self, other: Self) -> Self {
        self.entered += other.entered;
        self.waiting += other.waiting;
        self.restricted += other.restricted;
        self.held.iter_mut().zip(other.held).for_each(|(mine, theirs)| *mine += theirs);
        self
    }
}

/// Counts all goods.
pub struct ByState {
    /// What changed since the index was built, by goods index.
    pub changed: Arc<HashMap<u32, Changed>>,
    /// How goods were before anybody did anything.
    pub entry: Entry,
}

impl Collector for ByState {
    type Fruit = States;
    type Child = SegmentByState;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentByState> {
        let column = |name: &str| reader.fast_fields().u64(name);
        Ok(SegmentByState {
            changed: Arc::clone(&self.changed),
            entry: self.entry,
            goods: column(GOODS)?,
            open: column(OPEN)?,
            barred: column(BARRED)?,
            states: States::default(),
        })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, parts: Vec<States>) -> tantivy::Result<States> {
        Ok(parts.into_iter().fold(States::default(), States::add))
    }
}

/// The same within one segment of the index.
pub struct SegmentByState {
    changed: Arc<HashMap<u32, Changed>>,
    entry: Entry,
    goods: Column,
    open: Column,
    barred: Column,
    states: States,
}

impl SegmentCollector for SegmentByState {
    type Fruit = States;

    fn collect(&mut self, doc: DocId, _: Score) {
        let Ok(index) = u32::try_from(first(&self.goods, doc)) else { return };
        let changed = self.changed.get(&index);
        let authored_open = first(&self.open, doc) == 1;
        if let Some(reason) = Changed::held_for(changed, authored_open) {
            let place = HeldFor::ALL.iter().position(|(one, _)| *one == reason);
            place.and_then(|place| self.states.held.get_mut(place)).into_iter().for_each(|count| *count += 1);
        } else if self.entry.is_entered(changed, index) {
            self.states.entered += 1;
            let barred = changed.and_then(|changed| changed.restricted.as_ref()).map(|countries| !countries.is_empty());
            self.states.restricted += u64::from(barred.unwrap_or_else(|| self.barred.first(doc).is_some()));
        } else {
            self.states.waiting += 1;
        }
    }

    fn harvest(self) -> States {
        self.states
    }
}

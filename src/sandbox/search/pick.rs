//! Picks one page out of all matches: filters by numbers, orders, remembers where the last page ended, counts.
//! Prices and visibility changed since the index was built come from the shelf, so nothing is ever indexed again.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::{DocId, Score, SegmentOrdinal};

use super::index::{BEGIN, GOODS, LISTED, OPEN, PRICE, REPURCHASE, SOLD};
use super::token::Place;
use crate::sandbox::shelf::Changed;

/// The orders a caller may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Sort {
    Default,
    PriceAsc,
    PriceDesc,
    SoldDesc,
    RepurchaseDesc,
    Newest,
}

impl Sort {
    /// Reads the contract's word.
    pub fn parse(word: &str) -> Option<Sort> {
        Some(match word {
            "default" => Sort::Default,
            "price_asc" => Sort::PriceAsc,
            "price_desc" => Sort::PriceDesc,
            "sold_desc" => Sort::SoldDesc,
            "repurchase_desc" => Sort::RepurchaseDesc,
            "newest" => Sort::Newest,
            _ => return None,
        })
    }
}

/// Limits on numbers.
#[derive(Clone, Debug, Default, Hash)]
pub struct Bounds {
    /// Lowest price of the goods, in fen, at least.
    pub price_min: Option<i64>,
    /// Lowest price of the goods, in fen, at most.
    pub price_max: Option<i64>,
    /// Minimum order at most.
    pub begin_max: Option<i64>,
}

/// Collects one page.
pub struct Pick {
    /// Which order.
    pub sort: Sort,
    /// Which numbers.
    pub bounds: Bounds,
    /// Only what comes after this place.
    pub after: Option<Place>,
    /// How many at most.
    pub size: usize,
    /// What changed since the index was built, by goods index.
    pub changed: Arc<HashMap<u32, Changed>>,
}

/// One page: places in order, and how many matched in all.
#[derive(Default)]
pub struct Picked {
    /// In order, at most `size`.
    pub places: Vec<Place>,
    /// All matches, before and after this page.
    pub total: u64,
}

impl Collector for Pick {
    type Fruit = Picked;
    type Child = SegmentPick;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentPick> {
        let column = |name: &str| reader.fast_fields().u64(name);
        Ok(SegmentPick {
            sort: self.sort,
            bounds: self.bounds.clone(),
            after: self.after,
            size: self.size,
            changed: Arc::clone(&self.changed),
            goods: column(GOODS)?,
            price: column(PRICE)?,
            begin: column(BEGIN)?,
            sold: column(SOLD)?,
            repurchase: column(REPURCHASE)?,
            listed: column(LISTED)?,
            open: column(OPEN)?,
            best: BinaryHeap::with_capacity(self.size + 1),
            total: 0,
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Default
    }

    fn merge_fruits(&self, parts: Vec<Picked>) -> tantivy::Result<Picked> {
        let total = parts.iter().map(|part| part.total).sum();
        let mut places: Vec<Place> = parts.into_iter().flat_map(|part| part.places).collect();
        places.sort_unstable();
        places.truncate(self.size);
        Ok(Picked { places, total })
    }
}

/// The same within one segment of the index.
pub struct SegmentPick {
    sort: Sort,
    bounds: Bounds,
    after: Option<Place>,
    size: usize,
    changed: Arc<HashMap<u32, Changed>>,
    goods: Column,
    price: Column,
    begin: Column,
    sold: Column,
    repurchase: Column,
    listed: Column,
    open: Column,
    best: BinaryHeap<Place>,
    total: u64,
}

impl SegmentPick {
    fn place(&self, doc: DocId, score: Score, price: u64, goods: u64) -> Place {
        let down = |column: &Column| !first(column, doc);
        let (first_key, second_key) = match self.sort {
            // Scores are small sums of constants: three decimals are exact enough to be the same on every page.
            Sort::Default => (!((score.max(0.0) * 1000.0).round() as u64), down(&self.sold)),
            Sort::PriceAsc => (price, down(&self.sold)),
            Sort::PriceDesc => (!price, down(&self.sold)),
            Sort::SoldDesc => (down(&self.sold), down(&self.repurchase)),
            Sort::RepurchaseDesc => (down(&self.repurchase), down(&self.sold)),
            Sort::Newest => (down(&self.listed), 0),
        };
        Place { first: first_key, second: second_key, goods }
    }

    fn keep(&mut self, place: Place) {
        if self.after.is_some_and(|after| place <= after) {
            return;
        }
        if self.best.len() < self.size {
            self.best.push(place);
        } else if self.best.peek().is_some_and(|worst| place < *worst) {
            self.best.pop();
            self.best.push(place);
        }
    }
}

impl SegmentCollector for SegmentPick {
    type Fruit = Picked;

    fn collect(&mut self, doc: DocId, score: Score) {
        let goods = first(&self.goods, doc);
        let changed = u32::try_from(goods).ok().and_then(|index| self.changed.get(&index));
        let open = changed.and_then(|changed| changed.open).unwrap_or_else(|| first(&self.open, doc) == 1);
        let price = changed
            .and_then(|changed| changed.lowest_fen)
            .and_then(|fen| u64::try_from(fen).ok())
            .unwrap_or_else(|| first(&self.price, doc));
        let at_least = |bound: Option<i64>| bound.is_none_or(|fen| i128::from(price) >= i128::from(fen));
        let at_most = |bound: Option<i64>, value: u64| bound.is_none_or(|most| i128::from(value) <= i128::from(most));
        let fits = open
            && at_least(self.bounds.price_min)
            && at_most(self.bounds.price_max, price)
            && at_most(self.bounds.begin_max, first(&self.begin, doc));
        if fits {
            self.total += 1;
            let place = self.place(doc, score, price, goods);
            self.keep(place);
        }
    }

    fn harvest(self) -> Picked {
        Picked { places: self.best.into_sorted_vec(), total: self.total }
    }
}

fn first(column: &Column, doc: DocId) -> u64 {
    column.first(doc).unwrap_or(0)
}

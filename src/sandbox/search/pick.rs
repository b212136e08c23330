//! Picks one page out of all matches: filters by numbers, orders, remembers where the last page ended, counts.
//! Prices and visibility changed since the index was built come from the shelf, so nothing is ever indexed again.

use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::index::SegmentReader;
use tantivy::{DocId, Score, SegmentOrdinal};

use super::facets::{Counted, Facets, Spans};
use super::index::{
    BARRED, BEGIN, GOODS, LEAF, LISTED, MARKS, OPEN, PRICE, PROPERTY, REPURCHASE, SHIPS, SOLD, WEEK, country,
};
use super::token::Place;
use crate::sandbox::shelf::{Changed, Entry};

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
    Rising,
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
            "rising" => Sort::Rising,
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
    /// Sold in thirty days at least.
    pub month_sold_min: Option<i64>,
    /// Sold in seven days at least.
    pub week_sold_min: Option<i64>,
    /// Promised hours until it is sent at most.
    pub ships_max: Option<i64>,
    /// Listed so many days ago at most.
    pub listed_within_days: Option<i64>,
    /// All of these marks, as `marks` has them.
    pub marks: u64,
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
    /// How goods were entered before anybody did anything.
    pub entry: Entry,
    /// Nothing that may not be sold to this country.
    pub dest: Option<String>,
    /// From when on goods are seven and thirty days old, in the index's time.
    pub spans: Spans,
    /// Whether matches are counted by what they are.
    pub counts: bool,
}

/// One page: places in order, and how many matched in all.
#[derive(Default)]
pub struct Picked {
    /// In order, at most `size`.
    pub places: Vec<Place>,
    /// All matches, before and after this page.
    pub total: u64,
    /// All matches by what they are, when that was wanted.
    pub facets: Facets,
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
            entry: self.entry,
            dest: self.dest.clone(),
            barred: column(BARRED)?,
            goods: column(GOODS)?,
            price: column(PRICE)?,
            begin: column(BEGIN)?,
            sold: column(SOLD)?,
            repurchase: column(REPURCHASE)?,
            listed: column(LISTED)?,
            open: column(OPEN)?,
            week: column(WEEK)?,
            ships: column(SHIPS)?,
            marks: column(MARKS)?,
            leaf: column(LEAF)?,
            property: column(PROPERTY)?,
            best: BinaryHeap::with_capacity(self.size + 1),
            total: 0,
            spans: self.spans,
            facets: self.counts.then(Facets::default),
        })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Default
    }

    fn merge_fruits(&self, parts: Vec<Picked>) -> tantivy::Result<Picked> {
        let total = parts.iter().map(|part| part.total).sum();
        let mut facets = Facets::default();
        parts.iter().for_each(|part| facets.add(&part.facets));
        let mut places: Vec<Place> = parts.into_iter().flat_map(|part| part.places).collect();
        places.sort_unstable();
        places.truncate(self.size);
        Ok(Picked { places, total, facets })
    }
}

/// The same within one segment of the index.
pub struct SegmentPick {
    sort: Sort,
    bounds: Bounds,
    after: Option<Place>,
    size: usize,
    changed: Arc<HashMap<u32, Changed>>,
    entry: Entry,
    dest: Option<String>,
    barred: Column,
    goods: Column,
    price: Column,
    begin: Column,
    sold: Column,
    repurchase: Column,
    listed: Column,
    open: Column,
    week: Column,
    ships: Column,
    marks: Column,
    leaf: Column,
    property: Column,
    spans: Spans,
    facets: Option<Facets>,
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
            // By how many more were sold this week than in a usual week of the month.
            Sort::Rising => {
                (!(first(&self.week, doc) * 30).saturating_sub(first(&self.sold, doc) * 7), down(&self.sold))
            }
        };
        Place { first: first_key, second: second_key, goods }
    }

    /// Whether a goods keeps the bounds that never change after it was indexed.
    fn keeps(&self, doc: DocId) -> bool {
        let bounds = &self.bounds;
        let reaches = |bound: Option<i64>, column: &Column| {
            bound.is_none_or(|least| i128::from(first(column, doc)) >= i128::from(least))
        };
        reaches(bounds.month_sold_min, &self.sold)
            && reaches(bounds.week_sold_min, &self.week)
            && bounds.ships_max.is_none_or(|most| i128::from(first(&self.ships, doc)) <= i128::from(most))
            && (bounds.marks == 0 || first(&self.marks, doc) & bounds.marks == bounds.marks)
            && self.spans.asked.is_none_or(|since| first(&self.listed, doc) >= since)
    }

    /// Whether a goods may not be sold where it shall go.
    fn is_barred(&self, doc: DocId, changed: Option<&Changed>) -> bool {
        let Some(dest) = &self.dest else { return false };
        match changed.and_then(|changed| changed.restricted.as_ref()) {
            Some(countries) => countries.contains(dest),
            None => self.barred.values_for_doc(doc).any(|barred| barred == country(dest)),
        }
    }

    fn count(&mut self, doc: DocId, price: u64) {
        let Some(facets) = &mut self.facets else { return };
        let listed = first(&self.listed, doc);
        facets.count(&Counted {
            leaf: first(&self.leaf, doc),
            price,
            ships: first(&self.ships, doc),
            marks: first(&self.marks, doc),
            is_new: [listed >= self.spans.week, listed >= self.spans.month],
            properties: self.property.values_for_doc(doc).collect(),
        });
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
        let Ok(index) = u32::try_from(goods) else { return };
        let changed = self.changed.get(&index);
        let seen = self.entry.is_seen(changed, index, first(&self.open, doc) == 1);
        let price = changed
            .and_then(|changed| changed.lowest_fen)
            .and_then(|fen| u64::try_from(fen).ok())
            .unwrap_or_else(|| first(&self.price, doc));
        let at_least = |bound: Option<i64>| bound.is_none_or(|fen| i128::from(price) >= i128::from(fen));
        let at_most = |bound: Option<i64>, value: u64| bound.is_none_or(|most| i128::from(value) <= i128::from(most));
        let fits = seen
            && !self.is_barred(doc, changed)
            && at_least(self.bounds.price_min)
            && at_most(self.bounds.price_max, price)
            && at_most(self.bounds.begin_max, first(&self.begin, doc))
            && self.keeps(doc);
        if fits {
            self.total += 1;
            self.count(doc, price);
            let place = self.place(doc, score, price, goods);
            self.keep(place);
        }
    }

    fn harvest(self) -> Picked {
        Picked { places: self.best.into_sorted_vec(), total: self.total, facets: self.facets.unwrap_or_default() }
    }
}

pub fn first(column: &Column, doc: DocId) -> u64 {
    column.first(doc).unwrap_or(0)
}

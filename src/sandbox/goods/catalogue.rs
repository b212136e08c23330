//! Categories and product types: the authored files read once, with every reference resolved.

use std::sync::LazyLock;

use super::belt::{self, Belt};
use super::families::{self, Axis, Family};
use super::glossary::{FEATURES, MATERIALS, PROCESSES, Term, UNITS, USES};
use super::lang::Words;
use super::table;

pub(super) const CATEGORIES_FILE: &str = include_str!("data/categories.tsv");
pub(super) const FACTS_FILES: &[&str] = &[
    include_str!("data/facts_wear.tsv"),
    include_str!("data/facts_home.tsv"),
    include_str!("data/facts_tech.tsv"),
    include_str!("data/facts_life.tsv"),
];
pub(super) const NAMES_FILES: &[&str] = &[
    include_str!("data/names_wear.tsv"),
    include_str!("data/names_home.tsv"),
    include_str!("data/names_tech.tsv"),
    include_str!("data/names_life.tsv"),
];

/// A shelf of the catalogue; roots have no parent, leaves hold goods.
#[derive(Debug)]
pub struct Category {
    /// The catalogue's number of it.
    pub id: i64,
    /// The root a leaf belongs to.
    pub parent_id: Option<i64>,
    /// Its name.
    pub name: Words,
    pub(super) key: &'static str,
}

/// A kind of product, such as a plastic flower pot.
pub struct ProductType {
    /// Stable key, such as `flower-pot`.
    pub key: &'static str,
    /// The leaf category its goods stand in.
    pub category_id: i64,
    /// What buyers call it.
    pub name: Words,
    /// The unit it is sold by.
    pub unit: Words,
    pub(super) root_id: i64,
    pub(super) facts: Facts,
}

/// What offers of a type are made from.
pub(super) struct Facts {
    /// Other Chinese names sellers put into their subjects.
    pub(super) also: Vec<&'static str>,
    pub(super) shape: &'static str,
    pub(super) price_fen: (i64, i64),
    pub(super) weight_g: (u32, u32),
    pub(super) size_mm: [u32; 3],
    /// Pieces in a carton or bundle.
    pub(super) pack: u32,
    pub(super) min_orders: Vec<u32>,
    pub(super) belts: Vec<&'static Belt>,
    pub(super) materials: Vec<&'static Term>,
    /// Whether a subject says the material; not when the name of the type says it already.
    pub(super) says_material: bool,
    pub(super) processes: Vec<&'static Term>,
    pub(super) features: Vec<&'static Term>,
    pub(super) uses: Vec<&'static Term>,
    pub(super) axes: Vec<Axis>,
    pub(super) family: &'static Family,
}

static CATEGORIES: LazyLock<Vec<Category>> = LazyLock::new(|| {
    let rows = table::rows(CATEGORIES_FILE);
    let categories = rows.iter().map(|row| Category {
        id: row.number("id"),
        parent_id: row.text("parent").parse().ok(),
        name: row.words(),
        key: row.text("key"),
    });
    categories.collect()
});

static TYPES: LazyLock<Vec<ProductType>> = LazyLock::new(|| {
    let names: Vec<table::Row> = NAMES_FILES.iter().flat_map(|file| table::rows(file)).collect();
    let facts = FACTS_FILES.iter().flat_map(|file| table::rows(file));
    let types = facts.filter_map(|row| {
        let key = row.text("key");
        product_type(&row, names.iter().find(|name| name.text("key") == key)?)
    });
    types.collect()
});

/// All categories, roots before their leaves.
pub(super) fn categories() -> &'static [Category] {
    &CATEGORIES
}

/// All product types.
pub(super) fn product_types() -> &'static [ProductType] {
    &TYPES
}

fn product_type(row: &table::Row, names: &table::Row) -> Option<ProductType> {
    let leaf = CATEGORIES
        .iter()
        .find(|category| category.key == row.text("category"))?;
    Some(ProductType {
        key: row.text("key"),
        category_id: leaf.id,
        root_id: leaf.parent_id?,
        name: names.words(),
        unit: UNITS.find(row.text("unit"))?.words,
        facts: facts(row, names)?,
    })
}

fn facts(row: &table::Row, names: &table::Row) -> Option<Facts> {
    let mut sides = row.text("size_mm").split('x').map(|side| side.parse().unwrap_or(1));
    let materials = row.text("materials");
    Some(Facts {
        also: names.list("zh_also").collect(),
        shape: row.text("shape"),
        price_fen: row.range("price_fen"),
        weight_g: row.range("weight_g"),
        size_mm: [sides.next()?, sides.next()?, sides.next()?],
        pack: row.number("pack"),
        min_orders: row.list("min_orders").filter_map(|many| many.parse().ok()).collect(),
        belts: row.list("belts").filter_map(belt::find).collect(),
        materials: MATERIALS.all(row.list("materials").map(|key| key.trim_start_matches('='))),
        says_material: !materials.starts_with('='),
        processes: PROCESSES.all(row.list("processes")),
        features: FEATURES.all(row.list("features")),
        uses: USES.all(row.list("uses")),
        axes: families::axes(row.text("axes")),
        family: families::family(row.text("family"))?,
    })
}

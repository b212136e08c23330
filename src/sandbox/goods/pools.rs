//! Selected assortments: authored names, and the rule that says which goods are in.

use std::sync::LazyLock;

use super::lang::Words;
use super::table;

pub(super) const FILE: &str = include_str!("data/pools.tsv");

/// A selected assortment.
#[derive(Debug)]
pub struct Pool {
    /// Its number.
    pub id: i64,
    /// What it is called.
    pub name: Words,
    /// Conditions divided by `;`, each `name` or `name=value`; all must be met.
    pub rule: &'static str,
    /// In which order, in the contract's words.
    pub sort: &'static str,
}

static POOLS: LazyLock<Vec<Pool>> = LazyLock::new(|| {
    let pools = table::rows(FILE).into_iter().map(|row| Pool {
        id: row.number("id"),
        name: row.words(),
        rule: row.text("rule"),
        sort: row.text("sort"),
    });
    pools.collect()
});

/// All pools.
pub(super) fn pools() -> &'static [Pool] {
    &POOLS
}

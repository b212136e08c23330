//! Industrial belts: the towns that make one kind of thing for the whole country.

use std::sync::LazyLock;

use super::glossary::PLACES;
use super::lang::Words;
use super::table;

pub(super) const FILE: &str = include_str!("data/belts.tsv");

/// A named industrial belt, such as Zhuji socks.
#[derive(Debug)]
pub struct Belt {
    /// Stable key, such as `zhuji`.
    pub key: &'static str,
    /// Its name, town and trade.
    pub name: Words,
    /// GB/T 2260 code of the town, six digits.
    pub region_code: &'static str,
    /// Province.
    pub province: Words,
    /// City.
    pub city: Words,
}

static BELTS: LazyLock<Vec<Belt>> = LazyLock::new(|| {
    let rows = table::rows(FILE);
    let belts = rows.iter().filter_map(|row| {
        Some(Belt {
            key: row.text("key"),
            name: row.words(),
            region_code: row.text("region"),
            province: PLACES.find(row.text("province"))?.words,
            city: PLACES.find(row.text("city"))?.words,
        })
    });
    belts.collect()
});

/// All belts.
#[cfg(test)]
pub(super) fn belts() -> &'static [Belt] {
    &BELTS
}

/// The belt under a key.
pub(super) fn find(key: &str) -> Option<&'static Belt> {
    BELTS.iter().find(|belt| belt.key == key)
}

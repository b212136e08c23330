//! The vocabulary of the trade: colours, materials, styles and so on, each term in twelve languages under a key.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::lang::Words;
use super::table;

/// One authored term.
#[derive(Debug)]
pub(super) struct Term {
    /// What other files call it.
    pub(super) key: &'static str,
    /// Its twelve names.
    pub(super) words: Words,
    /// A number the catalogue gives it (attributes only).
    pub(super) id: i64,
    /// What else the file says of it: a colour's RGB, a material's Russian genitive phrase.
    pub(super) extra: &'static str,
}

/// All terms of one file.
pub(super) struct Glossary {
    terms: Vec<Term>,
    by_key: HashMap<&'static str, usize>,
}

impl Glossary {
    fn read(text: &'static str) -> Glossary {
        let terms: Vec<Term> = table::rows(text)
            .iter()
            .map(|row| Term {
                key: row.text("key"),
                words: row.words(),
                id: row.number("id"),
                extra: row.text("extra"),
            })
            .collect();
        let by_key = terms.iter().enumerate().map(|(at, term)| (term.key, at)).collect();
        Glossary { terms, by_key }
    }

    /// The term under a key.
    pub(super) fn find(&'static self, key: &str) -> Option<&'static Term> {
        self.by_key.get(key).and_then(|at| self.terms.get(*at))
    }

    /// The terms under several keys; unknown ones are left out (a test proves that there are none).
    pub(super) fn all(&'static self, keys: impl Iterator<Item = &'static str>) -> Vec<&'static Term> {
        keys.filter_map(|key| self.find(key)).collect()
    }

    /// Every term in the order of the file.
    pub(super) fn terms(&'static self) -> &'static [Term] {
        &self.terms
    }
}

macro_rules! glossaries {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {
        $($(#[$doc])*
        pub(super) static $name: LazyLock<Glossary> = LazyLock::new(|| Glossary::read(include_str!($file)));)*
        #[cfg(test)]
        pub(super) const FILES: &[(&str, &str)] = &[$(($file, include_str!($file))),*];
    };
}

glossaries! {
    /// Names of attributes, with the catalogue's attribute ids.
    ATTRIBUTES = "data/attributes.tsv";
    /// Who the product is for.
    AUDIENCES = "data/audiences.tsv";
    /// Colours, `extra` is the RGB.
    COLOURS = "data/colours.tsv";
    /// Selling points.
    FEATURES = "data/features.tsv";
    /// What sellers promise in a subject: factory wholesale, in stock …
    HOOKS = "data/hooks.tsv";
    /// Materials, `extra` is the Russian phrase "made of".
    MATERIALS = "data/materials.tsv";
    /// How a piece is packed.
    PACKINGS = "data/packings.tsv";
    /// Patterns.
    PATTERNS = "data/patterns.tsv";
    /// Provinces and cities.
    PLACES = "data/places.tsv";
    /// Manufacturing processes.
    PROCESSES = "data/processes.tsv";
    /// Seasons.
    SEASONS = "data/seasons.tsv";
    /// Styles.
    STYLES = "data/styles.tsv";
    /// Units of sale.
    UNITS = "data/units.tsv";
    /// Uses and occasions, written as "for …".
    USES = "data/uses.tsv";
}

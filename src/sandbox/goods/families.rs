//! What product types of one family share: styles, attribute set, seasons, patterns, and the axes SKUs vary on.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::glossary::{ATTRIBUTES, AUDIENCES, COLOURS, PACKINGS, PATTERNS, SEASONS, STYLES, Term};
use super::lang::Words;
use super::table::{self, span};

pub(super) const FAMILIES_FILE: &str = include_str!("data/families.tsv");
pub(super) const OPTIONS_FILE: &str = include_str!("data/options.tsv");
pub(super) const PALETTES_FILE: &str = include_str!("data/palettes.tsv");

/// What the types of one family have in common.
pub(super) struct Family {
    pub(super) styles: Vec<&'static Term>,
    pub(super) attributes: Vec<&'static Term>,
    pub(super) seasons: Vec<&'static Term>,
    pub(super) audiences: Vec<&'static Term>,
    pub(super) patterns: Vec<&'static Term>,
    pub(super) packings: Vec<&'static Term>,
}

static FAMILIES: LazyLock<HashMap<&'static str, Family>> = LazyLock::new(|| {
    let rows = table::rows(FAMILIES_FILE);
    let families = rows.iter().map(|row| {
        let family = Family {
            styles: STYLES.all(row.list("styles")),
            attributes: ATTRIBUTES.all(row.list("attributes")),
            seasons: SEASONS.all(row.list("seasons")),
            audiences: AUDIENCES.all(row.list("audiences")),
            patterns: PATTERNS.all(row.list("patterns")),
            packings: PACKINGS.all(row.list("packings")),
        };
        (row.text("key"), family)
    });
    families.collect()
});

/// The family under a key.
pub(super) fn family(key: &str) -> Option<&'static Family> {
    FAMILIES.get(key)
}

/// One choice on an axis: a colour, a size, a length.
#[derive(Clone, Copy)]
pub(super) struct Choice {
    pub(super) words: Words,
    /// The RGB of a colour, nothing for other choices.
    pub(super) rgb: &'static str,
}

/// What SKUs of a type vary on.
pub(super) struct Axis {
    pub(super) attribute: &'static Term,
    pub(super) choices: Vec<Choice>,
    /// How many choices an offer has.
    pub(super) many: (u32, u32),
    /// What one step further costs more, per thousand; colours cost the same.
    pub(super) step_permille: i64,
}

struct OptionSet {
    attribute: &'static Term,
    choices: Vec<Choice>,
    step_permille: i64,
}

static OPTION_SETS: LazyLock<HashMap<&'static str, OptionSet>> = LazyLock::new(|| {
    let mut sets: HashMap<&'static str, OptionSet> = HashMap::new();
    for row in table::rows(OPTIONS_FILE) {
        let Some(attribute) = ATTRIBUTES.find(row.text("attribute")) else {
            continue;
        };
        let step_permille = row.number("step");
        let set = sets.entry(row.text("set")).or_insert_with(|| OptionSet {
            attribute,
            choices: Vec::new(),
            step_permille,
        });
        set.choices.push(Choice {
            words: row.words(),
            rgb: "",
        });
    }
    for row in table::rows(PALETTES_FILE) {
        let Some(attribute) = ATTRIBUTES.find("colour") else {
            continue;
        };
        let colours = COLOURS.all(row.list("colours"));
        let choices = colours
            .iter()
            .map(|term| Choice {
                words: term.words,
                rgb: term.extra,
            })
            .collect();
        sets.insert(
            row.text("key"),
            OptionSet {
                attribute,
                choices,
                step_permille: 0,
            },
        );
    }
    sets
});

/// Reads the axes of a type, written like `basic 3-8 + apparel 3-5`.
pub(super) fn axes(text: &'static str) -> Vec<Axis> {
    let parts = text.split('+').map(str::trim).filter(|part| !part.is_empty());
    parts
        .filter_map(|part| {
            let (set, many) = part.split_once(' ')?;
            let set = OPTION_SETS.get(set)?;
            Some(Axis {
                attribute: set.attribute,
                choices: set.choices.clone(),
                many: span(many),
                step_permille: set.step_permille,
            })
        })
        .collect()
}

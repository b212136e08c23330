//! Subjects and descriptions of goods: authored patterns per language, filled with the goods' own terms.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::glossary::Term;
use super::lang::{Lang, Words};
use super::offer::Goods;
use super::phrase::fill;
use super::table;

pub(super) const SUBJECTS_FILE: &str = include_str!("data/subjects.tsv");
pub(super) const DESCRIPTIONS_FILE: &str = include_str!("data/descriptions.tsv");

/// The terms a goods is described with.
#[derive(Clone)]
pub(super) struct Wording {
    pub(super) template: usize,
    pub(super) material: Option<&'static Term>,
    pub(super) says_material: bool,
    pub(super) style: Option<&'static Term>,
    pub(super) features: [Option<&'static Term>; 2],
    pub(super) purpose: Option<&'static Term>,
    pub(super) season: Option<&'static Term>,
    pub(super) hook: Option<&'static Term>,
    pub(super) also: [Option<&'static str>; 2],
}

static SUBJECTS: LazyLock<Vec<Words>> = LazyLock::new(|| patterns(SUBJECTS_FILE));
static DESCRIPTIONS: LazyLock<Vec<Words>> = LazyLock::new(|| patterns(DESCRIPTIONS_FILE));

fn patterns(file: &'static str) -> Vec<Words> {
    table::rows(file).iter().map(table::Row::words).collect()
}

/// The subject line.
pub(super) fn subject(goods: &Goods, lang: Lang) -> String {
    let pattern = SUBJECTS.get(goods.wording.template % SUBJECTS.len().max(1));
    let pattern = pattern.map_or("{name}", |words| words.get(lang));
    fill(pattern, &|name| value(goods, lang, name))
}

/// The subject, the properties and the terms, one to a line.
pub(super) fn description(goods: &Goods, lang: Lang) -> String {
    let mut lines = vec![subject(goods, lang)];
    let colon = if matches!(lang, Lang::Zh | Lang::Ja) { "：" } else { ": " };
    let property = |attribute: &super::offer::Attribute| {
        format!("{}{colon}{}", capital(attribute.name.get(lang)), attribute.value.get(lang))
    };
    lines.extend(goods.attributes.iter().map(property));
    lines.extend(DESCRIPTIONS.iter().filter_map(|line| {
        let line = fill(line.get(lang), &|name| value(goods, lang, name));
        (!line.is_empty()).then_some(line)
    }));
    lines.join("\n")
}

fn capital(text: &str) -> String {
    fill(text, &|_| None)
}

/// What a placeholder stands for in this goods and language.
fn value(goods: &Goods, lang: Lang, name: &str) -> Option<Cow<'static, str>> {
    let wording = &goods.wording;
    let say = |term: Option<&'static Term>| term.map(|term| Cow::Borrowed(term.words.get(lang)));
    let count = |number: u32| Some(Cow::Owned(number.to_string()));
    match name {
        "name" => Some(goods.product_type.name.get(lang).into()),
        "unit" => Some(goods.product_type.unit.get(lang).into()),
        "material" => say(wording.material.filter(|_| wording.says_material)),
        "of" => wording.material.filter(|_| wording.says_material).map(|term| term.extra.into()),
        "style" => say(wording.style),
        "feature" => say(wording.features[0]),
        "feature2" => say(wording.features[1]),
        "use" => say(wording.purpose),
        "season" => say(wording.season),
        "hook" => say(wording.hook),
        "also" => wording.also[0].map(Cow::Borrowed),
        "also2" => wording.also[1].map(Cow::Borrowed),
        "min_order" => count(goods.min_order),
        "batch" => goods.batch.and_then(count),
        "hours" => count(goods.ships_within_h),
        "weight" => count(goods.weight_g),
        "size" => Some(goods.size_mm.map(|side| format!("{:.1}", f64::from(side) / 10.0)).join(" × ").into()),
        "one_piece" => goods.one_piece.then_some(Cow::Borrowed("")),
        "factory" => goods.factory.then_some(Cow::Borrowed("")),
        "free_return" => goods.free_return.then_some(Cow::Borrowed("")),
        _ => None,
    }
}

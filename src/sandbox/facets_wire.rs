//! How the counts of a search are written.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::goods::{Lang, Words};
use super::goods_wire::beside;
use super::search::{BADGES, Facets, PRICE_STEPS, SHIPS, all_properties};
use super::words::yuan;

/// All matches of a question, counted by what they are. A count of nothing is left out of the lists.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FacetsWire {
    /// By leaf category, the fullest first.
    categories: Vec<CategoryCount>,
    /// By price of the largest quantity.
    prices: Vec<PriceCount>,
    /// By promised hours; each counts all that are as fast or faster.
    send_within: Vec<HoursCount>,
    /// By badge of the seller.
    badges: Vec<BadgeCount>,
    /// By property, those that most matches have first: at most twelve, with at most twenty values each.
    attributes: Vec<AttributeCount>,
    /// Single pieces are sent.
    one_piece: u64,
    /// The seller makes it.
    factory: u64,
    /// Returns are free.
    free_return: u64,
    /// Listed within seven days.
    new7: u64,
    /// Listed within thirty days.
    new30: u64,
}

/// How many matches are in a category.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CategoryCount {
    category_id: u64,
    count: u64,
}

/// How many matches cost between two prices.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PriceCount {
    /// Yuan, at least.
    from: String,
    /// Yuan, less than; null without end.
    to: Option<String>,
    count: u64,
}

/// How many matches are sent in time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoursCount {
    hours: u64,
    count: u64,
}

/// How many matches are of sellers with a badge.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BadgeCount {
    badge: &'static str,
    count: u64,
}

/// How many matches have which value of a property.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttributeCount {
    attr_id: i64,
    /// Its Chinese name.
    name: &'static str,
    /// Its name in the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    name_trans: Option<&'static str>,
    /// The values, the most frequent first.
    values: Vec<ValueCount>,
}

/// How many matches have a value.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ValueCount {
    /// In Chinese.
    value: &'static str,
    /// In the asked language.
    #[serde(skip_serializing_if = "Option::is_none")]
    value_trans: Option<&'static str>,
    count: u64,
}

/// So many properties, and so many values of each, are told.
const ATTRIBUTES: usize = 12;
const VALUES: usize = 20;

fn attributes(facets: &Facets, lang: Lang) -> Vec<AttributeCount> {
    let mut found: BTreeMap<i64, (Words, Vec<(Words, u64)>)> = BTreeMap::new();
    for (property, count) in all_properties().iter().zip(&facets.properties).filter(|(_, count)| **count > 0) {
        found.entry(property.id).or_insert((property.name, Vec::new())).1.push((property.value, *count));
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_by_key(|(id, (_, values))| (Reverse(values.iter().map(|(_, count)| count).sum::<u64>()), *id));
    let written = |(attr_id, (name, mut values)): (i64, (Words, Vec<(Words, u64)>))| {
        values.sort_by_key(|(value, count)| (Reverse(*count), value.get(Lang::Zh)));
        let value = |(value, count): (Words, u64)| ValueCount {
            value: value.get(Lang::Zh),
            value_trans: beside(value, lang),
            count,
        };
        AttributeCount {
            attr_id,
            name: name.get(Lang::Zh),
            name_trans: beside(name, lang),
            values: values.into_iter().take(VALUES).map(value).collect(),
        }
    };
    found.into_iter().take(ATTRIBUTES).map(written).collect()
}

impl FacetsWire {
    /// Writes the counts.
    pub fn of(facets: &Facets, lang: Lang) -> FacetsWire {
        let some = |count: &u64| *count > 0;
        let mut categories: Vec<_> =
            facets.leaves.iter().map(|(id, count)| CategoryCount { category_id: *id, count: *count }).collect();
        categories.sort_by_key(|one| (std::cmp::Reverse(one.count), one.category_id));
        let shown = |fen: u64| yuan(i64::try_from(fen).unwrap_or(i64::MAX));
        let ends = PRICE_STEPS.iter().map(|fen| Some(*fen)).chain([None]);
        let begins = [0].into_iter().chain(PRICE_STEPS);
        let spans = begins.zip(ends).zip(facets.prices).filter(|(_, count)| some(count));
        let [one_piece, factory, free_return] = facets.flags;
        let [new7, new30] = facets.is_new;
        FacetsWire {
            categories,
            prices: spans
                .map(|((from, to), count)| PriceCount { from: shown(from), to: to.map(shown), count })
                .collect(),
            send_within: SHIPS
                .into_iter()
                .zip(facets.ships)
                .filter(|(_, count)| some(count))
                .map(|(hours, count)| HoursCount { hours, count })
                .collect(),
            badges: BADGES
                .into_iter()
                .zip(facets.badges)
                .filter(|(_, count)| some(count))
                .map(|((_, badge), count)| BadgeCount { badge, count })
                .collect(),
            attributes: attributes(facets, lang),
            one_piece,
            factory,
            free_return,
            new7,
            new30,
        }
    }
}

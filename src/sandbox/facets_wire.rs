//! How the counts of a search are written.

use serde::Serialize;
use utoipa::ToSchema;

use super::search::{BADGES, Facets, PRICE_STEPS, SHIPS};
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

impl FacetsWire {
    /// Writes the counts.
    pub fn of(facets: &Facets) -> FacetsWire {
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
            one_piece,
            factory,
            free_return,
            new7,
            new30,
        }
    }
}

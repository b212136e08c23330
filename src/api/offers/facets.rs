//! Counts of a search as partners see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::price::PriceView;
use crate::model::money::{Exchange, Money};
use crate::model::search::Facets;

/// All matches of a search, counted by what they are. What nothing is, is left out of the lists.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Facets)]
pub struct FacetsView {
    /// By leaf category, the fullest first.
    categories: Vec<CategoryCountView>,
    /// By lowest price.
    prices: Vec<PriceCountView>,
    /// By promised hours; each counts all that are as fast or faster.
    ships_within: Vec<HoursCountView>,
    /// By badge of the supplier.
    badges: Vec<BadgeCountView>,
    /// Single pieces are sent too.
    one_piece: u64,
    /// The supplier is the factory.
    factory: u64,
    /// Returns are free.
    free_return: u64,
    /// Listed within seven days.
    new_7d: u64,
    /// Listed within thirty days.
    new_30d: u64,
}

/// How many matches are in a category.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CategoryCount)]
pub struct CategoryCountView {
    /// The category.
    #[schema(example = "1001")]
    category_id: String,
    /// How many.
    offers: u64,
}

/// How many matches cost between two prices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PriceCount)]
pub struct PriceCountView {
    /// At least this.
    from: PriceView,
    /// Less than this; null without end.
    to: Option<PriceView>,
    /// How many.
    offers: u64,
}

/// How many matches are sent in time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoursCount)]
pub struct HoursCountView {
    /// Promised hours.
    #[schema(example = 48)]
    hours: u32,
    /// How many.
    offers: u64,
}

/// How many matches are of suppliers with a badge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BadgeCount)]
pub struct BadgeCountView {
    /// `super_factory`, `powerful_merchant`, `certified_factory`, `origin_factory`.
    #[schema(example = "super_factory")]
    badge: &'static str,
    /// How many.
    offers: u64,
}

impl FacetsView {
    /// The counts with prices at a rate; `None` when one does not fit.
    pub fn of(facets: &Facets, exchange: &Exchange) -> Option<Self> {
        let price = |(from, to, offers): &(Money, Option<Money>, u64)| {
            let to = match to {
                Some(to) => Some(PriceView::of(*to, exchange)?),
                None => None,
            };
            Some(PriceCountView { from: PriceView::of(*from, exchange)?, to, offers: *offers })
        };
        let category = |(id, offers): &(crate::model::ids::CategoryId, u64)| CategoryCountView {
            category_id: id.to_string(),
            offers: *offers,
        };
        Some(Self {
            categories: facets.categories.iter().map(category).collect(),
            prices: facets.prices.iter().map(price).collect::<Option<_>>()?,
            ships_within: facets
                .ships_within
                .iter()
                .map(|(hours, offers)| HoursCountView { hours: *hours, offers: *offers })
                .collect(),
            badges: facets
                .badges
                .iter()
                .map(|(badge, offers)| BadgeCountView { badge: badge.name(), offers: *offers })
                .collect(),
            one_piece: facets.one_piece,
            factory: facets.factory,
            free_return: facets.free_return,
            new_7d: facets.new_7d,
            new_30d: facets.new_30d,
        })
    }
}

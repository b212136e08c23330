//! Counts of a search as partners see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::price::PriceView;
use crate::model::money::{Exchange, Money};
use crate::model::offer::Text;
use crate::model::search::{AttributeCount, Facets};

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
    /// By attribute, those that most matches have first: at most twelve, with at most twenty values each. Give one as
    /// `attributes=287:陶瓷` to narrow the search to it.
    attributes: Vec<AttributeCountView>,
}

/// How many matches have which value of an attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeCount)]
pub struct AttributeCountView {
    /// Id of the attribute.
    #[schema(example = "287")]
    id: String,
    /// Its name in the asked language.
    #[schema(example = "material")]
    name: String,
    /// Its name in Chinese.
    name_original: String,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// Its values, the most frequent first.
    values: Vec<ValueCountView>,
}

/// How many matches have a value.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValueCount)]
pub struct ValueCountView {
    /// In the asked language.
    #[schema(example = "ceramic")]
    value: String,
    /// In Chinese: what `attributes` takes.
    #[schema(example = "陶瓷")]
    value_original: String,
    /// Where `value` comes from.
    #[schema(example = "catalogue")]
    value_origin: &'static str,
    /// How many.
    offers: u64,
}

impl From<&AttributeCount> for AttributeCountView {
    fn from(one: &AttributeCount) -> Self {
        let value = |(text, offers): &(Text, u64)| ValueCountView {
            value: text.shown.clone(),
            value_original: text.original.clone(),
            value_origin: text.origin.name(),
            offers: *offers,
        };
        Self {
            id: one.id.to_string(),
            name: one.name.shown.clone(),
            name_original: one.name.original.clone(),
            name_origin: one.name.origin.name(),
            values: one.values.iter().map(value).collect(),
        }
    }
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
            attributes: facets.attributes.iter().map(AttributeCountView::from).collect(),
        })
    }
}

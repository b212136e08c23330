//! What is looked for in the catalogue, and in which order it is shown.

use std::str::FromStr;

use crate::model::ids::{CategoryId, SupplierId};
use crate::model::money::Money;
use crate::model::offer::OfferSummary;
use crate::model::page::{Cursor, PageSize};
use crate::model::picture::Alike;
use crate::model::quote::Country;
use crate::model::supplier::Badge;

/// A search for offers; no words means browsing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Search {
    /// Words in any of the languages.
    pub words: Option<String>,
    /// Only what looks like this, the most like first.
    pub alike: Option<Alike>,
    /// Only this category and those below it.
    pub category: Option<CategoryId>,
    /// At least this price, in the currency prices are shown in.
    pub price_min: Option<Money>,
    /// At most this price, in the currency prices are shown in.
    pub price_max: Option<Money>,
    /// Minimum order at most this.
    pub minimum_order_max: Option<u32>,
    /// Only this supplier.
    pub supplier: Option<SupplierId>,
    /// Only what is so.
    pub filters: Filters,
    /// Whether matches are counted by what they are.
    pub facets: bool,
    /// In which order.
    pub sort: Sort,
    /// Where to go on.
    pub cursor: Option<Cursor>,
    /// How many at once.
    pub size: PageSize,
}

/// What found offers must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Filters {
    /// Sent within so many hours.
    pub ships_within_h: Option<u32>,
    /// Listed within so many days.
    pub new_within_days: Option<u32>,
    /// At least so many pieces sold in seven days.
    pub sold_7d_min: Option<u32>,
    /// At least so many pieces sold in thirty days.
    pub sold_30d_min: Option<u32>,
    /// Single pieces are sent too.
    pub one_piece: bool,
    /// The supplier makes it.
    pub factory: bool,
    /// Returns are free.
    pub free_return: bool,
    /// The supplier has this badge.
    pub badge: Option<Badge>,
    /// It may be sold to this country.
    pub ship_to: Option<Country>,
}

/// A page of found offers.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The offers of this page, in order.
    pub items: Vec<OfferSummary>,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
    /// How many offers match in all.
    pub total: Option<u64>,
    /// The words as the catalogue understood them, when it took an unknown word for a known one.
    pub corrected: Option<String>,
    /// All matches counted by what they are, when that was asked for.
    pub facets: Option<Facets>,
}

/// All matches of a search, counted by what they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facets {
    /// By leaf category, the fullest first.
    pub categories: Vec<(CategoryId, u64)>,
    /// By lowest price: CNY at least, CNY less than (none without end).
    pub prices: Vec<(Money, Option<Money>, u64)>,
    /// By promised hours; each counts all that are as fast or faster.
    pub ships_within: Vec<(u32, u64)>,
    /// By badge of the supplier.
    pub badges: Vec<(Badge, u64)>,
    /// Single pieces are sent too.
    pub one_piece: u64,
    /// The supplier makes it.
    pub factory: u64,
    /// Returns are free.
    pub free_return: u64,
    /// Listed within seven days.
    pub new_7d: u64,
    /// Listed within thirty days.
    pub new_30d: u64,
}

macro_rules! sorts {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// The order of found offers.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
        pub enum Sort {
            #[default]
            #[doc = "Best match first."]
            Relevance,
            $( #[doc = $doc] $variant, )*
        }

        impl Sort {
            /// All orders.
            pub const ALL: &'static [Sort] = &[ Sort::Relevance, $( Sort::$variant, )* ];
            /// The order's name, e.g. `price_asc`.
            pub const fn name(self) -> &'static str {
                match self { Self::Relevance => "relevance", $( Self::$variant => $name, )* }
            }
        }
    };
}

sorts! {
    PriceAsc = "price_asc", "Lowest price first.";
    PriceDesc = "price_desc", "Highest price first.";
    Sold = "sold", "Most sold in thirty days first.";
    Repurchase = "repurchase", "Highest share of returning buyers first.";
    Newest = "newest", "Latest first.";
}

impl FromStr for Sort {
    type Err = UnknownSort;
    fn from_str(text: &str) -> Result<Self, UnknownSort> {
        Self::ALL.iter().copied().find(|sort| sort.name() == text).ok_or(UnknownSort)
    }
}

/// A text that names no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of relevance, price_asc, price_desc, sold, repurchase, newest")]
pub struct UnknownSort;

#[cfg(test)]
mod tests {
    use super::{Sort, UnknownSort};

    #[test]
    fn the_complaint_about_an_unknown_order_lists_all_of_them() {
        let listed = UnknownSort.to_string();
        for sort in Sort::ALL {
            assert!(listed.contains(sort.name()), "{sort:?}");
            assert_eq!(sort.name().parse::<Sort>(), Ok(*sort));
        }
    }
}

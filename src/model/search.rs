//! What is looked for in the catalogue, and in which order it is shown.

use std::str::FromStr;

use crate::model::ids::{CategoryId, SupplierId};
use crate::model::money::Money;
use crate::model::page::{Cursor, PageSize};

/// A search for offers; no words means browsing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Search {
    /// Words in any of the languages.
    pub words: Option<String>,
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
    /// In which order.
    pub sort: Sort,
    /// Where to go on.
    pub cursor: Option<Cursor>,
    /// How many at once.
    pub size: PageSize,
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

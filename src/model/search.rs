//! What is looked for in the catalogue, and in which order it is shown.

use std::fmt;
use std::str::FromStr;

use crate::model::ids::{CategoryId, SupplierId};
use crate::model::money::Money;
use crate::model::offer::{OfferSummary, Text};
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
    /// It has these properties: values of one property are alternatives.
    pub attributes: Attributes,
}

/// Properties that found offers must have: `287:陶瓷;287:玻璃;12:红色`, ids of properties with values in Chinese.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Attributes(Vec<(u64, String)>);

/// The most of these in one search.
const MOST_ATTRIBUTES: usize = 20;
/// No value is longer, in characters.
const LONGEST_VALUE: usize = 60;

impl Attributes {
    /// Whether anything is asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(id, value)| format!("{id}:{value}")).collect();
        f.write_str(&words.join(";"))
    }
}

impl FromStr for Attributes {
    type Err = NotAttributes;

    /// In an order of their own and each once, so that the same question is the same text.
    fn from_str(text: &str) -> Result<Self, NotAttributes> {
        let one = |one: &str| {
            let (id, value) = one.split_once(':')?;
            let id: u64 = id.trim().parse().ok().filter(|id| *id > 0 && *id <= i64::MAX as u64)?;
            let value = value.trim();
            let fits =
                !value.is_empty() && value.chars().count() <= LONGEST_VALUE && !value.chars().any(char::is_control);
            fits.then(|| (id, value.to_owned()))
        };
        let mut all: Vec<_> = text.split(';').map(one).collect::<Option<_>>().ok_or(NotAttributes)?;
        all.sort();
        all.dedup();
        if all.len() <= MOST_ATTRIBUTES { Ok(Self(all)) } else { Err(NotAttributes) }
    }
}

/// A text that names no properties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "at most 20 of attribute_id:value with ; between them, such as 287:陶瓷; GET /v1/categories/{{category_id}} lists the \
     attributes and gives each value's value_original"
)]
pub struct NotAttributes;

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
    /// By property, those that most matches have first.
    pub attributes: Vec<AttributeCount>,
}

/// How many matches have which value of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeCount {
    /// The catalogue's number of the property.
    pub id: i64,
    /// Its name.
    pub name: Text,
    /// Its values with how many matches have them, the most frequent first.
    pub values: Vec<(Text, u64)>,
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
    use super::{Attributes, Sort, UnknownSort};

    #[test]
    fn properties_are_the_same_question_in_whatever_order_they_are_asked() {
        let read = |text: &str| text.parse::<Attributes>().map(|read| read.to_string());
        assert_eq!(read("287:陶瓷; 12:红色;287:陶瓷").as_deref(), Ok("12:红色;287:陶瓷"));
        assert_eq!(read("1:a:b").as_deref(), Ok("1:a:b"));
        let many = (1..=21).map(|id| format!("{id}:x")).collect::<Vec<_>>().join(";");
        for wrong in
            ["", ";", "287", "287:", "0:x", "x:y", "-1:x", "1:x;;2:y", &many, &format!("1:{}", "长".repeat(61))]
        {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_complaint_about_an_unknown_order_lists_all_of_them() {
        let listed = UnknownSort.to_string();
        for sort in Sort::ALL {
            assert!(listed.contains(sort.name()), "{sort:?}");
            assert_eq!(sort.name().parse::<Sort>(), Ok(*sort));
        }
    }
}

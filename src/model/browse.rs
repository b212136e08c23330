//! Ways to offers without words: selected assortments, rankings, what is bought now, how one offer sold.

use std::str::FromStr;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::model::ids::{CategoryId, OfferId, PoolId};
use crate::model::money::Money;
use crate::model::offer::Text;
use crate::model::page::{Cursor, PageSize};
use crate::model::quote::Country;

/// A selected assortment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Its id.
    pub id: PoolId,
    /// Its name.
    pub name: Text,
    /// Offers in it.
    pub offers: u64,
}

/// Asks for a page of a pool's offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolPage {
    /// Which pool.
    pub pool: PoolId,
    /// Nothing that may not be sold there.
    pub ship_to: Option<Country>,
    /// Where to go on.
    pub cursor: Option<Cursor>,
    /// How many at once.
    pub size: PageSize,
}

/// Asks for offers that are like one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Related {
    /// Like this one.
    pub offer: OfferId,
    /// Nothing that may not be sold there.
    pub ship_to: Option<Country>,
    /// How many.
    pub size: PageSize,
}

macro_rules! orders {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// What a ranking is by.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum RankedBy { $( #[doc = $doc] $variant, )* }

        impl RankedBy {
            /// All of them.
            pub const ALL: &'static [RankedBy] = &[ $( RankedBy::$variant, )* ];
            /// Its name, e.g. `sold`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
        }
    };
}

orders! {
    Sold = "sold", "Most sold in thirty days first.";
    Rising = "rising", "Sold most above its own usual week first.";
    Repurchase = "repurchase", "Highest share of returning buyers first.";
    Newest = "newest", "Latest first.";
}

impl FromStr for RankedBy {
    type Err = UnknownRanking;
    fn from_str(text: &str) -> Result<Self, UnknownRanking> {
        Self::ALL.iter().copied().find(|by| by.name() == text).ok_or(UnknownRanking)
    }
}

/// A text that names no ranking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of sold, rising, repurchase, newest")]
pub struct UnknownRanking;

/// Asks for the best offers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ranking {
    /// By what.
    pub by: RankedBy,
    /// Only this category and those below it.
    pub category: Option<CategoryId>,
    /// Nothing that may not be sold there.
    pub ship_to: Option<Country>,
    /// How many.
    pub size: PageSize,
}

/// Asks for what is bought now, as words to search by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Keywords {
    /// The most rising first, not the most sold.
    pub rising: bool,
    /// Only this category and those below it.
    pub category: Option<CategoryId>,
    /// How many.
    pub size: PageSize,
}

/// Something that is bought now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// The words.
    pub words: Text,
    /// Where such offers are filed.
    pub category: CategoryId,
    /// How many offers.
    pub offers: u64,
    /// Pieces sold in thirty days.
    pub sold_30d: u64,
    /// Pieces sold in seven days.
    pub sold_7d: u64,
    /// How much more was sold in the last week than in a usual week of the month, per cent.
    pub rise_percent: i64,
}

/// Asks how an offer sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TrendOf(pub OfferId);

/// How an offer sold.
#[derive(Clone, Debug, PartialEq)]
pub struct Trend {
    /// Which offer.
    pub offer: OfferId,
    /// Day by day, oldest first.
    pub days: Vec<TrendDay>,
    /// The lowest price in the middle of all days' prices, CNY.
    pub median_price: Money,
    /// Share of buyers who came back, 0 to 1.
    pub repurchase_rate: Option<Decimal>,
}

/// One day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrendDay {
    /// The day in Beijing.
    pub date: Date,
    /// Pieces sold.
    pub sold: u64,
    /// Lowest price of that day, CNY.
    pub price: Money,
}

#[cfg(test)]
mod tests {
    use super::{RankedBy, UnknownRanking};

    #[test]
    fn the_complaint_about_an_unknown_ranking_lists_all_of_them() {
        let listed = UnknownRanking.to_string();
        for by in RankedBy::ALL {
            assert!(listed.contains(by.name()) && by.name().parse() == Ok(*by), "{by:?}");
        }
    }
}

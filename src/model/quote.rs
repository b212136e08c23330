//! Quotes: what one supplier's goods cost to one warehouse, locked with freight and exchange rate until they expire.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::model::ids::{CatalogueQuotationId, OfferId, PartnerId, QuoteId, SkuId, SupplierId};
use crate::model::money::{Exchange, Money};
use crate::model::partner::Mode;

/// How many different SKUs one quote or order holds at most: the catalogue's own limit.
pub const MOST_LINES: usize = 50;

/// The officially assigned codes of ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL \
    BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV \
    CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD \
    GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM \
    IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK \
    LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW \
    MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR \
    PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS \
    ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY \
    UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

macro_rules! plain_texts {
    ($( $(#[$meta:meta])* $name:ident, $expected:literal, $fits:expr; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }

        impl FromStr for $name {
            type Err = Unfit;
            fn from_str(text: &str) -> Result<Self, Unfit> {
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.into())) } else { Err(Unfit { expected: $expected }) }
            }
        }
    )* };
}
pub(crate) use plain_texts;

/// A text that does not have the wanted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct Unfit {
    /// What would be right.
    pub expected: &'static str,
}

plain_texts! {
    /// A destination country.
    Country, "a two-letter ISO 3166-1 country code in capitals, such as JP",
        |text| text.len() == 2 && COUNTRIES.split(' ').any(|code| code == text);
    /// A domestic warehouse where goods are gathered before they leave the country.
    Warehouse, "a warehouse code of 2 to 16 capitals and digits, such as YW01",
        |text| (2..=16).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
}

/// How many pieces: 1 to 1 000 000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Quantity(u32);

impl Quantity {
    /// The number, if it is 1 to 1 000 000.
    pub fn new(pieces: i64) -> Option<Self> {
        u32::try_from(pieces).ok().filter(|n| (1..=1_000_000).contains(n)).map(Self)
    }

    /// The number of pieces.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// One wanted line of a quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The variant.
    pub sku: SkuId,
    /// How many of it.
    pub quantity: Quantity,
}

/// One line with its locked price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The variant.
    pub sku: SkuId,
    /// The offer it belongs to.
    pub offer: OfferId,
    /// The offer's Chinese title.
    pub title: String,
    /// The variant's attributes in Chinese, e.g. `红色/L`.
    pub specification: String,
    /// How many.
    pub quantity: Quantity,
    /// The price of one, in CNY.
    pub unit_price: Money,
    /// The price of all, in CNY.
    pub amount: Money,
    /// The weight of one piece in grams.
    pub weight_g: i64,
    /// The smallest quantity of the price tier that was reached, all variants of the offer together; none where the price
    /// is of no tier, or it was not told.
    pub tier_from: Option<u32>,
}

/// Everything bought from one supplier in one go, with its figures in CNY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basket {
    /// The supplier.
    pub supplier: SupplierId,
    /// The supplier's Chinese name.
    pub supplier_name: String,
    /// Where the supplier sends the goods.
    pub warehouse: Warehouse,
    /// Where the goods go in the end.
    pub ship_to: Country,
    /// The lines, in the order the partner asked for them.
    pub lines: Vec<Line>,
    /// The sum of the lines.
    pub goods: Money,
    /// Domestic freight to the warehouse.
    pub freight: Money,
    /// Goods and freight.
    pub total: Money,
    /// The supplier's quotation these figures are of; they are those of the list when there is none.
    pub quotation: Option<CatalogueQuotationId>,
}

/// A basket offered to one partner at fixed figures until it expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Its id.
    pub id: QuoteId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// What is offered.
    pub basket: Basket,
    /// The rate that is locked with it.
    pub exchange: Exchange,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it cannot be ordered any more.
    pub expires_at: Timestamp,
}

macro_rules! troubles {
    ($( $variant:ident = $name:literal, $says:literal; )*) => {
        /// Why a line cannot be quoted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Trouble { $( #[doc = $says] $variant, )* }

        impl Trouble {
            /// All reasons.
            pub const ALL: &'static [Trouble] = &[ $( Trouble::$variant, )* ];
            /// The machine name, e.g. `out_of_stock`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// A sentence for people.
            pub const fn says(self) -> &'static str { match self { $( Self::$variant => $says, )* } }
        }
    };
}

troubles! {
    SkuNotFound = "sku_not_found", "No such SKU is for sale across borders.";
    OfferHeld = "offer_held", "The offer is held back from cross-border trade at present.";
    OfferUnavailable = "offer_unavailable", "The offer is not on sale at present.";
    OutOfStock = "out_of_stock", "The supplier has fewer pieces than asked for.";
    BelowMinimumOrder = "below_minimum_order", "The offer is sold in larger quantities only.";
    NotOrderMultiple = "not_order_multiple", "The offer is sold in multiples only.";
    RestrictedCountry = "restricted_country", "The offer must not be sold to this country.";
}

/// One line that cannot be quoted, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineProblem {
    /// The line's place in the request, from 0.
    pub line: usize,
    /// What is wrong.
    pub trouble: Trouble,
    /// The smallest quantity of the offer, when that is the trouble.
    pub minimum_order: Option<i64>,
    /// The number the quantity must be a multiple of, when that is the trouble.
    pub order_multiple: Option<i64>,
    /// How many there are, when that is the trouble.
    pub stock: Option<i64>,
    /// How the supplier would sell fewer than the minimum as part of a mixed order, and how far these lines are from it.
    pub mixed: Option<MixedSoFar>,
}

/// What makes several SKUs of one supplier a mixed order (混批), in which no offer has a minimum of its own: enough pieces
/// or enough money, of at least two SKUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixedOrder {
    /// So many pieces of all SKUs together.
    pub pieces: Option<u32>,
    /// Or goods of this price, in CNY.
    pub amount: Option<Money>,
}

/// A supplier's rule for mixed orders, and what the lines are by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MixedSoFar {
    /// The rule.
    pub rule: MixedOrder,
    /// Pieces of all lines of the supplier.
    pub pieces: i64,
    /// What they cost, in CNY.
    pub amount: Money,
}

#[cfg(test)]
mod tests {
    use super::{Country, Quantity, Warehouse};

    #[test]
    fn countries_warehouses_and_quantities_are_checked_at_the_door() {
        assert_eq!("JP".parse::<Country>().unwrap().as_str(), "JP");
        assert_eq!(super::COUNTRIES.split(' ').count(), 249);
        assert!(
            ["jp", "JPN", "J", "日本", "", "XX", "UK", "EU", "P "]
                .iter()
                .all(|wrong| wrong.parse::<Country>().is_err())
        );
        assert!("YW01".parse::<Warehouse>().is_ok() && "yw".parse::<Warehouse>().is_err());
        assert_eq!(Quantity::new(1_000_000).unwrap().get(), 1_000_000);
        assert!([0, -1, 1_000_001, i64::MAX].iter().all(|wrong| Quantity::new(*wrong).is_none()));
    }
}

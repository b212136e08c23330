//! Offers: what a supplier sells, in which quantities, at which prices, in which variants.

use jiff::Timestamp;
use rust_decimal::Decimal;

use crate::model::ids::{CategoryId, OfferId, SkuId, SupplierId};
use crate::model::money::Money;
use crate::model::quote::MixedOrder;
use crate::model::supplier::Badge;

/// Words in the asked language and in Chinese as the supplier wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// In the asked language; the original when nobody translated it.
    pub shown: String,
    /// In Chinese.
    pub original: String,
    /// Who put it into the asked language.
    pub origin: Origin,
}

macro_rules! origins {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// Where a shown text comes from.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Origin { $( #[doc = $doc] $variant, )* }

        impl Origin {
            /// All of them.
            pub const ALL: &'static [Origin] = &[ $( Origin::$variant, )* ];
            /// Its name, e.g. `catalogue`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The origin of this name.
            pub fn named(name: &str) -> Option<Self> { Self::ALL.iter().copied().find(|one| one.name() == name) }
        }
    };
}

origins! {
    Original = "original", "The supplier's own Chinese.";
    Catalogue = "catalogue", "The marketplace's translation.";
    Glossary = "glossary", "Our curated glossary of the trade.";
    Machine = "machine", "A machine.";
}

/// An offer as lists show it. Prices are CNY.
#[derive(Clone, Debug, PartialEq)]
pub struct OfferSummary {
    /// Its id.
    pub id: OfferId,
    /// Its title.
    pub title: Text,
    /// Where it is filed.
    pub category: CategoryId,
    /// Who sells it.
    pub supplier: Seller,
    /// Lowest price over all quantities and variants.
    pub price_from: Money,
    /// Highest price over all quantities and variants.
    pub price_to: Money,
    /// Fewest pieces of one order.
    pub minimum_order: u32,
    /// What one is called, e.g. `piece`.
    pub unit: Text,
    /// Pieces sold in thirty days.
    pub sold_30d: u64,
    /// Pieces sold in seven days.
    pub sold_7d: Option<u64>,
    /// Share of buyers who came back, 0 to 1.
    pub repurchase_rate: Option<Decimal>,
    /// Rating out of five.
    pub rating: Option<Decimal>,
    /// Promised hours until it is sent.
    pub ships_within_hours: Option<u32>,
    /// Single pieces are sent too.
    pub one_piece: bool,
    /// Returns are free.
    pub free_return: bool,
    /// The seller makes it.
    pub factory: bool,
    /// When it was listed.
    pub listed_at: Option<Timestamp>,
    /// Its last change.
    pub updated_at: Timestamp,
    /// Where a search's words stand in the shown title: characters from and to.
    pub highlights: Vec<(usize, usize)>,
    /// In a search by picture: how like its picture is, thousandths.
    pub likeness: Option<u32>,
}

/// The seller of an offer, in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seller {
    /// Its id.
    pub id: SupplierId,
    /// Its name.
    pub name: Text,
    /// What the marketplace certifies.
    pub badges: Vec<Badge>,
}

/// Everything about an offer.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// What lists show.
    pub summary: OfferSummary,
    /// Can be bought now.
    pub on_sale: bool,
    /// Sentences about it.
    pub description: Option<Text>,
    /// Material, style, use …
    pub attributes: Vec<Attribute>,
    /// Prices by quantity, ascending; never empty.
    pub price_tiers: Vec<PriceTier>,
    /// What can be bought.
    pub skus: Vec<Sku>,
    /// Quantities must be a multiple of this.
    pub order_multiple: Option<u32>,
    /// How fewer than the minimum can be bought together with other goods of the supplier.
    pub mixed_order: Option<MixedOrder>,
    /// Grams of one packed piece.
    pub weight_g: Option<u32>,
    /// Length, width and height of one packed piece.
    pub size_mm: Option<[u32; 3]>,
    /// ISO 3166 countries it may not be sold to.
    pub restricted_countries: Vec<String>,
}

/// A named property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: Text,
    /// Its value.
    pub value: Text,
}

/// The price of a piece from a quantity on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PriceTier {
    /// From so many pieces.
    pub from_quantity: u32,
    /// A piece costs this, CNY.
    pub price: Money,
}

/// A variant that can be bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sku {
    /// Its id.
    pub id: SkuId,
    /// What sets it apart.
    pub attributes: Vec<Attribute>,
    /// Its own prices by quantity.
    pub price_tiers: Vec<PriceTier>,
    /// Pieces that can be ordered now.
    pub stock: u64,
}

/// How large a picture is wanted, in pixels of its side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PictureSize {
    /// 120 pixels.
    Small,
    /// 240 pixels.
    Medium,
    /// 480 pixels.
    #[default]
    Large,
}

impl PictureSize {
    /// The size with this many pixels.
    pub const fn of(pixels: u32) -> Option<Self> {
        match pixels {
            120 => Some(Self::Small),
            240 => Some(Self::Medium),
            480 => Some(Self::Large),
            _ => None,
        }
    }

    /// Pixels of the side.
    pub const fn pixels(self) -> u32 {
        match self {
            Self::Small => 120,
            Self::Medium => 240,
            Self::Large => 480,
        }
    }
}

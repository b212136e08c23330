//! What one offer of the catalogue consists of.

use super::catalogue::ProductType;
use super::lang::{Lang, Words};
use super::text::{self, Wording};

/// One offer: a product of a seller with its prices, variants and record.
#[derive(Clone)]
pub struct Goods {
    /// Twelve digits, such as 610947572360.
    pub id: i64,
    /// What kind of product it is.
    pub product_type: &'static ProductType,
    /// Who sells it.
    pub seller_id: i64,
    /// The leaf category it stands in.
    pub category_id: i64,
    /// Five to nine properties, material first.
    pub attributes: Vec<Attribute>,
    /// One to twenty-four variants.
    pub skus: Vec<Sku>,
    /// Two to four price steps; the first starts at `min_order` and prices fall.
    pub tiers: Vec<Tier>,
    /// The least number of units a buyer may order.
    pub min_order: u32,
    /// Must be ordered in multiples of this.
    pub batch: Option<u32>,
    /// Weight of one packed unit, grams.
    pub weight_g: u32,
    /// Length, width and height of one packed unit, millimetres.
    pub size_mm: [u32; 3],
    /// Units sold in the last thirty days.
    pub monthly_sold: u32,
    /// Units sold in the last seven days.
    pub weekly_sold: u32,
    /// Units sold since it was listed.
    pub total_sold: u32,
    /// Share of buyers who bought again, per cent.
    pub repurchase_pct: u8,
    /// Rating in tenths of a star: 46 is 4.6.
    pub rating_tenths: u8,
    /// The seller hands it to the carrier within so many hours: 24, 48, 72 or 168.
    pub ships_within_h: u32,
    /// A single piece may be sent to a buyer's buyer.
    pub one_piece: bool,
    /// The seller makes it himself.
    pub factory: bool,
    /// Free return within seven days.
    pub free_return: bool,
    /// Whether and where it may be sold abroad.
    pub cross_border: CrossBorder,
    /// When it was listed, Unix seconds.
    pub listed_at: i64,
    /// When it was last changed, Unix seconds.
    pub changed_at: i64,
    pub(super) wording: Wording,
}

impl Goods {
    /// The subject line of the listing.
    pub fn subject(&self, lang: Lang) -> String {
        text::subject(self, lang)
    }

    /// The text below the pictures: properties and terms, one to a line.
    pub fn description(&self, lang: Lang) -> String {
        text::description(self, lang)
    }
}

/// A property of a goods or of a variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attribute {
    /// The catalogue's number of the property.
    pub id: i64,
    /// What it is.
    pub name: Words,
    /// What it is here.
    pub value: Words,
}

/// A variant that can be ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct Sku {
    /// Thirteen digits.
    pub id: i64,
    /// Its place on each axis; empty when the goods has one variant only.
    pub spec: Vec<Attribute>,
    /// Added to the tier price, fen, never negative.
    pub price_offset_fen: i64,
    /// Units at hand.
    pub stock: u32,
}

/// A price step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// From how many units on.
    pub from: u32,
    /// Price of one unit, fen.
    pub price_fen: i64,
}

/// Whether a goods may be sold abroad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrossBorder {
    /// Anywhere.
    Open,
    /// Nowhere: held because a patent or a mark may be infringed.
    HeldPatent,
    /// Not to these countries (ISO 3166 two-letter codes).
    Restricted(&'static [&'static str]),
}

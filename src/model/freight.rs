//! What the road inside the country costs: a question, and each supplier's answer with the terms it was reckoned by.

use crate::model::ids::{OfferId, SkuId, SupplierId};
use crate::model::money::Money;
use crate::model::quote::{Country, LineProblem, Quantity, Wanted, Warehouse};
use crate::model::region::RegionCode;

/// Where goods are sent inside the country.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SentTo {
    /// A warehouse.
    Warehouse(Warehouse),
    /// A place.
    Region(RegionCode),
}

/// Asks what the road costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreightAsked {
    /// What is sent; 1 to 50 different SKUs.
    pub lines: Vec<Wanted>,
    /// Where to.
    pub to: SentTo,
    /// Where it goes in the end: lines that may not be sold there are named.
    pub ship_to: Option<Country>,
}

/// What freight is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountedBy {
    /// Grams.
    Weight,
    /// Pieces.
    Piece,
    /// Cubic centimetres.
    Volume,
    /// Nothing: it is always free.
    Free,
}

impl CountedBy {
    /// `weight`, `piece`, `volume` or `free`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Piece => "piece",
            Self::Volume => "volume",
            Self::Free => "free",
        }
    }
}

/// A supplier's terms for a place: the first so many for one price, each begun step for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// What is counted.
    pub by: CountedBy,
    /// How much the first price is for.
    pub first: u32,
    /// The first price, CNY.
    pub first_price: Money,
    /// How much a step is.
    pub step: u32,
    /// Its price, CNY.
    pub step_price: Money,
    /// Free for goods of this price, CNY.
    pub free_above: Option<Money>,
}

/// A line as it was reckoned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentLine {
    /// The variant.
    pub sku: SkuId,
    /// Its offer.
    pub offer: OfferId,
    /// How many.
    pub quantity: Quantity,
    /// What one costs, CNY.
    pub unit_price: Money,
    /// What all cost, CNY.
    pub amount: Money,
    /// Grams of one packed piece.
    pub weight_g: u32,
    /// Length, width and height of one packed piece, millimetres.
    pub size_mm: [u32; 3],
}

/// What one supplier sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// The supplier.
    pub supplier: SupplierId,
    /// Its Chinese name.
    pub supplier_name: String,
    /// Where it is sent from.
    pub from: Option<RegionCode>,
    /// The lines.
    pub lines: Vec<SentLine>,
    /// The sum of the lines, CNY.
    pub goods: Money,
    /// What the road costs, CNY.
    pub freight: Money,
    /// Pieces of all lines.
    pub pieces: i64,
    /// Grams of all lines.
    pub weight_g: i64,
    /// Cubic centimetres of all lines.
    pub volume_cm3: i64,
    /// What it was reckoned by.
    pub terms: Terms,
}

/// What the road costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freight {
    /// Where to, as the catalogue understood it.
    pub to: RegionCode,
    /// One load a supplier.
    pub loads: Vec<Load>,
    /// What stands against some of the lines.
    pub problems: Vec<LineProblem>,
}

impl Freight {
    /// Goods and freight of all loads, CNY.
    pub fn sums(&self) -> Option<(Money, Money)> {
        let sum = |of: fn(&Load) -> Money| self.loads.iter().try_fold(Money::fen(0), |sum, load| sum.plus(of(load)));
        Some((sum(|load| load.goods)?, sum(|load| load.freight)?))
    }
}

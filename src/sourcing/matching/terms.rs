//! What is compared and what comes of it, as the room keeps it: JSON documents of plain figures.
//! Kept documents must stay readable: add optional members only.

use serde::{Deserialize, Serialize};

/// Something that a partner sells today.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    /// The partner's own name of it.
    pub reference: Option<String>,
    /// Where it is shown: a page of this marketplace, or of any other shop.
    pub link: Option<String>,
    /// A picture of it that the partner uploaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Uploaded>,
    /// What it is called.
    pub title: Option<String>,
    /// What the partner pays for a piece today.
    pub price: Option<Price>,
    /// How many pieces are wanted.
    pub quantity: u32,
}

/// A picture that a partner uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// Our id of it.
    pub id: String,
    /// The catalogue's name of it; filled in when the wish is taken.
    pub catalogue_id: String,
}

/// An amount in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Minor units.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// What holds for all items of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Where the goods go in the end.
    pub ship_to: String,
    /// Where they are gathered.
    pub warehouse: String,
    /// The language of titles, and of what is told.
    pub language: String,
    /// How many candidates are told of each.
    pub candidates: u32,
    /// The tier of the prices that the partner is shown.
    #[serde(default)]
    pub price_tier: String,
    /// What is added when they are converted, in hundredths of a per cent.
    #[serde(default)]
    pub margin: u16,
}

/// What came of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// What was found, which may be nothing.
    Found(Matched),
    /// It could not be compared.
    Failed(Failed),
}

/// Why an item could not be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// A public code.
    pub code: String,
    /// What is wrong, in a sentence.
    pub detail: String,
}

/// What was found for an item.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Matched {
    /// The words that were searched by.
    pub words: Option<String>,
    /// The offer that the link leads to.
    pub offer: Option<i64>,
    /// The best first.
    pub candidates: Vec<Candidate>,
}

/// An offer that may be the same item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The offer.
    pub offer: i64,
    /// The variant that fits best.
    pub sku: i64,
    /// Its title in the asked language.
    pub title: String,
    /// Its title in Chinese.
    pub title_original: String,
    /// The supplier.
    pub supplier: i64,
    /// The supplier's name in the asked language.
    pub supplier_name: String,
    /// What the marketplace certifies of the supplier.
    pub badges: Vec<String>,
    /// What buyers think of the supplier, out of five.
    pub rating: Option<String>,
    /// The supplier makes it.
    pub factory: bool,
    /// How sure it is that this is the same item, in thousandths.
    pub confidence: u32,
    /// Why.
    pub reasons: Vec<Reason>,
    /// The least that is sold.
    pub minimum_order: u32,
    /// What multiples are sold of.
    pub order_multiple: Option<u32>,
    /// So many pieces the figures are for: what was asked, or the least that can be had.
    pub pieces: u32,
    /// Fen for a piece.
    pub unit_price: i64,
    /// Fen for all of it to the warehouse.
    pub freight: i64,
    /// Fen for all of it.
    pub total: i64,
    /// Promised hours until it is sent.
    pub ships_within_hours: Option<u32>,
    /// There are enough pieces.
    pub in_stock: bool,
    /// What it saves against today.
    pub saving: Option<Saving>,
}

/// What a candidate saves against what the partner pays today; negative where it costs more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// For a piece, freight included, in the currency of today's price.
    pub per_piece: Price,
    /// Of today's price, in thousandths.
    pub permille: i64,
}

/// What speaks for the same item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What was looked at.
    pub by: Evidence,
    /// How much it speaks for it, in thousandths.
    pub score: u32,
    /// The same in a sentence.
    pub says: String,
}

/// What is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The pictures.
    Picture,
    /// The words of the titles.
    Words,
    /// Properties such as material, size and colour.
    Attributes,
}

impl Evidence {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Picture => "picture",
            Self::Words => "words",
            Self::Attributes => "attributes",
        }
    }

    /// How much it weighs beside the others.
    pub const fn weight(self) -> u32 {
        match self {
            Self::Picture => 5,
            Self::Words => 3,
            Self::Attributes => 2,
        }
    }
}

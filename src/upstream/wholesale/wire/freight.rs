//! What the road inside the country costs. Amounts are fen, weights grams, volumes cubic centimetres.

use serde::Deserialize;

use super::trade::{PreviewProblem, PricedLine};

/// An estimate, seller by seller.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Where it goes, GB/T 2260.
    pub region_code: String,
    /// By seller.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// As of a preview.
    #[serde(default)]
    pub problems: Vec<PreviewProblem>,
}

/// What one seller sends.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The seller.
    pub seller_id: i64,
    /// Its Chinese name.
    pub seller_name: String,
    /// Where it is sent from.
    pub from_region_code: Option<String>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub goods_fen: i64,
    /// What the road costs.
    pub freight_fen: i64,
    /// Both together.
    pub total_fen: i64,
    /// Pieces of all lines.
    pub pieces: i64,
    /// Grams of all lines.
    pub weight_gram: i64,
    /// Cubic centimetres of all lines.
    pub volume_cm3: i64,
    /// What it was reckoned by.
    pub template: Template,
}

/// A line with its price and size.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Line {
    /// As a preview prices it.
    #[serde(flatten)]
    pub priced: PricedLine,
    /// Length, width and height of one packed piece.
    pub size_mm: [u32; 3],
}

/// A seller's terms for a place.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Template {
    /// `WEIGHT`, `PIECE`, `VOLUME` or `FREE`.
    pub by: String,
    /// How much the first price is for.
    pub first: u32,
    /// The first price.
    pub first_fen: i64,
    /// How much a step is.
    pub step: u32,
    /// Its price.
    pub step_fen: i64,
    /// Free for goods of this price.
    pub free_above_fen: Option<i64>,
}

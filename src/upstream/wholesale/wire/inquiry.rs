//! Inquiries and what sellers quote. Amounts are fen, times Beijing wall clock.

use serde::{Deserialize, Serialize};

/// Asks several sellers for their price; the service knows it again by `(partner_code, out_ref)`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewInquiry<'a> {
    /// Our own unique reference, at most 64 characters.
    pub out_ref: &'a str,
    /// Whom it is for.
    pub partner_code: &'a str,
    /// Where it goes in the end, ISO 3166.
    pub dest_country: &'a str,
    /// Where the sellers send it.
    pub warehouse_code: &'a str,
    /// How many pieces.
    pub quantity: u32,
    /// What the buyer would like to pay for a piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_price_fen: Option<i64>,
    /// What is wanted, in words.
    pub specification: &'a str,
    /// Who is asked.
    pub sellers: Vec<Invited>,
    /// Pictures of what is wanted.
    pub voucher_ids: Vec<i64>,
}

/// A seller who is asked.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// The seller.
    pub seller_id: i64,
    /// One of his variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku_id: Option<i64>,
}

/// Asks a seller for another price; the service knows it again by `out_ref`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counter<'a> {
    /// Our own unique reference within the inquiry.
    pub out_ref: &'a str,
    /// The quotation that is answered.
    pub quotation_no: i64,
    /// What the buyer would pay for a piece.
    pub target_price_fen: i64,
    /// For so many pieces; as before when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// Words for the seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<&'a str>,
}

/// An inquiry at the service.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Inquiry {
    /// The service's number.
    pub inquiry_no: i64,
    /// Our reference.
    pub out_ref: String,
    /// The service's status word, e.g. `open`.
    pub status: String,
    /// How far each seller came.
    pub sellers: Vec<Talk>,
    /// Our reference of the order that one of its quotations became.
    pub order_out_ref: Option<String>,
    /// How often it changed.
    pub version: i64,
}

/// How far one seller came.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Talk {
    /// The seller.
    pub seller_id: i64,
    /// His Chinese name.
    pub seller_name: String,
    /// The service's status word, e.g. `quoted`.
    pub status: String,
    /// The newest quotation.
    pub quotation: Option<Quotation>,
    /// What the buyer asked for last.
    pub target_price_fen: Option<i64>,
    /// Why he does not quote, e.g. `over_capacity`.
    pub reason: Option<String>,
    /// What he says to it.
    pub note: Option<String>,
}

/// What a seller offers.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quotation {
    /// Names these terms.
    pub quotation_no: i64,
    /// The variant.
    pub sku_id: i64,
    /// The goods it belongs to.
    pub goods_id: i64,
    /// Chinese subject.
    pub subject: String,
    /// Chinese values of the specs.
    #[serde(default)]
    pub spec_text: String,
    /// How many pieces.
    pub quantity: i64,
    /// Fen for a piece.
    pub unit_price_fen: i64,
    /// Fen for all pieces.
    pub goods_fen: i64,
    /// Freight to the warehouse.
    pub freight_fen: i64,
    /// Everything together.
    pub total_fen: i64,
    /// One packed piece.
    pub weight_gram: Option<u32>,
    /// Days from payment until it is sent.
    pub lead_days: u32,
    /// It cannot be ordered any more from then on.
    pub valid_until: String,
    /// The seller will not go lower.
    #[serde(rename = "final", default)]
    pub is_final: bool,
}

/// Why a quotation cannot be ordered or answered: `superseded`, `expired`, `countered`, `ordered` or `closed`.
#[derive(Clone, Debug, Deserialize)]
pub struct ClosedFor {
    /// The word.
    pub status: String,
}

/// Which member of a request is wrong.
#[derive(Clone, Debug, Deserialize)]
pub struct WrongMember {
    /// Such as `sellers[0].skuId`.
    pub param: String,
}

//! An inquiry as the sandbox remembers it: what a buyer asks several sellers for, and how far each of them came with him.
//! Asking is left to
//! `ask`, prices to `haggle`, the walk to `moves`, answers to `wire`.

mod ask;
mod fitting;
mod haggle;
mod moves;
pub mod wire;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filing::Document;
pub use moves::Act;

/// Where an inquiry stands; all but the first are its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum InquiryStatus {
    Open,
    Ordered,
    Withdrawn,
    Closed,
}

impl InquiryStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            InquiryStatus::Open => "open",
            InquiryStatus::Ordered => "ordered",
            InquiryStatus::Withdrawn => "withdrawn",
            InquiryStatus::Closed => "closed",
        }
    }
}

/// How far one seller came; the first three can still lead to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum TalkStatus {
    Asked,
    Quoted,
    Countered,
    Declined,
    Expired,
    Ordered,
    Closed,
}

impl TalkStatus {
    /// Whether it can still lead to an order.
    pub fn is_open(self) -> bool {
        matches!(self, TalkStatus::Asked | TalkStatus::Quoted | TalkStatus::Countered)
    }

    /// Whether it is the seller's turn.
    pub fn is_sellers_turn(self) -> bool {
        matches!(self, TalkStatus::Asked | TalkStatus::Countered)
    }
}

/// Why a seller does not quote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Reason {
    NoSuchGoods,
    RestrictedCountry,
    BelowMinimum,
    NotMultiple,
    OverCapacity,
    TargetTooLow,
    Busy,
}

/// A seller who is asked, and for which of his variants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invited {
    /// Who; each at most once.
    pub seller_id: i64,
    /// One of his variants; when absent he proposes one that fits the specification.
    #[serde(default)]
    pub sku_id: Option<i64>,
}

/// What was asked, as it was first said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::InquireAsked`")]
pub struct Content {
    pub dest_country: String,
    pub warehouse_code: String,
    pub quantity: i64,
    pub target_fen: Option<i64>,
    pub specification: String,
    pub sellers: Vec<Invited>,
    pub voucher_ids: Vec<i64>,
}

/// What a seller offers, until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::QuotationWire`")]
pub struct Quotation {
    pub quotation_no: i64,
    pub sku_id: i64,
    pub goods_id: i64,
    pub subject: String,
    pub spec_text: String,
    pub quantity: i64,
    pub unit_price_fen: i64,
    pub freight_fen: i64,
    pub weight_gram: u32,
    pub lead_days: i64,
    pub valid_until: i64,
    pub is_final: bool,
}

impl Quotation {
    /// What all pieces cost.
    pub fn goods_fen(&self) -> i64 {
        self.unit_price_fen * self.quantity
    }
}

/// What a buyer asked for instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::CounterAsked`")]
pub struct Counter {
    pub out_ref: String,
    pub quotation_no: i64,
    pub target_fen: i64,
    pub quantity: Option<i64>,
    pub note: String,
}

/// The talk with one seller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::TalkWire`")]
pub struct Talk {
    pub invited: Invited,
    pub status: TalkStatus,
    /// The newest quotation; what came before it is void.
    pub quotation: Option<Quotation>,
    /// Numbers of quotations that are void.
    pub superseded: Vec<i64>,
    pub counters: Vec<Counter>,
    pub reason: Option<Reason>,
    pub note: Option<String>,
    /// When the seller answers by himself, milliseconds.
    pub answers_ms: Option<i64>,
}

/// Everything about an inquiry. Times are unix seconds, amounts fen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::InquiryWire`")]
pub struct Inquiry {
    pub inquiry_no: i64,
    pub out_ref: String,
    pub partner_code: String,
    pub content: Content,
    pub status: InquiryStatus,
    pub talks: Vec<Talk>,
    pub order_no: Option<i64>,
    pub order_out_ref: Option<String>,
    pub created_at: i64,
    pub modified_at: i64,
    pub version: i64,
    /// When something happens by itself, milliseconds.
    pub due_ms: Option<i64>,
}

impl Inquiry {
    /// The talk in which a quotation was given, void or not.
    pub fn talk_of(&self, quotation_no: i64) -> Option<usize> {
        self.talks.iter().position(|talk| {
            talk.quotation.as_ref().is_some_and(|quotation| quotation.quotation_no == quotation_no)
                || talk.superseded.contains(&quotation_no)
        })
    }
}

impl Document for Inquiry {
    fn number(&self) -> i64 {
        self.inquiry_no
    }

    fn partner(&self) -> &str {
        &self.partner_code
    }

    fn out_ref(&self) -> &str {
        &self.out_ref
    }
}

//! How inquiries are asked and answered.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Inquiry, InquiryStatus, Invited, Quotation, Reason, Talk, TalkStatus};
use crate::sandbox::words::beijing;

/// Asks several sellers for their price.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquireAsked {
    /// The caller's unique reference; the same call again answers the same inquiry.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// On whose behalf; part of the reference.
    #[schema(min_length = 1, max_length = 64)]
    pub partner_code: String,
    /// Where it goes in the end (ISO 3166 alpha-2).
    #[schema(example = "JP")]
    pub dest_country: String,
    /// Where it is collected.
    #[schema(example = "YW01")]
    pub warehouse_code: String,
    /// Pieces, 1 to 1,000,000.
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: i64,
    /// What the buyer would like to pay for a piece.
    #[serde(default)]
    #[schema(minimum = 1)]
    pub target_price_fen: Option<i64>,
    /// What is wanted, for the sellers to read.
    #[schema(min_length = 2, max_length = 2000)]
    pub specification: String,
    /// Who is asked.
    #[schema(min_items = 1, max_items = 10)]
    pub sellers: Vec<Invited>,
    /// Pictures of what is wanted.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub voucher_ids: Vec<i64>,
}

/// Asks a seller for another price.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CounterAsked {
    /// Makes a repeat harmless; once per inquiry.
    #[schema(min_length = 1, max_length = 64)]
    pub out_ref: String,
    /// The quotation that is answered.
    pub quotation_no: i64,
    /// What the buyer would pay for a piece.
    #[schema(minimum = 1)]
    pub target_price_fen: i64,
    /// For so many pieces; as before when absent.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1_000_000)]
    pub quantity: Option<i64>,
    /// For the seller to read.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
}

/// What a seller offers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuotationWire {
    /// Names these terms; the next ones have another number.
    pub quotation_no: i64,
    /// The variant.
    pub sku_id: i64,
    /// The goods it belongs to.
    pub goods_id: i64,
    /// Chinese subject.
    pub subject: String,
    /// Chinese values of the specs.
    pub spec_text: String,
    /// Pieces.
    pub quantity: i64,
    /// For a piece.
    pub unit_price_fen: i64,
    /// For all pieces.
    pub goods_fen: i64,
    /// To the warehouse.
    pub freight_fen: i64,
    /// Goods and freight.
    pub total_fen: i64,
    /// One packed piece.
    pub weight_gram: u32,
    /// Days from payment until it is sent.
    pub lead_days: i64,
    /// Beijing time; it cannot be ordered any more from then on.
    pub valid_until: String,
    /// The seller will not go lower.
    #[serde(rename = "final")]
    pub is_final: bool,
}

/// How far one seller came.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TalkWire {
    /// Who.
    pub seller_id: i64,
    /// Chinese name.
    pub seller_name: String,
    /// `asked`, `quoted`, `countered`, `declined`, `expired`, `ordered` or `closed`.
    pub status: TalkStatus,
    /// The newest quotation, whatever became of it.
    pub quotation: Option<QuotationWire>,
    /// What the buyer asked for last, for a piece.
    pub target_price_fen: Option<i64>,
    /// Why he does not quote.
    pub reason: Option<Reason>,
    /// What he says to it.
    pub note: Option<String>,
}

/// An inquiry.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InquiryWire {
    /// 19 digits.
    pub inquiry_no: i64,
    /// The caller's reference.
    pub out_ref: String,
    /// On whose behalf.
    pub partner_code: String,
    /// `open`, `ordered`, `withdrawn` or `closed`.
    pub status: InquiryStatus,
    /// Where it goes in the end.
    pub dest_country: String,
    /// Where it is collected.
    pub warehouse_code: String,
    /// Pieces.
    pub quantity: i64,
    /// What is wanted.
    pub specification: String,
    /// One for each seller, in the order in which they were named.
    pub sellers: Vec<TalkWire>,
    /// The order that was placed of one of its quotations.
    pub order_no: Option<i64>,
    /// The caller's reference of that order.
    pub order_out_ref: Option<String>,
    /// Beijing time.
    pub gmt_create: String,
    /// Beijing time.
    pub gmt_modified: String,
    /// Grows with every change.
    pub version: i64,
    /// Whether this call only repeated an earlier one.
    pub replayed: bool,
}

impl InquiryWire {
    /// An inquiry as it is now; `name` tells what a seller is called.
    pub fn new(inquiry: &Inquiry, replayed: bool, name: impl Fn(i64) -> String) -> InquiryWire {
        let content = &inquiry.content;
        let talk = |talk: &Talk| TalkWire::new(talk, content.target_fen, name(talk.invited.seller_id));
        InquiryWire {
            inquiry_no: inquiry.inquiry_no,
            out_ref: inquiry.out_ref.clone(),
            partner_code: inquiry.partner_code.clone(),
            status: inquiry.status,
            dest_country: content.dest_country.clone(),
            warehouse_code: content.warehouse_code.clone(),
            quantity: content.quantity,
            specification: content.specification.clone(),
            sellers: inquiry.talks.iter().map(talk).collect(),
            order_no: inquiry.order_no,
            order_out_ref: inquiry.order_out_ref.clone(),
            gmt_create: beijing(inquiry.created_at),
            gmt_modified: beijing(inquiry.modified_at),
            version: inquiry.version,
            replayed,
        }
    }
}

impl TalkWire {
    fn new(talk: &Talk, first_target: Option<i64>, seller_name: String) -> TalkWire {
        TalkWire {
            seller_id: talk.invited.seller_id,
            seller_name,
            status: talk.status,
            quotation: talk.quotation.as_ref().map(QuotationWire::from),
            target_price_fen: talk.counters.last().map(|counter| counter.target_fen).or(first_target),
            reason: talk.reason,
            note: talk.note.clone(),
        }
    }
}

impl From<&Quotation> for QuotationWire {
    fn from(quotation: &Quotation) -> QuotationWire {
        QuotationWire {
            quotation_no: quotation.quotation_no,
            sku_id: quotation.sku_id,
            goods_id: quotation.goods_id,
            subject: quotation.subject.clone(),
            spec_text: quotation.spec_text.clone(),
            quantity: quotation.quantity,
            unit_price_fen: quotation.unit_price_fen,
            goods_fen: quotation.goods_fen(),
            freight_fen: quotation.freight_fen,
            total_fen: quotation.goods_fen() + quotation.freight_fen,
            weight_gram: quotation.weight_gram,
            lead_days: quotation.lead_days,
            valid_until: beijing(quotation.valid_until),
            is_final: quotation.is_final,
        }
    }
}

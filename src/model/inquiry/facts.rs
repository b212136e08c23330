//! What comes to light about an inquiry: how far each supplier came, what they quote, and why they do not.

use std::str::FromStr;

use jiff::Timestamp;

use super::TalkState;
use crate::error::Code;
use crate::model::ids::{
    CatalogueInquiryId, CatalogueQuotationId, OfferId, OrderId, QuotationId, QuoteId, SkuId, SupplierId,
};
use crate::model::money::Money;
use crate::model::order::named;
use crate::model::quote::{Quantity, Unfit};
use crate::model::story::Learnt;

named! {
    /// Why a supplier does not quote.
    NoReason {
        NoSuchGoods = "no_such_goods", "The supplier has nothing that fits the specification.";
        RestrictedCountry = "restricted_country", "It must not be sold to this country.";
        BelowMinimum = "below_minimum_order", "The supplier sells in larger quantities only.";
        NotMultiple = "not_order_multiple", "The supplier sells in multiples only.";
        OverCapacity = "over_capacity", "The supplier cannot deliver so many.";
        TargetTooLow = "target_too_low", "The target price is too far from what it costs.";
        Busy = "busy", "The supplier takes no further work at present.";
        Other = "other", "The supplier gave another reason; see the note.";
    }
}

/// What a supplier offers, until when. Other terms are another quotation with another id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    /// Our id of these terms.
    pub id: QuotationId,
    /// The catalogue's number of them.
    pub number: CatalogueQuotationId,
    /// The variant.
    pub sku: SkuId,
    /// The offer it belongs to.
    pub offer: OfferId,
    /// The offer's Chinese title.
    pub title: String,
    /// The variant's attributes in Chinese.
    pub specification: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// For one piece, in CNY.
    pub unit_price: Money,
    /// For all pieces, in CNY.
    pub goods: Money,
    /// Domestic freight to the warehouse, in CNY.
    pub freight: Money,
    /// Goods and freight, in CNY.
    pub total: Money,
    /// The weight of one piece in grams.
    pub weight_g: i64,
    /// Days from payment until it is sent.
    pub lead_days: u32,
    /// From when on it cannot be ordered any more.
    pub valid_until: Timestamp,
    /// The supplier will not go lower.
    pub is_final: bool,
}

impl Quotation {
    /// The quote that holds the terms of a quotation once it is accepted: one for ever, whoever accepts first.
    pub fn quote_of(id: &QuotationId) -> Option<QuoteId> {
        let (_, hex) = id.as_str().split_once('_')?;
        format!("quo_{hex}").parse().ok()
    }
}

/// How far the talk with one supplier came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Talk {
    /// The supplier.
    pub supplier: SupplierId,
    /// The supplier's Chinese name, once it is known.
    pub supplier_name: Option<String>,
    /// Where it stands.
    pub state: TalkState,
    /// The newest quotation, whatever became of it.
    pub quotation: Option<Quotation>,
    /// What the partner asked for last, for a piece.
    pub target: Option<Money>,
    /// Why the supplier does not quote.
    pub reason: Option<NoReason>,
    /// What the supplier said to it, in Chinese.
    pub note: Option<String>,
}

impl Talk {
    /// Nothing was heard of the supplier yet.
    pub const fn asked(supplier: SupplierId, target: Option<Money>) -> Self {
        let state = TalkState::Asked;
        Self { supplier, supplier_name: None, state, quotation: None, target, reason: None, note: None }
    }
}

/// How a supplier answered a partner's inquiries of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answering {
    /// How often the supplier was asked.
    pub asked: u32,
    /// To how many of these the first answer was a quotation.
    pub quoted: u32,
    /// To how many the supplier declined and never quoted.
    pub declined: u32,
    /// The median time from asking to the first quotation, in milliseconds; none without a quotation.
    pub median_ms: Option<i64>,
}

/// Why the catalogue did not take an inquiry or a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The public code.
    pub code: Code,
    /// A sentence for the partner.
    pub detail: String,
    /// The wrong place of the request, as a JSON Pointer.
    pub pointer: Option<String>,
}

/// What an event brought to light, and all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The catalogue's number of the inquiry.
    pub catalogue_inquiry: Option<CatalogueInquiryId>,
    /// How often it had changed at the catalogue; what is older was known before.
    pub catalogue_version: Option<i64>,
    /// How far all suppliers came.
    pub talks: Option<Vec<Talk>>,
    /// The order that one of its quotations became.
    pub order: Option<OrderId>,
    /// Why the catalogue did not take it.
    pub rejection: Option<Rejection>,
    /// Of one event: which supplier it is about.
    pub about: Option<SupplierId>,
}

impl Learnt for Facts {
    fn learn(&mut self, newer: &Self) {
        macro_rules! newest {
            ($( $field:ident )*) => { $( if newer.$field.is_some() { self.$field.clone_from(&newer.$field); } )* };
        }
        newest! { catalogue_inquiry catalogue_version talks order rejection }
    }
}

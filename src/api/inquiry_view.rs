//! How inquiries and what suppliers quote to them are shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::payments::MoneyView;
use crate::model::inquiry::{Answering, Event, Inquiry, Quotation, Talk};
use crate::model::page::Page;

const HOUR_MS: i64 = 3_600_000;

/// An inquiry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Inquiry)]
pub struct InquiryView {
    /// Id.
    #[schema(example = "inq_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Your own number.
    #[schema(example = "RFQ-2026-0001")]
    reference: String,
    /// Where it stands: `received`, `sending`, `open`, `rejected`, `unknown`, `ordered`, `withdrawn` or `closed`.
    #[schema(example = "open")]
    state: &'static str,
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    mode: &'static str,
    /// What is wanted, in words.
    specification: String,
    /// How many pieces.
    quantity: u32,
    /// What you would like to pay for a piece.
    target_price: Option<MoneyView>,
    /// Code of the domestic warehouse.
    #[schema(example = "YW01")]
    warehouse: String,
    /// ISO 3166-1 code of the destination.
    #[schema(example = "JP")]
    ship_to_country: String,
    /// ISO 4217 code of the currency whose rate is locked when you accept a quotation.
    #[schema(example = "JPY")]
    currency: String,
    /// Pictures of what is wanted.
    attachments: Vec<String>,
    /// How far each supplier came, in the order in which you named them.
    suppliers: Vec<InquirySupplierView>,
    /// The order that one of its quotations became.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: Option<String>,
    /// Why the catalogue did not take it: a code, see `/docs/errors`.
    #[schema(example = "inquiry_refused")]
    problem: Option<&'static str>,
    /// The catalogue's own number, once it is known.
    #[schema(example = "2600000000000123456")]
    catalogue_inquiry_id: Option<String>,
    /// When it was received.
    #[schema(format = DateTime)]
    created_at: String,
    /// When its last event was written.
    #[schema(format = DateTime)]
    updated_at: String,
    /// How many events it has; grows with each.
    version: u32,
    /// What happened to it, oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<InquiryEventView>>,
}

/// How far one supplier came.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InquirySupplier)]
pub struct InquirySupplierView {
    /// The supplier.
    #[schema(example = "6017342880")]
    supplier_id: String,
    /// The supplier's Chinese name, once it is known.
    supplier_name: Option<String>,
    /// The variant you asked for; null when the supplier proposes one.
    #[schema(example = "610947572360001")]
    asked_sku_id: Option<String>,
    /// Where it stands: `asked`, `quoted`, `countered`, `declined`, `expired`, `ordered` or `closed`.
    #[schema(example = "quoted")]
    state: &'static str,
    /// The newest quotation, whatever became of it.
    quotation: Option<QuotationView>,
    /// What you asked for last, for a piece.
    target_price: Option<MoneyView>,
    /// Why the supplier does not quote: `no_such_goods`, `restricted_country`, `below_minimum_order`,
    /// `not_order_multiple`, `over_capacity`, `target_too_low`, `busy` or `other`.
    #[schema(example = "over_capacity")]
    reason: Option<&'static str>,
    /// What the supplier said to it, in Chinese.
    note: Option<String>,
    /// How the supplier answered your inquiries so far; only where you read one inquiry.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<SupplierResponseView>,
}

/// How a supplier answered your inquiries of the last 90 days (the newest 500), as the gateway heard it. Who was asked and
/// neither quoted nor declined has not answered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SupplierResponse)]
pub struct SupplierResponseView {
    /// How many of your inquiries went to the supplier, this one included.
    #[schema(example = 12)]
    asked: u32,
    /// How many of them the supplier answered with a quotation.
    #[schema(example = 9)]
    quoted: u32,
    /// How many of them the supplier declined.
    #[schema(example = 1)]
    declined: u32,
    /// Median hours from asking to the first quotation, to a tenth; null while there was none.
    #[schema(example = 5.5)]
    median_hours: Option<f64>,
}

/// What a supplier offers, until when. Other terms are another quotation with another id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quotation)]
pub struct QuotationView {
    /// Id of these terms; accept or counter by it.
    #[schema(example = "qtn_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// The offer it belongs to.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The offer's Chinese title.
    title: String,
    /// The variant's attributes in Chinese.
    specification: String,
    /// How many pieces.
    quantity: u32,
    /// For one piece.
    unit_price: MoneyView,
    /// For all pieces.
    goods: MoneyView,
    /// Domestic freight to the warehouse.
    freight: MoneyView,
    /// Goods and freight.
    total: MoneyView,
    /// The weight of one piece in grams.
    weight_g: i64,
    /// Days from payment until it is sent.
    lead_days: u32,
    /// From when on it cannot be accepted any more.
    #[schema(format = DateTime)]
    valid_until: String,
    /// The supplier will not go lower.
    is_final: bool,
}

/// Something that happened to an inquiry.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InquiryEvent)]
pub struct InquiryEventView {
    /// Id.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// When it was written down.
    #[schema(format = DateTime)]
    at: String,
    /// Who made it happen: `partner`, `gateway`, `catalogue` or `operator`.
    #[schema(example = "catalogue")]
    actor: &'static str,
    /// What happened, e.g. `quoted`.
    #[schema(example = "quoted")]
    kind: &'static str,
    /// Why, in words.
    cause: String,
    /// The supplier it is about, when it is about one.
    #[schema(example = "6017342880")]
    supplier_id: Option<String>,
    /// The state the inquiry was in afterwards.
    #[schema(example = "open")]
    state: &'static str,
}

/// A page of inquiries.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = InquiryPage)]
pub struct InquiryPageView {
    /// The inquiries, newest first.
    items: Vec<InquiryView>,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

impl InquiryView {
    /// The inquiry with its events, and with how its suppliers answer, in the order in which they were named.
    pub fn judged(inquiry: &Inquiry, answering: &[Answering]) -> Self {
        let mut view = Self::whole(inquiry);
        for (supplier, answering) in view.suppliers.iter_mut().zip(answering) {
            supplier.response = Some(SupplierResponseView::from(answering));
        }
        view
    }

    /// The inquiry with its events.
    pub fn whole(inquiry: &Inquiry) -> Self {
        Self { events: Some(inquiry.events.iter().map(InquiryEventView::from).collect()), ..Self::brief(inquiry) }
    }

    /// The inquiry without its events.
    pub fn brief(inquiry: &Inquiry) -> Self {
        let (deed, known) = (&inquiry.deed, &inquiry.known);
        let invited = inquiry.talks().into_iter().zip(&deed.invited);
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            state: inquiry.state.name(),
            mode: deed.mode.name(),
            specification: deed.specification.clone(),
            quantity: deed.quantity.get(),
            target_price: deed.target.map(MoneyView::from),
            warehouse: deed.warehouse.to_string(),
            ship_to_country: deed.ship_to.to_string(),
            currency: deed.currency.code().to_owned(),
            attachments: deed.attachments.iter().map(|proof| proof.id.to_string()).collect(),
            suppliers: invited
                .map(|(talk, invited)| InquirySupplierView {
                    asked_sku_id: invited.sku.map(|sku| sku.to_string()),
                    ..InquirySupplierView::from(&talk)
                })
                .collect(),
            order_id: known.order.as_ref().map(ToString::to_string),
            problem: known.rejection.as_ref().map(|rejection| rejection.code.facts().name),
            catalogue_inquiry_id: known.catalogue_inquiry.map(|number| number.to_string()),
            created_at: deed.created_at.to_string(),
            updated_at: inquiry.updated_at.to_string(),
            version: inquiry.version,
            events: None,
        }
    }
}

impl From<&Talk> for InquirySupplierView {
    fn from(talk: &Talk) -> Self {
        Self {
            supplier_id: talk.supplier.to_string(),
            supplier_name: talk.supplier_name.clone(),
            asked_sku_id: None,
            state: talk.state.name(),
            quotation: talk.quotation.as_ref().map(QuotationView::from),
            target_price: talk.target.map(MoneyView::from),
            reason: talk.reason.map(|reason| reason.name()),
            note: talk.note.clone(),
            response: None,
        }
    }
}

impl From<&Answering> for SupplierResponseView {
    fn from(answering: &Answering) -> Self {
        // Rounded to the nearest tenth of an hour.
        let tenths = |ms: i64| i32::try_from((ms + HOUR_MS / 20) / (HOUR_MS / 10)).unwrap_or(i32::MAX);
        Self {
            asked: answering.asked,
            quoted: answering.quoted,
            declined: answering.declined,
            median_hours: answering.median_ms.map(|ms| f64::from(tenths(ms)) / 10.0),
        }
    }
}

impl From<&Quotation> for QuotationView {
    fn from(quotation: &Quotation) -> Self {
        Self {
            id: quotation.id.to_string(),
            sku_id: quotation.sku.to_string(),
            offer_id: quotation.offer.to_string(),
            title: quotation.title.clone(),
            specification: quotation.specification.clone(),
            quantity: quotation.quantity.get(),
            unit_price: quotation.unit_price.into(),
            goods: quotation.goods.into(),
            freight: quotation.freight.into(),
            total: quotation.total.into(),
            weight_g: quotation.weight_g,
            lead_days: quotation.lead_days,
            valid_until: quotation.valid_until.to_string(),
            is_final: quotation.is_final,
        }
    }
}

impl From<&Event> for InquiryEventView {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            actor: event.actor.name(),
            kind: event.kind.name(),
            cause: event.cause.clone(),
            supplier_id: event.facts.about.map(|supplier| supplier.to_string()),
            state: event.kind.leads_to().name(),
        }
    }
}

impl From<&Page<Inquiry>> for InquiryPageView {
    fn from(page: &Page<Inquiry>) -> Self {
        Self {
            items: page.items.iter().map(InquiryView::brief).collect(),
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.clone()),
        }
    }
}

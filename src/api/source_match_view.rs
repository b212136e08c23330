//! How comparisons are shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::payments::MoneyView;
use crate::model::money::{Currency, Money};
use crate::sourcing::matching::terms::{Candidate, Outcome, Price, Reason, Saving};
use crate::sourcing::matching::{Compared, Item};

/// A comparison of what you sell today with what the catalogue has.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceMatch)]
pub struct SourceMatchView {
    /// Id.
    #[schema(example = "smt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// `working` until all items are done, then `finished`.
    #[schema(example = "finished")]
    state: &'static str,
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    mode: &'static str,
    /// How far it is.
    progress: SourceMatchProgressView,
    /// Language of titles and of what is told.
    #[schema(example = "en")]
    language: String,
    /// ISO 3166-1 code of the destination.
    #[schema(example = "JP")]
    ship_to_country: String,
    /// Code of the warehouse that freight is told to.
    #[schema(example = "YW01")]
    warehouse: String,
    /// When it was received.
    #[schema(format = DateTime)]
    created_at: String,
    /// The items of this page, in the order in which you gave them.
    items: Vec<MatchedItemView>,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

/// How far a comparison is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SourceMatchProgress)]
pub struct SourceMatchProgressView {
    /// How many items it has.
    #[schema(example = 1)]
    items: u32,
    /// How many of them are done.
    #[schema(example = 1)]
    done: u32,
    /// How many of those could not be compared.
    #[schema(example = 0)]
    failed: u32,
}

/// An item and what was found for it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchedItem)]
pub struct MatchedItemView {
    /// Its place in your request, from 0.
    place: u32,
    /// Your own name of it.
    reference: Option<String>,
    /// `waiting`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// How many pieces you asked for.
    quantity: u32,
    /// What you pay for a piece today.
    price_today: Option<MoneyView>,
    /// The words that were searched by.
    words: Option<String>,
    /// The marketplace's offer that your link leads to.
    #[schema(example = "610947572360")]
    offer_id: Option<String>,
    /// Why it could not be compared: a code, see `/docs/errors`.
    #[schema(example = "offer_not_found")]
    problem: Option<String>,
    /// The same in a sentence.
    detail: Option<String>,
    /// What may be the same item, the surest first.
    candidates: Vec<CandidateView>,
}

/// An offer that may be the same item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Candidate)]
pub struct CandidateView {
    /// The offer.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The variant that fits best; the figures are for it.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// Its title in the asked language.
    title: String,
    /// Its title in Chinese.
    title_original: String,
    /// How sure it is that this is the same item: 0 to 1.
    #[schema(example = 0.83)]
    confidence: f64,
    /// What speaks for it: what was looked at, how much it says, and in words.
    reasons: Vec<MatchReasonView>,
    /// So many pieces the figures are for: what you asked for, or the least that can be had.
    #[schema(example = 200)]
    pieces: u32,
    /// For one piece.
    unit_price: MoneyView,
    /// For all of it to the warehouse.
    freight: MoneyView,
    /// Goods and freight.
    total: MoneyView,
    /// Fewest pieces of one order.
    minimum_order: u32,
    /// Quantities must be a multiple of this.
    order_multiple: Option<u32>,
    /// There are enough pieces.
    in_stock: bool,
    /// Promised days until it is sent.
    days_to_ship: Option<u32>,
    /// Who sells it.
    supplier: CandidateSupplierView,
    /// What it saves against today; null when you gave no price, or no rate is known.
    saving: Option<SavingView>,
}

/// The supplier of a candidate.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CandidateSupplier)]
pub struct CandidateSupplierView {
    /// Id.
    #[schema(example = "6017342880")]
    id: String,
    /// Name in the asked language.
    name: String,
    /// What buyers think of the supplier, out of five.
    #[schema(example = "4.7")]
    rating: Option<String>,
    /// The supplier makes the goods.
    factory: bool,
    /// What the marketplace certifies.
    badges: Vec<String>,
}

/// What speaks for the same item.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MatchReason)]
pub struct MatchReasonView {
    /// `picture`, `words` or `attributes`.
    #[schema(example = "words")]
    by: &'static str,
    /// How much it speaks for it: 0 to 1.
    #[schema(example = 0.8)]
    score: f64,
    /// The same in a sentence.
    #[schema(example = "4 of the 5 words of the title are in the offer's.")]
    says: String,
}

/// What a candidate saves against what you pay today, freight to the warehouse included.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Saving)]
pub struct SavingView {
    /// For one piece, in the currency of your price; negative where it costs more.
    #[schema(example = "1.20")]
    per_piece: String,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    currency: String,
    /// Of your price, per cent; negative where it costs more.
    #[schema(example = 38.7)]
    percent: f64,
}

impl From<&Compared> for SourceMatchView {
    fn from(compared: &Compared) -> Self {
        let whole = &compared.whole;
        Self {
            id: whole.id.to_string(),
            state: if whole.done == whole.items { "finished" } else { "working" },
            mode: whole.mode.name(),
            progress: SourceMatchProgressView { items: whole.items, done: whole.done, failed: whole.failed },
            language: compared.terms.language.clone(),
            ship_to_country: compared.terms.ship_to.clone(),
            warehouse: compared.terms.warehouse.clone(),
            created_at: whole.created_at.to_string(),
            items: compared.items.iter().map(MatchedItemView::from).collect(),
            next_cursor: compared.next.as_ref().map(|cursor| cursor.0.clone()),
        }
    }
}

impl From<&Item> for MatchedItemView {
    fn from(item: &Item) -> Self {
        let (matched, failed) = match &item.outcome {
            Some(Outcome::Found(matched)) => (Some(matched), None),
            Some(Outcome::Failed(failed)) => (None, Some(failed)),
            None => (None, None),
        };
        Self {
            place: item.place,
            reference: item.sold.reference.clone(),
            state: match (matched, failed) {
                (Some(_), _) => "done",
                (None, Some(_)) => "failed",
                (None, None) => "waiting",
            },
            quantity: item.sold.quantity,
            price_today: item.sold.price.as_ref().and_then(money).map(MoneyView::from),
            words: matched.and_then(|matched| matched.words.clone()),
            offer_id: matched.and_then(|matched| matched.offer).map(|offer| offer.to_string()),
            problem: failed.map(|failed| failed.code.clone()),
            detail: failed.map(|failed| failed.detail.clone()),
            candidates: matched.into_iter().flat_map(|matched| &matched.candidates).map(CandidateView::from).collect(),
        }
    }
}

fn money(price: &Price) -> Option<Money> {
    Some(Money::new(price.minor, price.currency.parse::<Currency>().ok()?))
}

fn thousandths(score: u32) -> f64 {
    f64::from(score) / 1000.0
}

impl From<&Candidate> for CandidateView {
    fn from(one: &Candidate) -> Self {
        Self {
            offer_id: one.offer.to_string(),
            sku_id: one.sku.to_string(),
            title: one.title.clone(),
            title_original: one.title_original.clone(),
            confidence: thousandths(one.confidence),
            reasons: one.reasons.iter().map(MatchReasonView::from).collect(),
            pieces: one.pieces,
            unit_price: Money::fen(one.unit_price).into(),
            freight: Money::fen(one.freight).into(),
            total: Money::fen(one.total).into(),
            minimum_order: one.minimum_order,
            order_multiple: one.order_multiple,
            in_stock: one.in_stock,
            days_to_ship: one.ships_within_hours.map(|hours| hours.div_ceil(24)),
            supplier: CandidateSupplierView {
                id: one.supplier.to_string(),
                name: one.supplier_name.clone(),
                rating: one.rating.clone(),
                factory: one.factory,
                badges: one.badges.clone(),
            },
            saving: one.saving.as_ref().and_then(SavingView::of),
        }
    }
}

impl From<&Reason> for MatchReasonView {
    fn from(reason: &Reason) -> Self {
        Self { by: reason.by.name(), score: thousandths(reason.score), says: reason.says.clone() }
    }
}

impl SavingView {
    fn of(saving: &Saving) -> Option<Self> {
        let sign = if saving.per_piece.minor < 0 { "-" } else { "" };
        let size = Price { minor: saving.per_piece.minor.checked_abs()?, ..saving.per_piece.clone() };
        let permille = i32::try_from(saving.permille).ok()?;
        Some(Self {
            per_piece: format!("{sign}{}", money(&size)?.amount()),
            currency: saving.per_piece.currency.clone(),
            percent: f64::from(permille) / 10.0,
        })
    }
}

//! What lists and details say alike of an offer.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Serialize;

use crate::catalog::{Audience, Catalog};
use crate::model::ids::SupplierId;
use crate::model::offer::{Offer, OfferSummary};
use crate::model::page::PageSize;
use crate::model::search::Search;
use crate::model::supplier::Badge;
use crate::param2::asked::Asked;
use crate::param2::fault::Refusal;

/// Whether an offer is on promotion; none of this marketplace is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Promotion {
    has_promotion: bool,
}

impl Promotion {
    /// No promotion.
    pub const NONE: Promotion = Promotion { has_promotion: false };
}

/// The lowest price of an offer: yuan in a text.
#[derive(Debug, Serialize)]
pub struct Price {
    price: String,
}

impl From<&OfferSummary> for Price {
    fn from(offer: &OfferSummary) -> Self {
        Self { price: offer.price_from.amount() }
    }
}

/// The first thing that a seller sells; what is told of a seller with each of its offers can be seen at it.
pub async fn first_of(
    asked: &Asked,
    audience: &Audience,
    supplier: SupplierId,
) -> Result<Option<OfferSummary>, Refusal> {
    let one = Search { supplier: Some(supplier), size: PageSize::new(1).unwrap_or_default(), ..Search::default() };
    Ok(asked.room::<Catalog>()?.ask(audience, &one).await?.found.items.into_iter().next())
}

/// Pieces of all variants.
pub fn stock(offer: &Offer) -> i64 {
    count(offer.skus.iter().fold(0_u64, |sum, sku| sum.saturating_add(sku.stock)))
}

/// 0: no variants, by quantity; 1: by variant; 2: variants, and by quantity.
pub fn quote_type(offer: &Offer) -> u8 {
    let alike = offer.skus.windows(2).all(|pair| matches!(pair, [a, b] if a.price_tiers == b.price_tiers));
    match (offer.skus.len(), alike) {
        (0 | 1, _) => 0,
        (_, false) => 1,
        (_, true) => 2,
    }
}

/// A whole number of a small unit in one that is so many powers of ten larger; sizes are JSON fractions here.
pub fn small(number: u32, power: u32) -> Option<f64> {
    Decimal::new(i64::from(number), power).to_f64()
}

/// `object_id@610947572360^object_type@offer`
pub fn trace(offer: &OfferSummary) -> String {
    format!("object_id@{}^object_type@offer", offer.id)
}

/// The platform's words for what it certifies of a seller.
pub fn seller_identities(offer: &OfferSummary) -> Vec<&'static str> {
    let identity = |badge: &Badge| match badge {
        Badge::SuperFactory => Some("super_factory"),
        Badge::PowerfulMerchant => Some("powerful_merchants"),
        Badge::CertifiedFactory | Badge::OriginFactory => None,
    };
    offer.supplier.badges.iter().filter_map(identity).collect()
}

/// The two promises that the platform has words for.
pub fn shipping_guarantee(offer: &OfferSummary) -> Option<&'static str> {
    match offer.ships_within_hours? {
        0..=24 => Some("shipIn24Hours"),
        25..=48 => Some("shipIn48Hours"),
        _ => None,
    }
}

/// `10%`
pub fn percent(share: Decimal) -> String {
    format!("{}%", (share * Decimal::ONE_HUNDRED).round().normalize())
}

/// A whole number that fits.
pub fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

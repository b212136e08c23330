//! What lists and details say alike of an offer.

use rust_decimal::Decimal;
use serde::Serialize;

use crate::model::offer::OfferSummary;
use crate::model::supplier::Badge;

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

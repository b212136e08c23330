//! The redirect of overseas visitors to a collaborating partner's page, and what came of it.

use crate::model::ids::{OfferId, PartnerId};
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::model::quote::Country;

/// Where a partner wants visitors to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Storefront {
    /// Whose.
    pub partner: PartnerId,
    /// Of which world's offers.
    pub mode: Mode,
    /// The address of an offer's page, with places to fill in.
    pub template: String,
    /// Visitors from these countries; empty for all.
    pub countries: Vec<Country>,
    /// Visitors who read these languages; empty for all.
    pub languages: Vec<Language>,
    /// Its share among all that fit a visitor equally well.
    pub weight: u32,
    /// Whether anybody is sent there.
    pub enabled: bool,
    /// Grows with each change.
    pub version: u32,
    /// When it was changed last, milliseconds since 1970.
    pub updated_at: i64,
}

/// A visitor who was sent to a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Click {
    /// Its signed id, as it stood in the partner's address.
    pub id: String,
    /// To whom.
    pub partner: PartnerId,
    /// Of which world.
    pub mode: Mode,
    /// For which offer.
    pub offer: OfferId,
    /// From where, when that was known.
    pub country: Option<Country>,
    /// When, seconds since 1970.
    pub at_s: i64,
}

/// Clicks and orders of a partner's visitors from one country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferralCount {
    /// Who.
    pub partner: PartnerId,
    /// In which world.
    pub mode: Mode,
    /// From where; none when it was not known.
    pub country: Option<Country>,
    /// Visitors who were sent.
    pub clicks: u64,
    /// Orders that named a click and that the catalogue took.
    pub orders: u64,
    /// Visitors in as many days before.
    pub clicks_before: u64,
    /// Orders in as many days before.
    pub orders_before: u64,
}

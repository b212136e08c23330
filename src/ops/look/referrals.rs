//! Visitors who were sent to partners, and what they ordered: by partner and country, against as many days before.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::referral::ReferralCount;
use crate::ops::look::{Books, Trouble};

/// Days that are shown.
pub const DAYS: u32 = 28;

/// Clicks and orders of the last 28 days, today with them, and of the 28 before.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReferralsView {
    /// How many days each count covers.
    pub days: u32,
    /// Of all partners together.
    pub all: Referred,
    /// By partner and the visitors' country, most clicks first.
    pub rows: Vec<Referred>,
}

/// Clicks and orders of some visitors.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Referred {
    /// The partner's short name, or `all`.
    pub partner: String,
    /// `live` or `sandbox`; empty for all.
    pub mode: &'static str,
    /// ISO 3166 country of the visitors; empty where it was not known, and for all.
    pub country: String,
    /// Visitors who were sent.
    pub clicks: u64,
    /// The same in as many days before.
    pub clicks_before: u64,
    /// Orders that named such a click, that the catalogue took and nobody gave up.
    pub orders: u64,
    /// The same in as many days before.
    pub orders_before: u64,
    /// By how much clicks grew, in percent; absent where there were none before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<i64>,
    /// Orders for a hundred clicks; absent without clicks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversion: Option<f64>,
}

/// Reads it.
pub async fn referrals(books: &Books) -> Result<ReferralsView, Trouble> {
    let counts = books.ledger.count_referrals(DAYS).await?;
    let sum = |of: fn(&ReferralCount) -> u64| counts.iter().map(of).sum::<u64>();
    let all = of(
        ("all".to_owned(), "", String::new()),
        [sum(|one| one.clicks), sum(|one| one.clicks_before), sum(|one| one.orders), sum(|one| one.orders_before)],
    );
    let row = |one: &ReferralCount| {
        let country = one.country.as_ref().map(ToString::to_string).unwrap_or_default();
        let name = (one.partner.to_string(), one.mode.name(), country);
        of(name, [one.clicks, one.clicks_before, one.orders, one.orders_before])
    };
    Ok(ReferralsView { days: DAYS, all, rows: counts.iter().map(row).collect() })
}

fn of((partner, mode, country): (String, &'static str, String), counts: [u64; 4]) -> Referred {
    let [clicks, clicks_before, orders, orders_before] = counts;
    let percent = (clicks as f64 / clicks_before as f64 - 1.0) * 100.0;
    Referred {
        partner,
        mode,
        country,
        clicks,
        clicks_before,
        orders,
        orders_before,
        growth: (clicks_before > 0).then_some(percent.round() as i64),
        conversion: (clicks > 0).then(|| (orders as f64 / clicks as f64 * 1_000.0).round() / 10.0),
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn growth_and_conversion_are_told_only_of_something() {
        let of = |counts| of((String::new(), "live", String::new()), counts);
        let grown = of([150, 100, 3, 1]);
        assert_eq!((grown.growth, grown.conversion), (Some(50), Some(2.0)));
        let fresh = of([10, 0, 0, 0]);
        assert_eq!((fresh.growth, fresh.conversion), (None, Some(0.0)));
        assert_eq!((of([0, 5, 0, 0]).growth, of([0, 5, 0, 0]).conversion), (Some(-100), None));
    }
}

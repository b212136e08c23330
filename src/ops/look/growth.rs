//! Growth: orders a day by partner and by region, against what each partner ordered in the 28 days before it came.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::ledger::Daily;
use crate::model::ids::PartnerId;
use crate::ops::look::{At, Books, Trouble};
use crate::partners::PartnerRow;
use crate::sql::args;

/// Days that are shown.
pub const DAYS: usize = 28;
const DAY_MS: i64 = 86_400_000;

/// Orders a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GrowthView {
    /// The first of the days, UTC.
    pub from: String,
    /// The last of them, which is not over yet.
    pub to: String,
    /// Of all partners together.
    pub all: Grown,
    /// By partner, the largest first.
    pub partners: Vec<Grown>,
    /// By the country that partners sell to, the largest first.
    pub regions: Vec<Grown>,
}

/// Live orders a day of some partners.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Grown {
    /// Whose: a partner's short name, a country, or `all`.
    pub name: String,
    /// The partner's name for people; empty for regions.
    pub says: String,
    /// Since when the first of them is with us.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<At>,
    /// Orders of each of the last 28 days, today last. Rejected ones do not count.
    pub days: Vec<u64>,
    /// Their sum.
    pub orders: u64,
    /// Their mean over the whole days that the partner is with us.
    pub daily: f64,
    /// Orders a day in the 28 days before, where that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<f64>,
    /// By how much `daily` is above `before`, in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<f64>,
}

/// Reads it.
pub async fn growth(books: &Books) -> Result<GrowthView, Trouble> {
    let today = books.clock.now_ms().div_euclid(DAY_MS);
    let first = today - (DAYS as i64 - 1);
    let daily = books.ledger.count_daily(first * DAY_MS).await?;
    let partners = books.directory.list_partners().await?;
    let before = baselines(books).await?;
    let grown: Vec<(Grown, &PartnerRow)> =
        partners.iter().map(|row| (of_partner(row, &daily, before.get(&row.id).copied(), first), row)).collect();
    let mut regions = BTreeMap::<&str, Vec<&Grown>>::new();
    for (one, row) in &grown {
        regions.entry(&row.country).or_default().push(one);
    }
    let mut regions: Vec<Grown> = regions.into_iter().map(|(country, of)| together(country, &of)).collect();
    let all = together("all", &grown.iter().map(|(one, _)| one).collect::<Vec<_>>());
    let mut partners: Vec<Grown> = grown.into_iter().map(|(one, _)| one).collect();
    partners.sort_by(|one, other| other.orders.cmp(&one.orders).then(one.name.cmp(&other.name)));
    regions.sort_by(|one, other| other.orders.cmp(&one.orders).then(one.name.cmp(&other.name)));
    Ok(GrowthView { from: date(first), to: date(today), all, partners, regions })
}

async fn baselines(books: &Books) -> Result<BTreeMap<String, f64>, Trouble> {
    let rows = books.sql.fetch_all("SELECT partner, daily_milli FROM partner_baselines", Vec::new()).await?;
    let read = |row: &crate::sql::Row| Ok((row.text("partner")?, row.int("daily_milli")? as f64 / 1000.0));
    rows.iter().map(read).collect()
}

fn of_partner(row: &PartnerRow, daily: &[Daily], before: Option<f64>, first: i64) -> Grown {
    let mut days = vec![0; DAYS];
    for one in daily.iter().filter(|one| one.partner.as_str() == row.id) {
        if let Some(place) = usize::try_from(one.day - first).ok().and_then(|at| days.get_mut(at)) {
            *place += one.orders;
        }
    }
    let came = row.created_at.as_millisecond().div_euclid(DAY_MS);
    let skipped = usize::try_from((came - first).max(0)).unwrap_or(0).min(DAYS);
    // Today is not over, and the days before it came say nothing.
    let whole = days.get(skipped..DAYS - 1).unwrap_or_default();
    let mean = if whole.is_empty() { 0.0 } else { whole.iter().sum::<u64>() as f64 / whole.len() as f64 };
    let orders = days.iter().sum();
    Grown {
        name: row.id.clone(),
        says: row.name.clone(),
        since: Some(At(row.created_at)),
        days,
        orders,
        daily: tenths(mean),
        before,
        growth: grown(mean, before),
    }
}

fn together(name: &str, of: &[&Grown]) -> Grown {
    let days: Vec<u64> = (0..DAYS).map(|at| of.iter().filter_map(|one| one.days.get(at)).sum()).collect();
    let daily: f64 = of.iter().map(|one| one.daily).sum();
    // A share of partners whose past is not known would be compared with nothing.
    let told: Vec<&&Grown> = of.iter().filter(|one| one.before.is_some()).collect();
    let before = (!told.is_empty()).then(|| told.iter().filter_map(|one| one.before).sum());
    Grown {
        name: name.to_owned(),
        says: String::new(),
        since: of.iter().filter_map(|one| one.since).min(),
        orders: days.iter().sum(),
        days,
        daily: tenths(daily),
        before,
        growth: grown(told.iter().map(|one| one.daily).sum(), before),
    }
}

fn grown(daily: f64, before: Option<f64>) -> Option<f64> {
    let before = before.filter(|before| *before > 0.0)?;
    Some(tenths(100.0 * (daily - before) / before))
}

fn tenths(number: f64) -> f64 {
    (number * 10.0).round() / 10.0
}

fn date(day: i64) -> String {
    let at = jiff::Timestamp::from_second(day * 86_400).unwrap_or_default();
    at.strftime("%Y-%m-%d").to_string()
}

/// Writes down what a partner ordered a day before it came.
pub async fn set_baseline(books: &Books, operator: &str, partner: &str, daily: &str) -> Result<(), Trouble> {
    const SET: &str = "INSERT INTO partner_baselines (partner, daily_milli, set_at) VALUES ($1, $2, $3) \
        ON CONFLICT (partner) DO UPDATE SET daily_milli = $2, set_at = $3";
    let partner: PartnerId = partner.parse().map_err(|wrong| Trouble::Wrong(format!("partner: {wrong}")))?;
    if books.directory.find_partner(partner.as_str()).is_none() {
        return Err(Trouble::Missing(format!("No partner is called {partner}.")));
    }
    let number = daily.parse::<f64>().ok().filter(|number| (0.0..=1e9).contains(number));
    let number = number.ok_or_else(|| Trouble::Wrong("daily: orders a day, like 120 or 3.5".to_owned()))?;
    let detail = format!("{number} orders a day before it came");
    let now = books.clock.now();
    let entry = crate::audit::Entry::new(now, operator, "partner.baseline", &partner, detail);
    let milli = (number * 1000.0).round() as i64;
    let written: Result<(), crate::sql::Error> = books
        .sql
        .transaction(move |tx| {
            Box::pin(async move {
                tx.execute(SET, args![partner.as_str(), milli, now.as_millisecond()]).await?;
                crate::audit::note(tx, &entry).await
            })
        })
        .await;
    Ok(written?)
}

#[cfg(test)]
mod tests {
    use super::{DAYS, of_partner, together};
    use crate::ledger::Daily;
    use crate::partners::PartnerRow;

    const TODAY: i64 = 20_000;

    fn partner(id: &str, days_ago: i64) -> PartnerRow {
        let created_at = jiff::Timestamp::from_second((TODAY - days_ago) * 86_400).unwrap();
        let (name, country, plan) = (id.to_owned(), "JP".to_owned(), "starter".to_owned());
        PartnerRow { id: id.to_owned(), name, country, plan, suspended_at: None, created_at }
    }

    fn orders(partner: &str, days_ago: i64, orders: u64) -> Daily {
        Daily { partner: partner.parse().unwrap(), day: TODAY - days_ago, orders }
    }

    #[test]
    fn growth_is_the_mean_of_whole_days_against_what_was_before() {
        let daily = [orders("acme", 0, 500), orders("acme", 1, 30), orders("acme", 2, 12), orders("other", 1, 9)];
        let first = TODAY - (DAYS as i64 - 1);
        let acme = of_partner(&partner("acme", 3), &daily, Some(10.0), first);
        assert_eq!((acme.orders, acme.daily, acme.growth), (542, 14.0, Some(40.0)), "today is not over");
        assert_eq!(acme.days[DAYS - 1], 500);
        let other = of_partner(&partner("other", 400), &daily, None, first);
        assert_eq!((other.daily, other.growth), (0.3, None));
        let all = together("all", &[&acme, &other]);
        assert_eq!(
            (all.orders, all.before, all.growth),
            (551, Some(10.0), Some(40.0)),
            "only those whose past is known"
        );
        let new = of_partner(&partner("new", 0), &[], Some(5.0), first);
        assert_eq!((new.daily, new.growth), (0.0, Some(-100.0)));
    }
}

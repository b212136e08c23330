//! How an offer sold, day by day: pieces, the median of thirty days' prices, and returning buyers. Under the names with
//! `New` and those that older clients still call.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::model::browse::{Trend, TrendOf};
use crate::model::ids::OfferId;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::goods::percent;
use crate::param2::fault::Refusal;
use crate::param2::lenient;

/// What clients of several ages call the parameter.
const SPELT: [&str; 3] = ["tendQueryParam", "trendQueryParam", "param"];
/// Days that are told at once.
const MOST_DAYS: i64 = 90;
/// Days that a median is of.
const MEDIAN_DAYS: usize = 30;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    #[serde(deserialize_with = "lenient::long")]
    offer_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    start_date: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    end_date: Option<String>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Point {
    date: String,
    value: String,
}

/// Answers `product.analyze.getPerdaySellQuantityTrend`.
pub async fn sold(asked: Asked) -> Told {
    told(asked, "tendQueryParam", |trend, at| trend.days.get(at).map(|day| day.sold.to_string())).await
}

/// Answers `product.analyze.getThirtyDayMedianPriceTrend`.
pub async fn median_price(asked: Asked) -> Told {
    told(asked, "trendQueryParam", median).await
}

/// Answers `product.analyze.getRepurchaseRateTrend`: the catalogue knows the rate as it is now, which is told at the last
/// day; what it was before is as empty as the platform leaves days that it has no figure for.
pub async fn repurchase_rate(asked: Asked) -> Told {
    told(asked, "trendQueryParam", |trend, at| {
        let last = at + 1 == trend.days.len();
        Some(if last { trend.repurchase_rate.map(percent).unwrap_or_default() } else { String::new() })
    })
    .await
}

async fn told(asked: Asked, parameter: &str, value: fn(&Trend, usize) -> Option<String>) -> Told {
    let given = SPELT.into_iter().find(|name| asked.text(name).is_some());
    let parameter = given.unwrap_or(parameter);
    let wanted: Wanted = asked.json(parameter)?;
    let offer = wanted.offer_id.ok_or_else(|| Refusal::missing(&format!("{parameter}.offerId")))?;
    let start = day(parameter, "startDate", wanted.start_date.as_deref())?;
    let end = day(parameter, "endDate", wanted.end_date.as_deref())?;
    if end < start || (end - start).get_days() > i32::try_from(MOST_DAYS).unwrap_or(i32::MAX) {
        return Err(Refusal::invalid(&format!("{parameter}.endDate"), "at most 90 days from startDate on are wanted"));
    }
    let audience = asked.audience("language", None)?;
    let trend = asked.room::<Catalog>()?.ask(&audience, &TrendOf(OfferId::new(offer))).await?.found;
    asked.answer(&points(&trend, (start, end), value))
}

fn points(trend: &Trend, (start, end): (Date, Date), value: fn(&Trend, usize) -> Option<String>) -> Vec<Point> {
    let days = trend.days.iter().enumerate().filter(|(_, day)| (start..=end).contains(&day.date));
    let point =
        |(at, date): (usize, Date)| Some(Point { date: date.strftime("%Y%m%d").to_string(), value: value(trend, at)? });
    days.map(|(at, day)| (at, day.date)).filter_map(point).collect()
}

/// The price in the middle of the thirty days that end with this one.
fn median(trend: &Trend, at: usize) -> Option<String> {
    let first = (at + 1).saturating_sub(MEDIAN_DAYS);
    let mut prices: Vec<Decimal> = trend.days.get(first..=at)?.iter().map(|day| day.price.decimal()).collect();
    prices.sort();
    let (low, high) = (prices.get((prices.len() - 1) / 2)?, prices.get(prices.len() / 2)?);
    Some(format!("{:.2}", (low + high) / Decimal::TWO))
}

fn day(parameter: &str, member: &str, text: Option<&str>) -> Result<Date, Refusal> {
    let place = format!("{parameter}.{member}");
    let text = text.ok_or_else(|| Refusal::missing(&place))?;
    let text: String = text.chars().filter(|letter| *letter != '-').collect();
    Date::strptime("%Y%m%d", &text).map_err(|_| Refusal::invalid(&place, "a day like 20240701 is wanted"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::{median, points};
    use crate::model::browse::{Trend, TrendDay};
    use crate::model::ids::OfferId;
    use crate::model::money::Money;

    fn trend(prices: &[i64]) -> Trend {
        let first = date(2026, 9, 1);
        let day = |(price, at): (&i64, i64)| TrendDay {
            date: first.checked_add(jiff::Span::new().days(at)).unwrap(),
            sold: 1,
            price: Money::fen(*price),
        };
        Trend {
            offer: OfferId::new(7),
            days: prices.iter().zip(0..).map(day).collect(),
            median_price: Money::fen(100),
            repurchase_rate: None,
        }
    }

    #[test]
    fn a_median_is_of_thirty_days_at_most() {
        let flat = trend(&[100, 300, 200, 400]);
        let told: Vec<_> = (0..4).filter_map(|at| median(&flat, at)).collect();
        assert_eq!(told, ["1.00", "2.00", "2.00", "2.50"]);
        let mut prices = vec![900; 40];
        prices[..10].fill(100);
        assert_eq!(median(&trend(&prices), 39).as_deref(), Some("9.00"), "the first ten days are out of it");
        assert_eq!(median(&flat, 4), None);
    }

    #[test]
    fn only_the_asked_days_are_told() {
        let told = points(&trend(&[100; 10]), (date(2026, 9, 3), date(2026, 9, 4)), |_, at| Some(at.to_string()));
        let told: Vec<_> = told.into_iter().map(|point| (point.date, point.value)).collect();
        assert_eq!(told, [("20260903".to_owned(), "2".to_owned()), ("20260904".to_owned(), "3".to_owned())]);
    }
}

//! How an offer sold. A day's price is the median of the thirty days up to it, which is what the platform tells of prices.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::try_join3;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, renamed, written};
use crate::upstream::open1688::table::{Api, MEDIAN, REPURCHASE, SOLD};
use crate::upstream::open1688::words;

/// Days that are asked for, today's not among them.
const DAYS: i64 = 89;
const ABSENT: &[(&str, &str)] = &[("404", "GOODS_NOT_FOUND")];

async fn points(asked: &Asked<'_>, api: &Api, name: &'static str) -> Result<BTreeMap<String, String>, Error> {
    let now_ms = asked.line.now_ms();
    let wanted = json!({
        "offerId": asked.id()?, "startDate": words::day(now_ms, DAYS), "endDate": words::day(now_ms, 0),
    });
    let told = asked.ask_json(api, name, &wanted).await.map_err(renamed(ABSENT))?;
    let point = |point: &Value| Some((words::text(point, "/date")?, words::text(point, "/value")?));
    Ok(words::list(&told, "").iter().filter_map(point).collect())
}

/// Answers `goods.trends`.
pub(in crate::upstream::open1688) async fn trend(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let sold = points(asked, &SOLD, "tendQueryParam");
    let median = points(asked, &MEDIAN, "trendQueryParam");
    let repurchase = points(asked, &REPURCHASE, "trendQueryParam");
    let (sold, median, repurchase) = try_join3(sold, median, repurchase).await?;
    let day = |(date, sold): (&String, &String)| {
        let price = median.get(date)?;
        let date = format!("{}-{}-{}", date.get(0..4)?, date.get(4..6)?, date.get(6..8)?);
        Some(json!({"date": date, "sold": sold.parse::<u64>().ok()?, "price": price}))
    };
    let days: Vec<_> = sold.iter().filter_map(day).collect();
    let newest = median.values().next_back();
    let price = newest.ok_or_else(|| asked.nonsense("no price of any day"))?;
    let rate = repurchase.values().rev().find(|rate| rate.ends_with('%'));
    written(&json!({"goodsId": asked.id()?, "days": days, "medianPrice": price, "repurchaseRate": rate}))
}

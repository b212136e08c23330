//! Goods without words: offers alike, the best of a category, selected assortments. These lists tell hardly more than
//! numbers, so that each offer is looked at by itself.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, renamed, written};
use crate::upstream::open1688::goods::detail;
use crate::upstream::open1688::goods::search::filled;
use crate::upstream::open1688::table::{POOL, RELATED, TOP_LIST};
use crate::upstream::open1688::words;

/// Prices of these lists may be so old.
const WITHIN_MS: i64 = 10 * 60_000;
/// Offers alike that the platform gives at once.
const ALIKE_AT_ONCE: i64 = 10;
/// The best that it gives.
const MOST_BEST: i64 = 20;

fn country_not_offered(asked: &Asked<'_>) -> Result<(), Error> {
    if asked.query("destCountry").is_none() {
        return Ok(());
    }
    let why = "ship_to is not offered in this list by the catalogue behind this gateway. Leave it out.";
    Err(Error::NotOffered(why.to_owned()))
}

/// Answers `goods.related`.
pub(in crate::upstream::open1688) async fn related(asked: &Asked<'_>) -> Result<Bytes, Error> {
    country_not_offered(asked)?;
    let (offer, tongue, size) = (asked.id()?, asked.tongue(), asked.number("pageSize").unwrap_or(10));
    let mut listed: Vec<Value> = Vec::new();
    for page in 1..=(size + ALIKE_AT_ONCE - 1) / ALIKE_AT_ONCE {
        let wanted = json!({"offerId": offer, "pageNo": page, "pageSize": ALIKE_AT_ONCE, "language": tongue.asked});
        let told = asked.ask_json(&RELATED, "relatedQueryParams", &wanted).await;
        let told = told.map_err(renamed(&[("404", "GOODS_NOT_FOUND")]))?;
        let here = words::list(&told, "");
        listed.extend_from_slice(here);
        if here.len() < usize::try_from(ALIKE_AT_ONCE).unwrap_or(usize::MAX) {
            break;
        }
    }
    listed.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let items = filled(asked, &listed, &tongue, WITHIN_MS).await?;
    if items.is_empty() && detail::known(asked, offer, &tongue, WITHIN_MS).await?.is_none() {
        return Err(detail::absent(offer));
    }
    written(&json!({"items": items}))
}

/// Answers `rankings`.
pub(in crate::upstream::open1688) async fn ranking(asked: &Asked<'_>) -> Result<Bytes, Error> {
    country_not_offered(asked)?;
    if asked.query("by") != Some("sold_desc") {
        let why = "Rankings other than by=sold are not offered by the catalogue behind this gateway.";
        return Err(Error::NotOffered(why.to_owned()));
    }
    let tongue = asked.tongue();
    let limit = asked.number("pageSize").unwrap_or(MOST_BEST).min(MOST_BEST);
    let category = asked.number("categoryId").unwrap_or(0);
    let wanted = json!({"rankId": category, "rankType": "hot", "limit": limit, "language": tongue.asked});
    let told = asked.ask_json(&TOP_LIST, "rankQueryParams", &wanted).await;
    let told = told.map_err(renamed(&[("404", "CATEGORY_NOT_FOUND")]))?;
    let items = filled(asked, words::list(&told, "/rankProductModels"), &tongue, WITHIN_MS).await?;
    written(&json!({"items": items}))
}

/// Answers `pools.goods`.
pub(in crate::upstream::open1688) async fn pool(asked: &Asked<'_>) -> Result<Bytes, Error> {
    country_not_offered(asked)?;
    let (tongue, size) = (asked.tongue(), asked.number("pageSize").unwrap_or(20));
    let page: i64 = asked.query("pageToken").map_or(Ok(1), str::parse).unwrap_or(1);
    let pool = asked.id()?;
    let wanted = json!({
        "offerPoolId": pool, "taskId": format!("pool-{pool}"), "language": tongue.asked, "pageNo": page, "pageSize": size,
    });
    let told = asked.ask_json(&POOL, "offerPoolQueryParam", &wanted).await;
    let told = told.map_err(renamed(&[("404", "POOL_NOT_FOUND")]))?;
    let listed = words::list(&told, "");
    let total = listed.first().and_then(|first| words::count::<i64>(first, "/offerPoolTotal"));
    let Some(total) = total.or((page > 1).then_some(0)) else {
        // An assortment without offers is not told from one that is not there.
        return Err(refused("POOL_NOT_FOUND", format!("there is nothing in pool {pool}"), Value::Null));
    };
    let items = filled(asked, listed, &tongue, WITHIN_MS).await?;
    let next = (page.saturating_mul(size) < total && !listed.is_empty()).then(|| (page + 1).to_string());
    written(&json!({"total": total, "nextPageToken": next, "items": items}))
}

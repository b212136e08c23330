//! Sellers: the platform has no call for one. What it tells with a seller's offers is told: the name, and how many there are.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, written};
use crate::upstream::open1688::goods::detail;
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::SELLER_OFFERS;
use crate::upstream::open1688::words::{self, Tongue};

/// What a seller is called over there, and its name as far as it is known. Of whom nobody heard the number itself is tried.
pub(in crate::upstream::open1688) async fn open_id(
    asked: &Asked<'_>,
    seller: i64,
) -> Result<(String, Option<String>), Error> {
    let told = asked.account.names.find(Kind::Seller, &seller.to_string()).await?;
    let Some(told) = told else { return Ok((seller.to_string(), None)) };
    let (open_id, name) = told.split_once('\n').unwrap_or((&told, ""));
    Ok((open_id.to_owned(), Some(name.to_owned()).filter(|name| !name.is_empty())))
}

/// Answers `sellers.get`.
pub(in crate::upstream::open1688) async fn seller(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let seller = asked.id()?;
    let (open_id, name) = open_id(asked, seller).await?;
    let tongue = Tongue::of("zh");
    let wanted = json!({"sellerOpenId": open_id, "beginPage": 1, "pageSize": 1, "country": tongue.asked});
    let told = asked.ask_json(&SELLER_OFFERS, "offerQueryParam", &wanted).await?;
    let offers = words::count::<u64>(&told, "/totalRecords").unwrap_or(0);
    let first = words::long(&told, "/data/0/offerId");
    let absent = || refused("SELLER_NOT_FOUND", format!("there is no seller {seller}"), Value::Null);
    let known = match first {
        Some(offer) => Some(detail::told(asked, offer, &tongue).await?),
        None => None,
    };
    let name = known.as_ref().and_then(|offer| words::text(offer, "/companyName")).or(name).ok_or_else(absent)?;
    let badges = known.as_ref().map(detail::badges).unwrap_or_default();
    written(&json!({"sellerId": seller, "name": name, "badges": badges, "goodsCount": offers}))
}

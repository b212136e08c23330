//! Offers in full. What the platform's documents do not tell (when an offer changed, where it may not be sold, whether it
//! may be returned) is left out, or told as the next best thing that is known.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, renamed, written};
use crate::upstream::open1688::names::Kind;
use crate::upstream::open1688::table::DETAIL;
use crate::upstream::open1688::words::{self, Tongue};

/// Offers that are asked for at one time.
pub(in crate::upstream::open1688) const SIDE_BY_SIDE: usize = 8;
/// What the platform says of an offer that is not there, by code.
const ABSENT: &[(&str, &str)] = &[("404", "GOODS_NOT_FOUND"), ("OFFER_NOT_EXIST", "GOODS_NOT_FOUND")];
/// Its word for offers that can be bought.
const PUBLISHED: &str = "published";
/// Sellers whose name over there is no number get one of this many.
const NUMBERED_FROM: u64 = 1 << 60;

/// An offer as the platform tells it.
pub(in crate::upstream::open1688) async fn told(
    asked: &Asked<'_>,
    offer: i64,
    tongue: &Tongue,
) -> Result<Value, Error> {
    let wanted = json!({"offerId": offer, "country": tongue.asked});
    let told = asked.ask_json(&DETAIL, "offerDetailParam", &wanted).await.map_err(renamed(ABSENT))?;
    if words::long(&told, "/offerId") != Some(offer) {
        return Err(asked.nonsense(format_args!("asked for offer {offer}, got another")));
    }
    remember(asked, offer, &told).await?;
    let known = (asked.line.now_ms(), Arc::new(brief(asked, &told, tongue)?));
    asked.account.offers.insert((offer, tongue.asked.clone()), known);
    Ok(told)
}

/// Remembers what the offer's variants and its seller are called.
async fn remember(asked: &Asked<'_>, offer: i64, told: &Value) -> Result<(), Error> {
    let names = &asked.account.names;
    let sku = |sku: &Value| {
        let spec = words::text(sku, "/specId").unwrap_or_default();
        Some((words::long(sku, "/skuId")?.to_string(), format!("{offer}:{spec}")))
    };
    let mut skus: Vec<_> = words::list(told, "/productSkuInfos").iter().filter_map(sku).collect();
    if skus.is_empty() {
        skus.push((offer.to_string(), format!("{offer}:")));
    }
    names.keep(Kind::Sku, skus).await?;
    let Some(open_id) = words::text(told, "/sellerOpenId") else { return Ok(()) };
    let name = words::text(told, "/companyName").unwrap_or_default();
    names.keep(Kind::Seller, vec![(seller_number(&open_id).to_string(), format!("{open_id}\n{name}"))]).await
}

/// Our number of a seller: what it is called over there, if that is a number, else one made of it.
pub(in crate::upstream::open1688) fn seller_number(open_id: &str) -> i64 {
    let number = open_id.parse().ok().filter(|number: &i64| *number > 0);
    number.unwrap_or_else(|| {
        let hash = Sha256::digest(open_id);
        let head = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        i64::try_from(NUMBERED_FROM + head % NUMBERED_FROM).unwrap_or(i64::MAX)
    })
}

/// An offer in brief, as it was so many milliseconds ago at most; none when it is not there.
pub(in crate::upstream::open1688) async fn known(
    asked: &Asked<'_>,
    offer: i64,
    tongue: &Tongue,
    within_ms: i64,
) -> Result<Option<Arc<Value>>, Error> {
    let find = || asked.account.offers.get(&(offer, tongue.asked.clone()));
    if let Some((_, known)) = find().filter(|(at_ms, _)| at_ms + within_ms > asked.line.now_ms()) {
        return Ok(Some(known));
    }
    match told(asked, offer, tongue).await {
        Ok(_) => Ok(find().map(|(_, known)| known)),
        Err(Error::Refused(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// A price of each quantity on, in fen.
fn tiers(told: &Value) -> Vec<(u32, i64)> {
    let tier =
        |range: &Value| Some((words::count::<u32>(range, "/startQuantity")?.max(1), words::fen(range, "/price")?));
    let mut tiers: Vec<_> = words::list(told, "/productSaleInfo/priceRangeList").iter().filter_map(tier).collect();
    tiers.sort_by_key(|(from, _)| *from);
    tiers.dedup_by_key(|(from, _)| *from);
    if tiers.is_empty() {
        let prices = words::list(told, "/productSkuInfos").iter().filter_map(|sku| words::fen(sku, "/price"));
        tiers.extend(prices.min().map(|price| (least(told), price)));
    }
    tiers
}

/// The smallest quantity.
fn least(told: &Value) -> u32 {
    words::count(told, "/minOrderQuantity").unwrap_or(1).max(1)
}

/// How much a variant costs more than the offer's first price. Prices by quantity alone (type 2) hold for all variants.
fn offset(told: &Value, sku: &Value, first: i64) -> i64 {
    let by_quantity = words::long(told, "/productSaleInfo/quoteType") == Some(2);
    words::fen(sku, "/price").filter(|_| !by_quantity).map_or(0, |price| price - first)
}

/// What lists show.
fn brief(asked: &Asked<'_>, told: &Value, tongue: &Tongue) -> Result<Value, Error> {
    let missing = |what: &str| asked.nonsense(format_args!("an offer without {what}"));
    let offer = words::long(told, "/offerId").ok_or_else(|| missing("a number"))?;
    let open_id = words::text(told, "/sellerOpenId").ok_or_else(|| missing("a seller"))?;
    let subject = words::text(told, "/subject").ok_or_else(|| missing("a title"))?;
    let tiers = tiers(told);
    let first = tiers.first().map(|(_, price)| *price).ok_or_else(|| missing("a price"))?;
    let prices = || tiers.iter().map(|(_, price)| *price);
    let unit = words::text(told, "/productSaleInfo/unitInfo/unit").unwrap_or_else(|| "件".to_owned());
    let one_piece =
        words::list(told, "/tagInfoList").iter().find(|tag| words::text(tag, "/key").as_deref() == Some("isOnePsale"));
    let lowest_first = ["/categoryId", "/thirdCategoryId", "/secondCategoryId", "/topCategoryId"];
    let category = lowest_first.into_iter().find_map(|at| words::long(told, at));
    let created = words::beijing(told, "/createDate");
    // When it changed is not told. It stood so when it was asked for.
    let changed = words::beijing(told, "/modifyDate").or_else(|| created.clone());
    Ok(json!({
        "goodsId": offer,
        "subjectTrans": tongue.trans(told, "/subjectTrans", &subject),
        "subject": subject,
        "categoryId": category.unwrap_or(0),
        "price": words::yuan(prices().min().unwrap_or(first)),
        "priceMax": words::yuan(prices().max().unwrap_or(first)),
        "beginAmount": least(told),
        "unitTrans": tongue.trans(told, "/productSaleInfo/unitInfo/transUnit", &unit),
        "unit": unit,
        "score": words::text(told, "/tradeScore"),
        "sellerId": seller_number(&open_id),
        "sellerName": words::text(told, "/companyName").unwrap_or(open_id),
        "badges": badges(told),
        "sendWithinHours": hours(told, "/productShippingInfo/shippingTimeGuarantee"),
        "onePiece": words::yes(one_piece.and_then(|tag| words::flag(tag, "/value")).unwrap_or(false)),
        "monthSold": words::count::<u64>(told, "/soldOut"),
        "gmtCreate": created,
        "gmtModified": changed.unwrap_or_else(|| words::beijing_of(asked.line.now_ms())),
    }))
}

/// What the platform certifies of a seller, by our names.
pub(in crate::upstream::open1688) fn badges(told: &Value) -> Vec<&'static str> {
    let lists = ["/sellerIdentities", "/offerIdentities"].into_iter().flat_map(|at| words::list(told, at));
    let mut badges: Vec<_> = lists
        .filter_map(|word| match word.as_str()? {
            "super_factory" => Some("super_factory"),
            "powerful_merchants" => Some("powerful_merchant"),
            _ => None,
        })
        .collect();
    badges.dedup();
    badges
}

/// Within how many hours it is sent.
pub(in crate::upstream::open1688) fn hours(told: &Value, at: &str) -> Option<u32> {
    match words::text(told, at)?.as_str() {
        "shipInToday" | "shipIn24Hours" => Some(24),
        "shipIn48Hours" => Some(48),
        _ => None,
    }
}

/// The whole document.
pub(in crate::upstream::open1688) fn document(
    asked: &Asked<'_>,
    told: &Value,
    tongue: &Tongue,
) -> Result<Value, Error> {
    let mut whole = brief(asked, told, tongue)?;
    let tiers = tiers(told);
    let first = tiers.first().map_or(0, |(_, price)| *price);
    let trait_of = |at: &Value, name: &str, value: &str| {
        let (words_of, shown) = (words::text(at, name)?, words::text(at, value)?);
        Some(json!({
            "nameTrans": tongue.trans(at, &format!("{name}Trans"), &words_of), "name": words_of,
            "valueTrans": tongue.trans(at, &format!("{value}Trans"), &shown), "value": shown,
        }))
    };
    let each = |at: &Value| trait_of(at, "/attributeName", "/value");
    let sku = |sku: &Value| {
        Some(json!({
            "skuId": words::long(sku, "/skuId")?,
            "specs": words::list(sku, "/skuAttributes").iter().filter_map(each).collect::<Vec<_>>(),
            "priceOffset": words::yuan(offset(told, sku, first)),
            "stock": words::count::<u64>(sku, "/amountOnSale").unwrap_or(0),
        }))
    };
    let mut skus: Vec<_> = words::list(told, "/productSkuInfos").iter().filter_map(sku).collect();
    if skus.is_empty() {
        // An offer without variants is bought by its own number.
        let stock = words::count::<u64>(told, "/productSaleInfo/amountOnSale").unwrap_or(0);
        skus.push(json!({"skuId": words::long(told, "/offerId"), "specs": [], "stock": stock}));
    }
    let mixed = words::flag(told, "/sellerMixSetting/generalHunpi").unwrap_or(false).then(|| {
        let least = words::fen(told, "/sellerMixSetting/mixAmount").filter(|fen| *fen > 0);
        let pieces = words::count::<u32>(told, "/sellerMixSetting/mixNumber").filter(|pieces| *pieces > 0);
        json!({"minPieces": pieces, "minAmount": least.map(words::yuan)})
    });
    let description = words::text(told, "/description");
    let more = json!({
        "status": words::text(told, "/status").unwrap_or_default(),
        "descriptionTrans": description.as_ref().and_then(|words| tongue.trans(told, "/descriptionTrans", words)),
        "description": description,
        "attributes": words::list(told, "/productAttribute").iter().filter_map(each).collect::<Vec<_>>(),
        "priceRanges": tiers.iter().map(|(from, fen)| json!({"beginAmount": from, "price": words::yuan(*fen)}))
            .collect::<Vec<_>>(),
        "skus": skus,
        "batchAmount": words::count::<u32>(told, "/batchNumber").filter(|batch| *batch > 0),
        "mixBatch": mixed,
        "weightGram": grams(told),
        "sizeMm": size(told),
        "restrictedCountries": [],
        "version": 0,
    });
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
        whole.extend(more);
    }
    Ok(whole)
}

/// Grams of a packed piece: told in grams of each variant, and in kilograms of the offer.
pub(in crate::upstream::open1688) fn grams(told: &Value) -> Option<u32> {
    let of_variants = words::list(told, "/productShippingInfo/skuShippingInfoList").iter();
    let heaviest = of_variants.filter_map(|sku| words::count::<u32>(sku, "/weight")).max();
    heaviest.or_else(|| {
        let kilograms = words::fraction(told, "/productShippingInfo/weight")?;
        rust_decimal::prelude::ToPrimitive::to_u32(&(kilograms * rust_decimal::Decimal::ONE_THOUSAND))
    })
}

/// Length, width and height in millimetres; all three or none.
fn size(told: &Value) -> Option<[u32; 3]> {
    let side = |name: &str| {
        let centimetres = words::fraction(told, &format!("/productShippingInfo/{name}"))?;
        rust_decimal::prelude::ToPrimitive::to_u32(&(centimetres * rust_decimal::Decimal::TEN))
    };
    Some([side("length")?, side("width")?, side("height")?])
}

/// Whether an offer can be bought.
pub(in crate::upstream::open1688) fn is_published(told: &Value) -> bool {
    words::text(told, "/status").as_deref() == Some(PUBLISHED)
}

/// Answers `goods.get`.
pub(in crate::upstream::open1688) async fn one(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let tongue = asked.tongue();
    let told = told(asked, asked.id()?, &tongue).await?;
    written(&document(asked, &told, &tongue)?)
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    goods_ids: Vec<i64>,
    lang: String,
}

/// Answers `goods.batch`: the platform tells one offer at a time.
pub(in crate::upstream::open1688) async fn several(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let wanted: Wanted = asked.body()?;
    let tongue = &Tongue::of(&wanted.lang);
    let look = |offer: i64| async move {
        match told(asked, offer, tongue).await {
            Ok(told) => document(asked, &told, tongue).map(|document| (offer, Some(document))),
            Err(error) if error.refusal().is_some_and(|refusal| refusal.error_code == "GOODS_NOT_FOUND") => {
                Ok((offer, None))
            }
            Err(other) => Err(other),
        }
    };
    let looks = stream::iter(wanted.goods_ids).map(look).buffered(SIDE_BY_SIDE);
    let told: Vec<(i64, Option<Value>)> = looks.try_collect().await?;
    let missing: Vec<_> = told.iter().filter(|(_, document)| document.is_none()).map(|(offer, _)| offer).collect();
    let items: Vec<_> = told.iter().filter_map(|(_, document)| document.as_ref()).collect();
    written(&json!({"items": items, "missing": missing}))
}

/// The refusal for an offer that is not there.
pub(in crate::upstream::open1688) fn absent(offer: i64) -> Error {
    refused("GOODS_NOT_FOUND", format!("there is no offer {offer}"), Value::Null)
}

//! Searches by words, of a seller, and by a picture. The platform's lists tell neither seller nor category: what is not
//! known of an offer yet is asked for, a few side by side, and remembered.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::{Asked, refused, renamed, written};
use crate::upstream::open1688::goods::detail::{self, SIDE_BY_SIDE};
use crate::upstream::open1688::goods::{pictures, sellers};
use crate::upstream::open1688::table::{Api, PICTURE_SEARCH, SEARCH, SELLER_OFFERS};
use crate::upstream::open1688::words::{self, Tongue};

/// Lists tell prices and sales as they are now; sellers and categories of offers hardly ever change.
const FILLED_WITHIN_MS: i64 = 6 * 3_600_000;
const PARAMETER: &str = "offerQueryParam";
/// Our sorts in the platform's words; the best match first is what it does by itself.
const SORTS: &[(&str, &str)] = &[
    ("default", ""),
    ("price_asc", "{\"price\":\"asc\"}"),
    ("price_desc", "{\"price\":\"desc\"}"),
    ("sold_desc", "{\"monthSold\":\"desc\"}"),
    ("repurchase_desc", "{\"rePurchaseRate\":\"desc\"}"),
];
/// Conditions that are a filter over there: our name and value, and its word.
const FILTERS: &[(&str, &str, &str)] = &[
    ("sendWithinHours", "24", "shipIn24Hours"),
    ("sendWithinHours", "48", "shipIn48Hours"),
    ("listedWithinDays", "7", "new7"),
    ("listedWithinDays", "30", "new30"),
    ("onePiece", "Y", "isOnePsale"),
    ("freeReturn", "Y", "noReason7DReturn"),
    ("badge", "certified_factory", "certifiedFactory"),
    ("badge", "powerful_merchant", "powerMerchant"),
    ("destCountry", "JP", "JPFL"),
    ("destCountry", "US", "USFL"),
    ("destCountry", "KR", "KRFL"),
    ("destCountry", "VN", "VNFL"),
    ("destCountry", "SA", "SAFL"),
    ("destCountry", "RU", "RUFL"),
    ("destCountry", "KZ", "KZFL"),
    ("destCountry", "HK", "HKFL"),
    ("destCountry", "MO", "MOFL"),
    ("destCountry", "TW", "TWFL"),
];
/// Conditions that are members of the question over there.
const MEMBERS: &[(&str, &str)] = &[("keyword", "keyword"), ("priceMin", "priceStart"), ("priceMax", "priceEnd")];
/// Conditions on how much was sold.
const SALES: &[(&str, &str)] = &[("minMonthSold", "sales30"), ("minWeekSold", "sales7")];
/// Parameters that are read apart.
const APART: &[&str] =
    &["lang", "categoryId", "sellerId", "sort", "pageToken", "pageSize", "pictureId", "picUrl", "region"];
/// What a parameter is called by whoever asked us.
const ASKED_AS: &[(&str, &str)] = &[
    ("maxBeginAmount", "minimum_order_max"),
    ("sendWithinHours", "ships_within (24 or 48 only)"),
    ("listedWithinDays", "new_within_days (7 or 30 only)"),
    ("factory", "factory"),
    ("badge", "badge (certified_factory or powerful_merchant only)"),
    ("destCountry", "ship_to (of this country)"),
    ("facets", "facets"),
    ("sort", "sort (of this kind)"),
];

/// What the platform is asked, and for which page.
struct Question {
    wanted: Map<String, Value>,
    page: i64,
}

impl Question {
    fn of(asked: &Asked<'_>, tongue: &Tongue) -> Result<Self, Error> {
        let mut wanted = Map::new();
        let (mut filters, mut sales) = (Vec::new(), Vec::new());
        for (name, value) in &asked.call.query {
            if let Some((_, member)) = MEMBERS.iter().find(|(ours, _)| ours == name) {
                wanted.insert((*member).to_owned(), json!(value));
            } else if let Some((.., filter)) = FILTERS.iter().find(|(ours, of, _)| ours == name && of == value) {
                filters.push(*filter);
            } else if let Some((_, kind)) = SALES.iter().find(|(ours, _)| ours == name) {
                sales.push(json!({"saleType": kind, "saleStart": value}));
            } else if !APART.contains(name) {
                return Err(not_offered(name));
            }
        }
        if !filters.is_empty() {
            wanted.insert("filter".into(), json!(filters.join(",")));
        }
        if !sales.is_empty() {
            wanted.insert("saleFilterList".into(), json!(sales));
        }
        let sort = asked.query("sort").unwrap_or("default");
        let (_, sort) = SORTS.iter().find(|(ours, _)| *ours == sort).ok_or_else(|| not_offered("sort"))?;
        if !sort.is_empty() {
            wanted.insert("sort".into(), json!(sort));
        }
        if let Some(category) = asked.number("categoryId") {
            wanted.insert("categoryId".into(), json!(category));
        }
        let page = asked.query("pageToken").map_or(Ok(1), str::parse);
        let page = page.map_err(|_| refused("PARAM_INVALID", "pageToken", json!({"param": "pageToken"})))?;
        wanted.insert("beginPage".into(), json!(page));
        wanted.insert("pageSize".into(), json!(asked.number("pageSize").unwrap_or(20)));
        wanted.insert("country".into(), json!(tongue.asked));
        Ok(Self { wanted, page })
    }

    async fn ask(self, asked: &Asked<'_>, api: &Api, tongue: &Tongue) -> Result<Bytes, Error> {
        let told = asked.ask_json(api, PARAMETER, &Value::Object(self.wanted)).await;
        let told = told.map_err(renamed(&[("404", "PICTURE_NOT_FOUND")]))?;
        let total = words::count::<u64>(&told, "/totalRecords").unwrap_or(0);
        let pages = words::long(&told, "/totalPage").unwrap_or(0);
        let listed = words::list(&told, "/data");
        let items = filled(asked, listed, tongue, FILLED_WITHIN_MS).await?;
        let next = (self.page < pages && !listed.is_empty()).then(|| (self.page + 1).to_string());
        written(&json!({"total": total, "nextPageToken": next, "items": items}))
    }
}

fn not_offered(name: &str) -> Error {
    let told = ASKED_AS.iter().find(|(ours, _)| *ours == name).map_or(name, |(_, told)| told);
    Error::NotOffered(format!("Searches of the catalogue behind this gateway do not offer {told}. Leave it out."))
}

/// Answers `goods.search`.
pub(in crate::upstream::open1688) async fn search(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let tongue = asked.tongue();
    let mut question = Question::of(asked, &tongue)?;
    let Some(seller) = asked.number("sellerId") else {
        if asked.query("keyword").is_none() {
            let why = "Searches without words are not offered by the catalogue behind this gateway. Give q, supplier or \
                       image_id.";
            return Err(Error::NotOffered(why.to_owned()));
        }
        return question.ask(asked, &SEARCH, &tongue).await;
    };
    question.wanted.insert("sellerOpenId".into(), json!(sellers::open_id(asked, seller).await?.0));
    question.ask(asked, &SELLER_OFFERS, &tongue).await
}

/// Answers `goods.alike`.
pub(in crate::upstream::open1688) async fn alike(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let tongue = asked.tongue();
    let mut question = Question::of(asked, &tongue)?;
    if asked.query("region").is_some() {
        // The platform counts in pixels of the picture, and only it knows how many there are.
        return Err(Error::NotOffered(
            "Searching by a part of a picture is not offered by the catalogue behind this gateway. Leave region out, or \
             upload the part."
                .to_owned(),
        ));
    }
    match (asked.query("pictureId"), asked.query("picUrl")) {
        (Some(picture), _) => question.wanted.insert("imageId".into(), json!(picture)),
        (None, Some(address)) => {
            let offer = address.split('/').find_map(|part| part.parse().ok());
            let offer = offer.ok_or_else(|| asked.nonsense(format_args!("no offer in {address}")))?;
            question.wanted.insert("imageAddress".into(), json!(pictures::address(asked, offer).await?))
        }
        (None, None) => None,
    };
    if let Some(seller) = asked.number("sellerId") {
        return Err(Error::NotOffered(format!(
            "A picture is not looked for among the offers of one supplier ({seller}) by the catalogue behind this gateway."
        )));
    }
    question.ask(asked, &PICTURE_SEARCH, &tongue).await
}

/// Listed offers with what lists do not tell, in their order; those that are gone meanwhile are left out. What a list does
/// not tell may be so old.
pub(in crate::upstream::open1688) async fn filled(
    asked: &Asked<'_>,
    listed: &[Value],
    tongue: &Tongue,
    within_ms: i64,
) -> Result<Vec<Value>, Error> {
    let numbered: Vec<(i64, Value)> = listed.iter().filter_map(|item| Some((number(item)?, item.clone()))).collect();
    let fill = |(offer, item): (i64, Value)| async move {
        let known = detail::known(asked, offer, tongue, within_ms).await?;
        Ok::<_, Error>(known.map(|known| merged(&known, &item, tongue)))
    };
    let fills = stream::iter(numbered).map(fill).buffered(SIDE_BY_SIDE);
    let filled: Vec<Option<Value>> = fills.try_collect().await?;
    Ok(filled.into_iter().flatten().collect())
}

fn number(item: &Value) -> Option<i64> {
    words::long(item, "/offerId").or_else(|| words::long(item, "/itemId"))
}

/// What is known of an offer, under what a list says of it now.
fn merged(known: &Value, item: &Value, tongue: &Tongue) -> Value {
    let mut whole = known.clone();
    let Some(members) = whole.as_object_mut() else { return whole };
    let subject = words::text(item, "/subject").or_else(|| words::text(item, "/title"));
    let trans = ["/subjectTrans", "/translateTitle"].into_iter();
    let trans = subject.as_deref().and_then(|subject| trans.clone().find_map(|at| tongue.trans(item, at, subject)));
    let price = words::fen(item, "/priceInfo/price");
    // The dearest that a list tells is the price of single pieces.
    let dearest = words::fen(item, "/priceInfo/consignPrice").filter(|most| price.is_some_and(|price| *most >= price));
    let now = [
        ("subject", subject.map(Value::from)),
        ("subjectTrans", trans.map(Value::from)),
        ("price", price.map(|fen| Value::from(words::yuan(fen)))),
        ("priceMax", dearest.map(|fen| Value::from(words::yuan(fen)))),
        ("monthSold", sold(item).map(Value::from)),
        ("weekSold", words::count::<u64>(item, "/sales7d").map(Value::from)),
        ("repurchaseRate", words::text(item, "/repurchaseRate").filter(|rate| rate.ends_with('%')).map(Value::from)),
        ("score", ["/tradeScore", "/goodsScore"].into_iter().find_map(|at| words::text(item, at)).map(Value::from)),
        ("onePiece", words::flag(item, "/isOnePsale").map(|is| Value::from(words::yes(is)))),
        ("beginAmount", words::count::<u32>(item, "/minOrderQuantity").filter(|least| *least > 0).map(Value::from)),
        ("gmtCreate", words::beijing(item, "/createDate").map(Value::from)),
        ("gmtModified", words::beijing(item, "/modifyDate").map(Value::from)),
        ("sendWithinHours", hours(item).map(Value::from)),
    ];
    members.extend(now.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    whole
}

fn sold(item: &Value) -> Option<u64> {
    words::count(item, "/monthSold").or_else(|| words::count(item, "/soldOut"))
}

fn hours(item: &Value) -> Option<u32> {
    detail::hours(item, "/productSimpleShippingInfo/shippingTimeGuarantee")
}

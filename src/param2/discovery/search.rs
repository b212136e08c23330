//! Searches by words: `product.search.keywordQuery` over the whole catalogue, `product.search.querySellerOfferList` over
//! one seller's offers.

use serde::Deserialize;

use crate::catalog::Catalog;
use crate::model::ids::{CategoryId, OfferId, SupplierId};
use crate::model::money::{Currency, Money};
use crate::model::picture::{Alike, Pictured};
use crate::model::quote::Country;
use crate::model::search::{Attributes, Filters, Found, Search, Sort};
use crate::model::supplier::Badge;
use crate::param2::asked::{Answer, Asked, Told};
use crate::param2::discovery::listing::Page;
use crate::param2::discovery::marks::{self, MOST_RESULTS};
use crate::param2::discovery::pictures;
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;
use crate::param2::lenient;

/// This face's name in the keys of rendered answers.
const FACE: &str = "param2-search";
/// The same where `success` is a text.
const PICTURE_FACE: &str = "param2-picture-search";
const PARAMETER: &str = "offerQueryParam";
/// Filters that leave out what may not be sold to a country.
const SOLD_TO: [(&str, &str); 10] = [
    ("JPFL", "JP"),
    ("USFL", "US"),
    ("KRFL", "KR"),
    ("VNFL", "VN"),
    ("SAFL", "SA"),
    ("RUFL", "RU"),
    ("KZFL", "KZ"),
    ("HKFL", "HK"),
    ("MOFL", "MO"),
    ("TWFL", "TW"),
];

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    #[serde(deserialize_with = "lenient::text")]
    keyword: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    begin_page: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    page_size: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    filter: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    sort: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    price_start: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    price_end: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    category_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    category_id_list: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    country: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    sn_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    seller_open_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    image_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    image_address: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    region: Option<String>,
    sale_filter_list: Option<Vec<SaleFilter>>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct SaleFilter {
    #[serde(deserialize_with = "lenient::text")]
    sale_type: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    sale_start: Option<i64>,
}

/// Answers `product.search.keywordQuery`.
pub async fn by_words(asked: Asked) -> Told {
    let wanted: Wanted = asked.json(PARAMETER)?;
    if wanted.keyword.is_none() {
        return Err(Refusal::missing("offerQueryParam.keyword"));
    }
    let search = search(&wanted)?;
    found(asked, &wanted, search).await
}

/// Answers `product.search.querySellerOfferList`.
pub async fn of_seller(asked: Asked) -> Told {
    let wanted: Wanted = asked.json(PARAMETER)?;
    let seller = wanted.seller_open_id.as_deref().ok_or_else(|| Refusal::missing("offerQueryParam.sellerOpenId"))?;
    let seller: SupplierId = seller.parse().map_err(|why| Refusal::invalid("offerQueryParam.sellerOpenId", why))?;
    let search = Search { supplier: Some(seller), ..search(&wanted)? };
    found(asked, &wanted, search).await
}

/// Answers `product.search.imageQuery`: what looks like a picture that was uploaded, or like that of an offer.
pub async fn by_picture(asked: Asked) -> Told {
    let wanted: Wanted = asked.json(PARAMETER)?;
    let alike = match (&wanted.image_id, &wanted.image_address) {
        (Some(image), _) => pictures::uploaded(&asked, image, wanted.region.as_deref()).await?,
        (None, Some(address)) => {
            let offer = asked.room::<Catalog>()?.offer_pictured_at(address);
            let wrong =
                || Refusal::invalid("offerQueryParam.imageAddress", "the address of an offer's picture is wanted");
            Alike { picture: Pictured::Offer(offer.ok_or_else(wrong)?), region: None }
        }
        (None, None) => return Err(Refusal::missing("offerQueryParam.imageId")),
    };
    let search = Search { alike: Some(alike), ..search(&wanted)? };
    found(asked, &wanted, search).await
}

async fn found(asked: Asked, wanted: &Wanted, search: Search) -> Told {
    let audience = asked.audience("offerQueryParam.country", wanted.country.as_deref())?;
    let page = marks::number("offerQueryParam.beginPage", wanted.begin_page)?;
    let (catalog, gate) = (asked.room::<Catalog>()?, asked.room::<Gate>()?);
    let place = (page, search.size.get());
    let within = page.saturating_sub(1).saturating_mul(place.1) < MOST_RESULTS;
    let here = if within { gate.marks.page(&catalog, &audience, &search, page).await? } else { None };
    let Some(here) = here else {
        let first = catalog.ask(&audience, &search).await?.found;
        return asked.answer(&Page::beyond(&first, place));
    };
    let (form, mode) = (asked.row.form, audience.mode);
    let picture = |offer: OfferId| catalog.picture_url(mode, offer);
    let face = if search.alike.is_some() { PICTURE_FACE } else { FACE };
    let shown =
        catalog.rendered(face, &audience, &here, |found: &Found, _| form.whole(&Page::of(found, place, &picture)));
    Ok(Answer::Kept(Box::new(shown.await?)))
}

fn search(wanted: &Wanted) -> Result<Search, Refusal> {
    Ok(Search {
        words: wanted.keyword.as_ref().map(|words| words.trim().to_owned()),
        category: category(wanted)?,
        price_min: price("offerQueryParam.priceStart", wanted.price_start.as_deref())?,
        price_max: price("offerQueryParam.priceEnd", wanted.price_end.as_deref())?,
        filters: Filters { attributes: attributes(wanted)?, ..filters(wanted) },
        sort: wanted.sort.as_deref().map_or(Sort::Relevance, sort),
        size: marks::size("offerQueryParam.pageSize", wanted.page_size, 50)?,
        ..Search::default()
    })
}

/// `978:1352`, as `product.search.keywordSNQuery` tells them.
fn attributes(wanted: &Wanted) -> Result<Attributes, Refusal> {
    let read = |text: &str| text.parse().map_err(|_| Refusal::invalid("offerQueryParam.snId", "ids of keywordSNQuery"));
    wanted.sn_id.as_deref().map_or_else(|| Ok(Attributes::default()), read)
}

fn category(wanted: &Wanted) -> Result<Option<CategoryId>, Refusal> {
    let positive = |number: i64| if number > 0 { Some(CategoryId::new(number)) } else { None };
    if let Some(number) = wanted.category_id {
        return Ok(positive(number));
    }
    let Some(list) = wanted.category_id_list.as_deref() else { return Ok(None) };
    let wrong = |why: &str| Refusal::invalid("offerQueryParam.categoryIdList", why);
    let mut all = list.split(',').map(str::trim).filter(|one| !one.is_empty());
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => one.parse().map(positive).map_err(|_| wrong("a category's number is wanted")),
        (Some(_), Some(_)) => Err(wrong("only one category can be searched at a time")),
    }
}

fn price(parameter: &str, text: Option<&str>) -> Result<Option<Money>, Refusal> {
    let read = |text: &str| Money::parse(text.trim(), Currency::CNY).map_err(|why| Refusal::invalid(parameter, why));
    text.map(read).transpose()
}

/// `{"price":"asc"}`; an order that the catalogue does not have leaves the best match first.
fn sort(text: &str) -> Sort {
    let orders: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    let first = orders.iter().next().map(|(by, way)| (by.as_str(), way.as_str().unwrap_or("")));
    match first {
        Some(("price", "asc")) => Sort::PriceAsc,
        Some(("price", "desc")) => Sort::PriceDesc,
        Some(("monthSold", "desc")) => Sort::Sold,
        Some(("rePurchaseRate", "desc")) => Sort::Repurchase,
        _ => Sort::Relevance,
    }
}

/// Filters by their names; what the catalogue does not know of its offers filters nothing.
fn filters(wanted: &Wanted) -> Filters {
    let mut filters = Filters::default();
    for name in wanted.filter.as_deref().unwrap_or("").split(',').map(str::trim) {
        match name {
            "shipInToday" | "shipIn24Hours" => filters.ships_within_h = Some(24),
            "shipIn48Hours" => filters.ships_within_h = filters.ships_within_h.or(Some(48)),
            "noReason7DReturn" => filters.free_return = true,
            "isOnePsale" | "isOnePsaleFreePost" => filters.one_piece = true,
            "new7" => filters.new_within_days = Some(7),
            "new30" => filters.new_within_days = filters.new_within_days.or(Some(30)),
            "certifiedFactory" => filters.badge = Some(Badge::CertifiedFactory),
            "powerMerchant" => filters.badge = Some(Badge::PowerfulMerchant),
            _ => {
                let country = SOLD_TO.iter().find(|(filter, _)| *filter == name);
                let country = country.and_then(|(_, country)| country.parse::<Country>().ok());
                filters.ship_to = filters.ship_to.or(country);
            }
        }
    }
    for sale in wanted.sale_filter_list.iter().flatten() {
        let least = sale.sale_start.and_then(|least| u32::try_from(least).ok());
        match sale.sale_type.as_deref() {
            Some("sales7") => filters.sold_7d_min = least,
            Some("sales30") => filters.sold_30d_min = least,
            _ => {}
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::{Wanted, search};
    use crate::model::search::Sort;
    use crate::model::supplier::Badge;

    fn read(json: &str) -> Wanted {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn a_search_is_read_in_every_spelling() {
        let wanted = read(
            "{\"keyword\":\" 杯 \",\"beginPage\":\"2\",\"pageSize\":50,\"filter\":\"shipIn24Hours,new30,powerMerchant,JPFL\",\
             \"sort\":{\"price\":\"asc\"},\"priceStart\":1,\"priceEnd\":\"10.5\",\"categoryIdList\":\"2\",\
             \"saleFilterList\":[{\"saleType\":\"sales7\",\"saleStart\":\"10\"}],\"unknown\":1}",
        );
        let read = search(&wanted).unwrap();
        assert_eq!((read.words.as_deref(), read.sort, read.size.get()), (Some("杯"), Sort::PriceAsc, 50));
        assert_eq!(read.price_min.map(|price| price.minor), Some(100));
        assert_eq!(read.price_max.map(|price| price.minor), Some(1_050));
        assert_eq!(read.category.map(|category| category.number()), Some(2));
        let filters = &read.filters;
        assert_eq!((filters.ships_within_h, filters.new_within_days), (Some(24), Some(30)));
        assert_eq!((filters.badge, filters.sold_7d_min), (Some(Badge::PowerfulMerchant), Some(10)));
        assert_eq!(filters.ship_to.as_ref().map(|country| country.as_str()), Some("JP"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in
            ["{\"pageSize\":51}", "{\"pageSize\":0}", "{\"priceStart\":\"cheap\"}", "{\"categoryIdList\":\"1,2\"}"]
        {
            assert!(search(&read(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(search(&read("{\"sort\":\"{\\\"monthSold\\\":\\\"desc\\\"}\"}")).unwrap().sort, Sort::Sold);
        assert_eq!(search(&read("{\"sort\":\"nonsense\"}")).unwrap().sort, Sort::Relevance);
    }
}

//! Goods for those who do not search: `product.search.offerRecommend`, what sells best; `product.search.keywordSNQuery`,
//! by what a search can be narrowed; `alibaba.product.suggest.crossBorder`, what sells best of a title.

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::catalog::Catalog;
use crate::model::ids::OfferId;
use crate::model::offer::{Offer, OfferSummary, Sku};
use crate::model::page::PageSize;
use crate::model::search::{AttributeCount, Search, Sort};
use crate::param2::account::seller;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::goods::{Price, count, percent, stock, trace};
use crate::param2::discovery::marks::{self, MOST_RESULTS};
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;
use crate::param2::lenient;

/// Offers that are suggested of a title.
const SUGGESTED: u32 = 10;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Recommend {
    #[serde(deserialize_with = "lenient::long")]
    begin_page: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    page_size: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    country: Option<String>,
}

/// `com.alibaba.cbu.offer.recommend.model.ProductInfoModel`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Recommended<'a> {
    image_url: String,
    subject: &'a str,
    subject_trans: &'a str,
    price_info: Price,
    offer_id: i64,
    month_sold: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    repurchase_rate: Option<String>,
    trace_info: String,
    is_select: bool,
}

impl<'a> Recommended<'a> {
    fn of(offer: &'a OfferSummary, image_url: String) -> Self {
        Self {
            image_url,
            subject: &offer.title.original,
            subject_trans: &offer.title.shown,
            price_info: offer.into(),
            offer_id: offer.id.number(),
            month_sold: count(offer.sold_30d),
            repurchase_rate: offer.repurchase_rate.map(percent),
            trace_info: trace(offer),
            is_select: false,
        }
    }
}

/// Answers `product.search.offerRecommend`.
pub async fn offers(asked: Asked) -> Told {
    let wanted: Recommend = asked.json("recommendOfferParam")?;
    let audience = asked.audience("recommendOfferParam.country", wanted.country.as_deref())?;
    let page = marks::number("recommendOfferParam.beginPage", wanted.begin_page)?;
    let size = marks::size("recommendOfferParam.pageSize", wanted.page_size, 50)?;
    let (catalog, gate) = (asked.room::<Catalog>()?, asked.room::<Gate>()?);
    let search = Search { sort: Sort::Sold, size, ..Search::default() };
    let within = page.saturating_sub(1).saturating_mul(size.get()) < MOST_RESULTS;
    let here = if within { gate.marks.page(&catalog, &audience, &search, page).await? } else { None };
    let Some(here) = here else { return asked.answer(&json!([])) };
    let found = catalog.ask(&audience, &here).await?.found;
    let view = |offer| Recommended::of(offer, catalog.picture_url(audience.mode, offer.id));
    asked.answer(&found.items.iter().map(view).collect::<Vec<_>>())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Narrowed {
    #[serde(deserialize_with = "lenient::text")]
    keyword: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    language: Option<String>,
}

/// `KeywordSNModel`: a property of what was found, and its values.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Navigation<'a> {
    id: String,
    name: &'a str,
    translate_name: &'a str,
    children: Vec<Value<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    id: String,
    name: &'a str,
    translate_name: &'a str,
}

impl<'a> Navigation<'a> {
    /// The id of a value is what `snId` of a search takes.
    fn of(property: &'a AttributeCount) -> Self {
        let value = |text: &'a crate::model::offer::Text| Value {
            id: format!("{}:{}", property.id, text.original),
            name: &text.original,
            translate_name: &text.shown,
        };
        Self {
            id: property.id.to_string(),
            name: &property.name.original,
            translate_name: &property.name.shown,
            children: property.values.iter().map(|(text, _)| value(text)).collect(),
        }
    }
}

/// Answers `product.search.keywordSNQuery`.
pub async fn navigation(asked: Asked) -> Told {
    let wanted: Narrowed = asked.json("snParams")?;
    let words = wanted.keyword.ok_or_else(|| Refusal::missing("snParams.keyword"))?;
    let audience = asked.audience("snParams.language", wanted.language.as_deref())?;
    let search = Search { words: Some(words), facets: true, ..Search::default() };
    let found = asked.room::<Catalog>()?.ask(&audience, &search).await?.found;
    let facets = found.facets.unwrap_or_default();
    asked.answer(&facets.attributes.iter().map(Navigation::of).collect::<Vec<_>>())
}

/// `alibaba.search.ProductSearchResultInfo`; where goods are sent from is not told by the catalogue.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Suggested<'a> {
    amount_on_sale: i64,
    min_purchase_quantity: u32,
    pic_url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<f64>,
    #[serde(rename = "productID")]
    product_id: i64,
    sale_quantity: i64,
    subject: &'a str,
    unit: &'a str,
    sku_list: Vec<SimpleSku>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SimpleSku {
    description: String,
    amount_on_sale: i64,
    sku_id: i64,
    spec_id: String,
}

impl<'a> Suggested<'a> {
    fn of(offer: &'a Offer, pic_url: String) -> Self {
        let summary = &offer.summary;
        Self {
            amount_on_sale: stock(offer),
            min_purchase_quantity: summary.minimum_order,
            pic_url,
            price: summary.price_from.decimal().to_f64(),
            product_id: summary.id.number(),
            sale_quantity: count(summary.sold_30d),
            subject: &summary.title.original,
            unit: &summary.unit.original,
            sku_list: offer.skus.iter().map(SimpleSku::of).collect(),
        }
    }
}

impl SimpleSku {
    fn of(sku: &Sku) -> Self {
        let properties = sku.attributes.iter();
        let named: Vec<_> = properties.map(|one| format!("{}:{}", one.name.original, one.value.original)).collect();
        Self {
            description: named.join(";"),
            amount_on_sale: count(sku.stock),
            sku_id: sku.id.number(),
            spec_id: spec::of(sku.id),
        }
    }
}

/// Answers `alibaba.product.suggest.crossBorder`.
pub async fn suggest(asked: Asked) -> Told {
    let words = asked.need("keyWord")?.trim().to_owned();
    let supplier = asked.text("loginId").map(seller::named).transpose()?;
    let (catalog, audience) = (asked.room::<Catalog>()?, asked.audience("language", Some("zh"))?);
    let size = PageSize::new(SUGGESTED).unwrap_or_default();
    let search = Search { words: Some(words), supplier, sort: Sort::Sold, size, ..Search::default() };
    let found = catalog.ask(&audience, &search).await?.found;
    let ids: Vec<OfferId> = found.items.iter().map(|offer| offer.id).collect();
    let mut offers = Vec::new();
    // What went out of sale since the search is left out.
    for offer in catalog.batch(&audience, &ids).await?.found.into_iter().flatten() {
        offers.push(offer);
    }
    let view = |offer| Suggested::of(offer, catalog.picture_url(audience.mode, offer.summary.id));
    asked.answer(&json!({"resultList": offers.iter().map(view).collect::<Vec<_>>()}))
}

//! Goods without words: offers alike (`product.related.recommend`), rankings (`product.topList.query`), what is searched
//! for (`product.search.topKeyword`).

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::model::browse::{Keywords, RankedBy, Ranking, Related};
use crate::model::ids::{CategoryId, OfferId};
use crate::model::offer::OfferSummary;
use crate::model::page::PageSize;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::goods::{Price, count, seller_identities, shipping_guarantee};
use crate::param2::discovery::marks;
use crate::param2::fault::Refusal;
use crate::param2::lenient;

/// Offers alike that the catalogue gives at once.
const MOST_ALIKE: u32 = 50;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alike {
    #[serde(deserialize_with = "lenient::long")]
    offer_id: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    page_no: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    page_size: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    language: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct AlikeView<'a> {
    image_url: String,
    subject: &'a str,
    subject_trans: &'a str,
    price_info: Price,
    offer_id: i64,
    month_sold: i64,
    seller_identities: Vec<&'static str>,
    offer_identities: Vec<&'static str>,
}

impl<'a> AlikeView<'a> {
    fn of(offer: &'a OfferSummary, image_url: String) -> Self {
        Self {
            image_url,
            subject: &offer.title.original,
            subject_trans: &offer.title.shown,
            price_info: offer.into(),
            offer_id: offer.id.number(),
            month_sold: count(offer.sold_30d),
            seller_identities: seller_identities(offer),
            offer_identities: Vec::new(),
        }
    }
}

/// Answers `product.related.recommend`.
pub async fn related(asked: Asked) -> Told {
    let wanted: Alike = asked.json("relatedQueryParams")?;
    let offer = wanted.offer_id.ok_or_else(|| Refusal::missing("relatedQueryParams.offerId"))?;
    let page = marks::number("relatedQueryParams.pageNo", wanted.page_no)?;
    let size = marks::size("relatedQueryParams.pageSize", wanted.page_size.or(Some(10)), 10)?.get();
    let audience = asked.audience("relatedQueryParams.language", wanted.language.as_deref())?;
    let catalog = asked.room::<Catalog>()?;
    let all = PageSize::new(MOST_ALIKE).unwrap_or_default();
    let related = Related { offer: OfferId::new(offer), ship_to: None, size: all };
    let found = catalog.ask(&audience, &related).await?.found;
    let first = page.saturating_sub(1).saturating_mul(size);
    let here = found.iter().skip(first as usize).take(size as usize);
    let shown: Vec<_> = here.map(|offer| AlikeView::of(offer, catalog.picture_url(audience.mode, offer.id))).collect();
    asked.answer(&shown)
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ranked {
    #[serde(deserialize_with = "lenient::long")]
    rank_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    rank_type: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    limit: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    language: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RankingView<'a> {
    rank_id: String,
    rank_name: &'static str,
    rank_type: &'a str,
    rank_product_models: Vec<RankedView<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RankedView<'a> {
    item_id: i64,
    title: &'a str,
    translate_title: &'a str,
    img_url: String,
    sort: usize,
    service_list: Vec<&'static str>,
    sold_out: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_score: Option<String>,
}

impl<'a> RankedView<'a> {
    fn of(offer: &'a OfferSummary, sort: usize, img_url: String) -> Self {
        let service = match shipping_guarantee(offer) {
            Some("shipIn24Hours") => vec!["sendGoods24H"],
            Some(_) => vec!["sendGoods48H"],
            None => Vec::new(),
        };
        Self {
            item_id: offer.id.number(),
            title: &offer.title.original,
            translate_title: &offer.title.shown,
            img_url,
            sort,
            service_list: service,
            sold_out: count(offer.sold_30d),
            goods_score: offer.rating.map(|rating| rating.to_string()),
        }
    }
}

/// Answers `product.topList.query`.
pub async fn top_list(asked: Asked) -> Told {
    let wanted: Ranked = asked.json("rankQueryParams")?;
    let number = wanted.rank_id.ok_or_else(|| Refusal::missing("rankQueryParams.rankId"))?;
    let kind = wanted.rank_type.as_deref().unwrap_or("complex");
    let (by, rank_name) = match kind {
        "complex" => (RankedBy::Repurchase, "Comprehensive List"),
        "hot" => (RankedBy::Sold, "Best Sellers"),
        _ => return Err(Refusal::invalid("rankQueryParams.rankType", "complex or hot is wanted")),
    };
    let size = marks::size("rankQueryParams.limit", wanted.limit.or(Some(20)), 20)?;
    let audience = asked.audience("rankQueryParams.language", wanted.language.as_deref())?;
    let catalog = asked.room::<Catalog>()?;
    let category = if number > 0 { Some(CategoryId::new(number)) } else { None };
    let found = catalog.ask(&audience, &Ranking { by, category, ship_to: None, size }).await?.found;
    let picture = |offer: &OfferSummary| catalog.picture_url(audience.mode, offer.id);
    let models = found.iter().zip(1..).map(|(offer, sort)| RankedView::of(offer, sort, picture(offer))).collect();
    asked.answer(&RankingView { rank_id: number.to_string(), rank_name, rank_type: kind, rank_product_models: models })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Top {
    #[serde(deserialize_with = "lenient::text")]
    country: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    source_id: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct KeywordView {
    se_keyword: String,
    se_keyword_translation: String,
}

/// Answers `product.search.topKeyword`.
pub async fn top_keyword(asked: Asked) -> Told {
    let wanted: Top = asked.json("topSeKeywordParam")?;
    let audience = asked.audience("topSeKeywordParam.country", wanted.country.as_deref())?;
    let category = wanted.source_id.filter(|number| *number > 0).map(CategoryId::new);
    let keywords = Keywords { rising: false, category, size: PageSize::default() };
    let found = asked.room::<Catalog>()?.ask(&audience, &keywords).await?.found;
    let view = |keyword: crate::model::browse::Keyword| KeywordView {
        se_keyword: keyword.words.original,
        se_keyword_translation: keyword.words.shown,
    };
    asked.answer(&found.into_iter().map(view).collect::<Vec<_>>())
}

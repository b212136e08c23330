//! Goods, categories, sellers and pictures over HTTP. How they are written is left to `goods_wire`.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{self, Body};
use super::envelope::{Answer, Code, Envelope, Refusal, Sent, refused};
use super::goods::{Lang, Seller, Shop};
use super::goods_wire::{self, Batch, BatchGet, Brief, Categories, Detail, PictureBytes, SearchPage, SellerWire};
use super::market::Market;
use super::search::{Bounds, Sort, Wanted};
use super::shelf::Item;

type Shared = web::Data<Market>;

/// The `lang` of most calls.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LangAsked {
    /// Language of the translations: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; zh when absent.
    pub lang: Option<String>,
}

/// What to search for.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct SearchAsked {
    /// Words in any of the languages, a goods id or a seller id; everything when absent.
    keyword: Option<String>,
    /// Language of the translations: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; zh when absent.
    lang: Option<String>,
    /// Only this category and those below it.
    #[param(value_type = Option<i64>)]
    category_id: Option<String>,
    /// Price of the largest quantity at least, yuan.
    #[param(example = "3.00")]
    price_min: Option<String>,
    /// Price of the largest quantity at most, yuan.
    #[param(example = "9.90")]
    price_max: Option<String>,
    /// Minimum order at most.
    #[param(value_type = Option<i64>, minimum = 1)]
    max_begin_amount: Option<String>,
    /// Only this seller.
    #[param(value_type = Option<i64>)]
    seller_id: Option<String>,
    /// `default`, `price_asc`, `price_desc`, `sold_desc`, `repurchase_desc` or `newest`.
    sort: Option<String>,
    /// Where the page before ended; belongs to the same question only.
    page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

impl SearchAsked {
    fn wanted(&self) -> Result<Wanted, Refusal> {
        let keyword = self.keyword.clone().unwrap_or_default();
        if keyword.chars().count() > 200 {
            return Err(Refusal::param("keyword"));
        }
        let sort = self.sort.as_deref().unwrap_or("default");
        Ok(Wanted {
            keyword,
            category_id: asked::number("categoryId", self.category_id.as_deref(), 1..=i64::MAX)?,
            seller_id: asked::number("sellerId", self.seller_id.as_deref(), 1..=i64::MAX)?,
            bounds: Bounds {
                price_min: asked::money("priceMin", self.price_min.as_deref())?,
                price_max: asked::money("priceMax", self.price_max.as_deref())?,
                begin_max: asked::number("maxBeginAmount", self.max_begin_amount.as_deref(), 1..=i64::MAX)?,
            },
            sort: Sort::parse(sort).ok_or_else(|| Refusal::param("sort"))?,
        })
    }
}

/// Sellers of a page of goods, each made once.
#[derive(Default)]
struct Sellers(HashMap<i64, Option<Seller>>);

impl Sellers {
    fn of(&mut self, shop: &Shop, item: &Item) -> Option<&Seller> {
        let id = item.goods.seller_id;
        self.0.entry(id).or_insert_with(|| shop.seller(id)).as_ref()
    }
}

/// Searches goods. All words must be found; when no goods has them all, one is enough and more are better.
#[utoipa::path(tag = "goods", params(SearchAsked), responses((status = 200, description = "One page, or PARAM_INVALID with errorData.param.", body = Envelope<SearchPage>)))]
#[get("/goods/search")]
pub async fn search_goods(market: Shared, asked: web::Query<SearchAsked>) -> Answer<SearchPage> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let wanted = asked.wanted()?;
    let page_token = asked.into_inner().page_token.filter(|token| !token.is_empty());
    let page = web::block(move || {
        let page = market.search(&wanted, page_token.as_deref(), size)?;
        let items: Vec<Item> =
            market.book(|book| page.goods.iter().map(|index| book.shelf.item(&market.shop, *index)).collect());
        let mut sellers = Sellers::default();
        let items: Vec<Brief> =
            items.iter().map(|item| goods_wire::brief(item, sellers.of(&market.shop, item), lang)).collect();
        Ok::<_, Refusal>(SearchPage { total: page.total, next_page_token: page.next, items })
    });
    Ok(Sent(page.await.map_err(|_| Refusal::from(Code::SystemError))??))
}

/// Everything about one goods. Goods that are held back from cross-border trade do not exist here.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods."), LangAsked), responses((status = 200, description = "The goods, or GOODS_NOT_FOUND.", body = Envelope<Detail>)))]
#[get("/goods/{goodsId}")]
pub async fn get_goods(market: Shared, goods_id: web::Path<i64>, asked: web::Query<LangAsked>) -> Answer<Detail> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let item = market.visible(*goods_id)?;
    let seller = market.shop.seller(item.goods.seller_id);
    Ok(Sent(goods_wire::detail(&item, seller.as_ref(), lang)))
}

/// Several goods at once.
#[utoipa::path(tag = "goods", request_body = BatchGet, responses((status = 200, description = "Those that exist, and the ids of those that do not.", body = Envelope<Batch>)))]
#[post("/goods/batchGet")]
pub async fn batch_get_goods(market: Shared, asked: Body<BatchGet>) -> Answer<Batch> {
    let BatchGet { goods_ids, lang } = asked.0;
    let lang = asked::lang(lang.as_deref())?;
    if goods_ids.is_empty() || goods_ids.len() > 50 {
        return Err(Refusal::param("goodsIds"));
    }
    let mut sellers = Sellers::default();
    let mut batch = Batch { items: Vec::new(), missing: Vec::new() };
    for id in goods_ids {
        match market.visible(id) {
            Ok(item) => batch.items.push(goods_wire::detail(&item, sellers.of(&market.shop, &item), lang)),
            Err(_) => batch.missing.push(id),
        }
    }
    Ok(Sent(batch))
}

/// How large a picture shall be.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PictureAsked {
    /// Edge in pixels, 16 to 1024; 480 when absent.
    #[param(value_type = Option<i64>, minimum = 16, maximum = 1024)]
    size: Option<String>,
}

/// The goods' picture.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods."), PictureAsked), responses(
    (status = 200, description = "A square PNG, with ETag.", content_type = "image/png", body = PictureBytes),
    (status = 304, description = "The picture named in If-None-Match is still the right one."),
    (status = 404, description = "GOODS_NOT_FOUND.", body = Envelope<String>)))]
#[get("/goods/{goodsId}/picture.png")]
pub async fn get_picture(
    request: HttpRequest,
    market: Shared,
    goods_id: web::Path<i64>,
    asked: web::Query<PictureAsked>,
) -> Result<HttpResponse, Refusal> {
    let size = asked::number("size", asked.size.as_deref(), 16..=1024)?.unwrap_or(480);
    let Ok(item) = market.visible(*goods_id) else {
        let (word, sentence, _) = Code::GoodsNotFound.facts();
        return Ok(refused(StatusCode::NOT_FOUND, word, sentence, None));
    };
    // A picture depends on nothing but these.
    let tag = format!("\"{}-{size}\"", item.goods.id);
    let known = request.headers().get(IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "public, max-age=86400"));
    if known {
        return Ok(response.finish());
    }
    let size = u32::try_from(size).unwrap_or(480);
    let png = web::block(move || market.shop.picture(item.index, size)).await;
    let png = png.map_err(|_| Refusal::from(Code::SystemError))?;
    Ok(response.insert_header((CONTENT_TYPE, "image/png")).body(png))
}

/// All categories, flat, with how many visible goods each has.
#[utoipa::path(tag = "goods", params(LangAsked), responses((status = 200, description = "Roots and leaves.", body = Envelope<Categories>)))]
#[get("/categories")]
pub async fn list_categories(market: Shared, asked: web::Query<LangAsked>) -> Answer<Categories> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let items = web::block(move || {
        let count = |category_id| {
            let wanted = Wanted {
                keyword: String::new(),
                category_id: Some(category_id),
                seller_id: None,
                bounds: Bounds::default(),
                sort: Sort::SoldDesc,
            };
            market.search(&wanted, None, 1).map(|page| page.total)
        };
        Shop::categories()
            .iter()
            .map(|category| Ok(goods_wire::category(category, count(category.id)?, lang)))
            .collect::<Result<Vec<_>, Refusal>>()
    });
    let items = items.await.map_err(|_| Refusal::from(Code::SystemError))??;
    Ok(Sent(Categories { items }))
}

/// A seller.
#[utoipa::path(tag = "goods", params(("sellerId" = i64, Path, description = "Which seller."), LangAsked), responses((status = 200, description = "The seller, or SELLER_NOT_FOUND.", body = Envelope<SellerWire>)))]
#[get("/sellers/{sellerId}")]
pub async fn get_seller(market: Shared, seller_id: web::Path<i64>, asked: web::Query<LangAsked>) -> Answer<SellerWire> {
    let lang: Lang = asked::lang(asked.lang.as_deref())?;
    Ok(Sent(seller_now(&market, *seller_id, lang)?))
}

/// A seller as he is now.
pub(super) fn seller_now(market: &Market, seller_id: i64, lang: Lang) -> Result<SellerWire, Refusal> {
    let mut seller = market.shop.seller(seller_id).ok_or(Refusal::from(Code::SellerNotFound))?;
    let goods = market.shop.goods_of(seller_id);
    let visible = market.book(|book| {
        seller.rating_tenths = book.shelf.rating(seller_id).unwrap_or(seller.rating_tenths);
        goods.iter().filter(|index| book.shelf.item(&market.shop, **index).is_open()).count()
    });
    Ok(goods_wire::seller(seller, visible as u64, lang))
}

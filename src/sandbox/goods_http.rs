//! Goods, categories, sellers and pictures over HTTP. How they are written is left to `goods_wire`.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{self, Body};
use super::envelope::{Answer, Code, Envelope, Refusal, Sent, refused};
use super::facets_wire::FacetsWire;
use super::goods::{Lang, Seller, Shop};
use super::goods_wire::{self, Batch, BatchGet, Brief, Categories, Detail, PictureBytes, SearchPage, SellerWire};
use super::market::Market;
use super::search::{Bounds, FACTORY, FREE_RETURN, ONE_PIECE, Page as SearchFound, Sort, Wanted, mark_of};
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
    pub(super) lang: Option<String>,
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
    /// Sold in thirty days at least.
    #[param(value_type = Option<i64>, minimum = 0)]
    min_month_sold: Option<String>,
    /// Sold in seven days at least.
    #[param(value_type = Option<i64>, minimum = 0)]
    min_week_sold: Option<String>,
    /// Promised hours until it is sent at most.
    #[param(value_type = Option<i64>, minimum = 1)]
    send_within_hours: Option<String>,
    /// Listed so many days ago at most.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 365)]
    listed_within_days: Option<String>,
    /// `Y`: only goods of which single pieces are sent; `N` and absent: all.
    one_piece: Option<String>,
    /// `Y`: only goods whose seller makes them.
    factory: Option<String>,
    /// `Y`: only goods with free returns.
    free_return: Option<String>,
    /// Only sellers with this badge.
    badge: Option<String>,
    /// ISO 3166 alpha-2: nothing that may not be sold there.
    dest_country: Option<String>,
    /// `Y`: count all matches by what they are.
    facets: Option<String>,
    /// `default`, `price_asc`, `price_desc`, `sold_desc`, `repurchase_desc`, `newest` or `rising`.
    sort: Option<String>,
    /// Where the page before ended; belongs to the same question only.
    pub(super) page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    pub(super) page_size: Option<String>,
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
            dest_country: asked::some_country("destCountry", self.dest_country.as_deref())?,
            bounds: self.bounds()?,
            sort: Sort::parse(sort).ok_or_else(|| Refusal::param("sort"))?,
        })
    }

    /// What to search for, where nothing but likeness can sort and nothing is counted.
    pub(super) fn unsorted(&self) -> Result<Wanted, Refusal> {
        if self.sort.as_deref().is_some_and(|sort| !matches!(sort, "" | "default")) {
            return Err(Refusal::param("sort"));
        }
        if asked::flag("facets", self.facets.as_deref())? {
            return Err(Refusal::param("facets"));
        }
        self.wanted()
    }

    fn bounds(&self) -> Result<Bounds, Refusal> {
        Ok(Bounds {
            price_min: asked::money("priceMin", self.price_min.as_deref())?,
            price_max: asked::money("priceMax", self.price_max.as_deref())?,
            begin_max: asked::number("maxBeginAmount", self.max_begin_amount.as_deref(), 1..=i64::MAX)?,
            month_sold_min: asked::number("minMonthSold", self.min_month_sold.as_deref(), 0..=i64::MAX)?,
            week_sold_min: asked::number("minWeekSold", self.min_week_sold.as_deref(), 0..=i64::MAX)?,
            ships_max: asked::number("sendWithinHours", self.send_within_hours.as_deref(), 1..=i64::MAX)?,
            listed_within_days: asked::number("listedWithinDays", self.listed_within_days.as_deref(), 1..=365)?,
            marks: self.marks()?,
        })
    }

    fn marks(&self) -> Result<u64, Refusal> {
        let flags = [
            ("onePiece", &self.one_piece, ONE_PIECE),
            ("factory", &self.factory, FACTORY),
            ("freeReturn", &self.free_return, FREE_RETURN),
        ];
        let mut marks = 0;
        for (name, given, mark) in flags {
            marks |= if asked::flag(name, given.as_deref())? { mark } else { 0 };
        }
        match self.badge.as_deref().filter(|word| !word.is_empty()) {
            Some(word) => Ok(marks | mark_of(word).ok_or_else(|| Refusal::param("badge"))?),
            None => Ok(marks),
        }
    }
}

/// Sellers of a page of goods, each made once.
#[derive(Default)]
pub struct Sellers(HashMap<i64, Option<Seller>>);

impl Sellers {
    /// The seller of a goods.
    pub fn of(&mut self, shop: &Shop, item: &Item) -> Option<&Seller> {
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
    let counts = asked::flag("facets", asked.facets.as_deref())?;
    let page_token = asked.into_inner().page_token.filter(|token| !token.is_empty());
    let page = web::block(move || {
        let token = page_token.as_deref();
        let page =
            if counts { market.search_counted(&wanted, token, size) } else { market.search(&wanted, token, size) };
        let page = page?;
        let understood = page.corrected.as_ref().unwrap_or(&wanted.keyword);
        let items = briefs(&market, &page.goods, understood, lang);
        let facets = counts.then(|| FacetsWire::of(&page.facets));
        let SearchFound { total, next, corrected, .. } = page;
        Ok::<_, Refusal>(SearchPage { total, next_page_token: next, corrected_keyword: corrected, facets, items })
    });
    Ok(Sent(page.await.map_err(|_| Refusal::from(Code::SystemError))??))
}

/// Goods as lists show them, with the places where the keyword is found.
pub fn briefs(market: &Market, goods: &[u32], keyword: &str, lang: Lang) -> Vec<Brief> {
    let items: Vec<Item> =
        market.book(|book| goods.iter().map(|index| book.shelf.item(&market.shop, *index)).collect());
    let mut sellers = Sellers::default();
    let brief = |item: &Item| {
        let mut brief = goods_wire::brief(item, sellers.of(&market.shop, item), lang);
        if !market.is_translated(item.goods.id) {
            brief.leave_untranslated();
        }
        let shown = brief.subject_trans.as_ref().unwrap_or(&brief.subject);
        let highlights = market.highlights(keyword, shown, lang);
        Brief { highlights: highlights.into_iter().map(|(from, to)| [from, to]).collect(), ..brief }
    };
    items.iter().map(brief).collect()
}

/// Everything about one goods. Of goods that are held back from cross-border trade nothing but that is told.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods."), LangAsked), responses((status = 200, description = "The goods, or GOODS_NOT_FOUND, GOODS_HELD, GOODS_FOREIGN.", body = Envelope<Detail>)))]
#[get("/goods/{goodsId}")]
pub async fn get_goods(market: Shared, goods_id: web::Path<i64>, asked: web::Query<LangAsked>) -> Answer<Detail> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let item = market.visible(*goods_id)?;
    let seller = market.shop.seller(item.goods.seller_id);
    Ok(Sent(detail(&market, &item, seller.as_ref(), lang)))
}

/// Everything about a goods, as far as it is translated.
fn detail(market: &Market, item: &Item, seller: Option<&Seller>, lang: Lang) -> Detail {
    let mut detail = goods_wire::detail(item, seller, lang);
    if !market.is_translated(item.goods.id) {
        detail.leave_untranslated();
    }
    detail
}

/// Several goods at once.
#[utoipa::path(tag = "goods", request_body = BatchGet, responses((status = 200, description = "Those that can be seen, and the ids of those that cannot.", body = Envelope<Batch>)))]
#[post("/goods/batchGet")]
pub async fn batch_get_goods(market: Shared, asked: Body<BatchGet>) -> Answer<Batch> {
    let BatchGet { goods_ids, lang } = asked.0;
    let lang = asked::lang(lang.as_deref())?;
    if goods_ids.is_empty() || goods_ids.len() > 50 {
        return Err(Refusal::param("goodsIds"));
    }
    let mut sellers = Sellers::default();
    let mut batch = Batch::default();
    for id in goods_ids {
        match market.visible(id) {
            Ok(item) => batch.items.push(detail(&market, &item, sellers.of(&market.shop, &item), lang)),
            Err(refusal) => batch.left_out(id, refusal.code),
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
            let wanted = Wanted { category_id: Some(category_id), sort: Sort::SoldDesc, ..Wanted::default() };
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

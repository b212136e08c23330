//! Ways to goods without a keyword: related goods, pools, rankings, what is bought now, and how one goods sold. How they
//! are written is left to `browse_wire`.

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked;
use super::browse_wire::{
    CategoryAttributeWire, CategoryDetail, DayWire, GoodsList, GoodsTrend, KeywordWire, Keywords, PoolWire, Pools,
};
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::goods::{Category, Lang, Pool, Shop};
use super::goods_http::{LangAsked, briefs};
use super::goods_wire::{self, SearchPage, beside};
use super::market::Market;
use super::search::{Bounds, FACTORY, FREE_RETURN, ONE_PIECE, Sort, Wanted, mark_of};
use super::words::{date, percent, yuan};

type Shared = web::Data<Market>;
const DAY: i64 = 86_400;

/// Runs something that takes a while away from the sockets.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<Sent<T>, Refusal> {
    Ok(Sent(web::block(work).await.map_err(|_| Refusal::from(Code::SystemError))??))
}

/// How many related goods, and for where.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct RelatedAsked {
    /// Language of the translations; zh when absent.
    lang: Option<String>,
    /// ISO 3166 alpha-2: nothing that may not be sold there.
    dest_country: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

/// Goods that are like one: of its category, best of its type and with the same words.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods."), RelatedAsked), responses((status = 200, description = "Goods, or GOODS_NOT_FOUND, GOODS_HELD, GOODS_FOREIGN.", body = Envelope<GoodsList>)))]
#[get("/goods/{goodsId}/related")]
pub async fn list_related(
    market: Shared,
    goods_id: web::Path<i64>,
    asked: web::Query<RelatedAsked>,
) -> Answer<GoodsList> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let dest_country = asked::some_country("destCountry", asked.dest_country.as_deref())?;
    let item = market.visible(*goods_id)?;
    aside(move || {
        let found = market.related(&item, &Wanted { dest_country, ..Wanted::default() }, size)?;
        Ok(GoodsList { items: briefs(&market, &found, "", lang) })
    })
    .await
}

/// How a goods sold over the last ninety days.
#[utoipa::path(tag = "goods", params(("goodsId" = i64, Path, description = "Which goods.")), responses((status = 200, description = "Days, or GOODS_NOT_FOUND, GOODS_HELD, GOODS_FOREIGN.", body = Envelope<GoodsTrend>)))]
#[get("/goods/{goodsId}/trends")]
pub async fn get_goods_trend(market: Shared, goods_id: web::Path<i64>) -> Answer<GoodsTrend> {
    let item = market.visible(*goods_id)?;
    let today = market.clock.now_ms() / 1000 / DAY;
    let sold = market.shop.daily_sold(item.index);
    let mut prices = market.shop.daily_price(item.index, super::search::lowest_fen(&item.goods));
    let mut dates: Vec<i64> = (1..).take(sold.len()).map(|ago| (today - ago) * DAY).collect();
    dates.reverse();
    // From the day of a change on it is the price that was set then.
    for (fen, day) in prices.iter_mut().zip(&dates) {
        if item.changed.lowest_fen.is_some() && *day + DAY > item.changed.at {
            *fen = item.lowest_fen();
        }
    }
    let days = dates.iter().zip(sold).zip(&prices);
    let days = days.map(|((day, sold), fen)| DayWire { date: date(*day), sold, price: yuan(*fen) }).collect();
    prices.sort_unstable();
    Ok(Sent(GoodsTrend {
        goods_id: item.goods.id,
        days,
        median_price: yuan(prices.get(prices.len() / 2).copied().unwrap_or(0)),
        repurchase_rate: percent(item.goods.repurchase_pct),
    }))
}

/// One category with what stands below it and the properties of its goods.
#[utoipa::path(tag = "goods", params(("categoryId" = i64, Path, description = "Which category."), LangAsked), responses((status = 200, description = "The category, or CATEGORY_NOT_FOUND.", body = Envelope<CategoryDetail>)))]
#[get("/categories/{categoryId}")]
pub async fn get_category(
    market: Shared,
    category_id: web::Path<i64>,
    asked: web::Query<LangAsked>,
) -> Answer<CategoryDetail> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let found = Shop::categories().iter().find(|one| one.id == *category_id);
    let found = found.ok_or(Refusal::from(Code::CategoryNotFound))?;
    aside(move || {
        let shown = |category: &Category| {
            let wanted = Wanted { category_id: Some(category.id), ..Wanted::default() };
            Ok(goods_wire::category(category, market.search(&wanted, None, 1)?.total, lang))
        };
        let below = Shop::categories().iter().filter(|one| one.parent_id == Some(found.id));
        Ok(CategoryDetail {
            category: shown(found)?,
            children: below.map(shown).collect::<Result<_, Refusal>>()?,
            attributes: Shop::category_attributes(found.id)
                .iter()
                .map(|attribute| CategoryAttributeWire::of(attribute, lang))
                .collect(),
        })
    })
    .await
}

/// What a pool's rule wants.
fn wanted_of(pool: &Pool) -> Wanted {
    let mut bounds = Bounds::default();
    for condition in pool.rule.split(';') {
        let (name, value) = condition.split_once('=').unwrap_or((condition, ""));
        let number = value.parse::<i64>().ok();
        match name {
            "month" => bounds.month_sold_min = number,
            "new" => bounds.listed_within_days = number,
            "ships" => bounds.ships_max = number,
            "begin" => bounds.begin_max = number,
            "price" => bounds.price_max = number,
            "badge" => bounds.marks |= mark_of(value).unwrap_or(0),
            "one_piece" => bounds.marks |= ONE_PIECE,
            "factory" => bounds.marks |= FACTORY,
            "free_return" => bounds.marks |= FREE_RETURN,
            _ => {}
        }
    }
    Wanted { bounds, sort: Sort::parse(pool.sort).unwrap_or(Sort::SoldDesc), ..Wanted::default() }
}

/// All selected assortments.
#[utoipa::path(tag = "goods", params(LangAsked), responses((status = 200, description = "The pools.", body = Envelope<Pools>)))]
#[get("/pools")]
pub async fn list_pools(market: Shared, asked: web::Query<LangAsked>) -> Answer<Pools> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let shown = move |pool: &Pool| {
        Ok(PoolWire {
            pool_id: pool.id,
            name: pool.name.get(Lang::Zh),
            name_trans: beside(pool.name, lang),
            goods_count: market.search(&wanted_of(pool), None, 1)?.total,
        })
    };
    aside(move || Ok(Pools { items: Shop::pools().iter().map(shown).collect::<Result<_, Refusal>>()? })).await
}

/// Which page of a pool.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct PoolAsked {
    /// Language of the translations; zh when absent.
    lang: Option<String>,
    /// ISO 3166 alpha-2: nothing that may not be sold there.
    dest_country: Option<String>,
    /// Where the page before ended.
    page_token: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

/// One page of a pool's goods.
#[utoipa::path(tag = "goods", params(("poolId" = i64, Path, description = "Which pool."), PoolAsked), responses((status = 200, description = "One page, or POOL_NOT_FOUND.", body = Envelope<SearchPage>)))]
#[get("/pools/{poolId}/goods")]
pub async fn list_pool_goods(
    market: Shared,
    pool_id: web::Path<i64>,
    asked: web::Query<PoolAsked>,
) -> Answer<SearchPage> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let dest_country = asked::some_country("destCountry", asked.dest_country.as_deref())?;
    let pool = Shop::pools().iter().find(|pool| pool.id == *pool_id).ok_or(Refusal::from(Code::PoolNotFound))?;
    let token = asked.into_inner().page_token.filter(|token| !token.is_empty());
    aside(move || {
        let page = market.search(&Wanted { dest_country, ..wanted_of(pool) }, token.as_deref(), size)?;
        Ok(SearchPage {
            total: page.total,
            next_page_token: page.next,
            corrected_keyword: None,
            facets: None,
            items: briefs(&market, &page.goods, "", lang),
        })
    })
    .await
}

/// Which ranking.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct RankingAsked {
    /// Language of the translations; zh when absent.
    lang: Option<String>,
    /// Only this category and those below it.
    #[param(value_type = Option<i64>)]
    category_id: Option<String>,
    /// `sold_desc` (when absent), `rising`, `repurchase_desc` or `newest`; of keywords `sold_desc` or `rising`.
    by: Option<String>,
    /// ISO 3166 alpha-2: nothing that may not be sold there.
    dest_country: Option<String>,
    /// 1 to 50; 20 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 50)]
    page_size: Option<String>,
}

impl RankingAsked {
    fn wanted(&self, allowed: &[&str]) -> Result<Wanted, Refusal> {
        let by = self.by.as_deref().filter(|by| !by.is_empty()).unwrap_or("sold_desc");
        let category_id = asked::number("categoryId", self.category_id.as_deref(), 1..=i64::MAX)?;
        if category_id.is_some_and(|id| Shop::categories().iter().all(|one| one.id != id)) {
            return Err(Code::CategoryNotFound.into());
        }
        Ok(Wanted {
            category_id,
            dest_country: asked::some_country("destCountry", self.dest_country.as_deref())?,
            sort: Sort::parse(by).filter(|_| allowed.contains(&by)).ok_or_else(|| Refusal::param("by"))?,
            ..Wanted::default()
        })
    }
}

/// The goods that sell best, rise most, bring most buyers back or are newest.
#[utoipa::path(tag = "goods", params(RankingAsked), responses((status = 200, description = "Goods, best first, or CATEGORY_NOT_FOUND.", body = Envelope<GoodsList>)))]
#[get("/rankings")]
pub async fn list_ranking(market: Shared, asked: web::Query<RankingAsked>) -> Answer<GoodsList> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let wanted = asked.wanted(&["sold_desc", "rising", "repurchase_desc", "newest"])?;
    aside(move || {
        let page = market.search(&wanted, None, size)?;
        Ok(GoodsList { items: briefs(&market, &page.goods, "", lang) })
    })
    .await
}

/// What is bought now: types of goods by sales, as words to search by.
#[utoipa::path(tag = "goods", params(RankingAsked), responses((status = 200, description = "Keywords, or CATEGORY_NOT_FOUND.", body = Envelope<Keywords>)))]
#[get("/trends/keywords")]
pub async fn list_keywords(market: Shared, asked: web::Query<RankingAsked>) -> Answer<Keywords> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let wanted = asked.wanted(&["sold_desc", "rising"])?;
    aside(move || {
        let mut types = market.types_by_sales(&wanted)?;
        if wanted.sort == Sort::Rising {
            types.sort_by_key(|(kind, sales)| (std::cmp::Reverse(sales.rise_percent()), *kind));
        }
        let shown = types.into_iter().filter_map(|(place, sales)| {
            let kind = Shop::product_types().get(place)?;
            Some(KeywordWire {
                keyword: kind.name.get(Lang::Zh),
                keyword_trans: beside(kind.name, lang),
                category_id: kind.category_id,
                goods_count: sales.goods,
                month_sold: sales.month,
                week_sold: sales.week,
                rise_percent: sales.rise_percent(),
            })
        });
        Ok(Keywords { items: shown.take(size).collect() })
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::wanted_of;
    use crate::sandbox::goods::Shop;
    use crate::sandbox::search::{Bounds, Sort};

    #[test]
    fn every_pool_has_a_rule_and_an_order_that_are_understood() {
        for pool in Shop::pools() {
            let wanted = wanted_of(pool);
            assert_ne!(format!("{:?}", wanted.bounds), format!("{:?}", Bounds::default()), "{}", pool.id);
            assert_eq!(Sort::parse(pool.sort), Some(wanted.sort), "{}", pool.id);
        }
    }
}

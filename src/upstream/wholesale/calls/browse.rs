//! Ways to goods without a keyword: related goods, pools, rankings, what is bought now.

use crate::model::browse::{Keywords, PoolPage, RankedBy, Ranking, Related};
use crate::model::ids::{CategoryId, OfferId};
use crate::model::language::Language;
use crate::upstream::call::Call;

/// Goods that are like one → `browse::GoodsList`.
pub fn related(asked: &Related, language: Language) -> Call {
    Call::get("goods.related", format!("/goods/{}/related", asked.offer))
        .with("lang", language.tag())
        .with_some("destCountry", asked.ship_to.as_ref())
        .with("pageSize", asked.size.get())
}

/// How goods sold → `browse::GoodsTrend`.
pub fn trend(id: OfferId) -> Call {
    Call::get("goods.trends", format!("/goods/{id}/trends"))
}

/// One category with its properties → `browse::CategoryDetail`.
pub fn category(id: CategoryId, language: Language) -> Call {
    Call::get("categories.get", format!("/categories/{id}")).with("lang", language.tag())
}

/// All pools → `browse::Pools`.
pub fn pools(language: Language) -> Call {
    Call::get("pools", "/pools").with("lang", language.tag())
}

/// A page of a pool's goods → `goods::SearchPage`.
pub fn pool_goods(asked: &PoolPage, page_token: Option<&str>, language: Language) -> Call {
    Call::get("pools.goods", format!("/pools/{}/goods", asked.pool))
        .with("lang", language.tag())
        .with_some("destCountry", asked.ship_to.as_ref())
        .with_some("pageToken", page_token)
        .with("pageSize", asked.size.get())
}

/// The best goods → `browse::GoodsList`.
pub fn ranking(asked: &Ranking, language: Language) -> Call {
    let by = match asked.by {
        RankedBy::Sold => "sold_desc",
        RankedBy::Rising => "rising",
        RankedBy::Repurchase => "repurchase_desc",
        RankedBy::Newest => "newest",
    };
    Call::get("rankings", "/rankings")
        .with("lang", language.tag())
        .with_some("categoryId", asked.category)
        .with("by", by)
        .with_some("destCountry", asked.ship_to.as_ref())
        .with("pageSize", asked.size.get())
}

/// What is bought now → `browse::Keywords`.
pub fn keywords(asked: &Keywords, language: Language) -> Call {
    Call::get("trends.keywords", "/trends/keywords")
        .with("lang", language.tag())
        .with_some("categoryId", asked.category)
        .with("by", if asked.rising { "rising" } else { "sold_desc" })
        .with("pageSize", asked.size.get())
}

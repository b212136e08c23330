//! Selected assortments: `pool.product.pull` page by page, `pool.product.total`.

use serde::{Deserialize, Serialize};

use crate::catalog::{AllPools, Catalog};
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::browse::PoolPage;
use crate::model::ids::PoolId;
use crate::model::page::PageSize;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::marks;
use crate::param2::fault::Refusal;
use crate::param2::gate::Gate;
use crate::param2::lenient;

/// Offers that the catalogue gives at once.
const AT_ONCE: u32 = 50;
/// Offers of the largest page.
const MOST: u32 = 1_000;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Wanted {
    #[serde(deserialize_with = "lenient::long")]
    offer_pool_id: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    cate_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    task_id: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    language: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    page_no: Option<i64>,
    #[serde(deserialize_with = "lenient::long")]
    page_size: Option<i64>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Pulled {
    offer_id: i64,
    biz_category_id: String,
    offer_pool_total: u64,
}

/// Answers `pool.product.pull`.
pub async fn pull(asked: Asked) -> Told {
    let wanted: Wanted = asked.json("offerPoolQueryParam")?;
    let pool = wanted.offer_pool_id.ok_or_else(|| Refusal::missing("offerPoolQueryParam.offerPoolId"))?;
    if wanted.task_id.is_none() {
        return Err(Refusal::missing("offerPoolQueryParam.taskId"));
    }
    let page = marks::number("offerPoolQueryParam.pageNo", wanted.page_no)?;
    let (size, pieces) = pieces(wanted.page_size)?;
    let audience = asked.audience("offerPoolQueryParam.language", wanted.language.as_deref())?;
    let (catalog, gate) = (asked.room::<Catalog>()?, asked.room::<Gate>()?);
    let list = PoolPage { pool: PoolId::new(pool), ship_to: None, cursor: None, size };
    let mut pulled = Vec::new();
    let first = page.saturating_sub(1).saturating_mul(pieces) + 1;
    for piece in first..first + pieces {
        let Some(here) = gate.marks.page(&catalog, &audience, &list, piece).await? else { break };
        let found = catalog.ask(&audience, &here).await?.found;
        let total = found.total.unwrap_or(0);
        let of_category = |category: i64| wanted.cate_id.is_none_or(|wanted| wanted == category);
        let offers = found.items.iter().filter(|offer| of_category(offer.category.number()));
        pulled.extend(offers.map(|offer| Pulled {
            offer_id: offer.id.number(),
            biz_category_id: offer.category.to_string(),
            offer_pool_total: total,
        }));
    }
    asked.answer(&pulled)
}

/// Pages of the catalogue that make one of the client's: their size, and how many.
fn pieces(asked: Option<i64>) -> Result<(PageSize, u32), Refusal> {
    let wrong =
        || Refusal::invalid("offerPoolQueryParam.pageSize", "1 to 50, or a multiple of 50 up to 1000, is wanted");
    let size = u32::try_from(asked.unwrap_or(20)).map_err(|_| wrong())?;
    match size {
        1..=AT_ONCE => Ok((PageSize::new(size).ok_or_else(wrong)?, 1)),
        _ if size <= MOST && size.is_multiple_of(AT_ONCE) && size > 0 => {
            Ok((PageSize::new(AT_ONCE).ok_or_else(wrong)?, size / AT_ONCE))
        }
        _ => Err(wrong()),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    msg: &'static str,
    code: &'static str,
    trace_id: String,
    success: &'static str,
    model: u64,
}

/// Answers `pool.product.total`.
pub async fn total(asked: Asked) -> Told {
    let pool = PoolId::new(asked.need_long("palletId")?);
    let audience = asked.audience("language", None)?;
    let pools = asked.room::<Catalog>()?.ask(&audience, &AllPools).await?.found;
    let found = pools.iter().find(|one| one.id == pool).ok_or_else(|| Problem::new(Code::PoolNotFound))?;
    let model = match asked.long("categoryId")?.filter(|category| *category > 0) {
        None => found.offers,
        Some(category) => of_category(&asked, pool, category).await?,
    };
    let trace_id = asked.request_id();
    let total = Total { msg: "OK", code: "200", trace_id, success: "true", model };
    asked.answer(&serde_json::json!({"result": total}))
}

/// Offers of a pool in one category, counted page by page.
async fn of_category(asked: &Asked, pool: PoolId, category: i64) -> Result<u64, Refusal> {
    let (catalog, audience) = (asked.room::<Catalog>()?, asked.audience("language", None)?);
    let size = PageSize::new(AT_ONCE).unwrap_or_default();
    let (mut list, mut count) = (PoolPage { pool, ship_to: None, cursor: None, size }, 0);
    loop {
        let found = catalog.ask(&audience, &list).await?.found;
        count += found.items.iter().filter(|offer| offer.category.number() == category).count() as u64;
        let Some(next) = found.next else { return Ok(count) };
        list.cursor = Some(next);
    }
}

#[cfg(test)]
mod tests {
    use super::pieces;

    #[test]
    fn large_pages_are_made_of_whole_ones() {
        let told = |asked| pieces(Some(asked)).ok().map(|(size, pieces)| (size.get(), pieces));
        assert_eq!((told(20), told(50), told(1_000)), (Some((20, 1)), Some((50, 1)), Some((50, 20))));
        assert_eq!((told(0), told(51), told(1_050), told(-1)), (None, None, None, None));
    }
}

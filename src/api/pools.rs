//! Selected assortments: `GET /v1/pools`, `GET /v1/pools/{pool_id}/offers`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::offers::{OfferPageView, Showing};
use crate::api::operations::op;
use crate::catalog::{AllPools, Catalog};
// utoipa takes any `Path` in a handler's arguments for actix's own.
use crate::edge::parts::{Path as InPath, Query};
use crate::edge::reply::Reply;
use crate::model::browse::{Pool, PoolPage};

/// All selected assortments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PoolList)]
pub struct PoolListView<'a> {
    /// The pools.
    items: Vec<PoolView<'a>>,
}

/// A selected assortment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pool)]
pub struct PoolView<'a> {
    /// Id of the pool.
    #[schema(example = "101")]
    id: String,
    /// Name in the asked language.
    #[schema(example = "Best sellers")]
    name: &'a str,
    /// Name in Chinese.
    #[schema(example = "热销爆款")]
    name_original: &'a str,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// Offers in it.
    offers: u64,
}

impl<'a> From<&'a Pool> for PoolView<'a> {
    fn from(pool: &'a Pool) -> Self {
        Self {
            id: pool.id.to_string(),
            name: &pool.name.shown,
            name_original: &pool.name.original,
            name_origin: pool.name.origin.name(),
            offers: pool.offers,
        }
    }
}

/// Lists the selected assortments.
#[utoipa::path(tag = "Catalogue", params(Tongue), responses(
    (status = 200, description = "All pools", body = PoolListView),
    (status = 304, description = "You hold them already; it costs nothing"),
))]
#[get("/v1/pools")]
pub async fn list_pools(
    request: HttpRequest,
    call: Admitted<op::ListPools, Query<Tongue>>,
    catalog: Data<Catalog>,
) -> Reply {
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, call.parts.0.language.as_deref(), None);
    let audience = asked.done(Some(audience))?;
    kept::shown(&request, &catalog, &audience, &AllPools, |pools, _| {
        kept::json(&PoolListView { items: pools.iter().map(PoolView::from).collect() })
    })
    .await
}

/// Which pool.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PoolPath {
    /// Id of the pool.
    #[param(example = "101")]
    pool_id: String,
}

/// Which page of a pool.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PoolQuery {
    /// `next_cursor` of the page before; `ship_to` must stay as it was.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// How many offers a page holds; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50, example = 20)]
    limit: Option<String>,
    /// ISO 3166-1 country the goods go to: offers that may not be sold there are left out.
    #[param(example = "JP")]
    ship_to: Option<String>,
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    #[param(example = "ja")]
    language: Option<String>,
    /// Currency of prices, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    currency: Option<String>,
}

/// Lists the offers of a pool.
///
/// Pages are stable while offers change: go on with `next_cursor`.
#[utoipa::path(tag = "Catalogue", params(PoolPath, PoolQuery), responses(
    (status = 200, description = "A page of offers", body = OfferPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
    (status = 404, description = "`pool_not_found`: no such pool"),
))]
#[get("/v1/pools/{pool_id}/offers")]
pub async fn list_pool_offers(
    request: HttpRequest,
    call: Admitted<op::ListPoolOffers, (InPath<PoolPath>, Query<PoolQuery>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(query)) = &call.parts;
    let mut asked = Asked::default();
    let pool = asked.path("pool_id", &path.pool_id);
    let audience = asked.audience(&request, &call.caller, query.language.as_deref(), query.currency.as_deref());
    let ship_to = asked.query("ship_to", query.ship_to.as_deref());
    let (cursor, size) = (asked.cursor(query.cursor.as_deref()), asked.size(query.limit.as_deref()));
    let page = PoolPage { pool: asked.done(pool)?, ship_to, cursor, size };
    let mode = audience.mode;
    kept::shown(&request, &catalog, &audience, &page, |page, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.page(page)?)
    })
    .await
}

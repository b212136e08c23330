//! Where goods are gathered: `GET /v1/warehouses`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::operations::op;
use crate::catalog::{AllWarehouses, Catalog};
use crate::edge::parts::Query;
use crate::edge::reply::Reply;
use crate::model::warehouse::Site;

/// All warehouses.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WarehousePage)]
pub struct WarehousePageView<'a> {
    /// The warehouses.
    items: Vec<WarehouseView<'a>>,
    /// Always null: one page holds all.
    next_cursor: Option<&'a str>,
    /// How many there are.
    total: usize,
}

/// A domestic warehouse.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Warehouse)]
pub struct WarehouseView<'a> {
    /// What to give as `warehouse` of a quote.
    #[schema(example = "YW01")]
    code: &'a str,
    /// Name in the asked language.
    #[schema(example = "Yiwu consolidation warehouse")]
    name: &'a str,
    /// Name in Chinese.
    #[schema(example = "义乌集运仓")]
    name_original: &'a str,
    /// Code of its place (GB/T 2260).
    #[schema(example = "330782")]
    region_code: Option<&'a str>,
    /// Postal address, in Chinese.
    address: Option<&'a str>,
}

impl<'a> From<&'a [Site]> for WarehousePageView<'a> {
    fn from(sites: &'a [Site]) -> Self {
        let items: Vec<_> = sites.iter().map(WarehouseView::from).collect();
        Self { total: items.len(), items, next_cursor: None }
    }
}

impl<'a> From<&'a Site> for WarehouseView<'a> {
    fn from(site: &'a Site) -> Self {
        Self {
            code: site.code.as_str(),
            name: &site.name.shown,
            name_original: &site.name.original,
            region_code: site.region_code.as_deref(),
            address: site.address.as_deref(),
        }
    }
}

/// Lists the warehouses goods can be gathered at.
#[utoipa::path(tag = "Fulfilment", params(Tongue), responses(
    (status = 200, description = "All warehouses", body = WarehousePageView),
    (status = 304, description = "You hold them already; it costs nothing"),
))]
#[get("/v1/warehouses")]
pub async fn list_warehouses(
    request: HttpRequest,
    call: Admitted<op::ListWarehouses, Query<Tongue>>,
    catalog: Data<Catalog>,
) -> Reply {
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, call.parts.0.language.as_deref(), None);
    let audience = asked.done(Some(audience))?;
    kept::shown(&request, &catalog, &audience, &AllWarehouses, |all, _| {
        kept::json(&WarehousePageView::from(all.as_slice()))
    })
    .await
}

//! One supplier and what it sells: `GET /v1/suppliers/{supplier_id}`, `GET /v1/suppliers/{supplier_id}/offers`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::offers::{OfferPageView, OwnOffersQuery, Showing};
use crate::api::operations::op;
use crate::catalog::Catalog;
// utoipa takes any `Path` in a handler's arguments for actix's own.
use crate::edge::parts::{Path as InPath, Query};
use crate::edge::reply::Reply;
use crate::model::ids::SupplierId;
use crate::model::offer::Text;
use crate::model::search::Search;
use crate::model::supplier::Supplier;

/// Which supplier.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SupplierPath {
    /// Id of the supplier.
    supplier_id: String,
}

/// A supplier, where it is and what its record is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Supplier)]
pub struct SupplierView<'a> {
    /// Id of the supplier.
    id: String,
    /// Name in the asked language.
    name: &'a str,
    /// Name in Chinese.
    name_original: &'a str,
    /// Where `name` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    name_origin: &'static str,
    /// The industrial belt it belongs to.
    #[schema(example = "Yiwu small goods")]
    belt: Option<&'a str>,
    /// The same in Chinese.
    belt_original: Option<&'a str>,
    /// Where `belt` comes from.
    belt_origin: Option<&'static str>,
    /// Province.
    #[schema(example = "Zhejiang")]
    province: Option<&'a str>,
    /// The same in Chinese.
    province_original: Option<&'a str>,
    /// Where `province` comes from.
    province_origin: Option<&'static str>,
    /// City.
    #[schema(example = "Jinhua")]
    city: Option<&'a str>,
    /// The same in Chinese.
    city_original: Option<&'a str>,
    /// Where `city` comes from.
    city_origin: Option<&'static str>,
    /// Code of the place in the Chinese standard GB/T 2260.
    #[schema(example = "330700")]
    region_code: Option<&'a str>,
    /// What the marketplace certifies: `super_factory`, `powerful_merchant`, `certified_factory`, `origin_factory`.
    badges: Vec<&'static str>,
    /// Years on the marketplace.
    years: Option<u32>,
    /// Rating out of five.
    #[schema(example = "4.7")]
    rating: Option<String>,
    /// Share of orders sent in time, 0 to 1.
    #[schema(example = "0.97")]
    on_time_rate: Option<String>,
    /// People employed.
    staff: Option<u32>,
    /// Floor space in square metres.
    area_m2: Option<u32>,
    /// Offers on sale.
    offers: u64,
}

impl<'a> From<&'a Supplier> for SupplierView<'a> {
    fn from(supplier: &'a Supplier) -> Self {
        let shown = |text: &'a Option<Text>| text.as_ref().map(|text| text.shown.as_str());
        let original = |text: &'a Option<Text>| text.as_ref().map(|text| text.original.as_str());
        let origin = |text: &'a Option<Text>| text.as_ref().map(|text| text.origin.name());
        Self {
            id: supplier.id.to_string(),
            name: &supplier.name.shown,
            name_original: &supplier.name.original,
            name_origin: supplier.name.origin.name(),
            belt: shown(&supplier.belt),
            belt_original: original(&supplier.belt),
            belt_origin: origin(&supplier.belt),
            province: shown(&supplier.province),
            province_original: original(&supplier.province),
            province_origin: origin(&supplier.province),
            city: shown(&supplier.city),
            city_original: original(&supplier.city),
            city_origin: origin(&supplier.city),
            region_code: supplier.region_code.as_deref(),
            badges: supplier.badges.iter().map(|badge| badge.name()).collect(),
            years: supplier.years,
            rating: supplier.rating.map(|rating| rating.to_string()),
            on_time_rate: supplier.on_time_rate.map(|rate| rate.to_string()),
            staff: supplier.staff,
            area_m2: supplier.area_m2,
            offers: supplier.offers,
        }
    }
}

/// Returns one supplier.
#[utoipa::path(tag = "Catalogue", params(SupplierPath, Tongue), responses(
    (status = 200, description = "The supplier", body = SupplierView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`supplier_not_found`: no such supplier"),
))]
#[get("/v1/suppliers/{supplier_id}")]
pub async fn get_supplier(
    request: HttpRequest,
    call: Admitted<op::GetSupplier, (InPath<SupplierPath>, Query<Tongue>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(tongue)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<SupplierId>("supplier_id", &path.supplier_id);
    let audience = asked.audience(&request, &call.caller, tongue.language.as_deref(), None);
    let id = asked.done(id)?;
    kept::shown(&request, &catalog, &audience, &id, |supplier, _| kept::json(&SupplierView::from(supplier))).await
}

/// Searches the offers of one supplier.
///
/// Without words all of them. Pages are stable while offers change: go on with `next_cursor`.
#[utoipa::path(tag = "Catalogue", params(SupplierPath, OwnOffersQuery), responses(
    (status = 200, description = "A page of offers", body = OfferPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
    (status = 404, description = "`supplier_not_found`: no such supplier"),
))]
#[get("/v1/suppliers/{supplier_id}/offers")]
pub async fn list_supplier_offers(
    request: HttpRequest,
    call: Admitted<op::ListSupplierOffers, (InPath<SupplierPath>, Query<OwnOffersQuery>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(query)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<SupplierId>("supplier_id", &path.supplier_id);
    let (audience, search) = query.search().read_with(asked, &request, &call.caller)?;
    if let Some(id) = id {
        // Nobody's offers are not the same as no offers.
        catalog.ask(&audience, &id).await?;
    }
    let (search, mode) = (Search { supplier: id, ..search }, audience.mode);
    kept::shown(&request, &catalog, &audience, &search, |page, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.page(page)?)
    })
    .await
}

//! Freight estimates: `POST /v1/freight-estimates`.

mod body;
mod view;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use jiff::tz::TimeZone;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::catalog::{Audience, Catalog, Error, FreightLine, FreightWish};
use crate::edge::parts::{Json, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Code;
use crate::landed::{self, Ambiguous, InForce, Landed, Origin, Shipment};
use crate::model::freight::{Freight, Load, SentLine, SentTo};
use crate::model::partner::Mode;
use crate::model::quote::Warehouse;
use crate::model::region::RegionCode;
use crate::model::warehouse::Site;
use body::{FreightBody, Wished, WishedPlace};
use view::{EstimateView, PlaceView};

/// In which currency amounts are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ShownIn {
    /// Currency of amounts, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    currency: Option<String>,
}

/// Estimates freight.
///
/// What suppliers charge for the road to a warehouse or a place in the country: an order of the same lines to a warehouse
/// is charged the same. With `destination` also what it costs at the border of another country, as an estimate. Lines are
/// priced though something may stand against ordering them so; `problems` says what.
#[utoipa::path(tag = "Quotes", params(ShownIn), request_body = FreightBody, responses(
    (status = 200, description = "What the road costs, supplier by supplier", body = EstimateView),
    (status = 409, description = "`address_ambiguous`: `candidates` lists the places it may mean; `region_not_served`: no domestic carrier goes there"),
))]
#[post("/v1/freight-estimates")]
pub async fn create_freight_estimate(
    request: HttpRequest,
    call: Admitted<op::CreateFreightEstimate, (Json<FreightBody>, Query<ShownIn>)>,
    catalog: Data<Catalog>,
    landed: Data<Landed>,
) -> Reply {
    let (Json(body), Query(shown)) = &call.parts;
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, None, shown.currency.as_deref());
    let tables = landed.in_force();
    let wished = body.read(&mut asked, &tables, call.caller.mode == Mode::Sandbox);
    let wished = asked.done(wished)?;
    let (to, place) = resolved(&catalog, &audience, &wished.to, landed.usual_warehouse()).await?;
    let region = place.region_code.parse().map_err(|_| Problem::new(Code::Internal))?;
    let ship_to = wished.destination.as_ref().map(|(country, _)| country.clone());
    let wish = FreightWish { lines: wished.lines.clone(), to, region, ship_to };
    let answer = catalog.freight(&audience, &wish).await?;
    let options = abroad(&tables, &wished, &answer.found, answer.fetched_at_ms)?;
    let view = EstimateView::of(&answer.found, place, options.as_deref(), &answer.exchange);
    reply::written(&request, StatusCode::OK, &view.ok_or_else(|| Problem::from(Error::Unshowable))?)
}

/// Where to, for the catalogue and for people.
async fn resolved(
    catalog: &Catalog,
    audience: &Audience,
    to: &WishedPlace,
    usual: &Warehouse,
) -> Result<(SentTo, PlaceView), Problem> {
    let region = |region: &landed::Region, rest: Option<&String>| PlaceView {
        region_code: region.code.to_string(),
        level: region.level().name(),
        name: Some(region.name.clone()),
        warehouse: None,
        address_rest: rest.cloned(),
    };
    match to {
        WishedPlace::Region(place) => Ok((SentTo::Region(place.code), region(place, None))),
        WishedPlace::Address(place, rest) => Ok((SentTo::Region(place.code), region(place, Some(rest)))),
        WishedPlace::Several(places) => Err(Ambiguous(places.clone()).into()),
        WishedPlace::Usual => warehouse(catalog, audience, usual).await,
        WishedPlace::Warehouse(code) => warehouse(catalog, audience, code).await,
    }
}

async fn warehouse(catalog: &Catalog, audience: &Audience, code: &Warehouse) -> Result<(SentTo, PlaceView), Problem> {
    let site = catalog.warehouse(audience, code).await?;
    let place = place_of(&site).ok_or_else(|| Problem::new(Code::UpstreamNonsense))?;
    Ok((SentTo::Warehouse(code.clone()), place))
}

fn place_of(site: &Site) -> Option<PlaceView> {
    let code: RegionCode = site.region_code.as_deref()?.parse().ok()?;
    Some(PlaceView {
        region_code: code.to_string(),
        level: code.level().name(),
        name: landed::Region::of(code).map(|region| region.name),
        warehouse: Some(site.code.to_string()),
        address_rest: None,
    })
}

/// What it costs at the border of the country it goes to, if that was asked for.
fn abroad(
    landed: &InForce,
    wished: &Wished,
    freight: &Freight,
    fetched_at_ms: i64,
) -> Result<Option<Vec<landed::Estimate>>, Problem> {
    let Some((country, line)) = &wished.destination else { return Ok(None) };
    let unshowable = || Problem::from(Error::Unshowable);
    let (_, domestic_freight) = freight.sums().ok_or_else(unshowable)?;
    let day = jiff::Timestamp::from_millisecond(fetched_at_ms).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    // A line's chapter is found by its variant, or by its offer where none was named.
    let chapter = |line: &SentLine| {
        let same = |wish: &FreightLine| match wish.sku {
            Some(sku) => sku == line.sku,
            None => wish.offer == Some(line.offer),
        };
        let at = wished.lines.iter().position(same)?;
        wished.chapters.get(at).copied().flatten()
    };
    let lines = freight.loads.iter().flat_map(|load| &load.lines).map(|line| (line.amount, chapter(line))).collect();
    let sum = |of: fn(&Load) -> i64| {
        freight.loads.iter().try_fold(0_i64, |sum, load| sum.checked_add(of(load))).ok_or_else(unshowable)
    };
    let shipment = Shipment {
        lines,
        domestic_freight,
        weight_g: sum(|load| load.weight_g)?,
        volume_cm3: sum(|load| load.volume_cm3)?,
        origin: Origin { source: "catalogue".to_owned(), date: day },
    };
    landed.estimate(&shipment, country, line.as_deref()).map(Some).ok_or_else(unshowable)
}

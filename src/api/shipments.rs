//! Parcels: those of an order, and one by its id, with their tracking.

mod words;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::{Asked, Tongue};
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::orders::OrderPath;
use crate::edge::parts::{Path, Query};
use crate::edge::reply::{self, Reply};
use crate::fulfilment::Fulfilment;
use crate::model::ids::{OrderId, ShipmentId};
use crate::model::language::Language;
use crate::model::shipment::{Packed, Shipment, Trace};

/// The parcels of an order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentPage)]
pub struct ShipmentPageView {
    /// The parcels; none before the supplier sent any.
    items: Vec<ShipmentView>,
    /// Always null: one page holds all.
    next_cursor: Option<String>,
}

/// A parcel on its way to the warehouse.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub struct ShipmentView {
    /// Id.
    #[schema(example = "2600000000000123456")]
    id: String,
    /// The order it belongs to.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// The carrier's Chinese name.
    #[schema(example = "中通快递")]
    carrier: String,
    /// The carrier's code.
    #[schema(example = "ZTO")]
    carrier_code: String,
    /// The carrier's number of it.
    tracking_number: String,
    /// `collected`, `in_transit` or `delivered`.
    #[schema(example = "in_transit")]
    state: &'static str,
    /// What is in it.
    lines: Vec<PackedView>,
    /// When it was sent.
    #[schema(format = DateTime)]
    shipped_at: Option<String>,
    /// When the warehouse signed for it.
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
    /// Its way so far, oldest first.
    tracking: Vec<TraceView>,
}

/// What a parcel holds of one line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ShipmentLine)]
pub struct PackedView {
    /// The variant.
    sku_id: String,
    /// How many pieces.
    quantity: i64,
}

/// A mark on a parcel's way.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TrackingEvent)]
pub struct TraceView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// `collected`, `departed`, `arrived`, `out_for_delivery`, `delivered`, `trouble`, or `other` when only the
    /// carrier's own words tell.
    #[schema(example = "collected")]
    status: &'static str,
    /// What that means, in the asked language.
    #[schema(example = "Collected by the carrier")]
    description: &'static str,
    /// What happened, in the carrier's Chinese words.
    #[schema(example = "快件已揽收")]
    description_original: String,
    /// Where, in Chinese.
    #[schema(example = "金华市")]
    place: String,
}

impl ShipmentView {
    fn new(order: &OrderId, parcel: &Shipment, language: Language) -> Self {
        Self {
            id: parcel.id.to_string(),
            order_id: order.to_string(),
            carrier: parcel.carrier.clone(),
            carrier_code: parcel.carrier_code.clone(),
            tracking_number: parcel.tracking_number.clone(),
            state: parcel.transit.name(),
            lines: parcel.packed.iter().map(PackedView::from).collect(),
            shipped_at: parcel.shipped_at.map(|moment| moment.to_string()),
            delivered_at: parcel.delivered_at.map(|moment| moment.to_string()),
            tracking: parcel.traces.iter().map(|trace| TraceView::new(trace, language)).collect(),
        }
    }
}

impl From<&Packed> for PackedView {
    fn from(packed: &Packed) -> Self {
        Self { sku_id: packed.sku.to_string(), quantity: packed.quantity }
    }
}

impl TraceView {
    fn new(trace: &Trace, language: Language) -> Self {
        Self {
            at: trace.at.to_string(),
            status: trace.mark.name(),
            description: words::of(trace.mark, language),
            description_original: trace.description.clone(),
            place: trace.place.clone(),
        }
    }
}

/// The path of an order and the language of the answer.
type ListParts = (Path<OrderPath>, Query<Tongue>);

/// The path of a parcel and the language of the answer.
type GetParts = (Path<ShipmentPath>, Query<Tongue>);

/// Lists the parcels of an order with their tracking.
#[utoipa::path(tag = "Fulfilment", params(OrderPath, Tongue), responses(
    (status = 200, description = "The parcels", body = ShipmentPageView),
    (status = 304, description = "Nothing is new; it costs nothing"),
    (status = 404, description = "`order_not_found`"),
))]
#[get("/v1/orders/{order_id}/shipments")]
pub async fn list_shipments(
    request: HttpRequest,
    call: Admitted<op::ListShipments, ListParts>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), Query(tongue)) = &call.parts;
    let order = path.id()?;
    let mut asked = Asked::default();
    let language = asked.audience(&request, &call.caller, tongue.language.as_deref(), None).language;
    let language = asked.done(Some(language))?;
    let parcels = fulfilment.shipments(&call.caller, &order).await?;
    let items = parcels.iter().map(|parcel| ShipmentView::new(&order, parcel, language)).collect();
    Ok(by_language(reply::read(&request, &ShipmentPageView { items, next_cursor: None })?))
}

/// Names a parcel.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ShipmentPath {
    /// Id of the parcel.
    #[param(example = "2600000000000123456")]
    shipment_id: String,
}

/// Reads a parcel with its tracking.
#[utoipa::path(tag = "Fulfilment", params(ShipmentPath, Tongue), responses(
    (status = 200, description = "The parcel", body = ShipmentView),
    (status = 304, description = "Nothing is new; it costs nothing"),
    (status = 404, description = "`shipment_not_found`"),
))]
#[get("/v1/shipments/{shipment_id}")]
pub async fn get_shipment(
    request: HttpRequest,
    call: Admitted<op::GetShipment, GetParts>,
    fulfilment: Data<Fulfilment>,
) -> Reply {
    let (Path(path), Query(tongue)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<ShipmentId>("shipment_id", &path.shipment_id);
    let language = asked.audience(&request, &call.caller, tongue.language.as_deref(), None).language;
    let id = asked.done(id)?;
    let (order, parcel) = fulfilment.shipment(&call.caller, id).await?;
    Ok(by_language(reply::read(&request, &ShipmentView::new(&order, &parcel, language))?))
}

/// Says that another `Accept-Language` is another answer.
fn by_language(mut response: HttpResponse) -> HttpResponse {
    use actix_web::http::header::{HeaderValue, VARY};
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Language"));
    response
}

//! The parcels of an order: `GET /v1/orders/{order_id}/shipments`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::orders::OrderPath;
use crate::edge::parts::Path;
use crate::edge::reply::{self, Reply};
use crate::model::shipment::{Packed, Shipment, Trace};
use crate::orders::Orders;

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
    id: String,
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
    /// Where, in Chinese.
    #[schema(example = "金华市")]
    place: String,
    /// What happened, in the carrier's Chinese words.
    #[schema(example = "已揽收")]
    description: String,
}

impl From<&Shipment> for ShipmentView {
    fn from(parcel: &Shipment) -> Self {
        Self {
            id: parcel.id.to_string(),
            carrier: parcel.carrier.clone(),
            carrier_code: parcel.carrier_code.clone(),
            tracking_number: parcel.tracking_number.clone(),
            state: parcel.transit.name(),
            lines: parcel.packed.iter().map(PackedView::from).collect(),
            shipped_at: parcel.shipped_at.map(|moment| moment.to_string()),
            delivered_at: parcel.delivered_at.map(|moment| moment.to_string()),
            tracking: parcel.traces.iter().map(TraceView::from).collect(),
        }
    }
}

impl From<&Packed> for PackedView {
    fn from(packed: &Packed) -> Self {
        Self { sku_id: packed.sku.to_string(), quantity: packed.quantity }
    }
}

impl From<&Trace> for TraceView {
    fn from(trace: &Trace) -> Self {
        Self { at: trace.at.to_string(), place: trace.place.clone(), description: trace.description.clone() }
    }
}

/// Lists the parcels of an order with their tracking.
#[utoipa::path(tag = "Orders", params(OrderPath), responses(
    (status = 200, description = "The parcels", body = ShipmentPageView),
    (status = 304, description = "Nothing is new; it costs nothing"),
    (status = 404, description = "`order_not_found`"),
))]
#[get("/v1/orders/{order_id}/shipments")]
pub async fn list_shipments(
    request: HttpRequest,
    call: Admitted<op::ListShipments, Path<OrderPath>>,
    orders: Data<Orders>,
) -> Reply {
    let parcels = orders.shipments(&call.caller, &call.parts.0.id()?).await?;
    let items = parcels.iter().map(ShipmentView::from).collect();
    reply::read(&request, &ShipmentPageView { items, next_cursor: None })
}

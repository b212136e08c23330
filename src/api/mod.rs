//! Partner API v1: the gate, the operations, their views, and the documentation. Rooms do the work; a handler
//! unwraps, asks one room, wraps.

mod always;
mod asked;
mod basket;
pub mod categories;
pub mod consignments;
pub mod docs;
pub mod events;
pub mod freight;
pub mod gate;
pub mod images;
pub mod inquiries;
mod inquiry_body;
mod inquiry_view;
mod kept;
pub mod limits;
pub mod links;
pub mod offers;
mod once;
pub mod openapi;
pub mod operations;
pub mod order_notes;
mod order_view;
mod order_wish;
pub mod orders;
pub mod payments;
pub mod pictures;
mod plain_text;
pub mod pools;
mod price;
pub mod quotes;
pub mod rankings;
mod refund_body;
mod refund_view;
pub mod refunds;
pub mod shipments;
pub mod signature;
mod source_match_view;
pub mod source_matches;
pub mod suppliers;
pub mod unmatched;
pub mod usage;
pub mod vouchers;
pub mod warehouses;
pub mod webhook_endpoints;
mod webhook_view;

use actix_web::http::header::HeaderValue;
use actix_web::web::{Bytes, Data};
use actix_web::{App, HttpResponse, get};
use utoipa::openapi::OpenApi;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

/// Registers every operation, once, for routing and for the OpenAPI document.
pub fn operations(config: &mut ServiceConfig) {
    config
        .service(offers::search_offers)
        // Before the offer's id, which would take `batch` for one.
        .service(offers::batch::batch_offers)
        .service(offers::get_offer)
        .service(offers::like::list_related_offers)
        .service(offers::like::get_offer_trends)
        .service(images::create_image)
        .service(links::resolve_link)
        .service(categories::list_categories)
        .service(categories::get_category)
        .service(suppliers::get_supplier)
        .service(suppliers::list_supplier_offers)
        .service(pools::list_pools)
        .service(pools::list_pool_offers)
        .service(rankings::list_rankings)
        .service(rankings::list_trending_keywords)
        .service(freight::create_freight_estimate)
        .service(quotes::create_quote)
        .service(quotes::get_quote)
        .service(orders::create_order)
        .service(orders::list_orders)
        // Before the order's id, which would take `by-reference` for one.
        .service(orders::get_order_by_reference)
        .service(orders::get_order)
        .service(orders::cancel_order)
        .service(orders::confirm_receipt)
        .service(order_notes::create_order_note)
        .service(shipments::list_shipments)
        .service(shipments::get_shipment)
        .service(warehouses::list_warehouses)
        .service(consignments::create_consignment)
        .service(consignments::list_consignments)
        // Before the consignment's id, which would take `by-reference` for one.
        .service(consignments::get_consignment_by_reference)
        .service(consignments::get_consignment)
        .service(consignments::create_receipt)
        .service(consignments::create_inspection)
        .service(consignments::create_handover)
        .service(consignments::cancel_consignment)
        .service(payments::list_payment_options)
        .service(payments::create_payment)
        .service(payments::get_payment)
        .service(events::list_events)
        .service(events::acknowledge_events)
        .service(webhook_endpoints::create_webhook_endpoint)
        .service(webhook_endpoints::list_webhook_endpoints)
        .service(webhook_endpoints::get_webhook_endpoint)
        .service(webhook_endpoints::update_webhook_endpoint)
        .service(webhook_endpoints::delete_webhook_endpoint)
        .service(webhook_endpoints::rotate_webhook_secret)
        .service(webhook_endpoints::enable_webhook_endpoint)
        .service(webhook_endpoints::test_webhook_endpoint)
        .service(webhook_endpoints::list_webhook_deliveries)
        .service(webhook_endpoints::resend_webhook_deliveries)
        .service(refunds::list_refund_reasons)
        .service(refunds::create_refund)
        .service(refunds::list_refunds)
        .service(refunds::get_refund)
        .service(refunds::withdraw_refund)
        .service(refunds::modify_refund)
        .service(refunds::create_return_shipment)
        .service(refunds::create_arbitration)
        .service(source_matches::create_source_match)
        .service(source_matches::get_source_match)
        .service(inquiries::create_inquiry)
        .service(inquiries::list_inquiries)
        .service(inquiries::get_inquiry)
        .service(inquiries::counter_quotation)
        .service(inquiries::accept_quotation)
        .service(inquiries::withdraw_inquiry)
        .service(vouchers::create_voucher)
        .service(vouchers::get_voucher)
        .service(limits::get_limits)
        .service(limits::get_me)
        .service(usage::get_usage)
        .service(signature::debug_signature);
}

/// The OpenAPI document of `/v1`.
pub fn document() -> OpenApi {
    let (_, collected) = App::new().into_utoipa_app().configure(operations).split_for_parts();
    openapi::complete(collected)
}

/// The OpenAPI document as it is served.
#[derive(Clone, Debug)]
pub struct DocumentText {
    bytes: Bytes,
    /// Worked out once: the document is large, and anyone may ask for it.
    etag: HeaderValue,
}

impl From<Bytes> for DocumentText {
    fn from(bytes: Bytes) -> Self {
        let etag = HeaderValue::from_str(&crate::edge::reply::etag(&bytes));
        Self { etag: etag.unwrap_or_else(|_| HeaderValue::from_static("\"partner\"")), bytes }
    }
}

/// Serves the OpenAPI document.
#[get("/openapi/partner.json")]
pub async fn serve_document(text: Data<DocumentText>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "public, max-age=300"))
        .insert_header(("etag", text.etag.clone()))
        .body(text.bytes.clone())
}

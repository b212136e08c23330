//! The calls of this group.

use crate::model::partner::Scope;
use crate::param2::dispatch::{Kind, LOGISTICS, Row, XB, may, must};
use crate::param2::form::Form;
use crate::param2::logistics::{carriers, freight, label, parcels, template};
use crate::param2::trade::spare::{BARE_MSG, TRACED};

const READ: &[Scope] = &[Scope::OrdersRead];
const WRITE: &[Scope] = &[Scope::OrdersWrite];
const ESTIMATE: &[Scope] = &[Scope::CatalogRead, Scope::QuotesWrite];
/// `{"result": {"success", "msg", "model"}}`
const OWNER: Form = Form::NESTED.failing_as("", "msg").telling("model");
/// `{"result": {"success", "msg", "data"}}`
const LABEL: Form = Form::NESTED.failing_as("", "msg").telling("data");

/// Parcels.
pub const ROWS: &[Row] = &[
    Row::look(LOGISTICS, "alibaba.trade.getLogisticsInfos.buyerView", "list_shipments", READ)
        .takes(&[must("orderId", Kind::Long), may("fields", Kind::Text), must("webSite", Kind::Text)])
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(parcels::infos(asked)))
        .told(
            "An order's parcels and what is in them.",
            "fulfilment, orders",
            "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told",
        ),
    Row::look(LOGISTICS, "alibaba.trade.getLogisticsTraceInfo.buyerView", "list_shipments", READ)
        .takes(&[may("logisticsId", Kind::Text), must("orderId", Kind::Long), must("webSite", Kind::Text)])
        .shaped(Form::OWN)
        .by(|asked| Box::pin(parcels::traces(asked)))
        .told(
            "The way of an order's parcels.",
            "fulfilment, orders",
            "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told",
        ),
    Row::look(LOGISTICS, "alibaba.logistics.OpQueryLogisticCompanyList", "list_shipments", READ)
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(carriers::list(asked)))
        .told(
            "Carriers and their codes.",
            "fulfilment",
            "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told",
        ),
    Row::look(LOGISTICS, "alibaba.logistics.OpQueryLogisticCompanyList.offline", "list_shipments", READ)
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(carriers::list(asked)))
        .told("The same.", "fulfilment", "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told"),
    Row::look(XB, "bigcustomer.mailNo.query", "list_shipments", READ)
        .takes(&[must("outOrderId", Kind::Text)])
        .shaped(TRACED)
        .by(|asked| Box::pin(parcels::mail_numbers(asked)))
        .told(
            "The carriers' numbers of an order's parcels.",
            "fulfilment, orders",
            "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told",
        ),
    Row::look(XB, "logistics.order.getOutOrderId", "get_shipment", READ)
        .takes(&[may("shipmentId", Kind::Text), may("noMainPartCode", Kind::Text)])
        .shaped(OWNER)
        .by(|asked| Box::pin(parcels::owner(asked)))
        .told(
            "Whose a parcel is, by the number that is written on it.",
            "fulfilment, orders",
            "tests/it/param2/warehouse.rs::a_parcel_without_an_owner_is_found_by_its_number",
        ),
    Row::order(XB, "label.url.receive", "create_order_note", WRITE)
        .takes(&[must("orderId", Kind::Text), may("outOrderId", Kind::Text), must("printUrls", Kind::Text)])
        .signed_only()
        .shaped(LABEL)
        .by(|asked| Box::pin(label::receive(asked)))
        .told(
            "Has the supplier print labels: their addresses are added to the note to it.",
            "orders",
            "tests/it/param2/warehouse.rs::labels_reach_the_supplier_once",
        ),
    Row::look(XB, "product.freight.estimate", "create_freight_estimate", ESTIMATE)
        .takes(&[must("productFreightQueryParamsNew", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000"))
        .by(|asked| Box::pin(freight::estimate(asked)))
        .told(
            "What the road inside the country costs. Yuan as texts.",
            "catalog, landed",
            "tests/it/param2/freight.rs::the_road_costs_what_the_newer_face_says",
        ),
    Row::look(LOGISTICS, "alibaba.logistics.myFreightTemplate.list.get", "create_freight_estimate", ESTIMATE)
        .takes(&[
            may("templateId", Kind::Long),
            may("querySubTemplate", Kind::Boolean),
            may("queryRate", Kind::Boolean),
        ])
        .shaped(BARE_MSG)
        .by(|asked| Box::pin(template::list(asked)))
        .told(
            "What a seller takes for the road to each warehouse; a buyer has no template of its own. Fen.",
            "catalog",
            "tests/it/param2/freight.rs::a_sellers_template_says_what_estimates_are_reckoned_by",
        ),
];

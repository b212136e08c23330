//! The calls of this group.

use crate::model::partner::Scope;
use crate::param2::dispatch::{Kind, LOGISTICS, Row, XB, may, must};
use crate::param2::form::{Form, Layout};
use crate::param2::logistics::{carriers, parcels};

const READ: &[Scope] = &[Scope::OrdersRead];
/// `{"result": {"msg", "traceId", "success", "model"}}`; the call writes a success itself.
const MAIL: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("", "msg") };

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
        .shaped(MAIL)
        .by(|asked| Box::pin(parcels::mail_numbers(asked)))
        .told(
            "The carriers' numbers of an order's parcels.",
            "fulfilment, orders",
            "tests/it/param2/aftersale.rs::parcels_and_their_way_are_told",
        ),
];

//! A refund as the platform tells it. Fen.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::model::member;
use crate::model::order::{Actor, Order};
use crate::model::refund::{Event, Kind, Refund, Remedy, State};
use crate::param2::aftersale::reason;
use crate::param2::dates;
use crate::param2::trade::{entry, view, words};

/// `OpOrderRefundModel`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundModel {
    apply_carriage: i64,
    apply_payment: i64,
    apply_reason: String,
    apply_reason_id: i64,
    apply_sub_reason_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    buyer_logistics_name: Option<String>,
    buyer_member_id: String,
    buyer_login_id: String,
    buyer_send_goods: bool,
    can_refund_payment: i64,
    crm_modify_refund: bool,
    dispute_request: u8,
    dispute_type: u8,
    ext_info: BTreeMap<&'static str, &'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freight_bill: Option<String>,
    frozen_fund: i64,
    gmt_apply: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_completed: Option<String>,
    gmt_create: String,
    gmt_modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    gmt_time_out: Option<String>,
    goods_received: bool,
    goods_status: u8,
    id: i64,
    new_refund_return: bool,
    only_refund: bool,
    order_entry_count_map: BTreeMap<String, u32>,
    order_entry_id_list: Vec<i64>,
    order_id: i64,
    product_name: String,
    refund_carriage: i64,
    refund_goods: bool,
    refund_id: String,
    refund_payment: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<String>,
    reject_reason_id: i64,
    reject_times: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    seller_receive_address: Option<String>,
    seller_delay_disburse: bool,
    seller_member_id: String,
    seller_login_id: String,
    status: &'static str,
    support_new_steppay: bool,
    time_out_freeze: bool,
    trade_type_str: &'static str,
    refund_operation_list: Vec<Operation>,
}

/// `OpOrderRefundOperationModel`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    after_operate_status: &'static str,
    before_operate_status: &'static str,
    close_refund_step_id: i64,
    crm_modify_refund: bool,
    // The platform's own spelling.
    discription: String,
    gmt_create: String,
    gmt_modified: String,
    id: i64,
    message_status: u8,
    msg_type: u8,
    operate_remark: String,
    operate_type_int: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    operator_login_id: Option<String>,
    operator_role_id: u8,
    refund_id: String,
}

/// What happened, in the platform's words and by its numbers; what is not here is the gateway's own affair.
const OPERATIONS: &[(Kind, &str, u8)] = &[
    (Kind::Accepted, "买家申请退款协议，等待卖家确认", 1),
    (Kind::Modified, "买家修改退款协议，等待卖家确认", 2),
    (Kind::Agreed, "卖家同意退款协议", 3),
    (Kind::Refused, "卖家拒绝退款协议，等待买家修改", 4),
    (Kind::ReturnAwaited, "卖家同意退款协议，等待买家退货", 3),
    (Kind::ReturnSent, "买家退货", 10),
    (Kind::ArbitrationAsked, "买家申请平台介入", 11),
    (Kind::Succeeded, "退款成功", 19),
    (Kind::Closed, "退款关闭", 20),
];

impl RefundModel {
    /// The refund, of an order that was placed for this account; none while the catalogue has given it no number.
    pub fn of(refund: &Refund, order: &Order, account: &str) -> Option<Self> {
        let id = refund.known.catalogue_refund?.number();
        let deed = &refund.deed;
        let entries = entry::all(order);
        let lines = || {
            deed.lines.iter().filter_map(|line| {
                let (number, _) = entries.iter().find(|(_, known)| known.sku == line.sku)?;
                Some((*number, line.quantity.get()))
            })
        };
        let back = refund.known.agreed.filter(|_| refund.state == State::Succeeded).map_or(0, |agreed| agreed.minor);
        let freight_back = if back == 0 { 0 } else { refund.freight().minor.min(back) };
        let (is_return, was_sent) = (deed.remedy == Remedy::Return, refund.has_been(State::ReturnSent));
        let is_received = is_return || words::of_order(order).0 == "success";
        let first = deed.lines.first().and_then(|line| order.deed.basket.lines.iter().find(|one| one.sku == line.sku));
        Some(Self {
            apply_carriage: refund.freight().minor,
            apply_payment: refund.amount().minor - refund.freight().minor,
            apply_reason: deed.reason.to_string(),
            apply_reason_id: reason::id(&deed.reason),
            apply_sub_reason_id: 0,
            buyer_logistics_name: refund.known.parcel.as_ref().map(|parcel| parcel.carrier.to_string()),
            buyer_member_id: member::id_of(account),
            buyer_login_id: account.to_owned(),
            buyer_send_goods: was_sent,
            can_refund_payment: order.payable.minor - order.refunded.minor,
            crm_modify_refund: false,
            dispute_request: if is_return { 3 } else { 1 },
            dispute_type: 1,
            ext_info: BTreeMap::from([("payMode", "alipay")]),
            freight_bill: refund.known.parcel.as_ref().map(|parcel| parcel.tracking_number.to_string()),
            frozen_fund: -1,
            gmt_apply: dates::wire(deed.created_at),
            gmt_completed: refund.known.refunded_at.map(dates::wire),
            gmt_create: dates::wire(deed.created_at),
            gmt_modified: dates::wire(refund.updated_at),
            gmt_time_out: refund.deadline().map(dates::wire),
            goods_received: is_received,
            goods_status: if was_sent { 3 } else { 1 + u8::from(is_received) },
            id,
            new_refund_return: is_return,
            only_refund: !is_return,
            order_entry_count_map: lines().map(|(number, count)| (number.to_string(), count)).collect(),
            order_entry_id_list: lines().map(|(number, _)| number).collect(),
            order_id: deed.catalogue_order.number(),
            product_name: first.map(|line| line.title.clone()).unwrap_or_default(),
            refund_carriage: freight_back,
            refund_goods: is_return,
            refund_id: format!("TQ{id}"),
            refund_payment: back - freight_back,
            reject_reason: refund.known.supplier_note.clone().filter(|_| refund.has_been(State::Refused)),
            reject_reason_id: 0,
            reject_times: refund.events.iter().filter(|event| event.kind == Kind::Refused).count(),
            seller_receive_address: refund.known.return_address.clone(),
            seller_delay_disburse: false,
            seller_member_id: format!("b2b-{}", order.deed.basket.supplier),
            seller_login_id: order.deed.basket.supplier.to_string(),
            status: words::of_refund(refund.state).0,
            support_new_steppay: true,
            time_out_freeze: false,
            trade_type_str: view::TRADE_TYPE,
            refund_operation_list: operations(refund, account),
        })
    }
}

/// What happened to a refund of this account's, newest first.
pub fn operations(refund: &Refund, account: &str) -> Vec<Operation> {
    let Some(id) = refund.known.catalogue_refund.map(|number| number.number()) else { return Vec::new() };
    let mut before = words::of_refund(State::Requested).0;
    let mut told = Vec::new();
    for event in &refund.events {
        let after = words::of_refund(event.kind.leads_to()).0;
        if let Some((_, remark, number)) = OPERATIONS.iter().find(|(kind, _, _)| *kind == event.kind) {
            told.push(Operation {
                after_operate_status: after,
                before_operate_status: before,
                close_refund_step_id: 0,
                crm_modify_refund: false,
                discription: said(event).unwrap_or_else(|| (*remark).to_owned()),
                gmt_create: dates::wire(event.at),
                gmt_modified: dates::wire(event.at),
                // Its place in the story of this refund.
                id: (id % 1_000_000_000_000_000) * 1_000 + i64::from(event.version),
                message_status: 3,
                msg_type: 7,
                operate_remark: (*remark).to_owned(),
                operate_type_int: *number,
                operator_login_id: (event.actor == Actor::Partner).then(|| account.to_owned()),
                operator_role_id: role(event),
                refund_id: format!("TQ{id}"),
            });
            before = after;
        }
    }
    told.reverse();
    told
}

fn said(event: &Event) -> Option<String> {
    let facts = &event.facts;
    facts.supplier_note.clone().or_else(|| facts.description.clone())
}

/// 1 buyer, 2 seller, 3 the platform.
fn role(event: &Event) -> u8 {
    match (event.actor, event.kind) {
        (_, Kind::Accepted | Kind::Modified | Kind::ReturnSent | Kind::ArbitrationAsked) => 1,
        (Actor::Catalogue, _) => 2,
        (Actor::Partner, _) => 1,
        _ => 3,
    }
}

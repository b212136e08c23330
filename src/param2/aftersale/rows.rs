//! The calls of this group.

use crate::auth::Class;
use crate::model::partner::Scope;
use crate::param2::aftersale::{create, show, steps, voucher};
use crate::param2::dispatch::{Kind, Parameter, Row, TRADE, may, must};
use crate::param2::form::Form;
use crate::param2::trade::spare::{BARE, INFO, MODEL};

const READ: &[Scope] = &[Scope::OrdersRead];
const WRITE: &[Scope] = &[Scope::RefundsWrite];
const PICTURES: &[Scope] = &[Scope::RefundsWrite, Scope::FulfilmentWrite];
/// A picture of 1 MB, in base64 and percent-encoded.
const PICTURE_BYTES: usize = 3 << 20;

const CREATE: &[Parameter] = &[
    must("orderId", Kind::Long),
    must("orderEntryIds", Kind::Json),
    must("disputeRequest", Kind::Text),
    must("applyPayment", Kind::Long),
    must("applyCarriage", Kind::Long),
    must("applyReasonId", Kind::Long),
    must("description", Kind::Text),
    must("goodsStatus", Kind::Text),
    may("vouchers", Kind::Json),
    may("orderEntryCountList", Kind::Json),
];
const LIST: &[Parameter] = &[
    may("orderId", Kind::Long),
    may("applyStartTime", Kind::Date),
    may("applyEndTime", Kind::Date),
    may("modifyStartTime", Kind::Date),
    may("modifyEndTime", Kind::Date),
    may("refundStatusSet", Kind::Json),
    may("currentPageNum", Kind::Long),
    may("pageSize", Kind::Long),
    may("dipsuteType", Kind::Long),
];

/// Refunds.
pub const ROWS: &[Row] = &[
    Row::look(TRADE, "alibaba.trade.getRefundReasonList", "list_refund_reasons", READ)
        .takes(&[must("orderId", Kind::Long), must("orderEntryIds", Kind::Json), must("goodsStatus", Kind::Text)])
        .shaped(MODEL)
        .by(|asked| Box::pin(create::reasons(asked)))
        .told(
            "Reasons that can be given now.",
            "aftersale",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
    Row::order(TRADE, "alibaba.trade.createRefund", "create_refund", WRITE)
        .takes(CREATE)
        .shaped(MODEL)
        .by(|asked| Box::pin(create::create(asked)))
        .told(
            "Asks money back, for goods that go back or stay. Fen.",
            "aftersale",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
    Row {
        most_bytes: Some(PICTURE_BYTES),
        class: Class::Write,
        ..Row::look(TRADE, "alibaba.trade.uploadRefundVoucher", "create_voucher", PICTURES)
    }
    .takes(&[must("imageData", Kind::File)])
    .shaped(MODEL)
    .by(|asked| Box::pin(voucher::upload(asked)))
    .told(
        "Takes in a picture that proves something.",
        "aftersale",
        "tests/it/param2/aftersale.rs::goods_are_sent_back_with_pictures_and_the_marketplace_decides",
    ),
    Row::order(TRADE, "alibaba.trade.refund.returnGoods", "create_return_shipment", WRITE)
        .takes(&[
            must("refundId", Kind::Text),
            must("logisticsCompanyNo", Kind::Text),
            must("freightBill", Kind::Text),
            may("description", Kind::Text),
            may("vouchers", Kind::Json),
        ])
        .shaped(INFO)
        .by(|asked| Box::pin(steps::return_goods(asked)))
        .told(
            "Says how the goods go back.",
            "aftersale",
            "tests/it/param2/aftersale.rs::goods_are_sent_back_with_pictures_and_the_marketplace_decides",
        ),
    Row::order(TRADE, "trade.arbitration.apply", "create_arbitration", WRITE)
        .takes(&[must("param", Kind::Json)])
        .shaped(MODEL)
        .by(|asked| Box::pin(steps::arbitrate(asked)))
        .told(
            "Asks the marketplace to decide about a refund.",
            "aftersale",
            "tests/it/param2/aftersale.rs::goods_are_sent_back_with_pictures_and_the_marketplace_decides",
        ),
    Row::look(TRADE, "alibaba.trade.refund.OpQueryOrderRefund", "get_refund", READ)
        .takes(&[must("refundId", Kind::Text)])
        .shaped(BARE)
        .by(|asked| Box::pin(show::one(asked)))
        .told(
            "A refund with what happened to it. Fen.",
            "aftersale, orders",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
    Row::look(TRADE, "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus", "list_refunds", READ)
        .takes(&[must("orderId", Kind::Long), must("queryType", Kind::Text)])
        .shaped(BARE)
        .by(|asked| Box::pin(show::of_order(asked)))
        .told(
            "An order's refunds that are open, or that succeeded. Fen.",
            "aftersale, orders",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
    Row::look(TRADE, "alibaba.trade.refund.buyer.queryOrderRefundList", "list_refunds", READ)
        .takes(LIST)
        .shaped(Form::BESIDE.failing_as("errorCode", "errorMsg"))
        .by(|asked| Box::pin(show::list(asked)))
        .told(
            "Refunds, newest first, by order, status and time. Fen.",
            "aftersale, orders",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
    Row::look(TRADE, "alibaba.trade.refund.OpQueryOrderRefundOperationList", "get_refund", READ)
        .takes(&[must("refundId", Kind::Text), must("pageNo", Kind::Long), must("pageSize", Kind::Long)])
        .shaped(BARE)
        .by(|asked| Box::pin(show::history(asked)))
        .told(
            "What happened to a refund, newest first.",
            "aftersale",
            "tests/it/param2/aftersale.rs::what_is_asked_back_is_given_back",
        ),
];

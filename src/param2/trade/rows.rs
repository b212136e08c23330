//! The calls of this group.

use crate::model::partner::Scope;
use crate::param2::dispatch::{Kind, Parameter, Row, TRADE, may, must};
use crate::param2::form::Form;
use crate::param2::trade::spare::{BARE, BESIDE_CODE, INFO, INFOS, MODEL, OWN_MSG, OWN_MSG_TEXT};
use crate::param2::trade::{change, create, credit, debit, detail, group_pay, pay, preview, saved};

const READ: &[Scope] = &[Scope::OrdersRead];
const WRITE: &[Scope] = &[Scope::OrdersWrite];
const QUOTE: &[Scope] = &[Scope::QuotesWrite, Scope::OrdersWrite];
const PAY: &[Scope] = &[Scope::PaymentsWrite];

const CARGO: &[Parameter] = &[
    must("addressParam", Kind::Json),
    must("cargoParamList", Kind::Json),
    may("flow", Kind::Text),
    may("outOrderId", Kind::Text),
    may("warehouseCode", Kind::Text),
];
const CREATE: &[Parameter] = &[
    must("flow", Kind::Text),
    must("addressParam", Kind::Json),
    must("cargoParamList", Kind::Json),
    may("message", Kind::Text),
    may("tradeType", Kind::Text),
    may("outOrderId", Kind::Text),
    may("warehouseCode", Kind::Text),
];
const LIST: &[Parameter] = &[
    may("page", Kind::Long),
    may("pageSize", Kind::Long),
    may("createStartTime", Kind::Date),
    may("createEndTime", Kind::Date),
    may("modifyStartTime", Kind::Date),
    may("modifyEndTime", Kind::Date),
    may("orderStatus", Kind::Text),
    may("refundStatus", Kind::Text),
    may("outOrderId", Kind::Text),
    may("orderIds", Kind::Json),
];

/// Ordering and paying.
pub const ROWS: &[Row] = &[
    Row::look(TRADE, "alibaba.createOrder.preview", "create_quote", QUOTE)
        .takes(CARGO)
        .shaped(OWN_MSG)
        .by(|asked| Box::pin(preview::preview(asked)))
        .told(
            "What an order would cost: fen, yuan in its lines. One seller at a time.",
            "orders",
            "tests/it/param2/trade.rs::a_preview_costs_what_the_newer_face_quotes",
        ),
    Row::order(TRADE, "alibaba.trade.createCrossOrder", "create_order", WRITE)
        .takes(CREATE)
        .shaped(BESIDE_CODE)
        .by(|asked| Box::pin(create::create_cross_order(asked)))
        .told(
            "Orders once: `outOrderId` is the reference. Fen.",
            "orders",
            "tests/it/param2/trade.rs::an_order_sent_twice_is_placed_once",
        ),
    Row::look(TRADE, "alibaba.trade.get.buyerView", "get_order", READ)
        .takes(&[
            must("webSite", Kind::Text),
            may("orderId", Kind::Long),
            may("includeFields", Kind::Text),
            may("outOrderId", Kind::Text),
        ])
        .shaped(Form::BESIDE_TEXT)
        .by(|asked| Box::pin(detail::buyer_view(asked)))
        .told(
            "An order with its lines, refunds and parcels. Yuan.",
            "orders, aftersale, fulfilment",
            "tests/it/param2/trade.rs::an_order_is_told_as_the_ledger_has_it",
        ),
    Row::look(TRADE, "alibaba.trade.getBuyerOrderList", "list_orders", READ)
        .takes(LIST)
        .shaped(BARE)
        .by(|asked| Box::pin(detail::list(asked)))
        .told(
            "Orders, newest first, by status, time and number. Yuan.",
            "orders, aftersale",
            "tests/it/param2/trade.rs::orders_are_listed_by_what_is_asked",
        ),
    Row::order(TRADE, "alibaba.trade.cancel", "cancel_order", WRITE)
        .takes(&[
            must("webSite", Kind::Text),
            must("tradeID", Kind::Long),
            must("cancelReason", Kind::Text),
            may("remark", Kind::Text),
        ])
        .shaped(Form::OWN)
        .by(|asked| Box::pin(change::cancel(asked)))
        .told(
            "Takes an unpaid order back.",
            "orders",
            "tests/it/param2/trade.rs::an_unpaid_order_is_taken_back_and_a_paid_one_is_not",
        ),
    Row::order(TRADE, "alibaba.order.memoAdd", "create_order_note", WRITE)
        .takes(&[must("orderId", Kind::Long), must("memo", Kind::Text), must("remarkIcon", Kind::Text)])
        .shaped(OWN_MSG)
        .by(|asked| Box::pin(change::memo(asked)))
        .told(
            "Replaces the note to the supplier; there is no private one.",
            "orders",
            "tests/it/param2/trade.rs::a_memo_replaces_and_feedback_adds",
        ),
    Row::order(TRADE, "alibaba.trade.addFeedback", "create_order_note", WRITE)
        .takes(&[must("tradeFeedbackParam", Kind::Json)])
        .shaped(BESIDE_CODE)
        .by(|asked| Box::pin(change::feedback(asked)))
        .told(
            "Adds to the note to the supplier.",
            "orders",
            "tests/it/param2/trade.rs::a_memo_replaces_and_feedback_adds",
        ),
    Row::order(TRADE, "trade.receivegoods.confirm", "confirm_receipt", WRITE)
        .takes(&[must("orderId", Kind::Long), must("orderEntryIds", Kind::Json)])
        .shaped(INFO)
        .by(|asked| Box::pin(change::receipt(asked)))
        .told(
            "Says that the goods arrived, which ends the order.",
            "orders",
            "tests/it/param2/trade.rs::goods_that_arrived_end_the_order",
        ),
    Row::order(TRADE, "alibaba.alipay.url.get", "create_payment", PAY)
        .takes(&[must("orderIdList", Kind::Json)])
        .shaped(Form::OWN.failing_as("errorCode", "erroMsg"))
        .by(|asked| Box::pin(pay::alipay(asked)))
        .told(
            "A payment page; of several orders the first's, the others in `payFailureOrderList`.",
            "orders",
            "tests/it/param2/trade.rs::a_payment_page_pays_the_order_it_was_opened_for",
        ),
    Row::order(TRADE, "alibaba.crossBorderPay.url.get", "create_payment", PAY)
        .takes(&[must("orderIdList", Kind::Json)])
        .shaped(OWN_MSG_TEXT)
        .by(|asked| Box::pin(pay::cross_border(asked)))
        .told(
            "The same, the others in `cantPayOrderList`.",
            "orders",
            "tests/it/param2/trade.rs::a_payment_page_pays_the_order_it_was_opened_for",
        ),
    Row::order(TRADE, "alibaba.trade.grouppay.url.get", "create_payment", PAY)
        .takes(&[must("orderIds", Kind::Json), may("payPlatformType", Kind::Text)])
        .shaped(INFOS)
        .by(|asked| Box::pin(group_pay::url(asked)))
        .told(
            "One page that leads to those of several orders, which are one payment.",
            "orders",
            "tests/it/param2/trade.rs::several_orders_are_paid_from_one_page",
        ),
    Row::look(TRADE, "alibaba.creditPay.url.get", "list_payment_options", READ)
        .takes(&[must("orderIdList", Kind::Json)])
        .shaped(OWN_MSG_TEXT)
        .by(|asked| Box::pin(credit::link(asked)))
        .told(
            "Says that nothing can be paid on credit.",
            "orders",
            "tests/it/param2/trade.rs::there_is_no_credit_and_that_is_told",
        ),
    Row::look(TRADE, "alibaba.accountPeriod.list.buyerView", "list_payment_options", READ)
        .takes(&[may("pageIndex", Kind::Long), may("sellerLoginId", Kind::Text)])
        .shaped(Form::BESIDE.failing_as("errorCode", "errorMsg").telling("resultList"))
        .by(|asked| Box::pin(credit::periods(asked)))
        .told(
            "Credit that sellers give: none.",
            "orders",
            "tests/it/param2/trade.rs::there_is_no_credit_and_that_is_told",
        ),
    Row::look(TRADE, "alibaba.trade.payWay.query", "list_payment_options", READ)
        .takes(&[must("orderId", Kind::Long)])
        .shaped(Form::BESIDE_TEXT.failing_as("errorCode", "errorMsg").telling("resultList"))
        .by(|asked| Box::pin(pay::ways(asked)))
        .told(
            "How an order can be paid now. Fen.",
            "orders",
            "tests/it/param2/trade.rs::a_payment_page_pays_the_order_it_was_opened_for",
        ),
    Row::look(TRADE, "trade.orderpay.analysis", "list_payment_options", READ)
        .takes(&[must("orderIds", Kind::Json), must("payChannel", Kind::Text)])
        .shaped(MODEL)
        .by(|asked| Box::pin(pay::analysis(asked)))
        .told(
            "What orders cost together, and whether they can be paid so. Fen.",
            "orders",
            "tests/it/param2/trade.rs::a_payment_page_pays_the_order_it_was_opened_for",
        ),
    Row::look(TRADE, "alibaba.trade.pay.protocolPay.isopen", "list_payment_options", READ)
        .shaped(MODEL)
        .by(|asked| Box::pin(debit::is_open(asked)))
        .told("Whether a debit is agreed.", "orders", "tests/it/param2/trade.rs::a_debit_moves_money_once"),
    Row::order(TRADE, "alibaba.trade.pay.protocolPay.preparePay", "create_payment", PAY)
        .takes(&[must("tradeWithholdPreparePayParam", Kind::Json)])
        .shaped(MODEL)
        .by(|asked| Box::pin(debit::prepare_pay(asked)))
        .told("Debits what an order costs, once. Fen.", "orders", "tests/it/param2/trade.rs::a_debit_moves_money_once"),
    Row::look(TRADE, "alibaba.trade.receiveAddress.get", "list_warehouses", READ)
        .shaped(BESIDE_CODE)
        .by(|asked| Box::pin(saved::list(asked)))
        .told(
            "Where goods can be sent: the warehouses.",
            "catalog",
            "tests/it/param2/trade.rs::addresses_are_the_warehouses",
        ),
    Row::look(TRADE, "alibaba.trade.addresscode.parse", "list_warehouses", READ)
        .takes(&[must("addressInfo", Kind::Text)])
        .shaped(BARE)
        .by(|asked| Box::pin(saved::parse(asked)))
        .told(
            "The code of a place in the country; with `addressId` where there is a warehouse.",
            "landed, catalog",
            "tests/it/param2/trade.rs::addresses_are_the_warehouses",
        ),
];

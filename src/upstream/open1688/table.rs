//! Which of the platform's calls each of ours is made of, and who asks and reads them; and what the platform does not have.
//! Every call of `wholesale::calls` has a row.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;

use crate::upstream::failure::Error;
use crate::upstream::open1688::asked::Asked;
use crate::upstream::open1688::{changes, goods, refunds, trade};

/// A call of the platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Api {
    /// Its namespace.
    pub namespace: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: u32,
    /// Whether it wants an access token; otherwise it wants the signature alone.
    pub needs_token: bool,
    /// Where in an answer the document is, as a JSON Pointer.
    pub document: &'static str,
    /// What shows that the call did what it is for, whatever it says of its success.
    pub proof: Option<&'static str>,
}

impl Api {
    const fn new(namespace: &'static str, name: &'static str, document: &'static str) -> Self {
        Self { namespace, name, version: 1, needs_token: true, document, proof: None }
    }

    const fn proven_by(self, proof: &'static str) -> Self {
        Self { proof: Some(proof), ..self }
    }
}

const XB: &str = "com.alibaba.fenxiao.crossborder";
const TRADE: &str = "com.alibaba.trade";
const LOGISTICS: &str = "com.alibaba.logistics";
const PRODUCT: &str = "com.alibaba.product";
const INSIDE: &str = "/result/result";

pub(super) const SEARCH: Api = Api::new(XB, "product.search.keywordQuery", INSIDE);
pub(super) const SELLER_OFFERS: Api = Api::new(XB, "product.search.querySellerOfferList", INSIDE);
pub(super) const PICTURE_SEARCH: Api = Api::new(XB, "product.search.imageQuery", INSIDE);
pub(super) const UPLOAD: Api = Api::new(XB, "product.image.upload", INSIDE);
pub(super) const DETAIL: Api = Api::new(XB, "product.search.queryProductDetail", INSIDE);
pub(super) const RELATED: Api = Api::new(XB, "product.related.recommend", INSIDE);
pub(super) const TOP_LIST: Api = Api::new(XB, "product.topList.query", INSIDE);
pub(super) const POOL: Api = Api::new(XB, "pool.product.pull", INSIDE);
pub(super) const CATEGORY: Api = Api::new(XB, "category.translation.getById", "/result");
pub(super) const ATTRIBUTES: Api = Api::new(PRODUCT, "alibaba.category.attribute.get", "");
pub(super) const SOLD: Api = Api::new(XB, "product.analyze.getPerdaySellQuantityTrendNew", INSIDE);
pub(super) const MEDIAN: Api = Api::new(XB, "product.analyze.getThirtyDayMedianPriceTrendNew", INSIDE);
pub(super) const REPURCHASE: Api = Api::new(XB, "product.analyze.getRepurchaseRateTrendNew", INSIDE);
pub(super) const ADDRESSES: Api = Api::new(TRADE, "alibaba.trade.receiveAddress.get", "/result");
pub(super) const PREVIEW: Api = Api::new(TRADE, "alibaba.createOrder.preview", "");
pub(super) const CREATE: Api =
    Api::new(TRADE, "alibaba.trade.createCrossOrder", "/result").proven_by("/result/orderId");
pub(super) const VIEW: Api = Api::new(TRADE, "alibaba.trade.get.buyerView", "/result");
pub(super) const LIST: Api = Api::new(TRADE, "alibaba.trade.getBuyerOrderList", "");
pub(super) const CANCEL: Api = Api::new(TRADE, "alibaba.trade.cancel", "");
pub(super) const FEEDBACK: Api = Api::new(TRADE, "alibaba.trade.addFeedback", "");
pub(super) const RECEIPT: Api = Api::new(TRADE, "trade.receivegoods.confirm", "");
pub(super) const PAY_PAGE: Api = Api::new(TRADE, "alibaba.alipay.url.get", "/payUrl");
pub(super) const DEBIT: Api = Api::new(TRADE, "alibaba.trade.pay.protocolPay.preparePay", INSIDE);
pub(super) const PARCELS: Api = Api::new(LOGISTICS, "alibaba.trade.getLogisticsInfos.buyerView", "/result");
pub(super) const TRACES: Api = Api::new(LOGISTICS, "alibaba.trade.getLogisticsTraceInfo.buyerView", "/logisticsTrace");
pub(super) const REASONS: Api = Api::new(TRADE, "alibaba.trade.getRefundReasonList", INSIDE);
pub(super) const VOUCHER: Api = Api::new(TRADE, "alibaba.trade.uploadRefundVoucher", INSIDE);
pub(super) const REFUND: Api =
    Api::new(TRADE, "alibaba.trade.createRefund", INSIDE).proven_by("/result/result/refundId");
pub(super) const REFUNDS: Api = Api::new(TRADE, "alibaba.trade.refund.buyer.queryOrderRefundList", "/result");
pub(super) const REFUND_VIEW: Api =
    Api::new(TRADE, "alibaba.trade.refund.OpQueryOrderRefund", "/result/opOrderRefundModelDetail");
pub(super) const SEND_BACK: Api = Api::new(TRADE, "alibaba.trade.refund.returnGoods", "");
pub(super) const ARBITRATE: Api = Api::new(TRADE, "trade.arbitration.apply", "");
pub(super) const WITHDRAW: Api = Api::new(TRADE, "alibaba.trade.cancelRefund", "");

/// The answer of a call, on its way.
pub(super) type Asking<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Error>> + Send + 'a>>;

/// How a call is asked.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// By this.
    Asked(for<'a> fn(&'a Asked<'a>) -> Asking<'a>),
    /// Not at all, for this reason.
    NotOffered(&'static str),
}

/// One call of ours.
#[derive(Clone, Copy)]
pub(super) struct Row {
    /// Its name.
    pub call: &'static str,
    /// What is asked for it over there, the first before all others.
    #[cfg_attr(not(test), expect(dead_code, reason = "for whoever reads the table, and its tests"))]
    pub apis: &'static [Api],
    /// How.
    pub how: How,
}

const fn asked(call: &'static str, apis: &'static [Api], how: for<'a> fn(&'a Asked<'a>) -> Asking<'a>) -> Row {
    Row { call, apis, how: How::Asked(how) }
}

const fn not(call: &'static str, why: &'static str) -> Row {
    Row { call, apis: &[], how: How::NotOffered(why) }
}

const NO_CONSIGNMENTS: &str =
    "Consignments are not offered by the catalogue behind this gateway; orders end at the warehouse.";
const NO_INQUIRIES: &str = "Inquiries to suppliers are not offered by the catalogue behind this gateway.";

/// The row of a call.
pub(super) fn find(call: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.call == call)
}

pub(super) const ROWS: &[Row] = &[
    // Goods
    asked("goods.search", &[SEARCH, SELLER_OFFERS, DETAIL], |asked| Box::pin(goods::search::search(asked))),
    asked("goods.alike", &[PICTURE_SEARCH, DETAIL], |asked| Box::pin(goods::search::alike(asked))),
    asked("goods.give_picture", &[UPLOAD], |asked| Box::pin(goods::pictures::give(asked))),
    asked("goods.get", &[DETAIL], |asked| Box::pin(goods::detail::one(asked))),
    asked("goods.batch", &[DETAIL], |asked| Box::pin(goods::detail::several(asked))),
    asked("goods.picture", &[DETAIL], |asked| Box::pin(goods::pictures::show(asked))),
    asked("goods.related", &[RELATED, DETAIL], |asked| Box::pin(goods::lists::related(asked))),
    asked("goods.trends", &[SOLD, MEDIAN, REPURCHASE], |asked| Box::pin(goods::trends::trend(asked))),
    asked("rankings", &[TOP_LIST, DETAIL], |asked| Box::pin(goods::lists::ranking(asked))),
    asked("pools.goods", &[POOL, DETAIL], |asked| Box::pin(goods::lists::pool(asked))),
    asked("categories", &[CATEGORY], |asked| Box::pin(goods::categories::all(asked))),
    asked("categories.get", &[CATEGORY, ATTRIBUTES], |asked| Box::pin(goods::categories::one(asked))),
    asked("sellers.get", &[SELLER_OFFERS, DETAIL], |asked| Box::pin(goods::sellers::seller(asked))),
    not(
        "pools",
        "A list of all pools is not offered by the catalogue behind this gateway; a pool is asked for by its id.",
    ),
    not(
        "trends.keywords",
        "Trending keywords with their figures are not offered by the catalogue behind this gateway.",
    ),
    not(
        "goods.expand_link",
        "Short links are not expanded by the catalogue behind this gateway; paste the whole address.",
    ),
    // Trade
    asked("trade.warehouses", &[ADDRESSES], |asked| Box::pin(trade::warehouses::all(asked))),
    asked("trade.preview", &[PREVIEW, DETAIL], |asked| Box::pin(trade::preview::preview(asked))),
    asked("trade.create", &[CREATE, VIEW, PREVIEW], |asked| Box::pin(trade::create::create(asked))),
    asked("trade.get", &[VIEW], |asked| Box::pin(trade::order::by_number(asked))),
    asked("trade.by_reference", &[VIEW], |asked| Box::pin(trade::order::by_reference(asked))),
    asked("trade.list", &[LIST], |asked| Box::pin(trade::order::list(asked))),
    asked("trade.cancel", &[CANCEL, VIEW], |asked| Box::pin(trade::change::cancel(asked))),
    asked("trade.memo", &[FEEDBACK, VIEW], |asked| Box::pin(trade::change::memo(asked))),
    asked("trade.confirm", &[RECEIPT, VIEW], |asked| Box::pin(trade::change::confirm(asked))),
    asked("trade.pay", &[PAY_PAGE, DEBIT, VIEW], |asked| Box::pin(trade::pay::pay(asked))),
    asked("trade.payment_by_reference", &[VIEW], |asked| Box::pin(trade::pay::debited(asked))),
    asked("trade.shipments", &[PARCELS, TRACES, VIEW], |asked| Box::pin(trade::parcels::parcels(asked))),
    asked("trade.refunds_of_order", &[REFUNDS, VIEW], |asked| Box::pin(refunds::of_order(asked))),
    not(
        "trade.freight",
        "Estimates of domestic freight are not offered by the catalogue behind this gateway; a quote tells it.",
    ),
    // Refunds
    asked("refunds.reasons", &[REASONS, VIEW], |asked| Box::pin(refunds::reasons(asked))),
    asked("refunds.create", &[REFUND, REFUNDS, VIEW], |asked| Box::pin(refunds::create(asked))),
    asked("refunds.by_reference", &[REFUND_VIEW, REFUNDS, VIEW], |asked| Box::pin(refunds::by_reference(asked))),
    asked("refunds.withdraw", &[WITHDRAW, REFUND_VIEW], |asked| Box::pin(refunds::withdraw(asked))),
    asked("refunds.return", &[SEND_BACK, REFUND_VIEW], |asked| Box::pin(refunds::send_back(asked))),
    asked("refunds.arbitrate", &[ARBITRATE, REFUND_VIEW], |asked| Box::pin(refunds::arbitrate(asked))),
    asked("vouchers.give", &[VOUCHER], |asked| Box::pin(refunds::give_voucher(asked))),
    not(
        "refunds.modify",
        "A refund cannot be modified at the catalogue behind this gateway; withdraw it and ask anew.",
    ),
    not("vouchers.get", "Pictures that prove something are not shown again by the catalogue behind this gateway."),
    // What has no counterpart
    not("trade.consign", NO_CONSIGNMENTS),
    not("trade.consignment_by_reference", NO_CONSIGNMENTS),
    not("trade.receipts", NO_CONSIGNMENTS),
    not("trade.inspections", NO_CONSIGNMENTS),
    not("trade.handover", NO_CONSIGNMENTS),
    not("trade.consignment_cancel", NO_CONSIGNMENTS),
    not("inquiries.create", NO_INQUIRIES),
    not("inquiries.by_reference", NO_INQUIRIES),
    not("inquiries.counter", NO_INQUIRIES),
    not("inquiries.withdraw", NO_INQUIRIES),
    // News
    asked("changes", &[LIST, REFUNDS], |asked| Box::pin(changes::changes(asked))),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{How, ROWS};

    /// The sources that make calls.
    const SOURCES: &[&str] = &[
        include_str!("../wholesale/calls.rs"),
        include_str!("../wholesale/calls/aftersale.rs"),
        include_str!("../wholesale/calls/browse.rs"),
        include_str!("../wholesale/calls/freight.rs"),
        include_str!("../wholesale/calls/fulfilment.rs"),
        include_str!("../wholesale/calls/inquiry.rs"),
        include_str!("../wholesale/calls/pictures.rs"),
    ];

    fn calls() -> BTreeSet<&'static str> {
        let named = |source: &&'static str| -> Vec<&'static str> {
            let begins = ["Call::get(\"", "Call::post(\"", "Call::send(\"", "call.name = \""];
            let after = begins.iter().flat_map(|begin| source.split(begin).skip(1));
            after.filter_map(|rest| rest.split('"').next()).collect()
        };
        SOURCES.iter().flat_map(named).collect()
    }

    #[test]
    fn every_call_has_one_row_and_every_row_a_call() {
        let rows: BTreeSet<_> = ROWS.iter().map(|row| row.call).collect();
        assert_eq!((&rows, rows.len()), (&calls(), ROWS.len()));
    }

    #[test]
    fn what_is_not_offered_says_why_in_a_sentence() {
        for row in ROWS {
            match row.how {
                How::NotOffered(why) => {
                    let begins = why.starts_with(|first: char| first.is_uppercase());
                    assert!(begins && why.ends_with('.') && row.apis.is_empty(), "{}", row.call);
                }
                How::Asked(_) => assert!(!row.apis.is_empty(), "{}", row.call),
            }
        }
    }
}

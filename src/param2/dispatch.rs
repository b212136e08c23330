//! Every call of this face in one table: what it is called, what it needs, what it costs, who writes its answer, and
//! which test proves that it works. `openapi/param2.md` is made of it.

use std::future::Future;
use std::pin::Pin;

use crate::auth::Class;
use crate::limits::{Priority, cost};
use crate::model::partner::Scope;
use crate::param2::asked::{Asked, Told};
use crate::param2::form::Form;
use crate::param2::{account, aftersale, consignment, discovery, inquiry, logistics, messages, oauth, system, trade};

/// What a caller has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing; a signature is checked when there is one.
    Nothing,
    /// A signature.
    Signature,
    /// A signature and an access token.
    Token,
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A whole number.
    Long,
    /// `true` or `false`.
    Boolean,
    /// `yyyyMMddHHmmssSSSZ`.
    Date,
    /// A JSON object or array.
    Json,
    /// A file: a multipart part that is not signed, or base64 in a text that is.
    File,
}

/// A parameter of a call.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// How it is written.
    pub kind: Kind,
    /// Whether it has to be there.
    pub required: bool,
}

/// The answer of a call, on its way.
pub type Writing = Pin<Box<dyn Future<Output = Told>>>;

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The namespace.
    pub namespace: &'static str,
    /// The name; what the call counts as in the books.
    pub api: &'static str,
    /// The version.
    pub version: u32,
    /// What a caller has to show.
    pub need: Need,
    /// The parameters, as far as the gate looks at them.
    pub parameters: &'static [Parameter],
    /// The operation of `/v1` that it costs as much as.
    pub costs_as: &'static str,
    /// An app needs one of these scopes.
    pub scopes: &'static [Scope],
    /// How far a repeated request could hurt.
    pub class: Class,
    /// What is put off before it when the node is too busy.
    pub urgency: Priority,
    /// The largest body, where that is more than the gateway takes by configuration.
    pub most_bytes: Option<usize>,
    /// The shape of its answers.
    pub form: Form,
    /// Who writes the answer.
    pub run: fn(Asked) -> Writing,
    /// What it does, in a sentence.
    pub does: &'static str,
    /// The room that does it.
    pub room: &'static str,
    /// The test that proves it: file and name.
    pub proof: &'static str,
}

/// The cross-border namespace.
pub const XB: &str = "com.alibaba.fenxiao.crossborder";
/// Buying for others.
pub const FENXIAO: &str = "com.alibaba.fenxiao";
/// Orders, payments, refunds.
pub const TRADE: &str = "com.alibaba.trade";
/// Parcels and freight templates.
pub const LOGISTICS: &str = "com.alibaba.logistics";
/// Categories and products of the older kind.
pub const PRODUCT: &str = "com.alibaba.product";
/// Listing goods elsewhere.
pub const PUSH: &str = "com.alibaba.product.push";
/// Asking suppliers in words.
pub const AGENT: &str = "com.alibaba.agent";
/// Messages and sub-accounts.
pub const OPEN: &str = "cn.alibaba.open";
/// Accounts.
pub const ACCOUNT: &str = "com.alibaba.account";

/// Tokens.
pub const OAUTH: &str = "system.oauth2";
const TOKEN_PARAMETERS: &[Parameter] = &[
    may("grant_type", Kind::Text),
    must("client_id", Kind::Text),
    must("client_secret", Kind::Text),
    may("redirect_uri", Kind::Text),
    may("code", Kind::Text),
    may("need_refresh_token", Kind::Boolean),
    may("refresh_token", Kind::Text),
    may("refreshToken", Kind::Text),
];

/// A parameter that has to be there.
pub const fn must(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: true }
}

/// A parameter that may be there.
pub const fn may(name: &'static str, kind: Kind) -> Parameter {
    Parameter { name, kind, required: false }
}

impl Row {
    /// A call that reads the catalogue: signature, token, `catalog:read`.
    pub(super) const fn read(namespace: &'static str, api: &'static str, costs_as: &'static str) -> Self {
        Self {
            namespace,
            api,
            version: 1,
            need: Need::Token,
            parameters: &[],
            costs_as,
            scopes: &[Scope::CatalogRead],
            class: Class::Read,
            urgency: Priority::Browse,
            most_bytes: None,
            form: Form::NESTED,
            run: |asked| Box::pin(system::nowhere(asked)),
            does: "",
            room: "catalog",
            proof: "",
        }
    }

    /// A call that reads what a partner has: orders, parcels, refunds, messages.
    pub const fn look(
        namespace: &'static str,
        api: &'static str,
        costs_as: &'static str,
        scope: &'static [Scope],
    ) -> Self {
        Self { scopes: scope, urgency: Priority::Trade, room: "orders", ..Self::read(namespace, api, costs_as) }
    }

    /// A call that moves goods or money.
    pub const fn order(
        namespace: &'static str,
        api: &'static str,
        costs_as: &'static str,
        scope: &'static [Scope],
    ) -> Self {
        Self { class: Class::OrderWrite, urgency: Priority::Order, ..Self::look(namespace, api, costs_as, scope) }
    }

    /// A call that nobody has to prove anything for.
    pub(super) const fn open(namespace: &'static str, api: &'static str) -> Self {
        Self {
            need: Need::Nothing,
            scopes: &[],
            urgency: Priority::Free,
            form: Form::PLAIN,
            ..Self::read(namespace, api, "get_limits")
        }
    }

    /// With these parameters.
    pub(super) const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    /// Without a token.
    pub(super) const fn signed_only(self) -> Self {
        Self { need: Need::Signature, ..self }
    }

    /// With answers of this shape.
    pub(super) const fn shaped(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// With bodies of up to so many bytes.
    pub(super) const fn bodies_up_to(self, bytes: usize) -> Self {
        Self { most_bytes: Some(bytes), ..self }
    }

    /// Written by.
    pub(super) const fn by(self, run: fn(Asked) -> Writing) -> Self {
        Self { run, ..self }
    }

    /// What it does, in which room, and the test that proves it.
    pub(super) const fn told(self, does: &'static str, room: &'static str, proof: &'static str) -> Self {
        Self { does, room, proof, ..self }
    }

    /// Units of a plan's policies.
    pub const fn cost(&self) -> u32 {
        cost::of(self.costs_as)
    }

    /// What is put off before it when the node is too busy.
    pub const fn priority(&self) -> Priority {
        self.urgency
    }

    /// Names of the parameters that are files.
    pub fn files(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.parameters.iter().filter(|parameter| parameter.kind == Kind::File).map(|parameter| parameter.name)
    }
}

/// The call of this name.
pub fn find(namespace: &str, api: &str, version: u32) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.api == api && row.namespace == namespace && row.version == version)
}

/// All calls. A group of calls is a folder; a call is one row of its group's `rows.rs`, and one function there.
pub static TABLE: &[Row] = &joined::<COUNT>(GROUPS);

const GROUPS: &[&[Row]] = &[
    OWN,
    account::rows::ROWS,
    discovery::rows::ROWS,
    trade::rows::ROWS,
    aftersale::rows::ROWS,
    logistics::rows::ROWS,
    consignment::rows::ROWS,
    inquiry::rows::ROWS,
    messages::rows::ROWS,
];
const COUNT: usize = counted(GROUPS);

const fn counted(groups: &[&[Row]]) -> usize {
    let (mut group, mut count) = (0, 0);
    while group < groups.len() {
        count += groups[group].len();
        group += 1;
    }
    count
}

/// Tables one after the other.
const fn joined<const COUNT: usize>(groups: &[&[Row]]) -> [Row; COUNT] {
    let mut all = [OWN[0]; COUNT];
    let (mut group, mut at) = (0, 0);
    while group < groups.len() {
        let mut row = 0;
        while row < groups[group].len() {
            all[at] = groups[group][row];
            (row, at) = (row + 1, at + 1);
        }
        group += 1;
    }
    all
}

/// The protocol's own.
const OWN: &[Row] = &[
    Row::open("system", "currentTimeMillis").by(|asked| Box::pin(system::current_time_millis(asked))).told(
        "Tells the time in milliseconds.",
        "clock",
        "tests/it/param2/door.rs::the_time_is_told_to_anybody",
    ),
    Row::open("system", "currentTime").by(|asked| Box::pin(system::current_time(asked))).told(
        "Tells the time as a date.",
        "clock",
        "tests/it/param2/door.rs::the_time_is_told_to_anybody",
    ),
    Row::open(OAUTH, "getToken").takes(TOKEN_PARAMETERS).by(|asked| Box::pin(oauth::get_token(asked))).told(
        "Tokens for a code or a refresh token.",
        "auth",
        "tests/it/param2/tokens.rs::a_code_brings_tokens_and_a_refresh_token_more",
    ),
    Row::open(OAUTH, "postponeToken").takes(TOKEN_PARAMETERS).by(|asked| Box::pin(oauth::postpone_token(asked))).told(
        "Another refresh token in the place of one.",
        "auth",
        "tests/it/param2/tokens.rs::a_code_brings_tokens_and_a_refresh_token_more",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::{ACCOUNT, LOGISTICS, Need, OAUTH, OPEN, PRODUCT, TABLE, TRADE, XB, find};
    use crate::limits::cost;

    /// The calls that the platform's solution for procurement sites asks for first, by namespace.
    const FIRST: &[(&str, &[&str])] = &[
        (ACCOUNT, &["alibaba.account.agent.crossBasic", "alibaba.account.basic", "alibaba.subAccount.list"]),
        (OPEN, &["querySubAccount", "push.query.messageList"]),
        (
            XB,
            &[
                "pool.product.pull",
                "pool.product.total",
                "category.translation.getById",
                "product.search.keywordQuery",
                "product.search.imageQuery",
                "product.search.queryProductDetail",
                "product.image.upload",
                "product.kjdistribute.addRelation",
                "product.distribute.getDistributeInfo",
                "product.category.getAttrById",
                "product.freight.estimate",
                "logistics.order.getOutOrderId",
                "label.url.receive",
                "bigcustomer.mailNo.query",
                "consignment.co.inventory",
                "consignment.co.status.sync",
                "consignment.tally.create",
                "product.analyze.getPerdaySellQuantityTrend",
                "product.analyze.getRepurchaseRateTrend",
                "product.analyze.getThirtyDayMedianPriceTrend",
            ],
        ),
        (PRODUCT, &["alibaba.category.attribute.get"]),
        (
            TRADE,
            &[
                "alibaba.trade.createCrossOrder",
                "alibaba.trade.get.buyerView",
                "alibaba.trade.cancel",
                "alibaba.trade.getBuyerOrderList",
                "alibaba.createOrder.preview",
                "alibaba.order.memoAdd",
                "alibaba.trade.addFeedback",
                "trade.receivegoods.confirm",
                "alibaba.alipay.url.get",
                "alibaba.crossBorderPay.url.get",
                "alibaba.creditPay.url.get",
                "alibaba.accountPeriod.list.buyerView",
                "alibaba.trade.payWay.query",
                "alibaba.trade.pay.protocolPay.isopen",
                "alibaba.trade.pay.protocolPay.preparePay",
                "trade.orderpay.analysis",
                "alibaba.trade.receiveAddress.get",
                "alibaba.trade.addresscode.parse",
                "alibaba.trade.refund.OpQueryBatchRefundByOrderIdAndStatus",
                "alibaba.trade.refund.OpQueryOrderRefundOperationList",
                "alibaba.trade.refund.buyer.queryOrderRefundList",
                "alibaba.trade.createRefund",
                "alibaba.trade.getRefundReasonList",
                "alibaba.trade.uploadRefundVoucher",
                "alibaba.trade.refund.returnGoods",
                "trade.arbitration.apply",
            ],
        ),
        (
            LOGISTICS,
            &[
                "alibaba.trade.getLogisticsInfos.buyerView",
                "alibaba.trade.getLogisticsTraceInfo.buyerView",
                "alibaba.logistics.myFreightTemplate.list.get",
                "alibaba.logistics.OpQueryLogisticCompanyList",
            ],
        ),
        (OAUTH, &["getToken", "postponeToken"]),
        ("system", &["currentTimeMillis"]),
    ];

    #[test]
    fn all_of_the_first_calls_are_served() {
        let all: Vec<_> =
            FIRST.iter().flat_map(|(namespace, apis)| apis.iter().map(move |api| (*namespace, *api))).collect();
        assert_eq!(all.len(), 59);
        for (namespace, api) in all {
            assert!(find(namespace, api, 1).is_some(), "{namespace}:{api}");
        }
    }

    #[test]
    fn every_call_stands_in_the_table_once_and_is_found() {
        let names: HashSet<_> = TABLE.iter().map(|row| (row.namespace, row.api, row.version)).collect();
        assert_eq!(names.len(), TABLE.len());
        for row in TABLE {
            assert!(find(row.namespace, row.api, row.version).is_some_and(|found| std::ptr::eq(found, row)));
            assert!(row.does.ends_with('.') && !row.room.is_empty(), "{}", row.api);
            assert!(cost::COSTS.iter().any(|(operation, _)| *operation == row.costs_as), "{}", row.api);
            assert_eq!(row.scopes.is_empty(), row.need == Need::Nothing, "{}", row.api);
        }
        assert!(find("com.alibaba.trade", "product.search.queryProductDetail", 1).is_none());
    }

    #[test]
    fn the_test_that_proves_a_call_exists() {
        for row in TABLE {
            let (file, name) = row.proof.split_once("::").expect(row.api);
            let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
            assert!(text.contains(&format!("fn {name}(")), "{}: {}", row.api, row.proof);
        }
    }
}

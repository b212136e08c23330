//! Every call of this face in one table: what it is called, what it needs, what it costs, who writes its answer, and
//! which test proves that it works. `openapi/param2.md` is made of it.

use std::future::Future;
use std::pin::Pin;

use crate::auth::Class;
use crate::limits::{Priority, cost};
use crate::model::partner::Scope;
use crate::param2::asked::{Asked, Told};
use crate::param2::form::{Form, Layout};
use crate::param2::{discovery, messages, oauth, system};

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
/// Orders, payments, refunds.
pub const TRADE: &str = "com.alibaba.trade";
/// Parcels and freight templates.
pub const LOGISTICS: &str = "com.alibaba.logistics";
/// Categories and products of the older kind.
pub const PRODUCT: &str = "com.alibaba.product";
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

/// Clients of several ages spell it their own way; one of them has to be there.
const TREND_PARAMETERS: &[Parameter] =
    &[may("tendQueryParam", Kind::Json), may("trendQueryParam", Kind::Json), may("param", Kind::Json)];

/// `{"result": {"msg", "code", "traceId", "success", "model"}}`; the call writes a success itself.
const POOL_TOTAL: Form = Form { layout: Layout::Inside, message: "msg", ..Form::NESTED_TEXT };

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

    /// How an offer sold.
    const fn trend(api: &'static str) -> Self {
        Self {
            parameters: TREND_PARAMETERS,
            form: Form::NESTED.ok_as("S000").failing_as("retCode", "retMsg"),
            does: "How an offer sold, day by day.",
            proof: "tests/it/param2/discovery.rs::trends_are_told_day_by_day_under_both_names",
            ..Self::read(XB, api, "get_offer_trends")
        }
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

const GROUPS: &[&[Row]] = &[OWN, messages::rows::ROWS];
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
    // discovery
    Row::read(XB, "product.search.keywordQuery", "search_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .by(|asked| Box::pin(discovery::search::by_words(asked)))
        .told(
            "Searches offers by words, page by page.",
            "catalog",
            "tests/it/param2/discovery.rs::a_search_finds_what_the_newer_face_finds_page_by_page",
        ),
    Row::read(XB, "product.search.querySellerOfferList", "list_supplier_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .by(|asked| Box::pin(discovery::search::of_seller(asked)))
        .told(
            "One seller's offers.",
            "catalog",
            "tests/it/param2/discovery.rs::a_sellers_offers_are_all_of_that_seller",
        ),
    Row::read(XB, "product.search.queryProductDetail", "get_offer")
        .takes(&[must("offerDetailParam", Kind::Json)])
        .by(|asked| Box::pin(discovery::detail::query_product_detail(asked)))
        .told(
            "One offer in full: variants, prices by quantity (yuan), stock, packing.",
            "catalog",
            "tests/it/param2/discovery.rs::an_offer_is_told_as_the_catalogue_has_it",
        ),
    Row::read(XB, "product.image.upload", "create_image")
        .takes(&[must("uploadImageParam", Kind::Json)])
        .bodies_up_to(discovery::pictures::MOST_BODY_BYTES)
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(discovery::pictures::upload(asked)))
        .told(
            "Takes in a picture to search by; gives its id, \"0\" for one that cannot be used.",
            "pictures",
            "tests/it/param2/pictures.rs::a_picture_is_uploaded_and_finds_its_offer",
        ),
    Row::read(XB, "product.search.imageQuery", "search_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(discovery::search::by_picture(asked)))
        .told(
            "Searches offers by a picture, page by page.",
            "catalog",
            "tests/it/param2/pictures.rs::a_picture_is_uploaded_and_finds_its_offer",
        ),
    Row::read(XB, "product.related.recommend", "list_related_offers")
        .takes(&[must("relatedQueryParams", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000"))
        .by(|asked| Box::pin(discovery::alike::related(asked)))
        .told(
            "Offers that are like one.",
            "catalog",
            "tests/it/param2/discovery.rs::offers_alike_and_rankings_are_those_of_the_newer_face",
        ),
    Row::read(XB, "product.topList.query", "list_rankings")
        .takes(&[must("rankQueryParams", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000"))
        .by(|asked| Box::pin(discovery::alike::top_list(asked)))
        .told(
            "The best of a category.",
            "catalog",
            "tests/it/param2/discovery.rs::offers_alike_and_rankings_are_those_of_the_newer_face",
        ),
    Row::read(XB, "product.search.topKeyword", "list_trending_keywords")
        .takes(&[must("topSeKeywordParam", Kind::Json)])
        .signed_only()
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(discovery::alike::top_keyword(asked)))
        .told(
            "What is searched for.",
            "catalog",
            "tests/it/param2/discovery.rs::keywords_need_no_token_and_lead_to_offers",
        ),
    Row::read(XB, "category.translation.getById", "list_categories")
        .takes(&[
            may("outMemberId", Kind::Text),
            must("language", Kind::Text),
            must("categoryId", Kind::Long),
            may("parentCateId", Kind::Long),
        ])
        .shaped(Form::NESTED.ok_as("S0000").on_top())
        .by(|asked| Box::pin(discovery::categories::by_id(asked)))
        .told(
            "A category in two languages with those below it; 0 is above all.",
            "catalog",
            "tests/it/param2/discovery.rs::the_tree_of_categories_is_walked_from_its_root",
        ),
    Row::read(XB, "category.translation.getByKeyword", "list_categories")
        .takes(&[may("outMemberId", Kind::Text), must("language", Kind::Text), must("cateName", Kind::Text)])
        .shaped(Form::NESTED.ok_as("S0000").on_top())
        .by(|asked| Box::pin(discovery::categories::by_keyword(asked)))
        .told(
            "Categories by their names.",
            "catalog",
            "tests/it/param2/discovery.rs::the_tree_of_categories_is_walked_from_its_root",
        ),
    Row::read(PRODUCT, "alibaba.category.attribute.get", "get_category")
        .takes(&[must("categoryID", Kind::Long), must("webSite", Kind::Text), may("scene", Kind::Text)])
        .shaped(Form::OWN.failing_as("errorCode", "errorMsg"))
        .by(|asked| Box::pin(discovery::categories::attributes(asked)))
        .told(
            "What offers of a category have.",
            "catalog",
            "tests/it/param2/discovery.rs::attributes_of_a_category_are_numbered_and_mapped",
        ),
    Row::read(XB, "product.category.getAttrById", "get_category")
        .takes(&[must("categoryId", Kind::Text)])
        .shaped(Form::NESTED.failing_as("", "msg").telling("data").on_top())
        .by(|asked| Box::pin(discovery::categories::mapping(asked)))
        .told(
            "Attributes and values in Chinese beside English.",
            "catalog",
            "tests/it/param2/discovery.rs::attributes_of_a_category_are_numbered_and_mapped",
        ),
    Row::read(XB, "product.distribute.getDistributeInfo", "get_offer")
        .takes(&[must("offerId", Kind::Text)])
        .signed_only()
        .shaped(Form::NESTED.failing_as("", "msg").telling("data"))
        .by(|asked| Box::pin(discovery::points::distribute_info(asked)))
        .told(
            "What there is to say of an offer, in three languages.",
            "catalog",
            "tests/it/param2/discovery.rs::selling_points_come_in_three_languages",
        ),
    Row::read(XB, "pool.product.pull", "list_pool_offers")
        .takes(&[must("offerPoolQueryParam", Kind::Json)])
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(discovery::pools::pull(asked)))
        .told(
            "Offers of an assortment, up to 1000 a page.",
            "catalog",
            "tests/it/param2/discovery.rs::a_pool_is_pulled_whole_whatever_the_size_of_its_pages",
        ),
    Row::read(XB, "pool.product.total", "list_pools")
        .takes(&[may("appKey", Kind::Text), must("palletId", Kind::Long), may("categoryId", Kind::Text)])
        .signed_only()
        .shaped(POOL_TOTAL)
        .by(|asked| Box::pin(discovery::pools::total(asked)))
        .told(
            "How many offers an assortment has.",
            "catalog",
            "tests/it/param2/discovery.rs::a_pool_is_pulled_whole_whatever_the_size_of_its_pages",
        ),
    Row::trend("product.analyze.getPerdaySellQuantityTrend").by(|asked| Box::pin(discovery::trends::sold(asked))),
    Row::trend("product.analyze.getPerdaySellQuantityTrendNew").by(|asked| Box::pin(discovery::trends::sold(asked))),
    Row::trend("product.analyze.getThirtyDayMedianPriceTrend")
        .by(|asked| Box::pin(discovery::trends::median_price(asked))),
    Row::trend("product.analyze.getThirtyDayMedianPriceTrendNew")
        .by(|asked| Box::pin(discovery::trends::median_price(asked))),
    Row::trend("product.analyze.getRepurchaseRateTrend")
        .by(|asked| Box::pin(discovery::trends::repurchase_rate(asked))),
    Row::trend("product.analyze.getRepurchaseRateTrendNew")
        .by(|asked| Box::pin(discovery::trends::repurchase_rate(asked))),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::Path;

    use super::{Need, TABLE, find};
    use crate::limits::cost;

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

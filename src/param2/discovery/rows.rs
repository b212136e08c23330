//! The calls of this group.

use crate::auth::Class;
use crate::limits::Priority;
use crate::param2::discovery::{
    alike, categories, detail, follow, mix, pictures, points, pools, pushed, recommend, search, trends,
};
use crate::param2::dispatch::{FENXIAO, Kind, PRODUCT, PUSH, Parameter, Row, TRADE, XB, may, must};
use crate::param2::form::{Form, Layout};
use crate::param2::trade::spare::{BARE_MSG, ERROR_INSIDE, OWN_MSG_TEXT, TRACED};

/// Clients of several ages spell it their own way; one of them has to be there.
const TREND_PARAMETERS: &[Parameter] =
    &[may("tendQueryParam", Kind::Json), may("trendQueryParam", Kind::Json), may("param", Kind::Json)];

/// `{"result": {"msg", "code", "traceId", "success", "model"}}`; the call writes a success itself.
const POOL_TOTAL: Form = Form { layout: Layout::Inside, message: "msg", ..Form::NESTED_TEXT };

const ADD: &str = "product.kjdistribute.addRelation";
const REMOVE: &str = "product.kjdistribute.removeRelation";
const SUPPLY: &str = "alibaba.fenxiao.relationadd";
const RECOMMENDED: &str = "tests/it/param2/discovery.rs::what_is_recommended_is_what_the_newer_face_finds";
const OFFER_ID: &[Parameter] = &[must("offerId", Kind::Long)];
const PUSHED: &str = "tests/it/param2/listing.rs::what_is_listed_is_told_as_the_newer_face_has_it";
const PRODUCT_IDS: &[Parameter] = &[must("productIdList", Kind::Json)];
const PRODUCT_ID: &[Parameter] = &[must("productId", Kind::Long)];
/// `{"code", "message"}` in failures too, whose code is a number; the call writes both.
const CODED: Form = Form::PLAIN.failing_as("code", "message");

/// `{"success", …}`, a failure with `message` alone.
const PRODUCTS: Form = Form::OWN.failing_as("", "message");

/// How an offer sold.
const fn trend(api: &'static str) -> Row {
    Row {
        parameters: TREND_PARAMETERS,
        form: Form::NESTED.ok_as("S000").failing_as("retCode", "retMsg"),
        does: "How an offer sold, day by day.",
        proof: "tests/it/param2/discovery.rs::trends_are_told_day_by_day_under_both_names",
        ..Row::read(XB, api, "get_offer_trends")
    }
}

/// Following an offer, or no more.
const fn relation(namespace: &'static str, api: &'static str, costs_as: &'static str) -> Row {
    Row {
        parameters: OFFER_ID,
        class: Class::Write,
        urgency: Priority::Trade,
        room: "follows",
        proof: "tests/it/param2/relations.rs::what_is_followed_is_what_the_newer_face_follows",
        ..Row::read(namespace, api, costs_as)
    }
}

/// Searching, offers, categories, assortments, trends, follows.
pub const ROWS: &[Row] = &[
    Row::read(XB, "product.search.keywordQuery", "search_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .by(|asked| Box::pin(search::by_words(asked)))
        .told(
            "Searches offers by words, page by page.",
            "catalog",
            "tests/it/param2/discovery.rs::a_search_finds_what_the_newer_face_finds_page_by_page",
        ),
    Row::read(XB, "product.search.querySellerOfferList", "list_supplier_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .by(|asked| Box::pin(search::of_seller(asked)))
        .told(
            "One seller's offers.",
            "catalog",
            "tests/it/param2/discovery.rs::a_sellers_offers_are_all_of_that_seller",
        ),
    Row::read(XB, "product.search.queryProductDetail", "get_offer")
        .takes(&[must("offerDetailParam", Kind::Json)])
        .by(|asked| Box::pin(detail::query_product_detail(asked)))
        .told(
            "One offer in full: variants, prices by quantity (yuan), stock, packing.",
            "catalog",
            "tests/it/param2/discovery.rs::an_offer_is_told_as_the_catalogue_has_it",
        ),
    Row::read(XB, "product.image.upload", "create_image")
        .takes(&[must("uploadImageParam", Kind::Json)])
        .bodies_up_to(pictures::MOST_BODY_BYTES)
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(pictures::upload(asked)))
        .told(
            "Takes in a picture to search by; gives its id, \"0\" for one that cannot be used.",
            "pictures",
            "tests/it/param2/pictures.rs::a_picture_is_uploaded_and_finds_its_offer",
        ),
    Row::read(XB, "product.search.imageQuery", "search_offers")
        .takes(&[must("offerQueryParam", Kind::Json)])
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(search::by_picture(asked)))
        .told(
            "Searches offers by a picture, page by page.",
            "catalog",
            "tests/it/param2/pictures.rs::a_picture_is_uploaded_and_finds_its_offer",
        ),
    Row::read(XB, "product.related.recommend", "list_related_offers")
        .takes(&[must("relatedQueryParams", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000"))
        .by(|asked| Box::pin(alike::related(asked)))
        .told(
            "Offers that are like one.",
            "catalog",
            "tests/it/param2/discovery.rs::offers_alike_and_rankings_are_those_of_the_newer_face",
        ),
    Row::read(XB, "product.topList.query", "list_rankings")
        .takes(&[must("rankQueryParams", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000"))
        .by(|asked| Box::pin(alike::top_list(asked)))
        .told(
            "The best of a category.",
            "catalog",
            "tests/it/param2/discovery.rs::offers_alike_and_rankings_are_those_of_the_newer_face",
        ),
    Row::read(XB, "product.search.topKeyword", "list_trending_keywords")
        .takes(&[must("topSeKeywordParam", Kind::Json)])
        .signed_only()
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(alike::top_keyword(asked)))
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
        .by(|asked| Box::pin(categories::by_id(asked)))
        .told(
            "A category in two languages with those below it; 0 is above all.",
            "catalog",
            "tests/it/param2/discovery.rs::the_tree_of_categories_is_walked_from_its_root",
        ),
    Row::read(XB, "category.translation.getByKeyword", "list_categories")
        .takes(&[may("outMemberId", Kind::Text), must("language", Kind::Text), must("cateName", Kind::Text)])
        .shaped(Form::NESTED.ok_as("S0000").on_top())
        .by(|asked| Box::pin(categories::by_keyword(asked)))
        .told(
            "Categories by their names.",
            "catalog",
            "tests/it/param2/discovery.rs::the_tree_of_categories_is_walked_from_its_root",
        ),
    Row::read(PRODUCT, "alibaba.category.get", "list_categories")
        .takes(&[must("categoryID", Kind::Long)])
        .signed_only()
        .shaped(BARE_MSG)
        .by(|asked| Box::pin(categories::older(asked)))
        .told(
            "A category in Chinese with those right below it; 0 is above all.",
            "catalog",
            "tests/it/param2/discovery.rs::the_tree_of_categories_is_walked_from_its_root",
        ),
    Row::read(PRODUCT, "alibaba.category.attribute.get", "get_category")
        .takes(&[must("categoryID", Kind::Long), must("webSite", Kind::Text), may("scene", Kind::Text)])
        .shaped(Form::OWN.failing_as("errorCode", "errorMsg"))
        .by(|asked| Box::pin(categories::attributes(asked)))
        .told(
            "What offers of a category have.",
            "catalog",
            "tests/it/param2/discovery.rs::attributes_of_a_category_are_numbered_and_mapped",
        ),
    Row::read(XB, "product.category.getAttrById", "get_category")
        .takes(&[must("categoryId", Kind::Text)])
        .shaped(Form::NESTED.failing_as("", "msg").telling("data").on_top())
        .by(|asked| Box::pin(categories::mapping(asked)))
        .told(
            "Attributes and values in Chinese beside English.",
            "catalog",
            "tests/it/param2/discovery.rs::attributes_of_a_category_are_numbered_and_mapped",
        ),
    Row::read(XB, "product.distribute.getDistributeInfo", "get_offer")
        .takes(&[must("offerId", Kind::Text)])
        .signed_only()
        .shaped(Form::NESTED.failing_as("", "msg").telling("data"))
        .by(|asked| Box::pin(points::distribute_info(asked)))
        .told(
            "What there is to say of an offer, in three languages.",
            "catalog",
            "tests/it/param2/discovery.rs::selling_points_come_in_three_languages",
        ),
    Row::read(XB, "pool.product.pull", "list_pool_offers")
        .takes(&[must("offerPoolQueryParam", Kind::Json)])
        .shaped(Form::NESTED_TEXT)
        .by(|asked| Box::pin(pools::pull(asked)))
        .told(
            "Offers of an assortment, up to 1000 a page.",
            "catalog",
            "tests/it/param2/discovery.rs::a_pool_is_pulled_whole_whatever_the_size_of_its_pages",
        ),
    Row::read(XB, "pool.product.total", "list_pools")
        .takes(&[may("appKey", Kind::Text), must("palletId", Kind::Long), may("categoryId", Kind::Text)])
        .signed_only()
        .shaped(POOL_TOTAL)
        .by(|asked| Box::pin(pools::total(asked)))
        .told(
            "How many offers an assortment has.",
            "catalog",
            "tests/it/param2/discovery.rs::a_pool_is_pulled_whole_whatever_the_size_of_its_pages",
        ),
    trend("product.analyze.getPerdaySellQuantityTrend").by(|asked| Box::pin(trends::sold(asked))),
    trend("product.analyze.getPerdaySellQuantityTrendNew").by(|asked| Box::pin(trends::sold(asked))),
    trend("product.analyze.getThirtyDayMedianPriceTrend").by(|asked| Box::pin(trends::median_price(asked))),
    trend("product.analyze.getThirtyDayMedianPriceTrendNew").by(|asked| Box::pin(trends::median_price(asked))),
    trend("product.analyze.getRepurchaseRateTrend").by(|asked| Box::pin(trends::repurchase_rate(asked))),
    trend("product.analyze.getRepurchaseRateTrendNew").by(|asked| Box::pin(trends::repurchase_rate(asked))),
    Row::read(XB, "product.search.offerRecommend", "search_offers")
        .takes(&[must("recommendOfferParam", Kind::Json)])
        .by(|asked| Box::pin(recommend::offers(asked)))
        .told("What sells best, page by page.", "catalog", RECOMMENDED),
    Row::read(XB, "product.search.keywordSNQuery", "search_offers")
        .takes(&[must("snParams", Kind::Json)])
        .shaped(Form::NESTED.ok_as("S0000").failing_as("retCode", "retMsg"))
        .by(|asked| Box::pin(recommend::navigation(asked)))
        .told(
            "By what a search can be narrowed: `snId` of `keywordQuery` takes an id of a value.",
            "catalog",
            RECOMMENDED,
        ),
    Row::read(PRODUCT, "alibaba.product.suggest.crossBorder", "search_offers")
        .takes(&[must("keyWord", Kind::Text), may("loginId", Kind::Text)])
        .shaped(OWN_MSG_TEXT)
        .by(|asked| Box::pin(recommend::suggest(asked)))
        .told("The ten that sell best of a title, with their variants.", "catalog", RECOMMENDED),
    Row { does: "Follows an offer: its changes are told as messages.", ..relation(XB, ADD, "follow_offer") }
        .signed_only()
        .shaped(TRACED)
        .by(|asked| Box::pin(follow::add_relation(asked))),
    Row { does: "Follows an offer no more.", ..relation(XB, REMOVE, "unfollow_offer") }
        .shaped(TRACED)
        .by(|asked| Box::pin(follow::remove_relation(asked))),
    Row { does: "Follows an offer that is bought for others.", ..relation(FENXIAO, SUPPLY, "follow_offer") }
        .by(|asked| Box::pin(follow::add_supply(asked))),
    Row { does: "Follows an offer.", ..relation(PRODUCT, "alibaba.product.follow.crossborder", "follow_offer") }
        .takes(PRODUCT_ID)
        .shaped(CODED)
        .by(|asked| Box::pin(follow::follow_product(asked))),
    Row { does: "Follows it no more.", ..relation(PRODUCT, "alibaba.product.unfollow.crossborder", "unfollow_offer") }
        .takes(PRODUCT_ID)
        .shaped(CODED)
        .by(|asked| Box::pin(follow::unfollow_product(asked))),
    Row {
        does: "Lists up to 20 offers in the partner's shop, which is following them.",
        proof: PUSHED,
        ..relation(PUSH, "alibaba.cross.syncProductListPushed", "follow_offers")
    }
    .takes(PRODUCT_IDS)
    .shaped(ERROR_INSIDE)
    .by(|asked| Box::pin(pushed::push(asked))),
    Row::read(PRODUCT, "alibaba.cross.productInfo", "get_offer")
        .takes(PRODUCT_ID)
        .shaped(PRODUCTS)
        .by(|asked| Box::pin(pushed::info(asked)))
        .told("A listed offer in full, in Chinese. Yuan as numbers.", "follows, catalog", PUSHED),
    Row::read(PRODUCT, "alibaba.cross.productList", "batch_offers")
        .takes(PRODUCT_IDS)
        .shaped(PRODUCTS)
        .by(|asked| Box::pin(pushed::list(asked)))
        .told(
            "Up to 20 listed offers; what is not listed, or gone, is named in `message`.",
            "follows, catalog",
            PUSHED,
        ),
    Row::read(PRODUCT, "alibaba.product.simple.get", "get_offer")
        .takes(&[must("productID", Kind::Long), must("webSite", Kind::Text)])
        .shaped(Form::PLAIN.failing_as("", "errMsg"))
        .by(|asked| Box::pin(pushed::simple(asked)))
        .told("Any offer as `cross.productInfo` tells it.", "catalog", PUSHED),
    Row::read(TRADE, "alibaba.trade.OpQueryMarketingMixConfig", "get_offer")
        .takes(&[may("sellerMemberId", Kind::Text), may("sellerLoginId", Kind::Text)])
        .shaped(Form::BESIDE)
        .by(|asked| Box::pin(mix::config(asked)))
        .told(
            "A seller's rule for mixed orders, in pieces and whole yuan, as its offers have it.",
            "catalog",
            "tests/it/param2/listing.rs::a_seller_has_the_rule_of_its_offers",
        ),
];

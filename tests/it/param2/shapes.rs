//! Names, nesting and JSON types of answers, as the platform's documents have them. Whatever we tell stands in the table
//! of its call with the type that clients read; what has to be there is marked.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::trader::XB;

/// `path type`, a `!` behind the type where it has to be there. Types: n number, i whole number, s text, b boolean.
type Shape = &'static [&'static str];

/// Every leaf of a document as `a.b[].c type`.
pub fn leaves(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    walk(document, "", &mut found);
    found.sort();
    found.dedup();
    found
}

fn walk(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(value, &path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, &format!("{path}[]"), found)),
        Value::Null => found.push(format!("{path} null")),
        Value::Bool(_) => found.push(format!("{path} b")),
        Value::Number(number) if number.is_f64() => found.push(format!("{path} n")),
        Value::Number(_) => found.push(format!("{path} i")),
        Value::String(_) => found.push(format!("{path} s")),
    }
}

/// Holds a document against a shape: nothing that is not in it, nothing missing that has to be there.
#[track_caller]
pub fn hold(document: &Value, shape: &[&str]) {
    let told = leaves(document);
    for leaf in &told {
        let known = shape.iter().any(|row| row.trim_end_matches('!') == leaf);
        // A fraction may happen to be whole.
        let whole = leaf.ends_with(" i") && shape.contains(&leaf.replace(" i", " n").as_str());
        assert!(known || whole, "{leaf} is not what clients read");
    }
    for row in shape.iter().filter(|row| row.ends_with('!')) {
        assert!(told.iter().any(|leaf| *leaf == row.trim_end_matches('!')), "{row} is missing in {document}");
    }
}

/// `product.search.queryProductDetail`
const DETAIL: Shape = &[
    "result.success b!",
    "result.code s!",
    "result.message s!",
    "result.result.offerId i!",
    "result.result.categoryId i!",
    "result.result.subject s!",
    "result.result.subjectTrans s!",
    "result.result.description s",
    "result.result.descriptionTrans s",
    "result.result.productImage.images[] s!",
    "result.result.productImage.whiteImage s!",
    "result.result.productAttribute[].attributeId s",
    "result.result.productAttribute[].attributeName s",
    "result.result.productAttribute[].value s",
    "result.result.productAttribute[].attributeNameTrans s",
    "result.result.productAttribute[].valueTrans s",
    "result.result.productSkuInfos[].amountOnSale i!",
    "result.result.productSkuInfos[].price s!",
    "result.result.productSkuInfos[].skuId i!",
    "result.result.productSkuInfos[].specId s!",
    "result.result.productSkuInfos[].skuAttributes[].attributeId i",
    "result.result.productSkuInfos[].skuAttributes[].attributeName s",
    "result.result.productSkuInfos[].skuAttributes[].attributeNameTrans s",
    "result.result.productSkuInfos[].skuAttributes[].value s",
    "result.result.productSkuInfos[].skuAttributes[].valueTrans s",
    "result.result.productSkuInfos[].cargoNumber s",
    "result.result.productSkuInfos[].fenxiaoPriceInfo.onePiecePrice s",
    "result.result.productSkuInfos[].fenxiaoPriceInfo.offerPrice s",
    "result.result.productSaleInfo.amountOnSale i!",
    "result.result.productSaleInfo.priceRangeList[].startQuantity i!",
    "result.result.productSaleInfo.priceRangeList[].price s!",
    "result.result.productSaleInfo.quoteType i!",
    "result.result.productSaleInfo.unitInfo.unit s!",
    "result.result.productSaleInfo.unitInfo.transUnit s!",
    "result.result.productSaleInfo.fenxiaoSaleInfo.onePieceFreePostage b",
    "result.result.productSaleInfo.fenxiaoSaleInfo.startQuantity i",
    "result.result.productSaleInfo.fenxiaoSaleInfo.onePiecePrice s",
    "result.result.productSaleInfo.fenxiaoSaleInfo.offerPrice s",
    "result.result.productShippingInfo.weight n",
    "result.result.productShippingInfo.width n",
    "result.result.productShippingInfo.height n",
    "result.result.productShippingInfo.length n",
    "result.result.productShippingInfo.skuShippingInfoList[].specId s!",
    "result.result.productShippingInfo.skuShippingInfoList[].skuId i!",
    "result.result.productShippingInfo.skuShippingInfoList[].width n",
    "result.result.productShippingInfo.skuShippingInfoList[].length n",
    "result.result.productShippingInfo.skuShippingInfoList[].height n",
    "result.result.productShippingInfo.skuShippingInfoList[].weight i",
    "result.result.productShippingInfo.shippingTimeGuarantee s",
    "result.result.productShippingInfo.skuShippingDetails[].skuId s",
    "result.result.productShippingInfo.skuShippingDetails[].width n",
    "result.result.productShippingInfo.skuShippingDetails[].length n",
    "result.result.productShippingInfo.skuShippingDetails[].height n",
    "result.result.productShippingInfo.skuShippingDetails[].weight n",
    "result.result.productShippingInfo.skuShippingDetails[].pkgSizeSource s",
    "result.result.productShippingInfo.pkgSizeSource s",
    "result.result.isJxhy b",
    "result.result.sellerOpenId s!",
    "result.result.minOrderQuantity i!",
    "result.result.batchNumber i",
    "result.result.status s!",
    "result.result.tagInfoList[].key s",
    "result.result.tagInfoList[].value b",
    "result.result.traceInfo s!",
    "result.result.sellerMixSetting.generalHunpi b!",
    "result.result.sellerMixSetting.mixAmount i",
    "result.result.sellerMixSetting.mixNumber i",
    "result.result.soldOut s",
    "result.result.promotionModel.hasPromotion b",
    "result.result.tradeScore s",
    "result.result.offerIdentities[] s",
    "result.result.createDate s",
    "result.result.isSelect s",
    "result.result.companyName s!",
];

/// `product.search.keywordQuery`
const SEARCH: Shape = &[
    "result.success b!",
    "result.code s!",
    "result.message s!",
    "result.result.totalRecords i!",
    "result.result.totalPage i!",
    "result.result.pageSize i!",
    "result.result.currentPage i!",
    "result.result.data[].imageUrl s!",
    "result.result.data[].whiteImage s!",
    "result.result.data[].subject s!",
    "result.result.data[].subjectTrans s!",
    "result.result.data[].offerId i!",
    "result.result.data[].isJxhy b!",
    "result.result.data[].priceInfo.price s!",
    "result.result.data[].priceInfo.consignPrice s",
    "result.result.data[].repurchaseRate s!",
    "result.result.data[].monthSold i!",
    "result.result.data[].sales7d s!",
    "result.result.data[].traceInfo s!",
    "result.result.data[].isOnePsale b!",
    "result.result.data[].sellerIdentities[] s",
    "result.result.data[].offerIdentities[] s",
    "result.result.data[].tradeScore s!",
    "result.result.data[].promotionModel.hasPromotion b!",
    "result.result.data[].isPatentProduct b!",
    "result.result.data[].createDate s!",
    "result.result.data[].modifyDate s!",
    "result.result.data[].isSelect b!",
    "result.result.data[].minOrderQuantity i!",
    "result.result.data[].productSimpleShippingInfo.shippingTimeGuarantee s",
];

/// `product.search.imageQuery`: the same with `success` a text.
pub const ALIKE: Shape = &[
    "result.success s!",
    "result.code s!",
    "result.message s!",
    "result.result.totalRecords i!",
    "result.result.totalPage i!",
    "result.result.pageSize i!",
    "result.result.currentPage i!",
    "result.result.data[].imageUrl s!",
    "result.result.data[].whiteImage s!",
    "result.result.data[].subject s!",
    "result.result.data[].subjectTrans s!",
    "result.result.data[].offerId i!",
    "result.result.data[].isJxhy b!",
    "result.result.data[].priceInfo.price s!",
    "result.result.data[].priceInfo.consignPrice s",
    "result.result.data[].repurchaseRate s!",
    "result.result.data[].monthSold i!",
    "result.result.data[].sales7d s!",
    "result.result.data[].traceInfo s!",
    "result.result.data[].isOnePsale b!",
    "result.result.data[].sellerIdentities[] s",
    "result.result.data[].offerIdentities[] s",
    "result.result.data[].tradeScore s!",
    "result.result.data[].promotionModel.hasPromotion b!",
    "result.result.data[].isPatentProduct b!",
    "result.result.data[].createDate s!",
    "result.result.data[].modifyDate s!",
    "result.result.data[].isSelect b!",
    "result.result.data[].minOrderQuantity i!",
    "result.result.data[].productSimpleShippingInfo.shippingTimeGuarantee s",
];

/// `product.image.upload`
pub const UPLOADED: Shape = &["result.success s!", "result.code s!", "result.message s!", "result.result s!"];

/// `system.oauth2/getToken`
pub const TOKEN: Shape = &[
    "access_token s!",
    "refresh_token s!",
    "expires_in s!",
    "refresh_token_timeout s!",
    "resource_owner s!",
    "aliId s!",
    "memberId s!",
];

/// `pool.product.pull`
const PULL: Shape = &[
    "result.success s!",
    "result.code s!",
    "result.message s!",
    "result.result[].offerId i!",
    "result.result[].bizCategoryId s!",
    "result.result[].offerPoolTotal i!",
];

/// `category.translation.getById`
const CATEGORY: Shape = &[
    "success b!",
    "code s!",
    "message s!",
    "result.fromCache b!",
    "result.level s!",
    "result.chineseName s!",
    "result.translatedName s!",
    "result.language s!",
    "result.leaf b!",
    "result.categoryId i!",
    "result.parentCateId i",
    "result.children[].fromCache b!",
    "result.children[].level s!",
    "result.children[].chineseName s!",
    "result.children[].translatedName s!",
    "result.children[].language s!",
    "result.children[].leaf b!",
    "result.children[].categoryId i!",
    "result.children[].parentCateId i!",
    "result.children[].children null!",
];

#[actix_web::test]
async fn lists_pools_and_categories_have_the_platforms_names_and_types() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let partner = house.partner("finder").await;
    let word = partner.get("/v1/trends/keywords?language=en&limit=1").await.json()["items"][0]["keyword"].clone();
    let asked = json!({"keyword": word, "beginPage": 1, "pageSize": 50, "country": "en"}).to_string();
    hold(&trader.told(XB, "product.search.keywordQuery", &[("offerQueryParam", &asked)]).await, SEARCH);
    let pool = house.partner("finder").await.get("/v1/pools").await.json()["items"][0]["id"].clone();
    let asked = json!({"offerPoolId": pool, "taskId": 1, "pageNo": 1, "pageSize": 50}).to_string();
    hold(&trader.told(XB, "pool.product.pull", &[("offerPoolQueryParam", &asked)]).await, PULL);
    let root = [("language", "ja"), ("categoryId", "0")];
    hold(&trader.told(XB, "category.translation.getById", &root).await, CATEGORY);
    house.close().await;
}

#[actix_web::test]
async fn an_offer_has_the_platforms_names_and_types() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let found = house.partner("finder").await.get("/v1/offers?limit=50").await.json();
    for item in found["items"].as_array().unwrap() {
        let offer = json!({"offerId": item["id"], "country": "en"}).to_string();
        let said = trader.told(XB, "product.search.queryProductDetail", &[("offerDetailParam", &offer)]).await;
        hold(&said, DETAIL);
    }
    house.close().await;
}

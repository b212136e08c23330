//! Goods that a partner lists in its shop, and the sellers' rules for mixed orders, as older clients ask for them.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::trader::Trader;

const PUSH: &str = "com.alibaba.product.push";
const PRODUCT: &str = "com.alibaba.product";
const TRADE: &str = "com.alibaba.trade";
const NOBODY: &str = "999999999999";

/// `alibaba.product.ProductInfo`, as lists tell it.
const LISTED: &[&str] = &[
    "productID i!",
    "productType s!",
    "categoryID i!",
    "attributes[].attributeID i!",
    "attributes[].attributeName s!",
    "attributes[].value s!",
    "attributes[].isCustom b!",
    "status s!",
    "subject s!",
    "description s",
    "language s!",
    "periodOfValidity i!",
    "bizType i!",
    "image.images[] s!",
    "supplierLoginId s!",
];
/// What one alone has besides.
const WHOLE: &[&str] = &[
    "pictureAuth b!",
    "skuInfos[].attributes[].attributeID i!",
    "skuInfos[].attributes[].attributeValue s!",
    "skuInfos[].attributes[].attributeDisplayName s!",
    "skuInfos[].cargoNumber s!",
    "skuInfos[].amountOnSale i!",
    "skuInfos[].price n",
    "skuInfos[].skuId i!",
    "skuInfos[].specId s!",
    "saleInfo.supportOnlineTrade b!",
    "saleInfo.mixWholeSale b!",
    "saleInfo.saleType s!",
    "saleInfo.priceAuth b!",
    "saleInfo.priceRanges[].startQuantity i!",
    "saleInfo.priceRanges[].price n",
    "saleInfo.amountOnSale i!",
    "saleInfo.unit s!",
    "saleInfo.minOrderQuantity i!",
    "saleInfo.batchNumber i",
    "saleInfo.quoteType i!",
    "shippingInfo.freightTemplateID i!",
    "shippingInfo.unitWeight n",
    "shippingInfo.length n",
    "shippingInfo.width n",
    "shippingInfo.height n",
    "supplierUserId s!",
    "sellerLoginId s!",
    "crossBorderOffer b!",
    "referencePrice s!",
    "createTime s",
    "lastUpdateTime s!",
    "modifyTime s!",
    "bookedCount s!",
    "sevenDaysRefunds b!",
];
/// `alibaba.trade.OpQueryMarketingMixConfig`
const MIX: &[&str] =
    &["success b!", "result.generalHunpi b!", "result.memberId s!", "result.mixAmount i", "result.mixNumber i"];

async fn push(trader: &Trader, ids: &Value) -> Value {
    let ids = ids.to_string();
    trader.told(PUSH, "alibaba.cross.syncProductListPushed", &[("productIdList", &ids)]).await
}

async fn info(trader: &Trader, id: &str) -> Value {
    trader.told(PRODUCT, "alibaba.cross.productInfo", &[("productId", id)]).await
}

#[actix_web::test]
async fn what_is_listed_is_told_as_the_newer_face_has_it() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let found = partner.get("/v1/offers?limit=3&sort=sold&language=en").await.json();
    let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let numbers: Vec<i64> = ids.iter().map(|id| id.parse().unwrap()).collect();
    let (before, missing) = (info(&trader, ids[0]).await, format!("{}:商品不存在", ids[0]));
    assert_eq!(before, json!({"success": false, "message": missing}), "it is not listed yet");
    for _ in 0..2 {
        assert_eq!(push(&trader, &json!(numbers[..2])).await, json!({"result": {"success": true}}));
    }
    let follows = partner.get("/v1/follows").await.json();
    assert_eq!(follows["total"], 2, "{follows}");
    // What can be listed is, and the rest is named.
    let told = push(&trader, &json!([numbers[2], 999_999_999_999_i64])).await;
    assert_eq!((&told["result"]["success"], &told["result"]["errorCode"]), (&json!(false), &json!("404")), "{told}");
    assert!(told["result"]["errorMsg"].as_str().unwrap().starts_with(NOBODY), "{told}");
    let told = info(&trader, ids[2]).await;
    assert_eq!((&told["success"], &told["bizGroupInfos"]), (&json!(true), &json!([])), "{told}");
    let (product, newer) = (&told["productInfo"], partner.get(&format!("/v1/offers/{}", ids[2])).await.json());
    hold(product, &[LISTED, WHOLE].concat());
    assert_eq!((&product["subject"], &product["productID"]), (&newer["title_original"], &json!(numbers[2])));
    let (skus, wanted) = (product["skuInfos"].as_array().unwrap(), newer["skus"].as_array().unwrap());
    assert_eq!(skus.len(), wanted.len());
    for (sku, wanted) in skus.iter().zip(wanted) {
        assert_eq!((sku["skuId"].to_string(), &sku["amountOnSale"]), (said(&wanted["id"]), &wanted["stock"]));
    }
    let first = &product["saleInfo"]["priceRanges"][0];
    let price: f64 = said(&newer["price_tiers"][0]["price"]["amount"]).parse().unwrap();
    assert_eq!(
        (first["price"].as_f64(), &first["startQuantity"]),
        (Some(price), &newer["price_tiers"][0]["from_quantity"])
    );
    assert_eq!(product["saleInfo"]["minOrderQuantity"], newer["minimum_order"]);
    // The same of an offer that is not listed, by the call that asks for no list.
    let one = partner.get("/v1/offers?limit=4&sort=sold").await.json()["items"][3]["id"].clone();
    let asked = [("productID", one.as_str().unwrap()), ("webSite", "1688")];
    let simple = trader.told(PRODUCT, "alibaba.product.simple.get", &asked).await;
    hold(&simple["productInfo"], &[LISTED, WHOLE].concat());
    let asked = [("productID", NOBODY), ("webSite", "1688")];
    let none = trader.told(PRODUCT, "alibaba.product.simple.get", &asked).await;
    assert!(none["errMsg"].is_string() && none.get("productInfo").is_none(), "{none}");
    // Several at once: what is not listed is named beside the others.
    let list = async |ids: Value| {
        let ids = ids.to_string();
        trader.told(PRODUCT, "alibaba.cross.productList", &[("productIdList", &ids)]).await
    };
    let all = list(json!([numbers[1], 999_999_999_999_i64, numbers[0]])).await;
    let told: Vec<_> = all["productList"].as_array().unwrap().iter().map(|one| one["productID"].clone()).collect();
    assert_eq!(told, [json!(numbers[1]), json!(numbers[0])]);
    all["productList"].as_array().unwrap().iter().for_each(|one| hold(one, LISTED));
    assert_eq!((&all["success"], &all["message"]), (&json!(true), &json!(format!("{NOBODY}:商品不存在"))));
    assert!(list(json!([numbers[0]])).await.get("message").is_none(), "a success has no words");
    assert_eq!(list(json!([999_999_999_999_i64])).await["success"], false);
    // No longer followed is no longer listed.
    trader.told(PRODUCT, "alibaba.product.unfollow.crossborder", &[("productId", ids[2])]).await;
    assert_eq!(info(&trader, ids[2]).await["success"], false);
    let many: Vec<_> = (1..=21).collect();
    let many = json!(many).to_string();
    let many = [("productIdList", many.as_str())];
    let said = trader.call(PUSH, "alibaba.cross.syncProductListPushed", &many).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

fn said(text: &Value) -> String {
    text.as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_seller_has_the_rule_of_its_offers() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let api = "alibaba.trade.OpQueryMarketingMixConfig";
    let found = partner.get("/v1/offers?limit=50&sort=sold").await.json();
    let (mut with, mut without) = (0, 0);
    for one in found["items"].as_array().unwrap() {
        if with > 0 && without > 0 {
            break;
        }
        let newer = partner.get(&format!("/v1/offers/{}", said(&one["id"]))).await.json();
        let (supplier, rule) = (said(&newer["supplier"]["id"]), &newer["mixed_order"]);
        let told = trader.told(TRADE, api, &[("sellerLoginId", &supplier)]).await;
        hold(&told, MIX);
        let member = format!("b2b-{supplier}");
        assert_eq!(
            (&told["result"]["memberId"], &told["result"]["generalHunpi"]),
            (&json!(member), &json!(!rule.is_null()))
        );
        assert_eq!(told["result"].get("mixNumber"), rule.get("min_pieces").filter(|pieces| !pieces.is_null()));
        let fen = rule["min_amount"]["amount"].as_str().map(|amount| amount.replace('.', "").parse::<i64>().unwrap());
        assert_eq!(told["result"]["mixAmount"].as_i64(), fen.map(|fen| (fen + 99) / 100), "{rule}");
        assert_eq!(trader.told(TRADE, api, &[("sellerMemberId", &member)]).await, told);
        if rule.is_null() { without += 1 } else { with += 1 }
    }
    assert!(with > 0 && without > 0, "{with} {without}");
    let nobody = trader.told(TRADE, api, &[]).await;
    assert_eq!((&nobody["success"], &nobody["errorCode"]), (&json!(false), &json!("500_1")));
    for strange in ["nobody", "7"] {
        let told = trader.told(TRADE, api, &[("sellerLoginId", strange)]).await;
        assert_eq!((&told["success"], &told["errorCode"]), (&json!(false), &json!("404")), "{strange}: {told}");
    }
    house.close().await;
}

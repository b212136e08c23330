//! Finding goods by the older protocol: what it tells is what the catalogue has.

use serde_json::{Value, json};

use crate::harness::House;

/// Offers of the newer face, most sold first.
async fn offers(house: &House, count: u32) -> Vec<Value> {
    let partner = house.partner("finder").await;
    let found = partner.get(&format!("/v1/offers?limit={count}&sort=sold&language=en")).await.json();
    found["items"].as_array().unwrap().clone()
}

fn number(text: &Value) -> i64 {
    text.as_str().unwrap().parse().unwrap()
}

#[actix_web::test]
async fn an_offer_is_told_as_the_catalogue_has_it() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let id = number(&offers(&house, 1).await[0]["id"]);
    let newer = house.partner("finder").await.get(&format!("/v1/offers/{id}?language=ja")).await.json();
    let asked = json!({"offerId": id, "country": "ja"});
    let told = trader.result("product.search.queryProductDetail", "offerDetailParam", asked).await;
    assert_eq!((&told["offerId"], &told["subjectTrans"]), (&json!(id), &newer["title"]));
    assert_eq!((&told["subject"], &told["minOrderQuantity"]), (&newer["title_original"], &newer["minimum_order"]));
    let (skus, wanted) = (told["productSkuInfos"].as_array().unwrap(), newer["skus"].as_array().unwrap());
    assert_eq!(skus.len(), wanted.len());
    for (sku, wanted) in skus.iter().zip(wanted) {
        assert_eq!(sku["skuId"].to_string(), wanted["id"].as_str().unwrap());
        assert_eq!(sku["specId"].as_str().unwrap().len(), 32);
        assert_eq!(sku["amountOnSale"], wanted["stock"]);
    }
    let first = &told["productSaleInfo"]["priceRangeList"][0];
    assert_eq!(first["price"], newer["price_tiers"][0]["price"]["amount"]);
    let again = trader.call(crate::param2::trader::XB, "product.search.queryProductDetail", &[]).await;
    assert_eq!(again.error().as_deref(), Some("gw.ParamMissing"));
    house.close().await;
}

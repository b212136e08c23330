//! What the road costs, asked of both faces.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::shop::{LOGISTICS, Shop};
use crate::param2::trade_shapes as shape;
use crate::param2::trader::XB;

async fn estimate(shop: &Shop, wanted: &Value) -> Value {
    let wanted = wanted.to_string();
    shop.trader.told(XB, "product.freight.estimate", &[("productFreightQueryParamsNew", &wanted)]).await
}

#[actix_web::test]
async fn the_road_costs_what_the_newer_face_says() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let line = &shop.quote["lines"][0];
    let number = |id: &Value| id.as_str().unwrap().parse::<i64>().unwrap();
    for code in ["330108", "330782", "440306"] {
        let body = json!({"lines": [{"sku_id": line["sku_id"], "quantity": line["quantity"]}], "region_code": code});
        let newer = shop.partner.post("/v1/freight-estimates", body).await.json();
        let load = &newer["loads"][0];
        let wanted = json!({
            "offerId": number(&line["offer_id"]), "toProvinceCode": format!("{}0000", &code[..2]),
            "toCityCode": format!("{}00", &code[..4]), "toCountryCode": code, "totalNum": line["quantity"],
            "logisticsSkuNumModels": [{"skuId": line["sku_id"], "number": line["quantity"]}],
        });
        let told = estimate(&shop, &wanted).await;
        hold(&told, shape::FREIGHT);
        assert_eq!(told["result"]["code"], "S0000");
        let told = &told["result"]["result"];
        assert_eq!(told["freight"], load["freight"]["amount"], "{newer} {told}");
        assert_eq!(told["freePostage"], load["freight"]["amount"] == "0.00", "{told}");
        let terms = &load["terms"];
        assert_eq!(
            (&told["firstFee"], &told["nextFee"]),
            (&terms["first_price"]["amount"], &terms["step_price"]["amount"])
        );
        let by = ["weight", "piece", "volume"].iter().position(|by| terms["by"] == *by).unwrap_or(1);
        assert_eq!(told["chargeType"], by.to_string(), "{told}");
        assert_eq!(told["singleProductWeight"], json!(load["lines"][0]["weight_g"].as_f64().unwrap() / 1000.0));
        // Without variants, whichever is in stock.
        let any = json!({"offerId": number(&line["offer_id"]), "toCountryCode": code, "totalNum": line["quantity"]});
        assert_eq!(estimate(&shop, &any).await["result"]["success"], true);
    }
    let wrong = json!({"offerId": 1, "toCountryCode": "330108", "totalNum": 1});
    let told = estimate(&shop, &wrong).await;
    assert_eq!((&told["result"]["success"], &told["result"]["code"]), (&json!(false), &json!("404")), "{told}");
    for wrong in [
        json!({"toCountryCode": "330108", "totalNum": 1}),
        json!({"offerId": 1, "totalNum": 1}),
        json!({"offerId": 1, "toCountryCode": "999999", "totalNum": 1}),
        json!({"offerId": 1, "toCountryCode": "330108"}),
        json!({"offerId": number(&line["offer_id"]) + 1, "toCountryCode": "330108",
            "logisticsSkuNumModels": [{"skuId": line["sku_id"], "number": 1}]}),
    ] {
        let parameter = [("productFreightQueryParamsNew", wrong.to_string())];
        let parameter = parameter.each_ref().map(|(name, value)| (*name, value.as_str()));
        let said = shop.trader.call(XB, "product.freight.estimate", &parameter).await;
        assert!(said.error().is_some_and(|code| code.starts_with("gw.Param")), "{wrong}: {}", said.json());
    }
    house.close().await;
}

#[actix_web::test]
async fn a_sellers_template_says_what_estimates_are_reckoned_by() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let line = &shop.quote["lines"][0];
    let sites = shop.partner.get("/v1/warehouses").await.json()["items"].as_array().unwrap().clone();
    let first = &sites[0];
    let wanted = json!({
        "offerId": line["offer_id"], "toCountryCode": first["region_code"], "totalNum": line["quantity"],
        "logisticsSkuNumModels": [{"skuId": line["sku_id"], "number": line["quantity"]}],
    });
    let told = estimate(&shop, &wanted).await["result"]["result"].clone();
    let list = async |asked: &[(&str, &str)]| {
        shop.trader.told(LOGISTICS, "alibaba.logistics.myFreightTemplate.list.get", asked).await
    };
    assert_eq!(list(&[]).await, json!({"result": []}), "a buyer has none of its own");
    let id = told["templateId"].to_string();
    let whole = list(&[("templateId", &id), ("querySubTemplate", "true"), ("queryRate", "true")]).await;
    if told["templateType"] == 1 {
        assert_eq!(whole["result"][0]["id"], 1);
    } else {
        hold(&whole, shape::TEMPLATE);
        let template = &whole["result"][0];
        assert_eq!((&template["id"], &template["name"]), (&told["templateId"], &told["templateName"]));
        let rates = template["expressSubTemplate"]["rateList"].as_array().unwrap();
        assert_eq!(rates.len(), sites.len());
        let fen = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        assert_eq!(rates[0]["rateDTO"]["firstUnitFee"], fen(&told["firstFee"]), "{whole} {told}");
        assert_eq!(rates[0]["rateDTO"]["nextUnitFee"], fen(&told["nextFee"]));
        let brief = list(&[("templateId", &id)]).await;
        assert!(brief["result"][0].get("expressSubTemplate").is_none(), "{brief}");
    }
    let free = list(&[("templateId", "1")]).await;
    assert_eq!((&free["result"][0]["id"], free["result"].as_array().unwrap().len()), (&json!(1), 1));
    assert_eq!(list(&[("templateId", "999999")]).await["errorCode"], "404");
    house.close().await;
}

//! What a partner's own warehouse asks and says by the older protocol, each effect looked for behind the newer face.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shop::{Shop, advance};
use crate::param2::trader::XB;

async fn tell(shop: &Shop, api: &str, parameters: &[(&str, &str)]) -> Value {
    shop.trader.told(XB, api, parameters).await["result"].clone()
}

/// A consignment of the partner's own staff; gives its id.
async fn opened(house: &House, shop: &Shop, reference: &str, orders: &[&str]) -> String {
    let mut ids = Vec::new();
    for order in orders {
        let number = shop.paid(order).await;
        advance(house, &number, "warehousesigned").await;
        shop.view_in(&number, "waitbuyerreceive").await;
        ids.push(shop.newer(order).await["id"].clone());
    }
    let body = json!({"reference": reference, "order_ids": ids, "operated_by": "partner"});
    let answer = shop.partner.post_once("/v1/consignments", &format!("open-{reference}"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["id"].as_str().unwrap().to_owned()
}

async fn newer(shop: &Shop, id: &str) -> Value {
    shop.partner.get(&format!("/v1/consignments/{id}")).await.json()
}

/// The first line of each order.
fn lines(consignment: &Value) -> Vec<Value> {
    consignment["orders"].as_array().unwrap().iter().map(|order| order["lines"][0].clone()).collect()
}

/// Pieces that are expected of all lines.
fn expected(consignment: &Value) -> i64 {
    lines(consignment).iter().map(|line| line["expected"].as_i64().unwrap()).sum()
}

#[actix_web::test]
async fn goods_are_signed_for_shelved_and_taken_out() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let id = opened(&house, &shop, "CO-1", &["PO-1", "PO-2"]).await;
    let all = expected(&newer(&shop, &id).await);
    let sync = async |status: &str, at: &str, num: i64| {
        let num = num.to_string();
        let asked = [("bizInboundOrderId", "CO-1"), ("status", status), ("processTime", at), ("num", num.as_str())];
        tell(&shop, "consignment.co.status.sync", &asked).await
    };
    let ambiguous = sync("signed", "1700000000000", 1).await;
    assert_eq!(ambiguous["success"], false, "{ambiguous}");
    assert_eq!(sync("signed", "1700000000000", all + 1).await["success"], false);
    assert_eq!(sync("onShelves", "1700000000000", all).await["success"], false, "nothing came yet");
    let told = sync("signed", "1700000000001", all).await;
    assert_eq!((&told["success"], &told["msg"], &told["model"]), (&json!(true), &json!("OK"), &Value::Null), "{told}");
    assert!(told["traceId"].as_str().is_some_and(|id| !id.is_empty()));
    let then = newer(&shop, &id).await;
    assert_eq!(then["state"], "received", "{then}");
    assert_eq!(sync("signed", "1700000000001", all).await["success"], true, "said again it is the same");
    assert_eq!(sync("signed", "1700000000002", all).await["success"], false, "everything came already");
    assert_eq!(newer(&shop, &id).await["events"], then["events"]);
    // Nothing is taken out of what was not looked at.
    let sku = lines(&then)[0]["sku_id"].as_str().unwrap().to_owned();
    let take = async |count: i64, biz: &str| {
        let count = count.to_string();
        let asked = [("bizSkuId", sku.as_str()), ("sourceItemId", &id), ("outboundQuantity", &count), ("bizId", biz)];
        tell(&shop, "consignment.co.inventory", &asked).await
    };
    assert_eq!(take(1, "OUT-1").await["success"], false);
    assert_eq!(sync("onShelves", "1700000000003", all - 1).await["success"], false);
    assert_eq!(sync("onShelves", "1700000000003", all).await["success"], true);
    let then = newer(&shop, &id).await;
    assert_eq!((&then["state"], &lines(&then)[0]["result"]), (&json!("inspected"), &json!("pass")));
    // Both orders are of one variant: as many are there as came of both.
    let one = take(all - 1, "OUT-1").await;
    assert_eq!(one["success"], true, "{one}");
    assert_eq!(take(all - 1, "OUT-1").await["success"], true, "said again it is the same");
    let other = take(1, "OUT-1").await;
    assert_eq!(other["success"], false, "{other}");
    let many = take(2, "OUT-2").await;
    assert!(many["success"] == false && many["msg"].as_str().unwrap().contains("only 1"), "{many}");
    let both = tokio::join!(take(1, "OUT-3"), take(1, "OUT-4"));
    assert_ne!(both.0["success"], both.1["success"], "the last piece goes out once");
    assert_eq!(take(1, "OUT-5").await["success"], false);
    // Nobody else's.
    let stranger = house.trader("other").await;
    let asked = [("bizInboundOrderId", id.as_str()), ("status", "signed"), ("processTime", "1"), ("num", "1")];
    let told = stranger.told(XB, "consignment.co.status.sync", &asked).await;
    assert_eq!(told["result"]["success"], false, "{told}");
    for (name, value) in [("status", "lost"), ("num", "x"), ("num", "-1"), ("processTime", "x")] {
        let mut asked = vec![("bizInboundOrderId", "CO-1"), ("status", "signed"), ("processTime", "1"), ("num", "1")];
        asked.retain(|(other, _)| *other != name);
        asked.push((name, value));
        let said = shop.trader.call(XB, "consignment.co.status.sync", &asked).await;
        assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"), "{name}: {}", said.json());
    }
    house.close().await;
}

#[actix_web::test]
async fn a_tally_sheet_tells_what_is_missing_once() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let id = opened(&house, &shop, "CO-1", &["PO-1"]).await;
    let all = expected(&newer(&shop, &id).await);
    assert!(all > 1, "a line of several pieces is wanted");
    let tally = async |of: &str, good: i64, variance: i64| {
        let (good, variance) = (good.to_string(), variance.to_string());
        let asked = [
            ("bizInboundOrderId", of),
            ("status", "tallysheet"),
            ("processTime", "1700000000000"),
            ("tallySheetId", "TS-1"),
            ("tallySheetReason", "少件"),
            ("inboundCount", good.as_str()),
            ("varianceCount", variance.as_str()),
        ];
        tell(&shop, "consignment.tally.create", &asked).await
    };
    assert_eq!(tally(&id, all, 1).await["success"], "false", "more than is expected");
    assert_eq!(tally(&id, all, 0).await["success"], "false", "nothing differs");
    let told = tally(&id, all - 1, 1).await;
    assert_eq!((&told["success"], &told["msg"]), (&json!("true"), &json!("OK")), "{told}");
    let then = newer(&shop, &id).await;
    assert_eq!(then["state"], "inspected", "{then}");
    let line = &lines(&then)[0];
    assert_eq!((&line["received"], &line["passed"]), (&json!(all - 1), &json!(all - 1)), "{line}");
    assert_eq!((&line["result"], &line["note"]), (&json!("short"), &json!("TS-1: 少件")));
    assert_eq!(tally("CO-1", all - 1, 1).await["success"], "true", "said again it is the same");
    assert_eq!(tally("CO-1", all - 2, 2).await["success"], "false", "another sheet under the same number");
    assert_eq!(newer(&shop, &id).await["events"], then["events"]);
    // Of several lines nobody knows which.
    let two = opened(&house, &shop, "CO-2", &["PO-2", "PO-3"]).await;
    assert_eq!(tally(&two, 1, 1).await["success"], "false");
    assert_eq!(newer(&shop, &two).await["state"], "open");
    house.close().await;
}

#[actix_web::test]
async fn a_parcel_without_an_owner_is_found_by_its_number() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.paid("PO-1").await;
    advance(&house, &number, "waitbuyerreceive").await;
    let sent = shop.view_in(&number, "waitbuyerreceive").await;
    let waybill = sent["result"]["nativeLogistics"]["logisticsItems"][0]["logisticsBillNo"].as_str().unwrap();
    let found = tell(&shop, "logistics.order.getOutOrderId", &[("shipmentId", waybill)]).await;
    let wanted = json!({"success": true, "msg": "OK", "model": {"outOrderId": "PO-1", "orderId": number}});
    assert_eq!(found, wanted);
    assert_eq!(tell(&shop, "logistics.order.getOutOrderId", &[("noMainPartCode", waybill)]).await, wanted);
    let none = tell(&shop, "logistics.order.getOutOrderId", &[("shipmentId", "ZTO-NONE")]).await;
    assert_eq!((&none["success"], none.get("model")), (&json!(false), None), "{none}");
    let stranger = house.trader("other").await;
    let told = stranger.told(XB, "logistics.order.getOutOrderId", &[("shipmentId", waybill)]).await;
    assert_eq!(told["result"]["success"], false);
    let said = shop.trader.call(XB, "logistics.order.getOutOrderId", &[]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamMissing"));
    house.close().await;
}

#[actix_web::test]
async fn labels_reach_the_supplier_once() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.ordered("PO-1").await;
    let label = async |more: &[(&str, &str)]| {
        let mut asked = vec![("orderId", number.as_str()), ("printUrls", "https://wms.example/1.pdf")];
        asked.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
        asked.extend_from_slice(more);
        tell(&shop, "label.url.receive", &asked).await
    };
    let done = json!({"success": true, "msg": "OK", "data": true});
    assert_eq!(label(&[("outOrderId", "PO-1")]).await, done);
    assert_eq!(label(&[("printUrls", "[\"https://wms.example/1.pdf\",\"https://wms.example/2.pdf\"]")]).await, done);
    let note = "请打印标签 https://wms.example/1.pdf；请打印标签 https://wms.example/2.pdf";
    assert_eq!(shop.newer("PO-1").await["note"], note);
    let order = house.ask_catalogue("/control/orders").await;
    assert!(order.to_string().contains("https://wms.example/2.pdf"), "the supplier is told: {order}");
    for wrong in [[("outOrderId", "PO-2")], [("orderId", "7")]] {
        let told = label(&wrong).await;
        assert_eq!((&told["success"], told.get("data")), (&json!(false), None), "{told}");
    }
    let long = format!("https://wms.example/{}", "x".repeat(480));
    assert_eq!(label(&[("printUrls", &long)]).await["success"], false);
    let asked = [("orderId", number.as_str()), ("printUrls", "javascript:alert(1)")];
    let said = shop.trader.call(XB, "label.url.receive", &asked).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    assert_eq!(shop.newer("PO-1").await["note"], note);
    house.close().await;
}

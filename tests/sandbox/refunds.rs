//! Refunds: what can be asked for, the walk, and what it does to the order.

use reqwest::Method;
use serde_json::{Value, json};

use super::Sandbox;

/// What applying for everything an order still has takes.
fn wanted(order: &Value, out_ref: &str, fen: &Value) -> Value {
    let lines: Vec<Value> = order["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| json!({ "lineNo": line["lineNo"], "quantity": line["quantity"] }))
        .collect();
    json!({
        "outRef": out_ref, "partnerCode": "acme", "orderNo": order["orderNo"], "type": "MONEY",
        "reasonCode": "AGREED", "applyFen": fen, "freightFen": order["freightFen"], "lines": lines,
        "description": "与卖家说好了"
    })
}

impl Sandbox {
    async fn seller(&self, refund: &Value, body: Value) -> Value {
        self.post(&format!("/control/refunds/{}", refund["refundNo"]), body).await
    }

    async fn refund(&self, refund: &Value, what: &str, body: Value) -> Value {
        self.post(&format!("/trade/refunds/{}/{what}", refund["refundNo"]), body).await
    }

    async fn refund_refused(&self, refund: &Value, what: &str, body: Value) -> (String, Value) {
        let (code, facts) = self.refused(&format!("/trade/refunds/{}/{what}", refund["refundNo"]), body).await;
        (code, facts["status"].clone())
    }

    async fn stock(&self, order: &Value) -> i64 {
        let line = &order["lines"][0];
        let detail = self.get(&format!("/goods/{}", line["goodsId"])).await;
        let skus = detail["skus"].as_array().unwrap();
        skus.iter().find(|sku| sku["skuId"] == line["skuId"]).unwrap()["stock"].as_i64().unwrap()
    }
}

#[tokio::test]
async fn the_whole_amount_before_sending_ends_the_order_and_frees_its_stock() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("A-1", 2).await;
    let stock = sandbox.stock(&order).await;
    let refund = sandbox.post("/trade/refunds", wanted(&order, "R-1", &order["paidFen"])).await;
    assert_eq!((&refund["status"], &refund["orderOutRef"]), (&json!("waitselleragree"), &json!("A-1")));
    assert_eq!(sandbox.order(&order).await["refundStatus"], "open");
    let done = sandbox.seller(&refund, json!({ "do": "agree", "note": "好的" })).await;
    assert_eq!((&done["status"], &done["agreedFen"]), (&json!("refundsuccess"), &order["paidFen"]));
    assert_eq!((&done["sellerNote"], done["gmtRefund"].is_string()), (&json!("好的"), true));
    let after = sandbox.order(&order).await;
    assert_eq!((&after["status"], &after["closeReason"]), (&json!("terminated"), &json!("refunded")));
    assert_eq!((&after["refundedFen"], &after["refundStatus"]), (&order["paidFen"], &json!("full")));
    let lines = after["lines"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["refundedQuantity"] == line["quantity"] && line["shippedQuantity"] == 0));
    assert_eq!(sandbox.stock(&order).await - stock, order["lines"][0]["quantity"].as_i64().unwrap());
    let told = sandbox.get("/changes?kinds=refund").await;
    let statuses: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|item| &item["status"]).collect();
    assert_eq!(statuses, ["waitselleragree", "refundsuccess"]);
    assert_eq!((&told["items"][0]["outRef"], &told["items"][0]["orderNo"]), (&json!("R-1"), &order["orderNo"]));
}

#[tokio::test]
async fn a_refund_sent_twice_is_opened_once() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("B-1", 1).await;
    let asked = wanted(&order, "R-1", &order["paidFen"]);
    let calls = (0..12).map(|_| sandbox.send(Method::POST, "/trade/refunds", Some(asked.clone())));
    let answers = futures_util::future::join_all(calls).await;
    let first = &answers[0].1["data"]["refundNo"];
    assert!(first.is_i64() && answers.iter().all(|(_, answer)| answer["data"]["refundNo"] == *first));
    assert_eq!(answers.iter().filter(|(_, answer)| answer["data"]["replayed"] == false).count(), 1);
    let mut other = asked.clone();
    other["applyFen"] = json!(1);
    other["freightFen"] = json!(0);
    let (code, facts) = sandbox.refused("/trade/refunds", other.clone()).await;
    assert_eq!((code.as_str(), &facts["refundNo"]), ("OUT_REF_CONFLICT", first));
    sandbox.seller(&json!({ "refundNo": first }), json!({ "do": "refuse" })).await;
    let changed = json!({ "applyFen": 1, "freightFen": 0, "description": "只要一分", "voucherIds": [] });
    sandbox.refund(&json!({ "refundNo": first }), "modify", changed).await;
    let again = sandbox.post("/trade/refunds", asked).await;
    assert_eq!(
        (&again["replayed"], &again["applyFen"]),
        (&json!(true), &json!(1)),
        "as first sent, answered as it is now"
    );
    assert_eq!(sandbox.refused("/trade/refunds", other).await.0, "OUT_REF_CONFLICT");
    let listed = sandbox.get(&format!("/trade/refunds?partnerCode=acme&orderNo={}", order["orderNo"])).await;
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["nextPageToken"]), (1, &Value::Null));
    let by_ref = sandbox.get("/trade/refunds/byOutRef?partnerCode=acme&outRef=R-1").await;
    assert_eq!(by_ref, listed["items"][0]);
    let (_, none) = sandbox.send(Method::GET, "/trade/refunds/byOutRef?partnerCode=other&outRef=R-1", None).await;
    assert_eq!(none["errorCode"], "REFUND_NOT_FOUND");
}

#[tokio::test]
async fn every_refusal_of_an_application_is_told_in_its_turn() {
    let sandbox = Sandbox::open().await;
    let unpaid = sandbox.placed("C-0").await;
    let order = sandbox.paid("C-1", 2).await;
    let good = wanted(&order, "R-1", &order["paidFen"]);
    let with = |changes: Value| {
        let mut asked = good.clone();
        asked.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        asked
    };
    let refused = async |changes: Value| sandbox.refused("/trade/refunds", with(changes)).await;
    for (changes, param) in [
        (json!({ "outRef": "" }), "outRef"),
        (json!({ "applyFen": 0 }), "applyFen"),
        (json!({ "applyFen": 5, "freightFen": 6 }), "freightFen"),
        (json!({ "description": "短" }), "description"),
        (json!({ "voucherIds": [1, 2, 3, 4, 5, 6] }), "voucherIds"),
        (json!({ "voucherIds": [1, 1] }), "voucherIds"),
        (json!({ "lines": [] }), "lines"),
        (json!({ "lines": [{ "lineNo": 1, "quantity": 0 }] }), "lines[0].quantity"),
        (json!({ "lines": [{ "lineNo": 1, "quantity": 1 }, { "lineNo": 1, "quantity": 1 }] }), "lines[1].lineNo"),
        (json!({ "lines": [{ "lineNo": 9, "quantity": 1 }] }), "lines[0].lineNo"),
        (json!({ "type": "GIFT" }), "type"),
    ] {
        let (code, facts) = refused(changes).await;
        assert_eq!((code.as_str(), &facts["param"]), ("PARAM_INVALID", &json!(param)));
    }
    assert_eq!(refused(json!({ "orderNo": 1 })).await.0, "ORDER_NOT_FOUND");
    assert_eq!(refused(json!({ "partnerCode": "other" })).await.0, "ORDER_NOT_FOUND");
    let (code, facts) = refused(json!({ "orderNo": unpaid["orderNo"] })).await;
    assert_eq!((code.as_str(), &facts["status"]), ("STATUS_NOT_ALLOWED", &json!("waitbuyerpay")));
    assert_eq!(refused(json!({ "type": "RETURN", "reasonCode": "DAMAGED" })).await.0, "STATUS_NOT_ALLOWED");
    assert_eq!(refused(json!({ "reasonCode": "DAMAGED" })).await.0, "REASON_INVALID");
    assert_eq!(refused(json!({ "reasonCode": "BOREDOM" })).await.0, "REASON_INVALID");
    let (code, facts) = refused(json!({ "voucherIds": [77] })).await;
    assert_eq!((code.as_str(), &facts["voucherIds"]), ("VOUCHER_NOT_FOUND", &json!([77])));
    let over = order["lines"][0]["quantity"].as_i64().unwrap() + 1;
    let (code, facts) = refused(json!({ "lines": [{ "lineNo": 1, "quantity": over }] })).await;
    assert_eq!((code.as_str(), &facts["lines"][0]["max"]), ("QUANTITY_TOO_LARGE", &json!(over - 1)));
    let paid = order["paidFen"].as_i64().unwrap();
    let (code, facts) = refused(json!({ "applyFen": paid + 1 })).await;
    assert_eq!((code.as_str(), &facts["maxFen"]), ("AMOUNT_TOO_LARGE", &order["paidFen"]));
    assert_eq!(facts["freightFen"], order["freightFen"]);
    let open = sandbox
        .post(
            "/trade/refunds",
            with(json!({ "lines": [{ "lineNo": 2, "quantity": 1 }], "applyFen": 1, "freightFen": 0 })),
        )
        .await;
    let (code, facts) = refused(json!({ "outRef": "R-2" })).await;
    assert_eq!((code.as_str(), facts), ("REFUND_OPEN", json!({ "refundNo": open["refundNo"], "lineNo": 2 })));
    sandbox.advance(&order, "warehousesigned").await;
    let damaged = json!({ "outRef": "R-3", "reasonCode": "DAMAGED", "lines": [{ "lineNo": 1, "quantity": 1 }], "applyFen": 1, "freightFen": 0 });
    assert_eq!(refused(damaged).await.0, "VOUCHER_REQUIRED");
}

#[tokio::test]
async fn reasons_fit_the_status_and_say_what_can_be_had() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("D-1", 1).await;
    let path = format!("/trade/orders/{}/refundReasons", order["orderNo"]);
    let before = sandbox.get(&format!("{path}?type=MONEY&lang=fr")).await;
    assert_eq!((&before["maxFen"], &before["freightFen"]), (&order["paidFen"], &order["freightFen"]));
    let codes = |reasons: &Value| -> Vec<String> {
        reasons["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
    };
    assert!(codes(&before).contains(&"NOT_WANTED".into()) && !codes(&before).contains(&"DAMAGED".into()));
    assert!(before["items"].as_array().unwrap().iter().all(|item| item["nameTrans"] != item["name"]));
    let (_, none) = sandbox.send(Method::GET, &format!("{path}?type=RETURN"), None).await;
    assert_eq!(none["errorCode"], "STATUS_NOT_ALLOWED");
    sandbox.advance(&order, "warehousesigned").await;
    let after = sandbox.get(&format!("{path}?type=RETURN")).await;
    assert_eq!(codes(&after), ["DAMAGED", "WRONG_GOODS", "NOT_AS_DESCRIBED", "NO_REASON"]);
    assert_eq!(after["items"][0]["needVoucher"], true);
    sandbox.post("/trade/refunds", wanted(&order, "R-1", &order["paidFen"])).await;
    let taken = sandbox.get(&format!("{path}?type=MONEY")).await;
    assert_eq!(
        (&taken["maxFen"], &taken["freightFen"]),
        (&json!(0), &json!(0)),
        "what is asked for is not there twice"
    );
    let (_, wrong) = sandbox.send(Method::GET, &path, None).await;
    assert_eq!(wrong["errorData"]["param"], "type");
}

#[tokio::test]
async fn pieces_given_up_before_sending_are_never_sent_and_all_parts_make_the_whole() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("E-1", 2).await;
    let path = format!("/trade/orders/{}/refundReasons?type=MONEY", order["orderNo"]);
    let quantity = order["lines"][0]["quantity"].as_i64().unwrap();
    let mut back = 0;
    for (number, line) in [(1, 1), (2, 2)] {
        let all = quantity - i64::from(line == 1);
        let mut asked = wanted(&order, &format!("R-{number}"), &json!(1_000_000_000));
        asked["lines"] = json!([{ "lineNo": line, "quantity": all }]);
        asked["freightFen"] = json!(0);
        let (code, facts) = sandbox.refused("/trade/refunds", asked.clone()).await;
        assert_eq!(code, "AMOUNT_TOO_LARGE");
        let most = facts["maxFen"].as_i64().unwrap() - facts["freightFen"].as_i64().unwrap();
        asked["applyFen"] = json!(most);
        let refund = sandbox.post("/trade/refunds", asked).await;
        sandbox.seller(&refund, json!({ "do": "agree" })).await;
        back += most;
    }
    let now = sandbox.order(&order).await;
    assert_eq!((&now["refundedFen"], &now["refundStatus"]), (&json!(back), &json!("part")));
    let left = sandbox.get(&path).await;
    assert_eq!(left["maxFen"].as_i64().unwrap() + back, order["paidFen"].as_i64().unwrap(), "to the fen");
    sandbox.advance(&order, "warehousesigned").await;
    let sent = sandbox.get(&format!("/trade/orders/{}/shipments", order["orderNo"])).await;
    assert_eq!(sent["items"].as_array().unwrap().len(), 1);
    assert_eq!(sent["items"][0]["lines"], json!([{ "lineNo": 1, "quantity": 1 }]));
    let mut rest = wanted(&order, "R-3", &left["maxFen"]);
    rest["lines"] = json!([{ "lineNo": 1, "quantity": 1 }]);
    let rest = sandbox.post("/trade/refunds", rest).await;
    sandbox.seller(&rest, json!({ "do": "agree" })).await;
    let done = sandbox.order(&order).await;
    assert_eq!((&done["status"], &done["refundedFen"]), (&json!("terminated"), &order["paidFen"]));
}

#[tokio::test]
async fn goods_go_back_before_the_money_does() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("F-1", 1).await;
    sandbox.advance(&order, "success").await;
    let mut asked = wanted(&order, "R-1", &json!(100));
    asked["type"] = json!("RETURN");
    asked["reasonCode"] = json!("WRONG_GOODS");
    asked["freightFen"] = json!(0);
    asked["voucherIds"] = json!([sandbox.voucher(11).await]);
    let refund = sandbox.post("/trade/refunds", asked).await;
    let parcel = json!({ "carrierCode": "ZTO", "mailNo": "75310001", "note": "两箱" });
    assert_eq!(sandbox.refund_refused(&refund, "returnShipment", parcel.clone()).await.1, "waitselleragree");
    let agreed = sandbox.seller(&refund, json!({ "do": "agree", "fen": 80 })).await;
    assert_eq!((&agreed["status"], &agreed["agreedFen"]), (&json!("waitbuyersend"), &json!(80)));
    assert!(agreed["returnAddress"].as_str().unwrap().contains("退货"));
    assert_eq!(sandbox.order(&order).await["refundedFen"], 0);
    let sent = sandbox.refund(&refund, "returnShipment", parcel.clone()).await;
    assert_eq!((&sent["status"], &sent["returnShipment"]["mailNo"]), (&json!("waitsellerreceive"), &json!("75310001")));
    assert_eq!(sandbox.refund(&refund, "returnShipment", parcel.clone()).await, sent);
    let other = json!({ "carrierCode": "YTO", "mailNo": "1" });
    assert_eq!(sandbox.refund_refused(&refund, "returnShipment", other).await.1, "waitsellerreceive");
    let done = sandbox.seller(&refund, json!({ "do": "receive" })).await;
    assert_eq!((&done["status"], &done["agreedFen"]), (&json!("refundsuccess"), &json!(80)));
    assert_eq!(sandbox.refund(&refund, "returnShipment", parcel).await, done, "a late repeat is harmless");
    let after = sandbox.order(&order).await;
    assert_eq!((&after["status"], &after["refundedFen"]), (&json!("success"), &json!(80)));
    assert_eq!(
        (&after["refundStatus"], &after["lines"][0]["refundedQuantity"]),
        (&json!("part"), &order["lines"][0]["quantity"])
    );
}

#[tokio::test]
async fn a_refusal_is_answered_by_less_or_by_the_platform() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("G-1", 1).await;
    let refund = sandbox.post("/trade/refunds", wanted(&order, "R-1", &order["paidFen"])).await;
    let less = json!({ "applyFen": 101, "freightFen": 0, "description": "那就少一点", "voucherIds": [] });
    assert_eq!(
        sandbox.refund_refused(&refund, "modify", less.clone()).await,
        ("STATUS_NOT_ALLOWED".into(), json!("waitselleragree"))
    );
    let plea = json!({ "reason": "卖家不讲理", "voucherIds": [] });
    assert_eq!(sandbox.refund_refused(&refund, "arbitration", plea.clone()).await.1, "waitselleragree");
    let refused = sandbox.seller(&refund, json!({ "do": "refuse", "note": "不退" })).await;
    assert_eq!((&refused["status"], &refused["sellerNote"]), (&json!("sellerrefused"), &json!("不退")));
    let mut too_much = less.clone();
    too_much["applyFen"] = json!(order["paidFen"].as_i64().unwrap() + 1);
    assert_eq!(sandbox.refund_refused(&refund, "modify", too_much).await.0, "AMOUNT_TOO_LARGE");
    let again = sandbox.refund(&refund, "modify", less.clone()).await;
    assert_eq!((&again["status"], &again["applyFen"]), (&json!("waitselleragree"), &json!(101)));
    assert_eq!(sandbox.refund(&refund, "modify", less).await, again);
    sandbox.seller(&refund, json!({ "do": "refuse" })).await;
    let called = sandbox.refund(&refund, "arbitration", plea.clone()).await;
    assert_eq!((&called["status"], &called["deadline"]), (&json!("arbitrating"), &Value::Null));
    assert_eq!(sandbox.refund(&refund, "arbitration", plea.clone()).await, called);
    assert_eq!(sandbox.refund_refused(&refund, "withdraw", json!({})).await.1, "arbitrating");
    let path = format!("/control/refunds/{}", refund["refundNo"]);
    for (body, param) in [
        (json!({ "do": "decide" }), "decision"),
        (json!({ "do": "decide", "decision": "BUYER", "fen": 1 }), "fen"),
        (json!({ "do": "decide", "decision": "SPLIT", "fen": 102 }), "fen"),
        (json!({ "do": "agree", "decision": "BUYER" }), "decision"),
    ] {
        assert_eq!(sandbox.refused(&path, body).await.1["param"], param);
    }
    assert_eq!(sandbox.refused(&path, json!({ "do": "agree" })).await.0, "STATUS_NOT_ALLOWED");
    let done = sandbox.seller(&refund, json!({ "do": "decide", "decision": "SPLIT", "note": "各半" })).await;
    assert_eq!((&done["status"], &done["agreedFen"]), (&json!("refundsuccess"), &json!(50)));
    assert_eq!((&done["arbitration"]["decision"], &done["arbitration"]["note"]), (&json!("SPLIT"), &json!("各半")));
    assert_eq!(sandbox.refund(&refund, "arbitration", plea).await, done);
}

#[tokio::test]
async fn what_is_taken_back_or_lost_leaves_the_order_as_it_was() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("H-1", 1).await;
    let refund = sandbox.post("/trade/refunds", wanted(&order, "R-1", &order["paidFen"])).await;
    let closed = sandbox.refund(&refund, "withdraw", json!({})).await;
    assert_eq!((&closed["status"], &closed["closeReason"]), (&json!("refundclose"), &json!("withdrawn")));
    assert_eq!(sandbox.refund(&refund, "withdraw", json!({})).await, closed);
    let second = sandbox.post("/trade/refunds", wanted(&order, "R-2", &order["paidFen"])).await;
    sandbox.seller(&second, json!({ "do": "refuse" })).await;
    sandbox.refund(&second, "arbitration", json!({ "reason": "再看看" })).await;
    let lost = sandbox.seller(&second, json!({ "do": "decide", "decision": "SELLER" })).await;
    assert_eq!((&lost["status"], &lost["closeReason"]), (&json!("refundclose"), &json!("seller_won")));
    assert_eq!(sandbox.refund_refused(&second, "withdraw", json!({})).await.1, "refundclose");
    let after = sandbox.order(&order).await;
    assert_eq!((&after["refundStatus"], &after["refundedFen"]), (&json!("none"), &json!(0)));
    let third = sandbox.post("/trade/refunds", wanted(&order, "R-3", &order["paidFen"])).await;
    sandbox.post(&format!("/control/orders/{}", order["orderNo"]), json!({ "close": "seller_goods_lack" })).await;
    let third = sandbox.get(&format!("/trade/refunds/{}", third["refundNo"])).await;
    assert_eq!((&third["status"], &third["closeReason"]), (&json!("refundclose"), &json!("order_closed")));
    let after = sandbox.order(&order).await;
    assert_eq!((&after["refundStatus"], &after["refundedFen"]), (&json!("full"), &order["paidFen"]), "given back once");
}

#[tokio::test]
async fn the_other_side_acts_at_the_pace_and_the_order_waits_for_it() {
    let sandbox = Sandbox::with(|settings| settings.pace = 10.0).await;
    let order = sandbox.paid("I-1", 1).await;
    let mut asked = wanted(&order, "R-1", &order["paidFen"]);
    asked["description"] = json!("TEST-REFUSE 请拒绝");
    let refund = sandbox.post("/trade/refunds", asked).await;
    let status = async || sandbox.get(&format!("/trade/refunds/{}", refund["refundNo"])).await["status"].clone();
    sandbox.wait(5, 1);
    assert_eq!(status().await, "waitselleragree");
    sandbox.wait(1, 1);
    assert_eq!(status().await, "sellerrefused");
    sandbox.wait(600, 60);
    assert_eq!(sandbox.order(&order).await["status"], "waitsellersend", "nobody sends what may be called off");
    let vouchers = json!([sandbox.voucher(12).await]);
    sandbox.refund(&refund, "arbitration", json!({ "reason": "请裁决", "voucherIds": vouchers })).await;
    sandbox.wait(12, 1);
    assert_eq!(status().await, "refundsuccess");
    assert_eq!(sandbox.order(&order).await["status"], "terminated");
    let other = sandbox.paid("I-2", 1).await;
    let refund = sandbox.post("/trade/refunds", wanted(&other, "R-2", &other["paidFen"])).await;
    sandbox.refund(&refund, "withdraw", json!({})).await;
    sandbox.wait(12, 1);
    assert_eq!(sandbox.order(&other).await["status"], "waitbuyerreceive", "it goes on once nothing is open");
}

#[tokio::test]
async fn deadlines_are_kept_at_any_pace_and_after_a_restart() {
    const DAY: i64 = 86_400;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_path_buf();
    let sandbox = Sandbox::with(|settings| settings.data = Some(data.clone())).await;
    let order = sandbox.paid("J-1", 1).await;
    sandbox.advance(&order, "warehousesigned").await;
    let mut asked = wanted(&order, "R-1", &json!(10));
    asked["type"] = json!("RETURN");
    asked["reasonCode"] = json!("NO_REASON");
    asked["freightFen"] = json!(0);
    let refund = sandbox.post("/trade/refunds", asked.clone()).await;
    sandbox.wait(5 * DAY - 1, 5 * DAY - 1);
    assert_eq!(sandbox.get(&format!("/trade/refunds/{}", refund["refundNo"])).await, refund);
    let clock = sandbox.running.clock.clone();
    sandbox.running.stop().await;
    let sandbox = Sandbox::with(|settings| {
        settings.data = Some(data.clone());
        settings.clock = clock;
    })
    .await;
    assert_eq!(sandbox.get(&format!("/trade/refunds/{}", refund["refundNo"])).await, refund);
    asked["applyFen"] = json!(11);
    assert_eq!(sandbox.refused("/trade/refunds", asked).await.0, "OUT_REF_CONFLICT", "references are for ever");
    sandbox.wait(1, 1);
    let agreed = sandbox.get(&format!("/trade/refunds/{}", refund["refundNo"])).await;
    assert_eq!((&agreed["status"], &agreed["agreedFen"]), (&json!("waitbuyersend"), &json!(10)));
    sandbox.wait(7 * DAY, 7 * DAY);
    let late = sandbox.get(&format!("/trade/refunds/{}", refund["refundNo"])).await;
    assert_eq!((&late["status"], &late["closeReason"]), (&json!("refundclose"), &json!("timeout")));
    assert_eq!(sandbox.order(&order).await["refundStatus"], "none");
}

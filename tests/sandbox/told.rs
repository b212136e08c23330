//! What is told: the feed and its kinds, debits read back, memos, and all orders for a checker.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Sandbox, raw_get};

fn words(items: &Value, kind: &str) -> Vec<String> {
    let of_kind = items.as_array().unwrap().iter().filter(|item| item["kind"] == kind);
    of_kind.map(|item| format!("{} {}", item["change"].as_str().unwrap(), item["status"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn a_reader_of_some_kinds_sees_only_those_and_the_newest_number_of_all() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("K-1", 1).await;
    let goods = format!("/control/goods/{}", order["lines"][0]["goodsId"]);
    sandbox.post(&goods, json!({ "price": "9.99" })).await;
    sandbox.advance(&order, "success").await;
    let all = sandbox.get("/changes?limit=500").await;
    let last = all["lastSeq"].as_i64().unwrap();
    for kinds in ["order", "goods", "order,shipment", "refund", " goods , order"] {
        let page = sandbox.get(&format!("/changes?limit=500&kinds={}", kinds.replace(' ', "%20"))).await;
        let wanted: Vec<&Value> = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| kinds.contains(item["kind"].as_str().unwrap()))
            .collect();
        assert_eq!((json!(wanted), &page["lastSeq"]), (page["items"].clone(), &json!(last)), "{kinds}");
    }
    let second = sandbox.get("/changes?limit=1&after=1&kinds=order").await;
    assert_eq!(second["items"][0]["seq"], 2);
    let (_, answer) = sandbox.send(Method::GET, "/changes?kinds=order,gossip", None).await;
    assert_eq!(answer["errorData"]["param"], "kinds");
}

#[tokio::test]
async fn who_waits_for_some_kinds_is_not_answered_by_others_but_learns_how_far_they_came() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.placed("K-2").await;
    let goods = format!("/control/goods/{}", order["lines"][0]["goodsId"]);
    let ask = |wait: u64| {
        let url = format!("{}/changes?after=1&waitMs={wait}&kinds=order", sandbox.running.url());
        let request = sandbox.client.get(url).header("X-Internal-Token", super::TOKEN);
        tokio::spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap()["data"].clone() })
    };
    let begun = Instant::now();
    let quiet = ask(300);
    sandbox.post(&goods, json!({ "price": "9.99" })).await;
    let quiet = quiet.await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(300), "another kind wakes nobody");
    assert_eq!(quiet, json!({ "items": [], "lastSeq": 2 }));
    let woken = ask(20_000);
    sandbox.post(&goods, json!({ "price": "8.88" })).await;
    sandbox.post(&format!("/trade/orders/{}/cancel", order["orderNo"]), json!({})).await;
    assert_eq!(woken.await.unwrap()["items"][0]["status"], "cancel");
    assert!(begun.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn parcels_are_told_on_their_way() {
    let sandbox = Sandbox::with(|settings| settings.pace = 10.0).await;
    let order = sandbox.paid("P-1", 1).await;
    sandbox.wait(60, 1);
    assert_eq!(sandbox.order(&order).await["status"], "success");
    let told = sandbox.get("/changes?limit=500&kinds=shipment").await;
    assert_eq!(words(&told["items"], "shipment"), ["created collected", "status in_transit", "status signed"]);
    let parcels = sandbox.get(&format!("/trade/orders/{}/shipments", order["orderNo"])).await;
    let parcel = &parcels["items"][0];
    let last = &told["items"][2];
    assert_eq!((&last["id"], &last["version"]), (&parcel["shipmentId"], &parcel["version"]));
    assert_eq!((&last["outRef"], &last["orderNo"]), (&json!("P-1"), &order["orderNo"]));
    let times: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|item| &item["time"]).collect();
    let traced: Vec<&Value> = parcel["traces"].as_array().unwrap().iter().map(|trace| &trace["time"]).collect();
    assert_eq!(times, traced);
}

#[tokio::test]
async fn a_debit_is_read_back_by_its_reference() {
    let sandbox = Sandbox::with(|settings| settings.faults_by_header = true).await;
    let first = sandbox.placed("D-1").await;
    let second = sandbox.placed("D-2").await;
    let by_ref = |pay_ref: &str, more: &str| format!("/trade/payments/byRef?partnerCode=acme&payRef={pay_ref}{more}");
    let unknown = async |path: String| sandbox.send(Method::GET, &path, None).await.1["errorCode"].clone();
    assert_eq!(unknown(by_ref("basket", "")).await, "PAYMENT_NOT_FOUND");
    let body = json!({ "mode": "DEBIT", "payRef": "basket" }).to_string();
    let path = format!("/trade/orders/{}/pay", first["orderNo"]);
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: sandbox\r\nX-Internal-Token: {}\r\nX-Sandbox-Fault: drop_after\r\nContent-Length: {}\r\n\r\n{body}",
        super::TOKEN,
        body.len()
    );
    assert_eq!(sandbox.raw(&request).await, b"");
    let paid = sandbox.get(&by_ref("basket", "")).await;
    assert_eq!((&paid["orderNo"], &paid["status"]), (&first["orderNo"], &json!("PAID")));
    assert_eq!((&paid["paidFen"], &paid["payRef"]), (&first["totalFen"], &json!("basket")));
    let of_second = format!("&orderNo={}", second["orderNo"]);
    assert_eq!(unknown(by_ref("basket", &of_second)).await, "PAYMENT_NOT_FOUND");
    let path = format!("/trade/orders/{}/pay", second["orderNo"]);
    let told = sandbox.post(&path, json!({ "mode": "DEBIT", "payRef": "basket" })).await;
    let paid = sandbox.get(&by_ref("basket", &of_second)).await;
    assert_eq!((&paid["orderNo"], &paid["payNo"]), (&second["orderNo"], &told["payNo"]));
    assert_eq!(sandbox.get(&by_ref("basket", "")).await["orderNo"], first["orderNo"], "the first one answers");
    sandbox.post(&path, json!({ "mode": "DEBIT", "payRef": "too-late" })).await;
    assert_eq!(unknown(by_ref("too-late", "")).await, "PAYMENT_NOT_FOUND", "it paid nothing");
    assert_eq!(unknown(by_ref("basket", "").replace("acme", "other")).await, "PAYMENT_NOT_FOUND");
}

#[tokio::test]
async fn a_memo_is_replaced_as_long_as_somebody_may_read_it() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.placed("N-1").await;
    let path = format!("/trade/orders/{}/memo", order["orderNo"]);
    let noted = sandbox.post(&path, json!({ "memo": "分两箱" })).await;
    assert_eq!(noted["buyerMemo"], "分两箱");
    assert_eq!(noted["version"].as_i64(), order["version"].as_i64().map(|version| version + 1));
    assert_eq!(sandbox.post(&path, json!({ "memo": "分两箱" })).await, noted, "the same memo changes nothing");
    let told = sandbox.get("/changes?kinds=order").await;
    assert_eq!(words(&told["items"], "order"), ["created waitbuyerpay", "memo waitbuyerpay"]);
    let (code, facts) = sandbox.refused(&path, json!({ "memo": "长".repeat(501) })).await;
    assert_eq!((code.as_str(), &facts["param"]), ("PARAM_INVALID", &json!("memo")));
    sandbox.post(&format!("/trade/orders/{}/cancel", order["orderNo"]), json!({})).await;
    assert_eq!(sandbox.refused(&path, json!({ "memo": "晚了" })).await.0, "STATUS_NOT_ALLOWED");
    assert_eq!(sandbox.post(&path, json!({ "memo": "分两箱" })).await["status"], "cancel", "a repeat is harmless");
}

#[tokio::test]
async fn a_memo_does_not_delay_the_seller() {
    let sandbox = Sandbox::with(|settings| settings.pace = 1.0).await;
    let order = sandbox.paid("N-2", 1).await;
    for memo in ["a", "b", "c"] {
        sandbox.wait(39, 39);
        sandbox.post(&format!("/trade/orders/{}/memo", order["orderNo"]), json!({ "memo": memo })).await;
    }
    sandbox.wait(4, 4);
    assert_eq!(sandbox.order(&order).await["status"], "waitbuyerreceive");
}

#[tokio::test]
async fn a_checker_reads_all_orders_and_how_often_each_was_asked_for() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(1).await;
    sandbox.post(&format!("/control/goods/{}", detail["goodsId"]), json!({ "stock": 100_000 })).await;
    let asked = sandbox.order_for(&detail, 1, "C-1").await;
    let calls = (0..16).map(|_| sandbox.send(Method::POST, "/trade/orders", Some(asked.clone())));
    let answers = futures_util::future::join_all(calls).await;
    let numbers: Vec<&Value> = answers.iter().map(|(_, answer)| &answer["data"]["orderNo"]).collect();
    assert!(numbers.iter().all(|number| *number == numbers[0] && number.is_i64()), "{numbers:?}");
    let fresh = answers.iter().filter(|(_, answer)| answer["data"]["replayed"] == false).count();
    assert_eq!(fresh, 1, "placed once, however many ask at once");
    let paid = sandbox.paid("C-2", 1).await;
    let mut foreign = asked.clone();
    foreign["partnerCode"] = json!("other");
    sandbox.post("/trade/orders", foreign).await;
    let mut seen = Vec::new();
    let mut after = json!(0);
    loop {
        let page = sandbox.get(&format!("/control/orders?limit=1&after={after}")).await;
        if page["items"] == json!([]) {
            break;
        }
        seen.push(page["items"][0].clone());
        after = page["lastOrderNo"].clone();
    }
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0]["createCalls"], 16);
    assert_eq!((&seen[1]["createCalls"], &seen[1]["payRef"]), (&json!(1), &json!("pay-C-2")));
    assert_eq!((&seen[1]["orderNo"], &seen[1]["totalFen"]), (&paid["orderNo"], &paid["totalFen"]));
    let own = sandbox.get("/control/orders?partnerCode=other").await;
    assert_eq!((own["items"].as_array().unwrap().len(), &own["items"][0]["partnerCode"]), (1, &json!("other")));
}

#[tokio::test]
async fn faults_happen_on_the_new_paths_too() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("X-1", 1).await;
    let ask = async |fault: Value| sandbox.post("/control/faults", fault).await;
    ask(json!({ "match": "/trade/refunds/{refundNo}", "kind": "status", "status": 500 })).await;
    assert_eq!(sandbox.send(Method::GET, "/trade/refunds/7", None).await.0, 500);
    ask(json!({ "match": "/trade/consignments", "method": "POST", "kind": "refuse", "errorCode": "BUSY" })).await;
    assert_eq!(sandbox.refused("/trade/consignments", json!({})).await.0, "BUSY");
    ask(json!({ "match": "/trade/vouchers/*", "kind": "garbage" })).await;
    let garbage = sandbox.raw(&raw_get("/trade/vouchers/7", "Connection: close\r\n")).await;
    assert!(String::from_utf8(garbage).unwrap().ends_with("\"data\":{"));
    ask(json!({ "match": "/trade/payments/byRef", "kind": "drop_before" })).await;
    assert_eq!(sandbox.raw(&raw_get("/trade/payments/byRef?partnerCode=a&payRef=b", "")).await, b"");
    ask(json!({ "match": "/trade/*", "method": "POST", "kind": "drop_after", "times": 2 })).await;
    let refund = json!({
        "outRef": "X-R", "partnerCode": "acme", "orderNo": order["orderNo"], "type": "MONEY", "applyFen": 1,
        "reasonCode": "NOT_WANTED", "lines": [{ "lineNo": 1, "quantity": 1 }], "description": "不要了"
    });
    let consignment = json!({
        "outRef": "X-C", "partnerCode": "acme", "warehouseCode": "YW01", "destCountry": "JP",
        "orderNos": [order["orderNo"]], "operatedBy": "PARTNER"
    });
    for (path, body) in [("/trade/refunds", refund.clone()), ("/trade/consignments", consignment.clone())] {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: sandbox\r\nX-Internal-Token: {}\r\nContent-Length: {}\r\n\r\n{body}",
            super::TOKEN,
            body.len()
        );
        assert_eq!(sandbox.raw(&request).await, b"");
    }
    let refund_no = sandbox.get("/trade/refunds/byOutRef?partnerCode=acme&outRef=X-R").await["refundNo"].clone();
    let again = sandbox.post("/trade/refunds", refund).await;
    assert_eq!((&again["refundNo"], &again["replayed"]), (&refund_no, &json!(true)), "the work was done once");
    let again = sandbox.post("/trade/consignments", consignment).await;
    assert_eq!(again["replayed"], true);
}

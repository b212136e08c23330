//! Consignments: opened, received, inspected, handed over — by the partner's people or by the warehouse.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use xunyuan::sandbox::goods::{CrossBorder, Shop};

use super::{OFFERS, SEED, Sandbox};

fn opening(out_ref: &str, orders: &[&Value], operated_by: &str) -> Value {
    let numbers: Vec<&Value> = orders.iter().map(|order| &order["orderNo"]).collect();
    json!({
        "outRef": out_ref, "partnerCode": "acme", "warehouseCode": "YW01", "destCountry": "JP",
        "orderNos": numbers, "operatedBy": operated_by
    })
}

/// All lines of an order with a field each.
fn lines(order: &Value, field: &str, value: impl Fn(&Value) -> Value) -> Vec<Value> {
    let of_order = order["lines"].as_array().unwrap().iter();
    of_order.map(|line| json!({ "orderNo": order["orderNo"], "lineNo": line["lineNo"], field: value(line) })).collect()
}

impl Sandbox {
    async fn consignment(&self, consignment: &Value) -> Value {
        self.get(&format!("/trade/consignments/{}", consignment["consignmentNo"])).await
    }

    async fn report(&self, consignment: &Value, what: &str, body: Value) -> Value {
        self.post(&format!("/trade/consignments/{}/{what}", consignment["consignmentNo"]), body).await
    }

    async fn report_refused(&self, consignment: &Value, what: &str, body: Value) -> (String, Value) {
        self.refused(&format!("/trade/consignments/{}/{what}", consignment["consignmentNo"]), body).await
    }
}

#[tokio::test]
async fn the_partners_people_take_two_orders_to_the_carrier() {
    let sandbox = Sandbox::open().await;
    let (first, second) = (sandbox.paid("A-1", 2).await, sandbox.paid("A-2", 1).await);
    let asked = opening("K-1", &[&first, &second], "PARTNER");
    let calls = (0..8).map(|_| sandbox.send(Method::POST, "/trade/consignments", Some(asked.clone())));
    let opened = futures_util::future::join_all(calls).await;
    assert_eq!(opened.iter().filter(|(_, answer)| answer["data"]["replayed"] == false).count(), 1);
    let box_ = opened[0].1["data"].clone();
    assert!(opened.iter().all(|(_, answer)| answer["data"]["consignmentNo"] == box_["consignmentNo"]));
    assert_eq!(sandbox.order(&first).await["consignmentNo"], box_["consignmentNo"]);
    let quantity = first["lines"][0]["quantity"].as_i64().unwrap();
    let mut came = json!({ "outRef": "in-1", "lines": lines(&first, "quantity", |line| line["quantity"].clone()) });
    let (code, facts) = sandbox.report_refused(&box_, "receipts", came.clone()).await;
    assert_eq!((code.as_str(), &facts["lines"][0]["max"]), ("QUANTITY_TOO_LARGE", &json!(0)), "nothing was sent yet");
    let (code, facts) = sandbox.report_refused(&box_, "receipts", json!({ "outRef": "in-0", "complete": true })).await;
    assert_eq!((code.as_str(), &facts["orderNo"]), ("STATUS_NOT_ALLOWED", &first["orderNo"]));
    sandbox.advance(&first, "waitbuyerreceive").await;
    sandbox.advance(&second, "waitbuyerreceive").await;
    let part = sandbox.report(&box_, "receipts", came.clone()).await;
    assert_eq!((&part["status"], &part["orders"][0]["lines"][0]["received"]), (&json!("open"), &json!(quantity)));
    assert_eq!(sandbox.report(&box_, "receipts", came.clone()).await, part, "a repeat is harmless");
    came["lines"][0]["quantity"] = json!(1);
    assert_eq!(sandbox.report_refused(&box_, "receipts", came).await.0, "OUT_REF_CONFLICT");
    assert_eq!(sandbox.report_refused(&box_, "cancel", json!({})).await.0, "STATUS_NOT_ALLOWED");
    let short = json!({ "outRef": "in-2", "lines": lines(&second, "quantity", |_| json!(1)), "complete": true });
    let received = sandbox.report(&box_, "receipts", short.clone()).await;
    assert_eq!((&received["status"], &received["receipts"][1]["complete"]), (&json!("received"), &json!(true)));
    assert_eq!(sandbox.report(&box_, "receipts", short).await, received);
    assert_eq!(sandbox.order(&first).await["status"], "warehousesigned");
    let photo = sandbox.voucher(21).await;
    let found = |number: &str, lines: Vec<Value>| json!({ "outRef": number, "lines": lines });
    let mut good = lines(&first, "result", |_| json!("PASS"));
    good.iter_mut().for_each(|line| line["passed"] = json!(quantity));
    let half = sandbox.report(&box_, "inspections", found("look-1", good.clone())).await;
    assert_eq!((&half["status"], &half["orders"][0]["lines"][1]["result"]), (&json!("received"), &json!("PASS")));
    assert_eq!(sandbox.report(&box_, "inspections", found("look-1", good.clone())).await, half);
    assert_eq!(sandbox.report_refused(&box_, "inspections", found("look-2", good)).await.0, "ALREADY_INSPECTED");
    let mut rest = lines(&second, "result", |_| json!("PASS"));
    rest[0]["passed"] = json!(1);
    let (code, facts) = sandbox.report_refused(&box_, "inspections", found("look-3", rest.clone())).await;
    assert_eq!((code.as_str(), &facts["param"]), ("PARAM_INVALID", &json!("lines[0].passed")), "one piece is not all");
    rest[0]["result"] = json!("SHORT");
    rest[0]["photoIds"] = json!([photo, 5]);
    let (code, facts) = sandbox.report_refused(&box_, "inspections", found("look-3", rest.clone())).await;
    assert_eq!((code.as_str(), &facts["voucherIds"]), ("VOUCHER_NOT_FOUND", &json!([5])));
    rest[0]["photoIds"] = json!([photo]);
    let inspected = sandbox.report(&box_, "inspections", found("look-3", rest)).await;
    assert_eq!(
        (&inspected["status"], &inspected["orders"][1]["lines"][0]["photoIds"]),
        (&json!("inspected"), &json!([photo]))
    );
    let handover = json!({ "outRef": "out-1", "carrier": "DHL", "trackingNo": "JD01", "weightGram": 900, "pieces": 2 });
    let gone = sandbox.report(&box_, "handovers", handover.clone()).await;
    assert_eq!((&gone["status"], &gone["handover"]["trackingNo"]), (&json!("handedover"), &json!("JD01")));
    assert_eq!(sandbox.report(&box_, "handovers", handover.clone()).await, gone);
    let mut other = handover;
    other["trackingNo"] = json!("JD02");
    assert_eq!(sandbox.report_refused(&box_, "handovers", other.clone()).await.0, "OUT_REF_CONFLICT");
    other["outRef"] = json!("out-2");
    assert_eq!(sandbox.report_refused(&box_, "handovers", other).await.0, "STATUS_NOT_ALLOWED");
    let told = sandbox.get("/changes?kinds=consignment").await;
    let told: Vec<String> =
        told["items"].as_array().unwrap().iter().map(|item| format!("{} {}", item["change"], item["status"])).collect();
    let wanted = [
        ("created", "open"),
        ("lines", "open"),
        ("status", "received"),
        ("lines", "received"),
        ("status", "inspected"),
        ("status", "handedover"),
    ];
    assert_eq!(told, wanted.map(|(change, status)| format!("\"{change}\" \"{status}\"")));
    for order in [&first, &second] {
        assert_eq!(sandbox.order(order).await["status"], "handedover");
    }
    let done = sandbox.post(&format!("/trade/orders/{}/confirmReceipt", first["orderNo"]), json!({})).await;
    assert_eq!(done["status"], "success");
}

#[tokio::test]
async fn orders_that_do_not_fit_are_named() {
    let sandbox = Sandbox::open().await;
    let unpaid = sandbox.placed("B-0").await;
    let order = sandbox.paid("B-1", 1).await;
    let other = sandbox.paid("B-2", 1).await;
    let refused = async |change: Value| {
        let mut asked = opening("K-1", &[&order], "PARTNER");
        asked.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        sandbox.refused("/trade/consignments", asked).await
    };
    for (change, param) in [
        (json!({ "warehouseCode": "XX01" }), "warehouseCode"),
        (json!({ "destCountry": "Japan" }), "destCountry"),
        (json!({ "orderNos": [] }), "orderNos"),
        (json!({ "orderNos": [order["orderNo"], order["orderNo"]] }), "orderNos[1]"),
        (json!({ "operatedBy": "NOBODY" }), "operatedBy"),
    ] {
        assert_eq!(refused(change).await.1["param"], param);
    }
    let facts = json!({ "orderNo": order["orderNo"] });
    assert_eq!(refused(json!({ "partnerCode": "other" })).await, ("ORDER_NOT_FOUND".into(), facts));
    let (code, facts) = refused(json!({ "orderNos": [order["orderNo"], unpaid["orderNo"]] })).await;
    assert_eq!(
        (code.as_str(), facts),
        ("STATUS_NOT_ALLOWED", json!({ "orderNo": unpaid["orderNo"], "status": "waitbuyerpay" }))
    );
    assert_eq!(refused(json!({ "warehouseCode": "GZ01" })).await.1["warehouseCode"], "YW01");
    assert_eq!(
        refused(json!({ "destCountry": "KR" })).await,
        ("COUNTRY_MISMATCH".into(), json!({ "orderNo": order["orderNo"], "destCountry": "JP" }))
    );
    let box_ = sandbox.post("/trade/consignments", opening("K-1", &[&order, &other], "PARTNER")).await;
    let turned = sandbox.post("/trade/consignments", opening("K-1", &[&other, &order], "PARTNER")).await;
    assert_eq!((&turned["consignmentNo"], &turned["replayed"]), (&box_["consignmentNo"], &json!(true)));
    assert_eq!(
        sandbox.refused("/trade/consignments", opening("K-1", &[&order], "PARTNER")).await.0,
        "OUT_REF_CONFLICT"
    );
    let (code, facts) = sandbox.refused("/trade/consignments", opening("K-2", &[&other], "PARTNER")).await;
    assert_eq!((code.as_str(), &facts["consignmentNo"]), ("ALREADY_CONSIGNED", &box_["consignmentNo"]));
    let by_ref = sandbox.get("/trade/consignments/byOutRef?partnerCode=acme&outRef=K-1").await;
    assert_eq!(by_ref, sandbox.consignment(&box_).await);
    assert_eq!(sandbox.get("/trade/consignments?partnerCode=acme").await["items"], json!([by_ref]));
    let (_, none) = sandbox.send(Method::GET, "/trade/consignments/7", None).await;
    assert_eq!(none["errorCode"], "CONSIGNMENT_NOT_FOUND");
}

#[tokio::test]
async fn orders_wait_for_their_consignment_and_walk_on_when_it_is_given_up() {
    let sandbox = Sandbox::with(|settings| settings.pace = 10.0).await;
    let order = sandbox.paid("C-1", 1).await;
    let box_ = sandbox.post("/trade/consignments", opening("K-1", &[&order], "PARTNER")).await;
    sandbox.wait(600, 10);
    assert_eq!(sandbox.order(&order).await["status"], "waitbuyerreceive");
    let (code, facts) = sandbox.refused("/control/advance", json!({ "orderNo": order["orderNo"] })).await;
    assert_eq!((code.as_str(), &facts["consignmentNo"]), ("STATUS_NOT_ALLOWED", &box_["consignmentNo"]));
    let given_up = sandbox.report(&box_, "cancel", json!({})).await;
    assert_eq!(given_up["status"], "cancel");
    assert_eq!(sandbox.report(&box_, "cancel", json!({})).await, given_up);
    let free = sandbox.order(&order).await;
    assert_eq!((&free["consignmentNo"], &free["status"]), (&Value::Null, &json!("waitbuyerreceive")));
    sandbox.wait(60, 1);
    assert_eq!(sandbox.order(&order).await["status"], "success");
}

/// A goods of which the warehouse finds one SKU short or damaged, and the place of that SKU.
fn unlucky(luck: i64) -> (i64, usize) {
    let shop = Shop::open(SEED, OFFERS);
    (0..shop.len())
        .map(|index| shop.goods(index))
        .filter(|goods| goods.cross_border == CrossBorder::Open && goods.batch.is_none())
        .find_map(|goods| {
            let fits = |id: i64, stock: u32| id % 1009 % 40 == luck && stock > goods.min_order;
            let place = goods.skus.iter().position(|sku| fits(sku.id, sku.stock))?;
            Some((goods.id, place))
        })
        .unwrap()
}

#[tokio::test]
async fn the_warehouse_receives_and_inspects_by_itself_and_finds_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_path_buf();
    let mut sandbox = Sandbox::with(|settings| {
        settings.pace = 10.0;
        settings.data = Some(data.clone());
    })
    .await;
    let mut orders = Vec::new();
    for (luck, out_ref) in [(7, "short"), (27, "damaged")] {
        let (goods_id, place) = unlucky(luck);
        let mut detail = sandbox.get(&format!("/goods/{goods_id}")).await;
        let sku = detail["skus"][place].clone();
        detail["skus"] = json!([sku]);
        let asked = sandbox.order_for(&detail, 1, out_ref).await;
        let order = sandbox.post("/trade/orders", asked).await;
        let pay = format!("/trade/orders/{}/pay", order["orderNo"]);
        sandbox.post(&pay, json!({ "mode": "DEBIT", "payRef": out_ref })).await;
        orders.push(order);
    }
    let box_ = sandbox.post("/trade/consignments", opening("K-1", &[&orders[0], &orders[1]], "WAREHOUSE")).await;
    let report = json!({ "outRef": "in-1", "lines": lines(&orders[0], "quantity", |_| json!(1)) });
    assert_eq!(sandbox.report_refused(&box_, "receipts", report).await.0, "NOT_OPERATOR");
    sandbox.wait(12 + 17, 1);
    assert_eq!(sandbox.consignment(&box_).await["status"], "open");
    let clock = sandbox.running.clock.clone();
    sandbox.running.stop().await;
    sandbox = Sandbox::with(|settings| {
        settings.pace = 10.0;
        settings.data = Some(data.clone());
        settings.clock = clock;
    })
    .await;
    sandbox.wait(3, 1);
    assert_eq!(sandbox.consignment(&box_).await["status"], "received", "a restart delays nobody");
    sandbox.wait(10, 1);
    let found = sandbox.consignment(&box_).await;
    assert_eq!(found["status"], "inspected");
    let quantity = |place: usize| orders[place]["lines"][0]["quantity"].as_i64().unwrap();
    let short = &found["orders"][0]["lines"][0];
    assert_eq!((&short["result"], &short["received"]), (&json!("SHORT"), &json!(quantity(0) - 1)));
    let damaged = &found["orders"][1]["lines"][0];
    assert_eq!((&damaged["result"], &damaged["passed"]), (&json!("DAMAGED"), &json!(quantity(1) - 1)));
    let photo = sandbox.picture(&damaged["photoIds"][0]).await;
    assert_eq!((photo.status(), &photo.headers()["x-partner-code"]), (StatusCode::OK, &"acme".parse().unwrap()));
    assert!(photo.bytes().await.unwrap().starts_with(b"\x89PNG"));
    sandbox.wait(600, 60);
    assert_eq!(sandbox.consignment(&box_).await, found, "it waits for the tracking number");
    let handover = json!({ "outRef": "out-1", "carrier": "EMS", "trackingNo": "E1", "weightGram": 1, "pieces": 1 });
    sandbox.report(&box_, "handovers", handover).await;
    sandbox.wait(12, 1);
    for order in &orders {
        assert_eq!(sandbox.order(order).await["status"], "success");
    }
}

#[tokio::test]
async fn what_is_called_off_is_no_longer_expected() {
    let sandbox = Sandbox::open().await;
    let (first, second) = (sandbox.paid("D-1", 1).await, sandbox.paid("D-2", 1).await);
    let box_ = sandbox.post("/trade/consignments", opening("K-1", &[&first, &second], "PARTNER")).await;
    let call_off = async |order: &Value, pieces: i64, fen: i64, out_ref: &str| {
        let asked = json!({
            "outRef": out_ref, "partnerCode": "acme", "orderNo": order["orderNo"], "type": "MONEY", "applyFen": fen,
            "reasonCode": "NOT_WANTED", "lines": [{ "lineNo": 1, "quantity": pieces }], "description": "不要了"
        });
        let refund = sandbox.post("/trade/refunds", asked).await;
        sandbox.post(&format!("/control/refunds/{}", refund["refundNo"]), json!({ "do": "agree" })).await;
    };
    let quantity = first["lines"][0]["quantity"].as_i64().unwrap();
    call_off(&first, quantity, 1, "R-1").await;
    let less = sandbox.consignment(&box_).await;
    assert_eq!((&less["orders"][0]["lines"][0]["expected"], &less["status"]), (&json!(0), &json!("open")));
    let gone = sandbox.order(&first).await;
    assert_eq!(
        (&gone["status"], &gone["refundStatus"]),
        (&json!("terminated"), &json!("part")),
        "nothing is left to send"
    );
    sandbox.advance(&second, "waitbuyerreceive").await;
    let came = json!({ "outRef": "in-1", "lines": lines(&second, "quantity", |line| line["quantity"].clone()) });
    assert_eq!(sandbox.report(&box_, "receipts", came).await["status"], "received", "nothing else is awaited");
    let third = sandbox.paid("D-3", 1).await;
    let lone = sandbox.post("/trade/consignments", opening("K-2", &[&third], "PARTNER")).await;
    sandbox.post(&format!("/control/orders/{}", third["orderNo"]), json!({ "close": "seller_goods_lack" })).await;
    assert_eq!(sandbox.consignment(&lone).await["status"], "cancel");
    assert_eq!(sandbox.order(&third).await["consignmentNo"], Value::Null);
}

#[tokio::test]
async fn the_warehouse_works_on_command() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.paid("E-1", 2).await;
    let box_ = sandbox.post("/trade/consignments", opening("K-1", &[&order], "WAREHOUSE")).await;
    let path = format!("/control/consignments/{}", box_["consignmentNo"]);
    let quantity = order["lines"][0]["quantity"].as_i64().unwrap();
    let line = |line_no: u32, more: Value| {
        let mut line = json!({ "orderNo": order["orderNo"], "lineNo": line_no });
        line.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        line
    };
    let wrong = json!({ "do": "inspect", "lines": [line(1, json!({ "passed": quantity + 1 }))] });
    assert_eq!(sandbox.refused(&path, wrong).await.1["param"], "lines");
    assert_eq!(sandbox.order(&order).await["status"], "waitsellersend", "a refusal leaves nothing half done");
    let wrong = json!({ "do": "receive", "lines": [line(1, json!({ "received": quantity + 1 }))] });
    assert_eq!(sandbox.refused(&path, wrong).await.1["param"], "lines[0].received");
    let found = json!({ "do": "inspect", "lines": [
        line(1, json!({ "received": quantity - 1 })),
        line(2, json!({ "result": "WRONG", "note": "颜色不对" }))
    ] });
    let done = sandbox.post(&path, found).await;
    assert_eq!(done["status"], "inspected");
    let found = &done["orders"][0]["lines"];
    assert_eq!((&found[0]["result"], &found[0]["passed"]), (&json!("SHORT"), &json!(quantity - 1)));
    assert_eq!((&found[1]["result"], &found[1]["passed"]), (&json!("WRONG"), &json!(quantity - 1)));
    assert_eq!(sandbox.order(&order).await["status"], "inspected");
    assert_eq!(sandbox.refused(&path, json!({ "do": "receive" })).await.0, "STATUS_NOT_ALLOWED");
}

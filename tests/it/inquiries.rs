//! Inquiries from outside: several suppliers asked once, prices talked about, and a quotation that becomes one order.

use serde_json::{Value, json};
use xunyuan::commands::client::Answer;
use xunyuan::model::partner::Scope;

use crate::harness::{House, Partner, plain, pointers, problem};

/// What can be asked for: a supplier, one of its variants and how many of it.
async fn wanted(partner: &Partner) -> (Value, u64) {
    let quote = partner.quote().await;
    let line = &quote["lines"][0];
    let invited = json!({"supplier_id": quote["supplier"]["id"], "sku_id": line["sku_id"]});
    (invited, line["quantity"].as_u64().unwrap())
}

fn inquiry(reference: &str, invited: &Value, quantity: u64) -> Value {
    json!({
        "reference": reference, "suppliers": [invited], "specification": "按样品，白色", "quantity": quantity,
        "ship_to_country": "JP", "currency": "JPY",
    })
}

/// Asks, and gives the inquiry that was taken.
async fn asked(partner: &Partner, body: Value) -> Value {
    let key = format!("inquiry-{}", body["reference"].as_str().unwrap());
    let answer = partner.post_once("/v1/inquiries", &key, body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    assert_eq!(answer.field("location"), path(&answer.json(), ""));
    answer.json()
}

fn path(inquiry: &Value, step: &str) -> String {
    format!("/v1/inquiries/{}{step}", inquiry["id"].as_str().unwrap())
}

/// The suppliers act.
async fn control(house: &House, inquiry: &Value, what: Value) {
    let number = inquiry["catalogue_inquiry_id"].as_str().unwrap();
    house.tell_catalogue(&format!("/control/inquiries/{number}"), what).await;
}

/// The inquiry once its first supplier stands there.
async fn until(partner: &Partner, inquiry: &Value, state: &str) -> Value {
    for _ in 0..200 {
        let now = partner.get(&path(inquiry, "")).await.json();
        if now["suppliers"][0]["state"] == state {
            return now;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the supplier never was {state}")
}

/// An inquiry whose supplier quoted this for a piece.
async fn quoted(house: &House, partner: &Partner, reference: &str, fen: i64) -> Value {
    let (invited, quantity) = wanted(partner).await;
    let made = asked(partner, inquiry(reference, &invited, quantity)).await;
    control(house, &made, json!({"do": "quote", "priceFen": fen})).await;
    until(partner, &made, "quoted").await
}

fn quotation_path(inquiry: &Value, step: &str) -> String {
    let quotation = inquiry["suppliers"][0]["quotation"]["id"].as_str().unwrap();
    path(inquiry, &format!("/quotations/{quotation}/{step}"))
}

async fn accept(partner: &Partner, inquiry: &Value, reference: &str, key: &str) -> Answer {
    partner.post_once(&quotation_path(inquiry, "accept"), key, json!({"reference": reference})).await
}

#[tokio::test]
async fn an_accepted_quotation_is_an_order_at_its_price_placed_once() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let inquiry = quoted(&house, &acme, "RFQ-1", 123).await;
    let terms = &inquiry["suppliers"][0]["quotation"];
    assert_eq!(terms["unit_price"], json!({"amount": "1.23", "currency": "CNY"}));
    let first = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!(first.status, 201, "{}", first.json());
    let order = first.json();
    assert_eq!(order["state"], "awaiting_payment");
    assert_eq!(order["payment"]["amount"]["cny"], terms["total"]["amount"]);
    assert_eq!(order["lines"][0]["unit_price"]["cny"], "1.23");
    let again = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!(again.field("idempotency-replayed"), "true");
    assert_eq!((again.status, &again.body), (first.status, &first.body), "byte for byte");
    let twice = accept(&acme, &inquiry, "PO-2", "accept-0002").await;
    assert_eq!((twice.status, problem(&twice).as_str()), (409, "quote_used"));
    assert_eq!(twice.json()["order_id"], order["id"]);
    let ended = acme.get(&path(&inquiry, "")).await.json();
    assert_eq!((&ended["state"], &ended["order_id"]), (&json!("ordered"), &order["id"]));
    let at_catalogue = house.ask_catalogue("/control/orders?partnerCode=acme").await;
    assert_eq!(at_catalogue["data"]["items"].as_array().unwrap().len(), 1);
    let pay = json!({"order_ids": [order["id"]], "method": "debit"});
    assert_eq!(acme.post_once("/v1/payments", "pay-0001", pay).await.json()["state"], "paid");
    let events = acme.get("/v1/events?after=0&types=inquiry.*").await.json();
    let told: Vec<_> = events["items"].as_array().unwrap().iter().map(|event| event["type"].clone()).collect();
    assert_eq!(told, ["inquiry.sent", "inquiry.quoted", "inquiry.ordered"]);
    let last = &events["items"][2]["data"];
    assert_eq!((&last["order_id"], &last["inquiry_id"]), (&order["id"], &inquiry["id"]));
    house.close().await;
}

#[tokio::test]
async fn how_a_supplier_answered_before_stands_beside_what_it_answers_now() {
    let house = House::open().await;
    let (acme, other) = (house.partner("acme").await, house.partner("other").await);
    let first = quoted(&house, &acme, "RFQ-1", 400).await;
    let told = &first["suppliers"][0]["response"];
    assert_eq!((&told["asked"], &told["quoted"], &told["declined"]), (&json!(1), &json!(1), &json!(0)));
    assert!(told["median_hours"].as_f64().unwrap() < 1.0, "{told}");
    let (invited, quantity) = wanted(&acme).await;
    let second = asked(&acme, inquiry("RFQ-2", &invited, quantity)).await;
    assert!(second["suppliers"][0].get("response").is_none(), "what repeats get byte for byte has no such figures");
    let (one, known) = (json!(1), acme.get(&path(&second, "")).await.json());
    let told = &known["suppliers"][0]["response"];
    assert_eq!((&told["asked"], &told["quoted"]), (&json!(2), &one), "one has not been answered yet");
    let unheard = asked(&other, inquiry("RFQ-1", &invited, quantity)).await;
    let theirs = other.get(&path(&unheard, "")).await.json();
    let nobody = json!({"asked": 1, "quoted": 0, "declined": 0, "median_hours": null});
    assert_eq!(theirs["suppliers"][0]["response"], nobody, "each partner's own");
    let listed = acme.get("/v1/inquiries").await.json();
    assert!(listed["items"][0]["suppliers"][0].get("response").is_none());
    let metrics = plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "xunyuan_inquiry_suppliers{mode=\"sandbox\",answer=\"quoted\"} 1",
        "xunyuan_inquiry_suppliers{mode=\"sandbox\",answer=\"waiting\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    house.close().await;
}

#[tokio::test]
async fn a_currency_without_a_rate_is_refused_before_anybody_is_asked() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let (invited, quantity) = wanted(&acme).await;
    let mut body = inquiry("RFQ-1", &invited, quantity);
    body["currency"] = json!("BMD");
    let answer = acme.post_once("/v1/inquiries", "inquiry-RFQ-1", body).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (400, "unknown_currency"));
    assert_eq!(pointers(&answer), ["#/currency"]);
    assert!(answer.json()["errors"][0]["detail"].as_str().unwrap().contains("JPY"), "those there are");
    assert_eq!(acme.get("/v1/inquiries").await.json()["items"], json!([]));
    house.close().await;
}

#[tokio::test]
async fn a_counter_offer_brings_another_quotation_and_the_old_one_is_void() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let inquiry = quoted(&house, &acme, "RFQ-1", 400).await;
    let body = json!({"target_price": {"amount": "3.60", "currency": "CNY"}, "note": "长期合作"});
    let countered = acme.post_once(&quotation_path(&inquiry, "counter"), "counter-1", body.clone()).await;
    assert_eq!((countered.status, &countered.json()["suppliers"][0]["state"]), (200, &json!("countered")));
    let again = acme.post_once(&quotation_path(&inquiry, "counter"), "counter-1", body.clone()).await;
    assert_eq!((again.field("idempotency-replayed"), &again.body), ("true", &countered.body));
    let early = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!((early.status, problem(&early).as_str()), (409, "quotation_closed"));
    control(&house, &inquiry, json!({"do": "quote", "priceFen": 360})).await;
    let newer = until(&acme, &inquiry, "quoted").await;
    assert_ne!(newer["suppliers"][0]["quotation"]["id"], inquiry["suppliers"][0]["quotation"]["id"]);
    let void = accept(&acme, &inquiry, "PO-1", "accept-0002").await;
    assert_eq!((void.status, problem(&void).as_str()), (409, "quotation_closed"));
    let order = accept(&acme, &newer, "PO-1", "accept-0003").await;
    assert_eq!((order.status, &order.json()["lines"][0]["unit_price"]["cny"]), (201, &json!("3.60")));
    house.close().await;
}

#[tokio::test]
async fn an_acceptance_whose_answer_was_lost_is_settled_as_one_order() {
    let house = House::deaf().await;
    let acme = house.partner("acme").await;
    let (invited, quantity) = wanted(&acme).await;
    let made = asked(&acme, inquiry("RFQ-1", &invited, quantity)).await;
    control(&house, &made, json!({"do": "quote", "priceFen": 150})).await;
    let inquiry = compared(&house, &acme, &made).await;
    house
        .tell_catalogue(
            "/control/faults",
            json!({"match": "/trade/orders", "method": "POST", "kind": "drop_after", "times": 1}),
        )
        .await;
    let lost = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!((lost.status, &lost.json()["state"]), (202, &json!("unknown")));
    let id = lost.json()["id"].as_str().unwrap().to_owned();
    house.clock.advance_ms(3000);
    acme.order_in(&id, "awaiting_payment").await;
    let again = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!((again.field("idempotency-replayed"), again.status), ("true", 202));
    let at_catalogue = house.ask_catalogue("/control/orders?partnerCode=acme").await;
    assert_eq!(at_catalogue["data"]["items"].as_array().unwrap().len(), 1);
    house.close().await;
}

/// The inquiry once it was compared with the catalogue, as happens from time to time whatever the feed tells.
async fn compared(house: &House, partner: &Partner, inquiry: &Value) -> Value {
    house.clock.advance_ms(901_000);
    until(partner, inquiry, "quoted").await
}

#[tokio::test]
async fn an_inquiry_whose_answer_was_lost_is_found_under_its_own_reference() {
    let house = House::deaf().await;
    let acme = house.partner("acme").await;
    let (invited, quantity) = wanted(&acme).await;
    let fault = json!({"match": "/trade/inquiries", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let body = inquiry("RFQ-1", &invited, quantity);
    let lost = acme.post_once("/v1/inquiries", "inquiry-1", body.clone()).await;
    assert_eq!((lost.status, &lost.json()["state"]), (202, &json!("unknown")));
    assert_eq!(lost.field("retry-after"), "2");
    house.clock.advance_ms(3000);
    for _ in 0..200 {
        if acme.get(lost.field("location")).await.json()["state"] == "open" {
            let again = acme.post_once("/v1/inquiries", "inquiry-1", body).await;
            assert_eq!((again.field("idempotency-replayed"), &again.body), ("true", &lost.body));
            return house.close().await;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the inquiry stayed unknown");
}

#[tokio::test]
async fn every_wrong_place_of_an_inquiry_is_named() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let (invited, quantity) = wanted(&acme).await;
    let without = acme.post("/v1/inquiries", inquiry("RFQ-1", &invited, quantity)).await;
    assert_eq!((without.status, problem(&without).as_str()), (400, "idempotency_key_missing"));
    let mut wrong = inquiry("RFQ 1", &invited, 0);
    wrong["specification"] = json!("x");
    wrong["target_price"] = json!({"amount": "1.00", "currency": "USD"});
    wrong["warehouse"] = json!("?");
    wrong["attachments"] = json!(["vch_1"]);
    let answer = acme.post_once("/v1/inquiries", "wrong-001", wrong).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (400, "invalid_request"));
    let expected =
        ["#/reference", "#/specification", "#/quantity", "#/target_price/currency", "#/warehouse", "#/attachments/0"];
    assert_eq!(pointers(&answer), expected);
    let mut unknown = inquiry("RFQ-1", &invited, quantity);
    unknown["colour"] = json!("red");
    let answer = acme.post_once("/v1/inquiries", "wrong-002", unknown).await;
    assert_eq!((problem(&answer).as_str(), pointers(&answer)), ("invalid_request", vec!["#/colour".to_owned()]));
    let nobody = inquiry("RFQ-2", &json!({"supplier_id": "1"}), quantity);
    let answer = acme.post_once("/v1/inquiries", "wrong-003", nobody).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (409, "inquiry_refused"));
    assert_eq!(pointers(&answer), ["#/suppliers/0/supplier_id"]);
    let mut picture = inquiry("RFQ-3", &invited, quantity);
    picture["attachments"] = json!([format!("vch_{}", "0".repeat(32))]);
    let answer = acme.post_once("/v1/inquiries", "wrong-004", picture).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (404, "voucher_not_found"));
    let answer = acme.get("/v1/inquiries?state=lost&limit=51&cursor=x").await;
    assert_eq!(pointers(&answer), ["query:state", "query:limit"]);
    let answer = acme.get("/v1/inquiries?cursor=x").await;
    assert_eq!(pointers(&answer), ["query:cursor"]);
    let answer = acme.get("/v1/inquiries/inq_1").await;
    assert_eq!(pointers(&answer), ["path:inquiry_id"]);
    let foreign = format!("/v1/inquiries/inq_{0}/quotations/qtn_{0}/accept", "0".repeat(32));
    let answer = acme.post_once(&foreign, "wrong-005", json!({"reference": "PO-1"})).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (404, "inquiry_not_found"));
    let bad = acme.post_once("/v1/inquiries/x/quotations/y/accept", "wrong-006", json!({"reference": "PO-1"})).await;
    assert_eq!(pointers(&bad), ["path:inquiry_id", "path:quotation_id"]);
    house.close().await;
}

#[tokio::test]
async fn inquiries_are_their_partners_own_and_listed_newest_first() {
    let house = House::open().await;
    let (acme, other) = (house.partner("acme").await, house.partner("other").await);
    let (invited, quantity) = wanted(&acme).await;
    let first = asked(&acme, inquiry("RFQ-1", &invited, quantity)).await;
    house.clock.advance_ms(10);
    let second = asked(&acme, inquiry("RFQ-2", &invited, quantity)).await;
    let page = acme.get("/v1/inquiries?limit=1").await.json();
    assert_eq!(page["items"][0]["id"], second["id"]);
    let next =
        acme.get(&format!("/v1/inquiries?limit=1&cursor={}", page["next_cursor"].as_str().unwrap())).await.json();
    assert_eq!((&next["items"][0]["id"], &next["next_cursor"]), (&first["id"], &Value::Null));
    let withdrawn = acme.post_once(&path(&first, "/withdraw"), "withdraw-1", json!({})).await;
    assert_eq!((withdrawn.status, &withdrawn.json()["state"]), (200, &json!("withdrawn")));
    let open = acme.get("/v1/inquiries?state=open").await.json();
    assert_eq!(open["items"].as_array().unwrap().len(), 1);
    let hidden = other.get(&path(&second, "")).await;
    assert_eq!((hidden.status, problem(&hidden).as_str()), (404, "inquiry_not_found"));
    let taken = acme.post_once("/v1/inquiries", "another-1", inquiry("RFQ-1", &invited, quantity)).await;
    assert_eq!((problem(&taken).as_str(), &taken.json()["inquiry_id"]), ("inquiry_reference_taken", &first["id"]));
    let reader = house.partner_without("acme", &[Scope::OrdersWrite]).await;
    let refused = reader
        .post_once(
            &path(&second, &format!("/quotations/qtn_{}/accept", "0".repeat(32))),
            "x-000001",
            json!({"reference": "PO-1"}),
        )
        .await;
    assert_eq!((refused.status, problem(&refused).as_str()), (403, "scope_missing"));
    house.close().await;
}

#[tokio::test]
async fn a_quotation_that_expired_meanwhile_is_no_order() {
    let house = House::deaf().await;
    let acme = house.partner("acme").await;
    let (invited, quantity) = wanted(&acme).await;
    let made = asked(&acme, inquiry("RFQ-1", &invited, quantity)).await;
    control(&house, &made, json!({"do": "quote", "priceFen": 150})).await;
    let inquiry = compared(&house, &acme, &made).await;
    // Nobody here has heard of it yet when the quotation is accepted.
    control(&house, &inquiry, json!({"do": "expire"})).await;
    let late = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!((late.status, problem(&late).as_str()), (409, "quotation_closed"));
    let again = accept(&acme, &inquiry, "PO-1", "accept-0001").await;
    assert_eq!((again.field("idempotency-replayed"), &again.body), ("true", &late.body));
    let at_catalogue = house.ask_catalogue("/control/orders?partnerCode=acme").await;
    assert!(at_catalogue["data"]["items"].as_array().unwrap().is_empty());
    let ended = acme.get(&path(&inquiry, "")).await.json();
    assert_eq!(ended["state"], "closed", "it was read when the order was refused");
    house.close().await;
}

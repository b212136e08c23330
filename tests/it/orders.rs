//! Orders from outside: placed once, answered identically, followed to the warehouse.

use serde_json::json;

use crate::harness::{House, Partner, pointers, problem};

async fn placed(partner: &Partner, reference: &str) -> (String, i64) {
    let answer = partner.order(reference).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let order = answer.json();
    assert_eq!(order["state"], "awaiting_payment", "{order}");
    let number = order["catalogue_order_id"].as_str().unwrap().parse().unwrap();
    (order["id"].as_str().unwrap().to_owned(), number)
}

#[actix_web::test]
async fn an_order_sent_twice_is_placed_once_and_answered_identically() {
    held::an_order_sent_twice_is_placed_once_and_answered_identically(House::open().await).await;
}

#[actix_web::test]
async fn a_key_with_another_body_and_a_reference_used_before_are_told_apart() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (id, _) = placed(&partner, "PO-1").await;
    let other = partner
        .post_once(
            "/v1/orders",
            "key-PO-1",
            json!({"reference": "PO-2", "quote_id": format!("quo_{}", "0".repeat(32))}),
        )
        .await;
    assert_eq!(other.status, 422, "{}", other.json());
    assert_eq!(problem(&other), "idempotency_mismatch");
    let quote = partner.quote().await;
    let taken =
        partner.post_once("/v1/orders", "another-key", json!({"reference": "PO-1", "quote_id": quote["id"]})).await;
    assert_eq!((taken.status, problem(&taken).as_str()), (409, "reference_taken"));
    assert!(taken.json().to_string().contains(&id));
    let keyless = partner.post("/v1/orders", json!({"reference": "PO-3", "quote_id": quote["id"]})).await;
    assert_eq!(problem(&keyless), "idempotency_key_missing");
    house.close().await;
}

#[actix_web::test]
async fn an_order_is_followed_until_the_partner_confirms_its_receipt() {
    held::an_order_is_followed_until_the_partner_confirms_its_receipt(House::open().await).await;
}

#[actix_web::test]
async fn an_answer_that_was_lost_becomes_an_order_all_the_same() {
    let house = House::deaf().await;
    let partner = house.partner("acme").await;
    let quote = partner.quote().await;
    let fault = json!({"match": "/trade/orders", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let body = json!({"reference": "PO-1", "quote_id": quote["id"]});
    let answer = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
    assert_eq!((answer.status, answer.json()["state"].as_str()), (202, Some("unknown")), "{}", answer.json());
    assert_eq!(answer.field("location"), "/v1/orders/by-reference/PO-1");
    house.clock.advance_ms(60_000);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    partner.order_in(&id, "awaiting_payment").await;
    let found = partner.get("/v1/orders/by-reference/PO-1").await.json();
    assert_eq!(found["id"], id.as_str());
    let again = partner.post_once("/v1/orders", "key-po-1", body).await;
    assert_eq!(again.body, answer.body, "the first answer is the one that every repeat gets");
    house.close().await;
}

#[actix_web::test]
async fn a_price_that_changed_since_the_quote_is_told_with_the_new_figures() {
    held::a_price_that_changed_since_the_quote_is_told_with_the_new_figures(House::open().await).await;
}

#[actix_web::test]
async fn orders_of_others_and_of_the_other_world_are_not_there() {
    held::orders_of_others_and_of_the_other_world_are_not_there(House::open().await).await;
}

#[actix_web::test]
async fn an_unpaid_order_is_cancelled_and_a_paid_one_is_not() {
    held::an_unpaid_order_is_cancelled_and_a_paid_one_is_not(House::open().await).await;
}

#[actix_web::test]
async fn lines_are_ordered_in_one_step_and_a_quote_says_which_of_them_went_where() {
    held::lines_are_ordered_in_one_step_and_a_quote_says_which_of_them_went_where(House::open().await).await;
}

#[actix_web::test]
async fn a_note_is_written_and_shown() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (id, _) = placed(&partner, "PO-1").await;
    let path = format!("/v1/orders/{id}/notes");
    let noted = partner.post(&path, json!({"note": "请用纸箱包装"})).await;
    assert_eq!((noted.status, noted.json()["note"].as_str()), (200, Some("请用纸箱包装")), "{}", noted.json());
    assert_eq!(partner.get("/v1/orders").await.json()["items"][0]["note"], "请用纸箱包装");
    let empty = partner.post(&path, json!({"note": " "})).await;
    assert_eq!((empty.status, pointers(&empty)), (400, vec!["#/note".to_owned()]));
    partner.post(&format!("/v1/orders/{id}/cancel"), json!({})).await;
    let late = partner.post(&path, json!({"note": "x"})).await;
    assert_eq!((late.status, problem(&late).as_str()), (409, "order_state_conflict"));
    house.close().await;
}

#[actix_web::test]
async fn a_payment_of_another_sum_than_expected_is_not_made() {
    held::a_payment_of_another_sum_than_expected_is_not_made(House::open().await).await;
}

#[actix_web::test]
async fn what_the_feed_did_not_tell_is_found_by_comparing() {
    let house = House::with(&[("ORDERS__FOLLOW_MS", "60000"), ("ORDERS__COMPARE_S", "1")]).await;
    let partner = house.partner("acme").await;
    placed(&partner, "PO-0").await;
    let (id, number) = placed(&partner, "PO-1").await;
    house.tell_catalogue("/control/advance", json!({"orderNo": number, "to": "warehousesigned"})).await;
    house.clock.advance_ms(10_000);
    partner.order_in(&id, "at_warehouse").await;
    let metrics = crate::harness::plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"xunyuan_orders_compared_total{found="moved"}"#), "{metrics}");
    assert!(metrics.contains(r#"xunyuan_orders_attention{why="went_on"} 0"#), "{metrics}");
    house.close().await;
}

/// What holds for a gateway whichever way it reaches the catalogue.
pub mod held {
    use serde_json::{Value, json};
    use xunyuan::model::partner::{Mode, Scopes};

    use super::placed;
    use crate::harness::{House, pointers, problem};

    pub async fn an_order_sent_twice_is_placed_once_and_answered_identically(house: House) {
        let partner = house.partner("acme").await;
        let quote = partner.quote().await;
        let body = json!({"reference": "PO-1", "quote_id": quote["id"]});
        let first = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
        let second = partner.post_once("/v1/orders", "key-po-1", body).await;
        assert_eq!((first.status, second.status), (201, 201), "{}", first.json());
        assert_eq!(first.body, second.body);
        assert_eq!((first.field("idempotency-replayed"), second.field("idempotency-replayed")), ("", "true"));
        assert!(first.field("location").starts_with("/v1/orders/ord_"));
        let listed = partner.get("/v1/orders").await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        house.close().await;
    }

    pub async fn an_order_is_followed_until_the_partner_confirms_its_receipt(house: House) {
        let partner = house.partner("acme").await;
        let (id, number) = placed(&partner, "PO-1").await;
        let pay = json!({"order_ids": [id], "method": "debit"});
        let paid = partner.post_once("/v1/payments", "pay-PO-1", pay.clone()).await;
        assert_eq!((paid.status, paid.json()["state"].as_str()), (201, Some("paid")), "{}", paid.json());
        assert_eq!(partner.post_once("/v1/payments", "pay-PO-1", pay).await.body, paid.body);
        for (theirs, ours) in [("waitbuyerreceive", "shipped"), ("warehousesigned", "at_warehouse")] {
            house.tell_catalogue("/control/advance", json!({"orderNo": number, "to": theirs})).await;
            partner.order_in(&id, ours).await;
        }
        let shipments = partner.get(&format!("/v1/orders/{id}/shipments")).await.json();
        assert!(!shipments["items"][0]["tracking_number"].as_str().unwrap().is_empty(), "{shipments}");
        let confirmed = partner
            .client
            .ask(&xunyuan::commands::client::Draft {
                method: "POST".into(),
                ..xunyuan::commands::client::Draft::get(format!("/v1/orders/{id}/confirm-receipt"))
            })
            .await
            .unwrap();
        assert_eq!(confirmed.status, 200, "{}", confirmed.json());
        let done = partner.order_in(&id, "completed").await;
        let states: Vec<_> =
            done["events"].as_array().unwrap().iter().map(|event| event["state"].as_str().unwrap()).collect();
        let at = |state| states.iter().position(|seen| *seen == state);
        assert!(
            at("received") < at("placing") && at("placing") < at("paid") && at("paid") < at("shipped"),
            "{states:?}"
        );
        assert!(at("shipped") < at("at_warehouse") && at("at_warehouse") < at("completed"), "{states:?}");
        house.close().await;
    }

    pub async fn a_price_that_changed_since_the_quote_is_told_with_the_new_figures(house: House) {
        let partner = house.partner("acme").await;
        let quote = partner.quote().await;
        let offer = quote["lines"][0]["offer_id"].as_str().unwrap();
        house.tell_catalogue(&format!("/control/goods/{offer}"), json!({"price": "+10%"})).await;
        let refused =
            partner.post_once("/v1/orders", "key-po-1", json!({"reference": "PO-1", "quote_id": quote["id"]})).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (409, "price_changed"));
        assert!(!pointers(&refused).is_empty(), "{}", refused.json());
        house.close().await;
    }

    pub async fn orders_of_others_and_of_the_other_world_are_not_there(house: House) {
        let partner = house.partner("acme").await;
        let (id, _) = placed(&partner, "PO-1").await;
        let stranger = house.partner("other").await;
        let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
        for who in [&stranger, &live] {
            for path in [format!("/v1/orders/{id}"), "/v1/orders/by-reference/PO-1".to_owned()] {
                assert_eq!(problem(&who.get(&path).await), "order_not_found");
            }
            assert_eq!(who.get("/v1/orders").await.json()["items"].as_array().unwrap().len(), 0);
        }
        house.close().await;
    }

    pub async fn an_unpaid_order_is_cancelled_and_a_paid_one_is_not(house: House) {
        let partner = house.partner("acme").await;
        let (id, _) = placed(&partner, "PO-1").await;
        let cancelled = partner.post(&format!("/v1/orders/{id}/cancel"), json!({"reason": "changed our mind"})).await;
        assert_eq!(
            (cancelled.status, cancelled.json()["state"].as_str()),
            (200, Some("cancelled")),
            "{}",
            cancelled.json()
        );
        let (paid, _) = placed(&partner, "PO-2").await;
        partner.post_once("/v1/payments", "pay-PO-2", json!({"order_ids": [paid], "method": "debit"})).await;
        partner.order_in(&paid, "paid").await;
        let refused = partner.post(&format!("/v1/orders/{paid}/cancel"), json!({})).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (409, "order_state_conflict"));
        house.close().await;
    }

    pub async fn lines_are_ordered_in_one_step_and_a_quote_says_which_of_them_went_where(house: House) {
        let partner = house.partner("acme").await;
        let (one, two) = (partner.quote().await, json!({"sku_id": "1", "quantity": 1}));
        let good = json!({"sku_id": one["lines"][0]["sku_id"], "quantity": one["lines"][0]["quantity"]});
        let quoted = partner.post("/v1/quotes", json!({"lines": [two, good], "currency": "JPY"})).await.json();
        assert_eq!(quoted["split"], json!([{"quote_id": quoted["quotes"][0]["id"], "lines": ["#/lines/1"]}]));
        let body = json!({"reference": "PO-1", "lines": [good, two]});
        let refused = partner.post_once("/v1/orders", "key-po-1", body).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (409, "lines_unavailable"));
        assert_eq!(pointers(&refused), ["#/lines/1"]);
        assert_eq!(refused.json()["problems"][0]["code"], "sku_not_found");
        let wrong = json!({"amount": "0.01", "currency": "JPY"});
        let body = json!({"reference": "PO-1", "lines": [good], "currency": "JPY", "expected_total": wrong});
        let wrong = partner.post_once("/v1/orders", "key-po-1", body).await;
        assert_eq!(pointers(&wrong), ["#/expected_total/amount"], "there is no hundredth of a yen: {}", wrong.json());
        let total = json!({"amount": one["total"]["amount"], "currency": "JPY"});
        let body =
            json!({"reference": "PO-1", "lines": [good], "currency": "JPY", "expected_total": total, "note": "谢谢"});
        let placed = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
        assert_eq!(
            (placed.status, placed.json()["state"].as_str()),
            (201, Some("awaiting_payment")),
            "{}",
            placed.json()
        );
        assert_eq!(partner.post_once("/v1/orders", "key-po-1", body).await.body, placed.body);
        let many: Vec<_> = (1..=51).map(|sku| json!({"sku_id": sku.to_string(), "quantity": 1})).collect();
        let refused = partner.post_once("/v1/orders", "key-po-2", json!({"reference": "PO-2", "lines": many})).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (400, "invalid_request"));
        assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().contains("1 to 50"), "{}", refused.json());
        let nowhere = partner.post("/v1/quotes", json!({"lines": [good], "ship_to_country": "XX"})).await;
        assert_eq!((nowhere.status, pointers(&nowhere)), (400, vec!["#/ship_to_country".to_owned()]));
        house.close().await;
    }

    pub async fn a_payment_of_another_sum_than_expected_is_not_made(house: House) {
        let partner = house.partner("acme").await;
        let (id, number) = placed(&partner, "PO-1").await;
        let order = partner.get(&format!("/v1/orders/{id}")).await.json();
        house.tell_catalogue(&format!("/control/orders/{number}"), json!({"priceFen": 987_654})).await;
        let fen = order["payment"]["amount"]["cny"].as_str().unwrap();
        let pay = |amount: &str| {
            let expected = json!({"amount": amount, "currency": "CNY"});
            json!({"order_ids": [id], "method": "debit", "expected_total": expected})
        };
        let refused = partner.post_once("/v1/payments", "pay-po-1", pay(fen)).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (409, "price_changed"));
        assert_eq!(refused.json()["total"], json!({"amount": "9876.54", "currency": "CNY"}), "{}", refused.json());
        assert_eq!(refused.json()["orders"][0]["order_id"], id.as_str());
        // What costs what is told as it can be agreed to.
        let each = |amounts: &Value| json!({"order_ids": [id], "method": "debit", "expected_amounts": amounts});
        let own = json!([{"order_id": id, "amount": {"amount": fen, "currency": "CNY"}}]);
        let refused = partner.post_once("/v1/payments", "pay-po-2", each(&own)).await;
        assert_eq!(
            (problem(&refused).as_str(), pointers(&refused)),
            ("price_changed", vec!["#/expected_amounts/0/amount".to_owned()])
        );
        let paid = partner.post_once("/v1/payments", "pay-po-2", each(&refused.json()["orders"])).await;
        assert_eq!((paid.status, paid.json()["state"].as_str()), (201, Some("paid")), "{}", paid.json());
        let late = partner.post_once("/v1/payments", "pay-po-3", pay("9876.54")).await;
        assert_eq!((problem(&late).as_str(), &late.json()["order_id"]), ("order_state_conflict", &json!(id)));
        let options = partner.get(&format!("/v1/orders/{id}/payment-options")).await.json();
        assert_eq!((&options["options"], &options["reason"]), (&json!([]), &json!("It is paid already.")), "{options}");
        house.close().await;
    }
}

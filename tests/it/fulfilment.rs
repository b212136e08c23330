//! Parcels and consignments from outside: told step by step, gathered once, reported, handed over.

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::model::ids::PartnerId;
use xunyuan::model::partner::{Mode, Scope, Scopes};

use crate::harness::{House, Partner, plain, pointers, problem};

/// A paid order: its id, the catalogue's number, and its lines.
struct Paid {
    id: String,
    number: i64,
    lines: Vec<Value>,
}

async fn paid(partner: &Partner, reference: &str) -> Paid {
    let answer = partner.order(reference).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let order = answer.json();
    let id = order["id"].as_str().unwrap().to_owned();
    let pay = json!({"order_ids": [id], "method": "debit"});
    let answer = partner.post_once("/v1/payments", &format!("pay-{reference}"), pay).await;
    assert_eq!(answer.json()["state"], "paid", "{}", answer.json());
    partner.order_in(&id, "paid").await;
    let number = order["catalogue_order_id"].as_str().unwrap().parse().unwrap();
    Paid { id, number, lines: order["lines"].as_array().unwrap().clone() }
}

async fn sent(house: &House, order: &Paid) {
    house.tell_catalogue("/control/advance", json!({"orderNo": order.number, "to": "waitbuyerreceive"})).await;
}

async fn opened(partner: &Partner, reference: &str, orders: &[&Paid], operated_by: &str) -> Value {
    let ids: Vec<_> = orders.iter().map(|order| order.id.clone()).collect();
    let body = json!({"reference": reference, "order_ids": ids, "operated_by": operated_by});
    let answer = partner.post_once("/v1/consignments", &format!("open-{reference}"), body).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let consignment = answer.json();
    assert_eq!(answer.field("location"), format!("/v1/consignments/{}", consignment["id"].as_str().unwrap()));
    consignment
}

/// The consignment once it is in this state.
async fn consignment_in(partner: &Partner, id: &str, state: &str) -> Value {
    for _ in 0..200 {
        let consignment = partner.get(&format!("/v1/consignments/{id}")).await.json();
        if consignment["state"] == state {
            return consignment;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the consignment never became {state}");
}

/// What partners were told so far, by subject.
async fn told(house: &House, subject: &str) -> Vec<String> {
    let rows = house.running.house.sql.fetch_all("SELECT subject, kind FROM events ORDER BY serial", vec![]).await;
    let rows = rows.unwrap();
    let of = rows.iter().filter(|row| row.text("subject").unwrap() == subject);
    of.map(|row| row.text("kind").unwrap()).collect()
}

/// A picture that the catalogue has of the partner: its number there.
async fn picture(house: &House, partner: &str) -> i64 {
    let found = plain().get(format!("{}/goods/search?pageSize=1", house.catalogue.url()));
    let found: Value =
        found.header("x-internal-token", &house.catalogue.token).send().await.unwrap().json().await.unwrap();
    let goods = found["data"]["items"][0]["goodsId"].as_i64().unwrap();
    let picture = plain().get(format!("{}/goods/{goods}/picture.png?size=16", house.catalogue.url()));
    let picture = picture.header("x-internal-token", &house.catalogue.token).send().await.unwrap();
    let upload = plain().post(format!("{}/trade/vouchers", house.catalogue.url()));
    let upload = upload.header("x-internal-token", &house.catalogue.token).header("x-partner-code", partner);
    let upload = upload.header("content-type", "image/png").body(picture.bytes().await.unwrap());
    let taken: Value = upload.send().await.unwrap().json().await.unwrap();
    taken["data"]["voucherId"].as_i64().unwrap()
}

async fn voucher(house: &House, partner: &str) -> String {
    let number = picture(house, partner).await;
    let partner: PartnerId = partner.parse().unwrap();
    let id = house.running.house.ledger.adopt_voucher(&partner, Mode::Sandbox, number).await.unwrap();
    id.to_string()
}

#[actix_web::test]
async fn a_parcels_way_is_told_in_order_and_shown_in_the_partners_language() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&partner, "PO-1").await;
    sent(&house, &order).await;
    partner.order_in(&order.id, "shipped").await;
    house.tell_catalogue("/control/advance", json!({"orderNo": order.number, "to": "warehousesigned"})).await;
    partner.order_in(&order.id, "at_warehouse").await;
    let listed = partner.get(&format!("/v1/orders/{}/shipments", order.id)).await.json();
    let id = listed["items"][0]["id"].as_str().unwrap();
    let parcel = partner.get(&format!("/v1/shipments/{id}?language=ja")).await;
    assert!(parcel.field("vary").contains("Accept-Language"));
    let parcel = parcel.json();
    assert_eq!((parcel["state"].as_str(), parcel["order_id"].as_str()), (Some("delivered"), Some(order.id.as_str())));
    let first = &parcel["tracking"][0];
    assert_eq!(
        (first["status"].as_str(), first["description"].as_str()),
        (Some("collected"), Some("運送会社が集荷しました"))
    );
    assert_eq!(first["description_original"], "快件已揽收");
    assert_eq!(told(&house, id).await, ["shipment.dispatched", "shipment.in_transit", "shipment.delivered"]);
    let stranger = house.partner("other").await;
    assert_eq!(problem(&stranger.get(&format!("/v1/shipments/{id}")).await), "shipment_not_found");
    assert_eq!(problem(&partner.get("/v1/shipments/1").await), "shipment_not_found");
    house.close().await;
}

#[actix_web::test]
async fn warehouses_are_listed_in_the_asked_language_and_may_be_kept() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let answer = partner.get("/v1/warehouses?language=en").await;
    let found = answer.json();
    let yiwu = found["items"].as_array().unwrap().iter().find(|one| one["code"] == "YW01").unwrap();
    assert_eq!(yiwu["name_original"], "义乌集运仓");
    assert_ne!(yiwu["name"], yiwu["name_original"]);
    assert!(answer.field("cache-control").contains("max-age"), "{}", answer.field("cache-control"));
    house.close().await;
}

#[actix_web::test]
async fn the_partners_own_staff_reports_a_discrepancy_with_photos_and_hands_over() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (one, two) = (paid(&partner, "PO-1").await, paid(&partner, "PO-2").await);
    let consignment = opened(&partner, "CO-1", &[&one, &two], "partner").await;
    let id = consignment["id"].as_str().unwrap();
    let path = |what: &str| format!("/v1/consignments/{id}/{what}");
    sent(&house, &one).await;
    sent(&house, &two).await;
    let line = |order: &Paid| json!({"order_id": order.id, "sku_id": order.lines[0]["sku_id"], "quantity": order.lines[0]["quantity"]});
    let too_much = json!({"lines": [{"order_id": one.id, "sku_id": one.lines[0]["sku_id"], "quantity": 999_999}]});
    let refused = partner.post_once(&path("receipts"), "receipt-0", too_much).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (409, "consignment_refused"));
    assert_eq!(pointers(&refused), ["#/lines/0/quantity"]);
    let receipt = json!({"lines": [line(&one)]});
    let first = partner.post_once(&path("receipts"), "receipt-1", receipt.clone()).await;
    assert_eq!((first.status, first.json()["state"].as_str()), (200, Some("receiving")), "{}", first.json());
    let again = partner.post_once(&path("receipts"), "receipt-1", receipt.clone()).await;
    assert_eq!((&again.body, again.field("idempotency-replayed")), (&first.body, "true"));
    let other = partner.post_once(&path("receipts"), "receipt-1", json!({"lines": [line(&two)]})).await;
    assert_eq!(problem(&other), "idempotency_mismatch");
    let early = json!({"carrier": "DHL", "tracking_number": "JD01", "weight_g": 12_400, "pieces": 2});
    let early = partner.post_once(&path("handovers"), "handover-0", early).await;
    assert_eq!(
        (problem(&early).as_str(), early.json()["state"].as_str()),
        ("consignment_state_conflict", Some("receiving"))
    );
    let rest = json!({"lines": [line(&two)]});
    let rest = partner.post_once(&path("receipts"), "receipt-2", rest).await;
    assert_eq!(rest.json()["state"], "received", "{}", rest.json());
    let photo = voucher(&house, "acme").await;
    let quantity = one.lines[0]["quantity"].as_i64().unwrap();
    let inspection = json!({"lines": [
        {"order_id": one.id, "sku_id": one.lines[0]["sku_id"], "result": "damaged", "passed": quantity - 1,
            "note": "one is chipped", "voucher_ids": [photo]},
        {"order_id": two.id, "sku_id": two.lines[0]["sku_id"], "result": "pass", "passed": two.lines[0]["quantity"]},
    ]});
    let foreign = voucher(&house, "other").await;
    let mut wrong = inspection.clone();
    wrong["lines"][0]["voucher_ids"] = json!([foreign]);
    let refused = partner.post_once(&path("inspections"), "inspection-0", wrong).await;
    assert_eq!(pointers(&refused), ["#/lines/0/voucher_ids/0"]);
    let inspected = partner.post_once(&path("inspections"), "inspection-1", inspection.clone()).await;
    let view = inspected.json();
    assert_eq!(
        (inspected.status, view["state"].as_str(), view["lines_not_passed"].as_i64()),
        (200, Some("inspected"), Some(1))
    );
    let figures = &view["orders"][0]["lines"][0];
    assert_eq!((figures["result"].as_str(), figures["passed"].as_i64()), (Some("damaged"), Some(quantity - 1)));
    assert_eq!((figures["received"].as_i64(), &figures["voucher_ids"]), (Some(quantity), &json!([photo])));
    let again = partner.post_once(&path("inspections"), "inspection-1", inspection).await;
    assert_eq!(again.body, inspected.body);
    let handover = json!({"carrier": "DHL", "tracking_number": "JD01", "weight_g": 12_400, "pieces": 2});
    let handed = partner.post_once(&path("handovers"), "handover-1", handover).await;
    assert_eq!((handed.status, handed.json()["handover"]["tracking_number"].as_str()), (200, Some("JD01")));
    let heard = ["opened", "part_received", "received", "inspected", "discrepancy", "handed_over"];
    assert_eq!(told(&house, id).await, heard.map(|kind| format!("consignment.{kind}")));
    for order in [&one, &two] {
        partner.order_in(&order.id, "handed_over").await;
    }
    house.close().await;
}

#[actix_web::test]
async fn what_the_warehouse_reports_is_followed_until_the_partner_hands_over() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&partner, "PO-1").await;
    let consignment = opened(&partner, "CO-1", &[&order], "warehouse").await;
    let id = consignment["id"].as_str().unwrap();
    let number = consignment["catalogue_consignment_id"].as_str().unwrap();
    let photo = picture(&house, "acme").await;
    let control = format!("/control/consignments/{number}");
    house.tell_catalogue(&control, json!({"do": "receive"})).await;
    consignment_in(&partner, id, "received").await;
    let line = json!({"orderNo": order.number, "lineNo": 1, "result": "DAMAGED", "passed": 0, "photoIds": [photo]});
    house.tell_catalogue(&control, json!({"do": "inspect", "lines": [line]})).await;
    let inspected = consignment_in(&partner, id, "inspected").await;
    assert_eq!(inspected["orders"][0]["lines"][0]["voucher_ids"].as_array().unwrap().len(), 1, "{inspected}");
    let receipt = json!({"lines": [], "complete": true});
    let mine = partner.post_once(&format!("/v1/consignments/{id}/receipts"), "receipt-1", receipt).await;
    assert_eq!(problem(&mine), "consignment_state_conflict");
    let handover = json!({"carrier": "DHL", "tracking_number": "JD01", "weight_g": 12_400, "pieces": 2});
    let handed = partner.post_once(&format!("/v1/consignments/{id}/handovers"), "handover-1", handover).await;
    assert_eq!((handed.status, handed.json()["state"].as_str()), (200, Some("handed_over")), "{}", handed.json());
    let heard = ["opened", "received", "inspected", "discrepancy", "handed_over"];
    assert_eq!(told(&house, id).await, heard.map(|kind| format!("consignment.{kind}")));
    let listed = partner.get("/v1/consignments?state=handed_over").await.json();
    assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["id"]), (1, &json!(id)));
    house.close().await;
}

#[actix_web::test]
async fn a_lost_answer_is_settled_without_a_second_consignment() {
    let house = House::deaf().await;
    let partner = house.partner("acme").await;
    let order = paid(&partner, "PO-1").await;
    let fault = json!({"match": "/trade/consignments", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let body = json!({"reference": "CO/1", "order_ids": [order.id], "operated_by": "partner"});
    let answer = partner.post_once("/v1/consignments", "open-CO-1", body.clone()).await;
    assert_eq!(answer.status, 202, "{}", answer.json());
    assert_eq!(answer.field("location"), "/v1/consignments/by-reference/CO%2F1");
    house.clock.advance_ms(60_000);
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    consignment_in(&partner, &id, "open").await;
    let again = partner.post_once("/v1/consignments", "open-CO-1", body).await;
    assert_eq!(again.body, answer.body, "the first answer is the one that every repeat gets");
    let found = partner.get("/v1/consignments/by-reference/CO%2F1").await.json();
    assert_eq!(found["id"], id.as_str());
    let fault = json!({"match": "/trade/consignments/*", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let cancelled = partner.post_once(&format!("/v1/consignments/{id}/cancel"), "cancel-CO-1", json!({})).await;
    assert_eq!(
        (cancelled.status, cancelled.json()["state"].as_str()),
        (200, Some("cancelled")),
        "{}",
        cancelled.json()
    );
    house.close().await;
}

#[actix_web::test]
async fn what_cannot_be_gathered_is_refused_with_the_place_and_the_way_out() {
    let house = House::open().await;
    let (partner, stranger) = (house.partner("acme").await, house.partner("other").await);
    let (own, foreign) = (paid(&partner, "PO-1").await, paid(&stranger, "PO-1").await);
    let unpaid = partner.order("PO-2").await.json();
    let wish = |orders: Value| json!({"reference": "CO-1", "order_ids": orders, "operated_by": "partner"});
    let refused = partner.post_once("/v1/consignments", "open-0001", wish(json!([own.id, foreign.id]))).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (404, "order_not_found"));
    assert_eq!(pointers(&refused), ["#/order_ids/1"]);
    let refused = partner.post_once("/v1/consignments", "open-0001", wish(json!([unpaid["id"], own.id]))).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (409, "order_state_conflict"));
    assert!(refused.json()["errors"][0]["detail"].as_str().unwrap().contains("pay it first"), "{}", refused.json());
    let many: Vec<_> = (0..101).map(|_| own.id.clone()).collect();
    let refused = partner.post_once("/v1/consignments", "open-0001", wish(json!(many))).await;
    assert_eq!((refused.status, pointers(&refused)), (400, vec!["#/order_ids".to_owned()]));
    let opened = opened(&partner, "CO-1", &[&own], "partner").await;
    let body = json!({"reference": "CO-2", "order_ids": [own.id], "operated_by": "partner"});
    let twice = partner.post_once("/v1/consignments", "open-0002", body).await;
    assert_eq!((twice.status, problem(&twice).as_str()), (409, "order_consigned"));
    let taken = partner.post_once("/v1/consignments", "open-0003", wish(json!([own.id]))).await;
    assert_eq!(
        (problem(&taken).as_str(), &taken.json()["consignment_id"]),
        ("consignment_reference_taken", &opened["id"])
    );
    let id = opened["id"].as_str().unwrap();
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    for who in [&stranger, &live] {
        for path in [format!("/v1/consignments/{id}"), "/v1/consignments/by-reference/CO-1".to_owned()] {
            assert_eq!(problem(&who.get(&path).await), "consignment_not_found");
        }
    }
    let reader = house.partner_without("acme", &[Scope::FulfilmentWrite]).await;
    let refused = reader.post_once(&format!("/v1/consignments/{id}/cancel"), "cancel-01", json!({})).await;
    assert_eq!(problem(&refused), "scope_missing");
    let keyless = partner.post(&format!("/v1/consignments/{id}/cancel"), json!({})).await;
    assert_eq!(problem(&keyless), "idempotency_key_missing");
    house.close().await;
}

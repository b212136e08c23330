//! After sales from outside: money asked back once, seen through to its end, proven by pictures that are safe.

use serde_json::{Value, json};
use xunyuan::commands::client::{Answer, Draft};
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Partner, pointers, problem};

/// An order that is paid, at a status of the catalogue's.
struct Paid {
    id: String,
    sku: String,
    quantity: i64,
    total: Value,
}

async fn paid(house: &House, partner: &Partner, reference: &str, status: &str) -> Paid {
    let order = partner.order(reference).await.json();
    let id = order["id"].as_str().unwrap().to_owned();
    let pay = json!({"order_ids": [id], "method": "debit"});
    partner.post_once("/v1/payments", &format!("pay-{reference}"), pay).await;
    let number: i64 = order["catalogue_order_id"].as_str().unwrap().parse().unwrap();
    if status != "waitsellersend" {
        house.tell_catalogue("/control/advance", json!({"orderNo": number, "to": status})).await;
    }
    partner.order_in(&id, if status == "waitsellersend" { "paid" } else { "at_warehouse" }).await;
    let line = &order["lines"][0];
    Paid {
        id,
        sku: line["sku_id"].as_str().unwrap().to_owned(),
        quantity: line["quantity"].as_i64().unwrap(),
        total: json!({"amount": order["payment"]["amount"]["cny"], "currency": "CNY"}),
    }
}

impl Paid {
    fn wish(&self, reference: &str, r#type: &str, reason: &str, amount: &str) -> Value {
        json!({
            "reference": reference, "order_id": self.id, "type": r#type, "reason": reason,
            "amount": {"amount": amount, "currency": "CNY"}, "description": "有破损",
            "lines": [{"sku_id": self.sku, "quantity": self.quantity}],
        })
    }
}

/// Asks, and gives the refund that was taken.
async fn asked(partner: &Partner, wish: Value) -> Value {
    let key = format!("refund-{}", wish["reference"].as_str().unwrap());
    let answer = partner.post_once("/v1/refunds", &key, wish).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    let refund = answer.json();
    assert_eq!(answer.field("location"), format!("/v1/refunds/{}", refund["id"].as_str().unwrap()));
    refund
}

/// The other side acts; the refund once that was heard of.
async fn control(house: &House, partner: &Partner, refund: &Value, what: Value, state: &str) -> Value {
    let number = refund["catalogue_refund_id"].as_str().unwrap();
    house.tell_catalogue(&format!("/control/refunds/{number}"), what).await;
    in_state(partner, refund, state).await
}

async fn in_state(partner: &Partner, refund: &Value, state: &str) -> Value {
    let path = path(refund, "");
    for _ in 0..200 {
        let refund = partner.get(&path).await.json();
        if refund["state"] == state {
            return refund;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the refund never became {state}")
}

fn path(refund: &Value, step: &str) -> String {
    format!("/v1/refunds/{}{step}", refund["id"].as_str().unwrap())
}

fn states(refund: &Value) -> Vec<String> {
    let events = refund["events"].as_array().unwrap();
    events.iter().map(|event| event["state"].as_str().unwrap().to_owned()).collect()
}

/// A PNG of these sides.
fn picture(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.add_text_chunk("Comment".into(), "taken at 31.2N 121.5E".into()).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&vec![7; (width * height) as usize]).unwrap();
    drop(writer);
    bytes
}

async fn upload(partner: &Partner, media_type: &str, bytes: Vec<u8>) -> Answer {
    let headers = vec![("content-type".to_owned(), media_type.to_owned())];
    let draft = Draft { method: "POST".into(), body: bytes, headers, ..Draft::get("/v1/vouchers") };
    partner.client.ask(&draft).await.unwrap()
}

async fn voucher(partner: &Partner) -> String {
    let answer = upload(partner, "image/png", picture(40, 30)).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["voucher_id"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn money_is_asked_back_once_and_given() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let path_of_reasons = format!("/v1/orders/{}/refund-reasons?type=money&language=en", order.id);
    let reasons = partner.get(&path_of_reasons).await.json();
    assert_eq!(reasons["max_refundable"], order.total, "{reasons}");
    assert!(reasons["items"].as_array().unwrap().iter().any(|reason| reason["code"] == "NOT_WANTED"));
    let returns = partner.get(&format!("/v1/orders/{}/refund-reasons?type=return", order.id)).await;
    assert_eq!((returns.status, problem(&returns).as_str()), (409, "refund_not_possible"));
    let wish = order.wish("R-1", "money", "NOT_WANTED", "0.02");
    let first = partner.post_once("/v1/refunds", "refund-R-1", wish.clone()).await;
    let again = partner.post_once("/v1/refunds", "refund-R-1", wish.clone()).await;
    assert_eq!((first.status, first.body.clone()), (again.status, again.body.clone()), "{}", first.json());
    assert_eq!((first.field("idempotency-replayed"), again.field("idempotency-replayed")), ("", "true"));
    let mut other = wish.clone();
    other["description"] = json!("另一个");
    let other = partner.post_once("/v1/refunds", "refund-R-1", other).await;
    assert_eq!((other.status, problem(&other).as_str()), (422, "idempotency_mismatch"));
    let taken = partner.post_once("/v1/refunds", "refund-R-2", wish).await;
    assert_eq!((taken.status, problem(&taken).as_str()), (409, "refund_reference_taken"));
    let refund = first.json();
    assert_eq!(taken.json()["refund_id"], refund["id"]);
    let done = control(&house, &partner, &refund, json!({"do": "agree"}), "succeeded").await;
    assert_eq!(done["agreed_amount"], json!({"amount": "0.02", "currency": "CNY"}), "{done}");
    assert_eq!(states(&done), ["received", "requesting", "requested", "agreed", "succeeded"]);
    let listed = partner.get(&format!("/v1/refunds?order_id={}&state=succeeded", order.id)).await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    house.close().await;
}

#[actix_web::test]
async fn goods_go_back_with_a_proof_and_a_parcel() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "warehousesigned").await;
    let mut wish = order.wish("R-1", "return", "DAMAGED", "0.02");
    let bare = partner.post_once("/v1/refunds", "refund-R-1", wish.clone()).await;
    assert_eq!((bare.status, problem(&bare).as_str()), (409, "voucher_required"));
    let id = voucher(&partner).await;
    (wish["reference"], wish["voucher_ids"]) = (json!("R-2"), json!([id]));
    let refund = asked(&partner, wish).await;
    assert_eq!(refund["voucher_ids"], json!([id]));
    let agreed = control(&house, &partner, &refund, json!({"do": "agree"}), "return_awaited").await;
    assert!(!agreed["return_address"].as_str().unwrap().is_empty() && !agreed["deadline"].is_null(), "{agreed}");
    let parcel = json!({"carrier_code": "ZTO", "tracking_number": "ZTO7531"});
    let sent = partner.post_once(&path(&refund, "/return-shipment"), "step-0001", parcel.clone()).await;
    let again = partner.post_once(&path(&refund, "/return-shipment"), "step-0001", parcel).await;
    assert_eq!((sent.status, sent.json()["state"].as_str()), (200, Some("return_sent")), "{}", sent.json());
    assert_eq!((again.body.clone(), again.field("idempotency-replayed")), (sent.body, "true"));
    let done = control(&house, &partner, &refund, json!({"do": "receive"}), "succeeded").await;
    assert_eq!(done["return_shipment"]["tracking_number"], "ZTO7531");
    let way = ["received", "requesting", "requested", "agreed", "return_awaited", "return_sent", "succeeded"];
    assert_eq!(states(&done), way);
    house.close().await;
}

#[actix_web::test]
async fn a_refusal_is_answered_with_less_and_then_agreed() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let refund = asked(&partner, order.wish("R-1", "money", "NOT_WANTED", "0.05")).await;
    let less = json!({"amount": {"amount": "0.03", "currency": "CNY"}, "description": "少一点"});
    let early = partner.post_once(&path(&refund, "/modify"), "step-0000", less.clone()).await;
    assert_eq!((early.status, problem(&early).as_str()), (409, "refund_state_conflict"));
    assert_eq!(early.json()["state"], "requested");
    let refused = control(&house, &partner, &refund, json!({"do": "refuse", "note": "不同意"}), "refused").await;
    assert_eq!(refused["supplier_note"], "不同意");
    let repeated = partner.post_once(&path(&refund, "/modify"), "step-0000", less.clone()).await;
    assert_eq!(repeated.body, early.body, "a key is answered once; a new try needs a new key");
    let modified = partner.post_once(&path(&refund, "/modify"), "step-0001", less).await;
    assert_eq!((modified.status, modified.json()["amount"]["amount"].as_str()), (200, Some("0.03")));
    let done = control(&house, &partner, &refund, json!({"do": "agree"}), "succeeded").await;
    assert_eq!(done["agreed_amount"]["amount"], "0.03");
    house.close().await;
}

#[actix_web::test]
async fn a_refusal_is_taken_to_the_marketplace_which_splits() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let refund = asked(&partner, order.wish("R-1", "money", "NOT_WANTED", "0.04")).await;
    control(&house, &partner, &refund, json!({"do": "refuse"}), "refused").await;
    let plea = json!({"reason": "照片清楚显示", "voucher_ids": [voucher(&partner).await]});
    let asked_for = partner.post_once(&path(&refund, "/arbitration"), "step-0001", plea.clone()).await;
    assert_eq!((asked_for.status, asked_for.json()["state"].as_str()), (200, Some("arbitrating")));
    assert_eq!(partner.post_once(&path(&refund, "/arbitration"), "step-0001", plea).await.body, asked_for.body);
    let late = partner.post_once(&path(&refund, "/withdraw"), "step-0002", json!({})).await;
    assert_eq!(problem(&late), "refund_state_conflict");
    let decision = json!({"do": "decide", "decision": "SPLIT", "fen": 1, "note": "各半"});
    let done = control(&house, &partner, &refund, decision, "succeeded").await;
    assert_eq!(
        (done["arbitration"]["decision"].as_str(), done["agreed_amount"]["amount"].as_str()),
        (Some("split"), Some("0.01"))
    );
    house.close().await;
}

#[actix_web::test]
async fn a_refund_is_withdrawn_once() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let refund = asked(&partner, order.wish("R-1", "money", "NOT_WANTED", "0.04")).await;
    let step = path(&refund, "/withdraw");
    let closed = partner.post_once(&step, "step-0001", json!({})).await;
    assert_eq!(
        (closed.status, closed.json()["closed_because"].as_str()),
        (200, Some("withdrawn")),
        "{}",
        closed.json()
    );
    assert_eq!(partner.post_once(&step, "step-0001", json!({})).await.body, closed.body);
    let keyless = partner.post(&step, json!({})).await;
    assert_eq!(problem(&keyless), "idempotency_key_missing");
    let second = asked(&partner, order.wish("R-2", "money", "NOT_WANTED", "0.04")).await;
    let same_key = partner.post_once(&path(&second, "/withdraw"), "step-0001", json!({})).await;
    assert_eq!((same_key.status, problem(&same_key).as_str()), (422, "idempotency_mismatch"));
    assert_eq!(in_state(&partner, &second, "requested").await["id"], second["id"], "the other refund stays as it is");
    house.close().await;
}

#[actix_web::test]
async fn a_request_whose_answer_was_lost_is_found_and_not_doubled() {
    let house = House::deaf().await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-1").await.json();
    let id = order["id"].as_str().unwrap().to_owned();
    partner.post_once("/v1/payments", "pay-PO-1", json!({"order_ids": [id], "method": "debit"})).await;
    let line = &order["lines"][0];
    let wish = json!({
        "reference": "R-1", "order_id": id, "type": "money", "reason": "NOT_WANTED", "description": "不要了",
        "amount": {"amount": "0.02", "currency": "CNY"},
        "lines": [{"sku_id": line["sku_id"], "quantity": line["quantity"]}],
    });
    let fault = json!({"match": "/trade/refunds", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let answer = partner.post_once("/v1/refunds", "refund-R-1", wish.clone()).await;
    let refund = answer.json();
    assert_eq!((answer.status, refund["state"].as_str()), (202, Some("unknown")), "{refund}");
    assert_eq!(answer.field("location"), path(&refund, ""));
    assert!(!answer.field("retry-after").is_empty());
    house.clock.advance_ms(60_000);
    let found = in_state(&partner, &refund, "requested").await;
    assert_eq!(partner.post_once("/v1/refunds", "refund-R-1", wish).await.body, answer.body);
    for (step, body) in [("/withdraw", json!({}))] {
        let fault = json!({"match": "/trade/refunds/{refundNo}/withdraw", "kind": "drop_after", "times": 1});
        house.tell_catalogue("/control/faults", fault).await;
        let done = partner.post_once(&path(&found, step), "step-0001", body).await;
        assert_eq!((done.status, done.json()["state"].as_str()), (200, Some("closed")), "{}", done.json());
    }
    let listed = partner.get("/v1/refunds").await.json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    house.close().await;
}

#[actix_web::test]
async fn more_than_there_is_is_refused_with_the_figures() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let too_much =
        partner.post_once("/v1/refunds", "refund-R-1", order.wish("R-1", "money", "NOT_WANTED", "9999999.00")).await;
    assert_eq!((too_much.status, problem(&too_much).as_str()), (409, "refund_amount_too_large"));
    let told = too_much.json();
    let most = told["max_refundable"]["amount"].as_str().unwrap();
    assert!(most.parse::<f64>().unwrap() > 0.0 && told["detail"].as_str().unwrap().contains(most), "{told}");
    let again =
        partner.post_once("/v1/refunds", "refund-R-1", order.wish("R-1", "money", "NOT_WANTED", "9999999.00")).await;
    assert_eq!((again.body.clone(), again.field("idempotency-replayed")), (too_much.body, "true"));
    let mut wish = order.wish("R-2", "money", "NOT_WANTED", "0.01");
    wish["lines"][0]["quantity"] = json!(order.quantity + 1);
    let pieces = partner.post_once("/v1/refunds", "refund-R-2", wish).await;
    assert_eq!((pieces.status, problem(&pieces).as_str()), (409, "refund_quantity_too_large"));
    assert_eq!(pieces.json()["lines"][0]["max_quantity"], order.quantity);
    assert_eq!(pointers(&pieces), ["#/lines/0/quantity"]);
    let mut whole = order.wish("R-3", "money", "NOT_WANTED", most);
    whole["freight"] = told["max_freight"].clone();
    asked(&partner, whole).await;
    let open = partner.post_once("/v1/refunds", "refund-R-4", order.wish("R-4", "money", "NOT_WANTED", "0.01")).await;
    assert_eq!((open.status, problem(&open).as_str()), (409, "refund_open"));
    house.close().await;
}

#[actix_web::test]
async fn orders_and_refunds_and_pictures_of_others_are_not_there() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = paid(&house, &partner, "PO-1", "waitsellersend").await;
    let refund = asked(&partner, order.wish("R-1", "money", "NOT_WANTED", "0.04")).await;
    let id = voucher(&partner).await;
    let unpaid = partner.order("PO-2").await.json();
    let mut early = order.wish("R-2", "money", "NOT_WANTED", "0.01");
    (early["order_id"], early["lines"][0]["sku_id"]) = (unpaid["id"].clone(), unpaid["lines"][0]["sku_id"].clone());
    let early = partner.post_once("/v1/refunds", "refund-R-2", early).await;
    assert_eq!((early.status, problem(&early).as_str()), (409, "refund_not_possible"));
    assert_eq!(early.json()["state"], "awaiting_payment");
    let stranger = house.partner("other").await;
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    for who in [&stranger, &live] {
        let wish = order.wish("R-9", "money", "NOT_WANTED", "0.01");
        assert_eq!(problem(&who.post_once("/v1/refunds", "refund-R-9", wish).await), "order_not_found");
        assert_eq!(problem(&who.get(&path(&refund, "")).await), "refund_not_found");
        assert_eq!(
            problem(&who.post_once(&path(&refund, "/withdraw"), "step-9999", json!({})).await),
            "refund_not_found"
        );
        assert_eq!(problem(&who.get(&format!("/v1/vouchers/{id}")).await), "voucher_not_found");
        assert_eq!(who.get("/v1/refunds").await.json()["items"].as_array().unwrap().len(), 0);
    }
    let mut wish = order.wish("R-3", "money", "NOT_WANTED", "0.01");
    wish["voucher_ids"] = json!([format!("vch_{}", "0".repeat(32))]);
    assert_eq!(problem(&partner.post_once("/v1/refunds", "refund-R-3", wish).await), "voucher_not_found");
    house.close().await;
}

#[actix_web::test]
async fn a_picture_is_kept_without_what_the_camera_wrote() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let bytes = picture(40, 30);
    let taken = upload(&partner, "image/png", bytes.clone()).await;
    let again = upload(&partner, "image/png", bytes.clone()).await;
    assert_eq!((taken.status, taken.body.clone()), (201, again.body), "the same picture is the same voucher");
    let path = taken.field("location").to_owned();
    assert_eq!(path, format!("/v1/vouchers/{}", taken.json()["voucher_id"].as_str().unwrap()));
    let read = partner.get(&path).await;
    assert_eq!(
        (read.status, read.field("content-type"), read.field("x-content-type-options")),
        (200, "image/png", "nosniff")
    );
    assert!(read.field("cache-control").starts_with("private"), "{}", read.field("cache-control"));
    let holds = |bytes: &[u8]| bytes.windows(5).any(|window| window == b"121.5");
    assert!(holds(&bytes) && !holds(&read.body) && read.body.starts_with(b"\x89PNG"));
    let held = Draft { headers: vec![("if-none-match".into(), read.field("etag").to_owned())], ..Draft::get(&path) };
    assert_eq!(partner.client.ask(&held).await.unwrap().status, 304);
    house.close().await;
}

#[actix_web::test]
async fn what_is_no_safe_picture_is_refused_with_what_to_do() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let wrong_type = upload(&partner, "image/gif", b"GIF89a".to_vec()).await;
    assert_eq!((wrong_type.status, problem(&wrong_type).as_str()), (415, "unsupported_media_type"));
    assert!(wrong_type.json()["detail"].as_str().unwrap().contains("image/jpeg, image/png"));
    let mut bomb = picture(40, 30);
    // The header claims 65,535 by 65,535 pixels.
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let mut half = picture(40, 30);
    half.truncate(half.len() / 2);
    let wrong =
        [("image/jpeg", picture(40, 30)), ("image/png", b"<html>".to_vec()), ("image/png", bomb), ("image/png", half)];
    for (media_type, bytes) in wrong {
        let refused = upload(&partner, media_type, bytes).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (400, "voucher_invalid"), "{}", refused.json());
        assert!(refused.json()["detail"].as_str().unwrap().contains("8,000 pixels"));
    }
    let largest = upload(&partner, "image/png", vec![0; 1 << 20]).await;
    assert_eq!(problem(&largest), "voucher_invalid", "1 MB is read, and is no picture");
    let larger = upload(&partner, "image/png", vec![0; (1 << 20) + 1]).await;
    assert_eq!((larger.status, problem(&larger).as_str()), (413, "body_too_large"));
    assert!(larger.json()["detail"].as_str().unwrap().contains("1048576"));
    let usual = Draft { body: vec![b' '; 300_000], ..Draft::post("/v1/quotes", &Value::Null) };
    assert_eq!(
        problem(&partner.client.ask(&usual).await.unwrap()),
        "body_too_large",
        "other operations keep their bound"
    );
    house.close().await;
}

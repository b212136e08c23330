//! Webhooks from outside: an order's story arrives signed and in order, endpoints are looked after, and nothing inside
//! the operator's network can be reached.

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::commands::client::Answer;

use crate::harness::{House, Partner, pointers, problem};
use crate::receiver::{Heard, Mood};

const ENDPOINTS: &str = "/v1/webhook-endpoints";

/// An endpoint for these types: its path and its secret.
async fn endpoint(partner: &Partner, url: &str, types: &[&str]) -> (String, String) {
    let made = partner.post(ENDPOINTS, json!({"url": url, "types": types})).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let made_json = made.json();
    let path = format!("{ENDPOINTS}/{}", made_json["id"].as_str().unwrap());
    assert_eq!(made.field("location"), path);
    (path, made_json["secret"].as_str().unwrap().to_owned())
}

/// The newest delivery once it stands so.
async fn delivery_in(partner: &Partner, path: &str, state: &str) -> Value {
    for _ in 0..1_600 {
        let listed = partner.get(&format!("{path}/deliveries")).await.json();
        let newest = listed["items"][0].clone();
        if newest["state"] == state {
            return newest;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("no delivery of {path} became {state}");
}

async fn failed_once(partner: &Partner, path: &str) -> Value {
    for _ in 0..1_600 {
        let listed = partner.get(&format!("{path}/deliveries")).await.json();
        let newest = listed["items"][0].clone();
        if newest["attempts"].as_array().is_some_and(|attempts| !attempts.is_empty()) {
            return newest;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("nothing was tried at {path}");
}

fn codes(answer: &Answer) -> (u16, String) {
    (answer.status, problem(answer))
}

#[actix_web::test]
async fn the_story_of_an_order_arrives_signed_and_in_order_and_can_be_pulled_as_well() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let receiver = house.receiver().await;
    let (_, secret) = endpoint(&partner, &receiver.url("/hooks"), &["order.*"]).await;
    let order = partner.order("PO-1").await.json();
    let id = order["id"].as_str().unwrap().to_owned();
    let pay = json!({"order_ids": [id], "method": "debit"});
    assert_eq!(partner.post_once("/v1/payments", "pay-PO-1", pay).await.status, 201);
    let heard = receiver.hears(|heard| heard.iter().any(|one| one.kind() == "order.paid")).await;
    assert!(heard.iter().all(|one| one.is_by(&secret) && one.path == "/hooks"));
    for one in &heard {
        let data = &one.json()["data"];
        assert_eq!((data["order_id"].as_str(), data["reference"].as_str()), (Some(id.as_str()), Some("PO-1")));
    }
    let pulled = partner.get("/v1/events?types=order.*&limit=100").await.json();
    let items = pulled["items"].as_array().unwrap();
    let ids = |events: &[Heard]| events.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let all: Vec<_> = items.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(all[..heard.len()], ids(&heard)[..], "one subject: pushed in the order of the feed");
    let versions: Vec<_> = heard.iter().map(|one| one.json()["data"]["version"].as_i64().unwrap()).collect();
    assert!(versions.is_sorted(), "{versions:?}");
    let told = heard[0].json();
    assert_eq!(
        (&told["type"], &told["timestamp"], &told["data"]),
        (&items[0]["type"], &items[0]["timestamp"], &items[0]["data"])
    );
    house.close().await;
}

#[actix_web::test]
async fn pulled_events_go_on_where_they_were_acknowledged() {
    let house = House::open().await;
    let (partner, other) = (house.partner("acme").await, house.partner("other").await);
    partner.order("PO-1").await;
    let mut page = partner.get("/v1/events?limit=1").await.json();
    for _ in 0..1_600 {
        if page["items"].as_array().unwrap().len() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
        page = partner.get("/v1/events?limit=1").await.json();
    }
    let position = page["position"].as_i64().unwrap();
    assert_eq!(page["items"][0]["position"], position);
    let kept = partner.post("/v1/events/acknowledge", json!({"position": position})).await;
    assert_eq!((kept.status, kept.json()["position"].as_i64()), (200, Some(position)));
    let rest = partner.get("/v1/events?limit=100").await.json();
    assert!(rest["items"].as_array().unwrap().iter().all(|event| event["position"].as_i64().unwrap() > position));
    let again = partner.get("/v1/events?after=0&limit=1").await.json();
    assert_eq!(again["items"][0]["id"], page["items"][0]["id"]);
    assert_eq!(other.get("/v1/events").await.json()["items"], json!([]), "events are their partner's");
    let ahead = partner.post("/v1/events/acknowledge", json!({"position": position + 1_000_000})).await;
    assert_eq!((codes(&ahead).1.as_str(), pointers(&ahead)), ("invalid_request", vec!["#/position".to_owned()]));
    let beyond = partner.get(&format!("/v1/events?after={}", position + 1_000_000)).await;
    assert_eq!((codes(&beyond).1.as_str(), pointers(&beyond)), ("invalid_request", vec!["query:after".to_owned()]));
    let newest = partner.get("/v1/events?after=0&limit=100").await.json()["position"].as_i64().unwrap();
    let told = beyond.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(told.contains("newest event has position"), "{told}");
    assert_eq!(partner.get(&format!("/v1/events?after={newest}")).await.status, 200);
    let wrong = partner.get("/v1/events?types=order.lost&limit=101&after=-1").await;
    assert_eq!(pointers(&wrong), ["query:types", "query:after", "query:limit"]);
    house.close().await;
}

#[actix_web::test]
async fn an_endpoint_is_made_tried_changed_rotated_disabled_and_deleted() {
    let house = House::open().await;
    let (partner, other) = (house.partner("acme").await, house.partner("other").await);
    let receiver = house.receiver().await;
    let (path, secret) = endpoint(&partner, &receiver.url("/a"), &["refund.*"]).await;
    let read = partner.get(&path).await.json();
    assert_eq!((&read["state"], &read["types"]), (&json!("enabled"), &json!(["refund.*"])));
    assert!(read.get("secret").is_none(), "it is shown once");
    for answer in
        [other.get(&path).await, other.delete(&path).await, other.post(&format!("{path}/test"), json!({})).await]
    {
        assert_eq!(codes(&answer), (404, "endpoint_not_found".to_owned()), "endpoints are their partner's");
    }
    let tested = partner.post(&format!("{path}/test"), json!({})).await;
    assert_eq!(tested.status, 202);
    let delivery = delivery_in(&partner, &path, "delivered").await;
    assert_eq!((&delivery["id"], &delivery["type"]), (&tested.json()["delivery_id"], &json!("webhook.test")));
    assert_eq!(delivery["attempts"][0]["status"], 204);
    let event = partner.get("/v1/events?types=webhook.test").await.json()["items"][0].clone();
    assert_eq!((&delivery["event_id"], &delivery["subject"]), (&event["id"], &event["subject"]));
    assert_eq!(event["subject"], read["id"]);
    let changed = partner.send("PATCH", &path, json!({"url": receiver.url("/b"), "description": "desk"})).await;
    assert_eq!((changed.status, changed.json()["description"].as_str()), (200, Some("desk")));
    let rotated = partner.post(&format!("{path}/rotate-secret"), json!({})).await.json();
    assert!(rotated["previous_secret_until"].is_string() && rotated["secret"] != json!(secret));
    partner.post(&format!("{path}/test"), json!({})).await;
    let heard = receiver.hears(|heard| heard.len() == 2).await;
    assert_eq!(heard[1].path, "/b");
    assert!(heard[1].is_by(&secret) && heard[1].is_by(rotated["secret"].as_str().unwrap()));
    let stopped = partner.send("PATCH", &path, json!({"state": "disabled"})).await.json();
    assert_eq!((&stopped["state"], &stopped["disabled_reason"]), (&json!("disabled"), &json!("by_partner")));
    assert_eq!(codes(&partner.post(&format!("{path}/test"), json!({})).await), (409, "endpoint_disabled".to_owned()));
    assert_eq!(partner.post(&format!("{path}/enable"), json!({})).await.json()["state"], "enabled");
    assert_eq!(partner.get(ENDPOINTS).await.json()["items"].as_array().unwrap().len(), 1);
    assert_eq!(partner.delete(&path).await.status, 204);
    assert_eq!(partner.delete(&path).await.status, 404);
    house.close().await;
}

#[actix_web::test]
async fn a_delivery_that_failed_is_resent_alone_or_with_all_that_was_missed() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let receiver = house.receiver().await;
    let (path, _) = endpoint(&partner, &receiver.url("/"), &["*"]).await;
    receiver.is_now(Mood::Answers(500));
    partner.post(&format!("{path}/test"), json!({})).await;
    let failed = failed_once(&partner, &path).await;
    assert_eq!((&failed["state"], &failed["attempts"][0]["problem"]), (&json!("pending"), &json!("answered 500")));
    receiver.is_now(Mood::Answers(200));
    let resend = format!("{path}/resend");
    let one = partner.post(&resend, json!({"delivery_id": failed["id"]})).await;
    assert_eq!((one.status, one.json()["resent"].as_i64()), (202, Some(1)));
    delivery_in(&partner, &path, "delivered").await;
    let nobody = partner.post(&resend, json!({"delivery_id": format!("dlv_{}", "0".repeat(32))})).await;
    assert_eq!(codes(&nobody), (404, "delivery_not_found".to_owned()));
    partner.send("PATCH", &path, json!({"state": "disabled"})).await;
    let order = partner.order("PO-1").await.json();
    let asked = json!({"from": "2000-01-01T00:00:00Z"});
    assert_eq!(codes(&partner.post(&resend, asked.clone()).await), (409, "endpoint_disabled".to_owned()));
    // Published while nobody listened.
    for _ in 0..1_600 {
        if !partner.get("/v1/events?types=order.accepted").await.json()["items"].as_array().unwrap().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    partner.post(&format!("{path}/enable"), json!({})).await;
    let missed = partner.post(&resend, asked).await;
    assert!(missed.status == 202 && missed.json()["resent"].as_i64().unwrap() >= 1, "{}", missed.json());
    let of_order = |one: &Heard| one.json()["data"]["order_id"] == order["id"];
    receiver.hears(|heard| heard.iter().any(|one| of_order(one) && one.kind() == "order.accepted")).await;
    house.close().await;
}

#[actix_web::test]
async fn an_endpoint_that_is_gone_is_disabled_and_another_hears_of_it() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (gone, other) = (house.receiver().await, house.receiver().await);
    let (path, _) = endpoint(&partner, &gone.url("/"), &["*"]).await;
    endpoint(&partner, &other.url("/"), &["webhook.*"]).await;
    gone.is_now(Mood::Answers(410));
    partner.post(&format!("{path}/test"), json!({})).await;
    let heard = other.hears(|heard| !heard.is_empty()).await;
    let told = heard[0].json();
    assert_eq!((&told["type"], &told["data"]["reason"]), (&json!("webhook.endpoint_disabled"), &json!("gone")));
    assert_eq!(partner.get(&path).await.json()["disabled_reason"], "gone");
    let metrics = crate::harness::plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "xunyuan_webhook_endpoints_off{reason=\"gone\"} 1",
        "xunyuan_webhook_endpoints_disabled_total 1",
        "xunyuan_webhook_attempts_total{outcome=\"refused\"} 1",
        "xunyuan_webhook_pending 0",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    house.close().await;
}

#[actix_web::test]
async fn one_receiver_that_hangs_keeps_no_other_waiting() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (hanging, well) = (house.receiver().await, house.receiver().await);
    hanging.is_now(Mood::Hangs);
    let (stuck, _) = endpoint(&partner, &hanging.url("/"), &["*"]).await;
    let (path, _) = endpoint(&partner, &well.url("/"), &["*"]).await;
    for _ in 0..6 {
        partner.post(&format!("{stuck}/test"), json!({})).await;
    }
    hanging.hears(|heard| heard.len() == 4).await;
    partner.post(&format!("{path}/test"), json!({})).await;
    well.hears(|heard| heard.len() == 1).await;
    assert_eq!(hanging.heard().len(), 4, "so many at one time and no more");
    house.close().await;
}

#[actix_web::test]
async fn what_is_not_public_cannot_be_named() {
    let house = House::with(&[("WEBHOOKS__ALLOW_NETWORKS", "[]")]).await;
    let partner = house.partner("acme").await;
    for url in [
        house.url("/"),
        house.ops("/metrics"),
        "https://localhost/".to_owned(),
        "https://[::1]/".to_owned(),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "http://93.184.216.34/".to_owned(),
        "https://me:secret@93.184.216.34/".to_owned(),
    ] {
        let refused = partner.post(ENDPOINTS, json!({"url": url, "types": ["*"]})).await;
        assert_eq!(codes(&refused), (400, "invalid_request".to_owned()), "{url}");
        assert_eq!(pointers(&refused), ["#/url"], "{url}");
    }
    let wrong = partner.post(ENDPOINTS, json!({"url": "https://93.184.216.34/", "types": ["order.lost"]})).await;
    assert_eq!(pointers(&wrong), ["#/types/0"]);
    house.close().await;
}

#[actix_web::test]
async fn a_partner_has_twenty_endpoints_at_most() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for number in 0..20 {
        endpoint(&partner, &format!("http://127.0.0.1:9/{number}"), &["*"]).await;
    }
    let more = partner.post(ENDPOINTS, json!({"url": "http://127.0.0.1:9/20", "types": ["*"]})).await;
    assert_eq!(codes(&more), (409, "too_many_endpoints".to_owned()));
    house.close().await;
}

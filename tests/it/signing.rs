//! What a signature must be, seen from outside: each refusal has its own code, and each code says enough.

use xunyuan::commands::client::Draft;
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, problem};

#[actix_web::test]
async fn a_signed_request_is_answered_once_and_its_replay_is_refused() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let signed = partner.client.sign(&Draft::get("/v1/me?")).unwrap();
    assert_eq!(partner.client.send(&signed).await.unwrap().status, 200);
    let replay = partner.client.send(&signed).await.unwrap();
    assert_eq!((replay.status, problem(&replay).as_str()), (401, "replayed"));
    house.close().await;
}

#[actix_web::test]
async fn an_altered_part_of_a_request_is_noticed() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let draft = Draft::post("/v1/quotes", &serde_json::json!({"lines": []})).once("some-key-1");
    let signed = || partner.client.sign(&draft).unwrap();
    let mut body = signed();
    body.body = b"{\"lines\":{}}".to_vec();
    assert_eq!(problem(&partner.client.send(&body).await.unwrap()), "digest_mismatch");
    let mut query = signed();
    query.url.set_query(Some("more=1"));
    assert_eq!(problem(&partner.client.send(&query).await.unwrap()), "signature_mismatch");
    let mut key = signed();
    for (name, value) in &mut key.headers {
        if name == "idempotency-key" {
            *value = "other-key-1".into();
        }
    }
    assert_eq!(problem(&partner.client.send(&key).await.unwrap()), "signature_mismatch");
    house.close().await;
}

#[actix_web::test]
async fn an_old_signature_is_told_the_servers_time() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let signed = partner.client.sign(&Draft::get("/v1/me")).unwrap();
    house.clock.advance_ms(301_000);
    let answer = partner.client.send(&signed).await.unwrap();
    assert_eq!(problem(&answer), "clock_skew");
    assert!(answer.json()["server_time"].as_str().unwrap().ends_with('Z'));
    assert_eq!(partner.get("/v1/me").await.status, 200, "a fresh signature is fine");
    house.close().await;
}

#[actix_web::test]
async fn a_live_key_never_tells_unknown_from_mismatch_and_a_sandbox_key_shows_the_base() {
    let house = House::open().await;
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let wrong = house.signed(live.key_id.clone(), "xys_not_the_secret".into());
    let other_house = House::open().await;
    let stranger = other_house.partner_with("ghost", "enterprise", Mode::Live, Scopes::all()).await;
    let unknown = house.signed(stranger.key_id.clone(), stranger.secret.clone());
    let mut told = Vec::new();
    for partner in [&wrong, &unknown] {
        let answer = partner.get("/v1/me").await;
        let mut body = answer.json();
        body["request_id"] = "".into();
        told.push((answer.status, body));
    }
    assert_eq!(told[0], told[1]);
    let test = house.partner("acme").await;
    let wrong = house.signed(test.key_id.clone(), "xys_not_the_secret".into());
    let body = wrong.get("/v1/me").await.json();
    assert_eq!(body["code"], "signature_mismatch");
    assert!(body["signature_base"].as_str().unwrap().starts_with("\"@method\": GET\n"), "{body}");
    house.close().await;
    other_house.close().await;
}

#[actix_web::test]
async fn the_debugger_names_the_step_that_fails() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let mut signed = partner.client.sign(&Draft::get("/v1/offers?q=cup")).unwrap();
    signed.url.set_query(Some("q=cups"));
    let headers: Vec<_> =
        signed.headers.iter().map(|(name, value)| serde_json::json!({"name": name, "value": value})).collect();
    let body = serde_json::json!({"method": "GET", "url": signed.url.as_str(), "headers": headers});
    let told = partner.post("/v1/debug/signature", body).await;
    assert_eq!(told.status, 200, "{}", told.json());
    let told = told.json();
    assert_eq!(told["code"], "signature_mismatch", "{told}");
    assert!(told["signature_base"].as_str().unwrap().contains("\"@query\": ?q=cups"));
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let refused =
        live.post("/v1/debug/signature", serde_json::json!({"method": "GET", "url": "http://x/", "headers": []})).await;
    assert_eq!(problem(&refused), "sandbox_only");
    house.close().await;
}

//! What every answer carries, whatever was asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use xunyuan::commands::client::Draft;
use xunyuan::model::partner::{Mode, Scope, Scopes};

use crate::harness::{House, Partner, plain, problem};

#[actix_web::test]
async fn unknown_paths_methods_bodies_and_media_types_are_problems() {
    let house = House::with(&[("SERVER__BODY_LIMIT_BYTES", "2048")]).await;
    let partner = house.partner("acme").await;
    assert_eq!(problem(&partner.get("/v1/nowhere").await), "no_such_route");
    let wrong = partner.client.ask(&Draft { method: "DELETE".into(), ..Draft::get("/v1/offers") }).await.unwrap();
    assert_eq!(
        (wrong.status, problem(&wrong).as_str(), wrong.field("allow")),
        (405, "method_not_allowed", "GET, HEAD")
    );
    let large = Draft { body: vec![b' '; 4096], ..Draft::post("/v1/quotes", &Value::Null) };
    assert_eq!(problem(&partner.client.ask(&large).await.unwrap()), "body_too_large");
    let xml =
        Draft { headers: vec![("content-type".into(), "text/xml".into())], ..Draft::post("/v1/quotes", &Value::Null) };
    assert_eq!(problem(&partner.client.ask(&xml).await.unwrap()), "unsupported_media_type");
    house.close().await;
}

#[actix_web::test]
async fn every_code_in_a_problem_has_a_page_that_explains_it() {
    let house = House::open().await;
    for code in xunyuan::error::Code::ALL {
        let page = plain().get(house.url(&format!("/docs/errors/{}", code.facts().name))).send().await.unwrap();
        assert_eq!(page.status(), 200, "{}", code.facts().name);
    }
    let document: Value = plain().get(house.url("/openapi/partner.json")).send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    house.close().await;
}

#[actix_web::test]
async fn an_answer_the_partner_holds_costs_nothing() {
    let house = House::open().await;
    let partner = house.partner_with("acme", "starter", Mode::Sandbox, Scopes::all()).await;
    let first = partner.get("/v1/categories").await;
    let tag = first.field("etag").to_owned();
    let again = Draft { headers: vec![("if-none-match".into(), tag.clone())], ..Draft::get("/v1/categories") };
    let left =
        |answer: &str| answer.split("\"day\";r=").nth(1).unwrap().split(';').next().unwrap().parse::<i64>().unwrap();
    let before = left(first.field("ratelimit"));
    let held = partner.client.ask(&again).await.unwrap();
    assert_eq!((held.status, held.body.len(), held.field("etag")), (304, 0, tag.as_str()));
    assert_eq!(left(held.field("ratelimit")), before);
    house.close().await;
}

#[actix_web::test]
async fn holding_a_tag_makes_no_new_search_free() {
    let house = House::open().await;
    let partner = house.partner_with("acme", "starter", Mode::Sandbox, Scopes::all()).await;
    let nothing = partner.get("/v1/offers?q=zzzznothing").await;
    assert_eq!(nothing.json()["total"], 0, "{}", nothing.json());
    for held in [nothing.field("etag"), "*"] {
        let mut limited = false;
        for number in 0..80 {
            let path = format!("/v1/offers?q=zzzz{held}nothing{number}").replace(['"', '*'], "");
            let headers = vec![("if-none-match".into(), held.to_owned())];
            limited |= partner.client.ask(&Draft { headers, ..Draft::get(path) }).await.unwrap().status == 429;
        }
        assert!(limited, "80 new searches were free for {held}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_refused_scope_tells_what_is_left_and_is_throttled() {
    let house = House::open().await;
    let partner = house.partner_without("acme", &[Scope::AccountRead]).await;
    let first = partner.get("/v1/me").await;
    assert_eq!(problem(&first), "scope_missing");
    assert!(first.field("ratelimit").starts_with("\"second\";r="), "{}", first.field("ratelimit"));
    let mut throttled = false;
    for _ in 0..700 {
        throttled = partner.get("/v1/me").await.json()["code"] == "auth_throttled";
        if throttled {
            break;
        }
    }
    assert!(throttled);
    house.close().await;
}

#[actix_web::test]
async fn bodies_of_another_shape_and_headers_without_end_are_refused() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let quote = partner.post("/v1/quotes", serde_json::json!([[["5576808328480", 2]], null, null, null])).await;
    assert_eq!((quote.status, problem(&quote).as_str()), (400, "invalid_request"));
    let nested = partner.post("/v1/quotes", serde_json::json!({"lines": [["5576808328480", 2]]})).await;
    assert_eq!(crate::harness::pointers(&nested), ["#/lines/0"]);
    let headers = vec![("x-filler".to_owned(), "x".repeat(40_000))];
    let large = partner.client.ask(&Draft { headers, ..Draft::get("/v1/me") }).await.unwrap();
    assert_eq!((large.status, problem(&large).as_str()), (431, "headers_too_large"));
    house.close().await;
}

#[actix_web::test]
async fn anyones_browser_gets_pictures_that_it_may_keep() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let found = partner.get("/v1/offers?limit=1").await.json();
    let address = found["items"][0]["image_url"].as_str().unwrap().split('?').next().unwrap().to_owned();
    let browser = plain();
    let ask = async |path: String| browser.get(house.url(&path)).send().await.unwrap();
    let picture = ask(format!("{address}?size=120")).await;
    assert_eq!((picture.status().as_u16(), picture.headers()["content-type"].to_str().unwrap()), (200, "image/png"));
    assert_eq!(picture.headers()["cache-control"], "public, max-age=3600, stale-while-revalidate=86400");
    for (path, status) in [
        (format!("{address}?size=121"), 400),
        (format!("{address}?colour=red"), 400),
        (format!("{address}?mode=moon"), 400),
        ("/pictures/x.png".into(), 400),
        ("/pictures/1.png".into(), 404),
    ] {
        assert_eq!(ask(path.clone()).await.status(), status, "{path}");
    }
    let mut limited = false;
    for number in 0..1_500 {
        limited = ask(format!("/pictures/1.png?size={number}")).await.status() == 429;
        if limited {
            break;
        }
    }
    assert!(limited, "a stranger may ask for any number of pictures");
    house.close().await;
}

#[actix_web::test]
async fn answers_are_compressed_as_asked() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for coding in ["gzip", "br", "zstd"] {
        let draft =
            Draft { headers: vec![("accept-encoding".into(), coding.into())], ..Draft::get("/v1/offers?limit=20") };
        let answer = partner.client.ask(&draft).await.unwrap();
        assert_eq!((answer.status, answer.field("content-encoding")), (200, coding));
    }
    house.close().await;
}

#[actix_web::test]
async fn the_operator_sees_health_and_metrics_and_why_a_node_is_not_ready() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    partner.get("/v1/me").await;
    let ready = plain().get(house.ops("/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let metrics = plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(
        metrics
            .contains(r#"xunyuan_requests_total{operation="get_me",http_response_status_code="200",error_type=""} 1"#)
    );
    house.running.house.draining.store(true, Ordering::Relaxed);
    let stopping = plain().get(house.ops("/readyz")).send().await.unwrap();
    assert_eq!(stopping.status(), 503);
    let told: Value = stopping.json().await.unwrap();
    assert!(told["checks"][0]["detail"].as_str().unwrap().contains("stopping"));
    house.close().await;
}

/// Sends until the node says it is not ready, as a balancer does; gives how many were served, and every failure.
async fn balanced(partner: Arc<Partner>, ready: Arc<AtomicBool>) -> (u32, Vec<String>) {
    let (mut served, mut failed) = (0, Vec::new());
    while ready.load(Ordering::Relaxed) {
        // Free, so that no limit is in the way.
        match partner.client.ask(&Draft::get("/v1/limits")).await {
            Ok(answer) if answer.status == 200 => served += 1,
            Ok(answer) => failed.push(answer.status.to_string()),
            Err(error) => failed.push(format!("{error:#}")),
        }
    }
    (served, failed)
}

#[actix_web::test]
async fn stopping_under_load_fails_no_request() {
    let house = House::with(&[("SERVER__DRAIN_S", "1")]).await;
    let partner = Arc::new(house.partner("acme").await);
    let ready = Arc::new(AtomicBool::new(true));
    let callers: Vec<_> = (0..8).map(|_| actix_web::rt::spawn(balanced(partner.clone(), ready.clone()))).collect();
    let (page, told) = (house.ops("/readyz"), ready.clone());
    let balancer = actix_web::rt::spawn(async move {
        while plain().get(&page).send().await.is_ok_and(|answer| answer.status() == 200) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        told.store(false, Ordering::Relaxed);
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    house.close().await;
    balancer.await.unwrap();
    let mut all = 0;
    for caller in callers {
        let (served, failed) = caller.await.unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        all += served;
    }
    assert!(all > 20, "only {all} requests were under way");
}

#[actix_web::test]
async fn the_head_of_whatever_can_be_read_can_be_asked_for_alone() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for path in ["/v1/me", "/v1/offers?limit=5", "/v1/categories", "/v1/nowhere", "/v1/offers/1?x=1"] {
        let head = partner.client.ask(&Draft { method: "HEAD".into(), ..Draft::get(path) }).await.unwrap();
        let whole = partner.get(path).await;
        assert_eq!((head.status, head.body.len()), (whole.status, 0), "{path}");
        for field in ["etag", "content-type", "cache-control"] {
            assert_eq!(head.field(field), whole.field(field), "{path}: {field}");
        }
        assert_eq!(head.field("content-length"), whole.body.len().to_string(), "{path}");
    }
    // The signature is over the method that is sent.
    let signed = partner.client.sign(&Draft::get("/v1/me")).unwrap();
    let swapped = xunyuan::commands::client::Signed { method: "HEAD".into(), ..signed };
    assert_eq!(partner.client.send(&swapped).await.unwrap().status, 401);
    let write = partner.client.ask(&Draft { method: "HEAD".into(), ..Draft::get("/v1/quotes") }).await.unwrap();
    assert_eq!((write.status, write.field("allow")), (405, "POST"));
    assert_eq!(plain().head(house.url("/docs")).send().await.unwrap().status(), 200);
    let patched = partner.send("PUT", "/v1/webhook-endpoints/whe_1", Value::Null).await;
    assert_eq!(patched.field("allow"), "GET, HEAD, DELETE, PATCH");
    house.close().await;
}

#[actix_web::test]
async fn a_query_that_is_no_text_is_refused_with_its_place() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for (path, pointer) in
        [("/v1/offers?q=%FF", "query:q"), ("/v1/offers?language=en&q=a%C3", "query:q"), ("/v1/me?x=%80", "query:x")]
    {
        let answer = partner.get(path).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (400, "invalid_request"), "{path}");
        assert_eq!(crate::harness::pointers(&answer), [pointer], "{path}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_body_that_does_not_come_is_told_so_in_a_problem() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let house = House::with(&[("SERVER__BODY_TIMEOUT_MS", "200")]).await;
    let mut socket = tokio::net::TcpStream::connect(house.running.address).await.unwrap();
    let head = "POST /v1/quotes HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    socket.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), read).await.expect("the connection was never closed").unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 408") && head.contains("application/problem+json"), "{answer}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!((body["code"].as_str(), body["status"].as_u64()), (Some("body_timeout"), Some(408)));
    house.close().await;
}

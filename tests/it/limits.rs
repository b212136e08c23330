//! Limits as partners and operators meet them: figures that change under running nodes, days that run out, a node that
//! is too busy, and orders that earn quota.

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::model::plan::{Merit, Policy};
use xunyuan::partners::NewOverride;

use crate::harness::{House, Partner, problem};
use crate::nodes::{at, beside, until};

async fn policy(partner: &Partner, name: &str) -> Value {
    let told = partner.get("/v1/limits").await.json();
    told["policies"].as_array().unwrap().iter().find(|policy| policy["name"] == name).unwrap_or(&Value::Null).clone()
}

fn for_an_hour(house: &House, policy: &str, quota: u32) -> NewOverride {
    NewOverride {
        partner: "acme".parse().unwrap(),
        policy: policy.to_owned(),
        quota: Some(quota),
        burst: None,
        shadow: false,
        reason: "a trial".to_owned(),
        until: house.clock.now() + jiff::SignedDuration::from_hours(1),
    }
}

#[actix_web::test]
async fn an_override_holds_on_every_node_and_so_does_its_end() {
    let house = House::open().await;
    let partner = house.partner_with("acme", "starter", Mode::Sandbox, Scopes::all()).await;
    let other = beside(&house, &house.clock).await;
    let there = at(other.address, &partner, &house.clock);
    let asked = |quota: u64| {
        let there = &there;
        async move || policy(there, "minute").await["quota"] == quota
    };
    until("the other node knows the partner", asked(600)).await;
    assert!(policy(&there, "minute").await["override"].is_null());
    let id = house.running.house.directory.set_override(for_an_hour(&house, "minute", 6_000), "li").await.unwrap();
    assert_eq!(policy(&partner, "minute").await["quota"], 6_000, "at once where it was set");
    until("the other node holds to it", asked(6_000)).await;
    let until_told = policy(&there, "minute").await["override"]["until"].as_str().unwrap().to_owned();
    assert!(until_told.parse::<jiff::Timestamp>().unwrap() > house.clock.now());
    house.running.house.directory.end_override(&id, "li").await.unwrap();
    until("the other node holds to the plan", asked(600)).await;
    house.running.house.directory.set_override(for_an_hour(&house, "minute", 77), "li").await.unwrap();
    until("it is in force", asked(77)).await;
    house.clock.advance_ms(3_600_001);
    until("it ends by itself", asked(600)).await;
    other.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn a_smaller_override_refuses_and_a_trial_in_shadow_does_not() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let directory = &house.running.house.directory;
    let trial = NewOverride { shadow: true, ..for_an_hour(&house, "minute", 5) };
    directory.set_override(trial, "li").await.unwrap();
    for _ in 0..12 {
        let answer = partner.get("/v1/categories").await;
        assert!([200, 304].contains(&answer.status), "{}", answer.json());
        assert!(!answer.field("ratelimit-policy").contains("trial"));
    }
    assert!(policy(&partner, "minute.trial").await.is_null());
    let metrics = crate::harness::plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    let refused =
        metrics.lines().find_map(|line| line.strip_prefix("xunyuan_limits_total{outcome=\"shadow_refused\"} "));
    assert_eq!(refused.and_then(|count| count.parse::<f64>().ok()), Some(7.0), "{metrics}");
    directory.set_override(for_an_hour(&house, "minute", 5), "li").await.unwrap();
    // What was spent before may have come back by now; five more never pass within a minute.
    let mut refused = partner.get("/v1/categories").await;
    for _ in 0..7 {
        if refused.status == 429 {
            break;
        }
        refused = partner.get("/v1/categories").await;
    }
    assert_eq!(problem(&refused), "rate_limited");
    assert_eq!(refused.json()["violated-policies"], json!(["minute"]));
    house.close().await;
}

#[actix_web::test]
async fn a_node_full_of_slow_browsing_puts_browsing_off_and_places_orders() {
    let house = House::with(&[("LIMITS__SHED_CALLS", "10")]).await;
    let partner = house.partner("acme").await;
    let quote = partner.quote().await;
    let found = partner.get("/v1/offers?limit=50&sort=newest").await.json();
    let paths: Vec<_> = found["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| format!("/v1/offers/{}", o["id"].as_str().unwrap()))
        .collect();
    let slow = json!({"match": "/goods/{goodsId}", "method": "GET", "kind": "slow", "ms": 2000, "times": -1});
    house.tell_catalogue("/control/faults", slow).await;
    let before = policy(&partner, "day").await["remaining"].as_u64().unwrap();
    let browsing = futures_util::future::join_all(paths.iter().take(30).map(|path| partner.get(path)));
    let ordering = async {
        let pressure = house.running.house.gate.limits.pressure();
        until("the node is full of browsing", async || pressure.calls() >= 7).await;
        let put_off = partner.get("/v1/categories").await;
        assert_eq!((put_off.status, problem(&put_off).as_str()), (503, "overloaded"));
        assert!((1..=6).contains(&put_off.field("retry-after").parse::<u64>().unwrap()));
        assert_eq!(partner.get("/v1/limits").await.status, 200, "what is free is never put off");
        let body = json!({"reference": "PO-1", "quote_id": quote["id"]});
        let placed = partner.post_once("/v1/orders", "key-po-1", body).await;
        assert_eq!(placed.status, 201, "{}", placed.json());
    };
    let (browsed, ()) = tokio::join!(browsing, ordering);
    let answered = browsed.iter().filter(|answer| answer.status == 200).count();
    let put_off = browsed.iter().filter(|answer| answer.status == 503).count();
    assert!(answered >= 7 && put_off >= 10 && answered + put_off == 30, "{answered} answered, {put_off} put off");
    let after = policy(&partner, "day").await["remaining"].as_u64().unwrap();
    assert_eq!(before - after, answered as u64 + 5, "who was put off paid nothing");
    house.close().await;
}

#[actix_web::test]
async fn a_day_that_runs_out_is_told_once_though_two_nodes_notice_it() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let other = beside(&house, &house.clock).await;
    let there = at(other.address, &partner, &house.clock);
    house.running.house.directory.set_override(for_an_hour(&house, "day", 10), "li").await.unwrap();
    until("both hold to it", async || policy(&there, "day").await["quota"] == 10).await;
    for _ in 0..9 {
        partner.get("/v1/categories").await;
        there.get("/v1/categories").await;
    }
    let told = async || {
        let events = partner.get("/v1/events?types=quota.near_limit").await;
        // The day may be used up; what was told is in the ledger all the same.
        let rows =
            house.running.house.sql.fetch_all("SELECT data FROM events WHERE kind = 'quota.near_limit'", Vec::new());
        (events.status, rows.await.unwrap())
    };
    until("it is told", async || !told().await.1.is_empty()).await;
    tokio::time::sleep(Duration::from_millis(2_200)).await;
    let rows = told().await.1;
    assert_eq!(rows.len(), 1);
    let data: Value = serde_json::from_str(&rows[0].text("data").unwrap()).unwrap();
    assert_eq!((&data["policy"], &data["quota"]), (&"day".into(), &10.into()));
    assert!(data["used"].as_u64().unwrap() >= 8 && data["resets_at"].is_string(), "{data}");
    other.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn paid_orders_add_to_the_day_and_partners_see_how_much() {
    let house = House::with(&[("ORDERS__QUOTES_ON_EMBEDDED_RATES", "all")]).await;
    let partner = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let directory = &house.running.house.directory;
    let mut day = Policy::daily("day", 50_000, "Asia/Tokyo", 900);
    day.merit = Some(Merit { per_order: 40, most: 1_000, days: 30 });
    directory.set_policy("enterprise", &day, "li").await.unwrap();
    assert_eq!(
        policy(&partner, "day").await["merit"],
        json!({"per_order": 40, "most": 1_000, "days": 30, "earned": 0})
    );
    let placed = partner.order("PO-1").await.json();
    let id = placed["id"].as_str().unwrap();
    xunyuan::server::allowances::earn(&house.running.house).await;
    assert_eq!(policy(&partner, "day").await["quota"], 50_000, "an order that is not paid earns nothing");
    let debit = json!({"order_ids": [id], "method": "debit"});
    assert_eq!(partner.post_once("/v1/payments", "pay-po-1", debit).await.status, 201);
    until("the points are there", async || {
        xunyuan::server::allowances::earn(&house.running.house).await;
        policy(&partner, "day").await["merit"]["earned"] == 40
    })
    .await;
    let told = policy(&partner, "day").await;
    assert_eq!((&told["quota"], &told["merit"]["earned"]), (&50_040.into(), &40.into()), "{told}");
    house.close().await;
}

#[actix_web::test]
async fn what_is_refused_at_the_door_costs_the_partner_nothing() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let forger = house.signed(partner.key_id.clone(), "xys_wrong".repeat(6));
    partner.get("/v1/categories").await;
    house.clock.advance_ms(61_000);
    let before = policy(&partner, "day").await["remaining"].clone();
    let reader = house.partner_with("acme", "enterprise", Mode::Sandbox, "orders:read".parse().unwrap()).await;
    for _ in 0..5 {
        assert_eq!(reader.get("/v1/categories").await.status, 403);
    }
    for _ in 0..30 {
        let refused = forger.get("/v1/categories").await;
        assert!([401, 429].contains(&refused.status) && refused.field("ratelimit").is_empty(), "{}", refused.json());
    }
    assert_eq!(policy(&partner, "day").await["remaining"], before);
    house.close().await;
}

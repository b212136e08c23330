//! What partners are told of their own calls: every call once, under what came of it, also over a restart.

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::clock::Clock;
use xunyuan::commands::client::Draft;
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Partner, plain, pointers, problem};
use crate::nodes::{at, beside, until};

/// The rows under this question, once everything is written.
async fn told(house: &House, partner: &Partner, query: &str) -> Vec<Value> {
    house.running.house.usage.flush().await.unwrap();
    let answer = partner.get(&format!("/v1/usage?{query}")).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()["items"].as_array().unwrap().clone()
}

fn row<'a>(rows: &'a [Value], operation: &str, code: &str) -> &'a Value {
    let fits = |row: &&Value| row["operation"] == operation && row["code"] == code;
    rows.iter().find(fits).unwrap_or_else(|| panic!("no {operation} {code:?} in {rows:?}"))
}

#[actix_web::test]
async fn every_call_is_counted_once_under_what_came_of_it() {
    let house = House::open().await;
    let partner = house.partner("counted").await;
    let found = partner.get("/v1/offers?limit=1").await;
    let id = found.json()["items"][0]["id"].as_str().unwrap().to_owned();
    let offer = partner.get(&format!("/v1/offers/{id}")).await;
    let held = Draft {
        headers: vec![("if-none-match".into(), offer.field("etag").to_owned())],
        ..Draft::get(format!("/v1/offers/{id}"))
    };
    assert_eq!(partner.client.ask(&held).await.unwrap().status, 304);
    assert_eq!(partner.get("/v1/offers/999999999999").await.status, 404);
    assert_eq!(partner.get("/v1/offers?nonsense=1").await.status, 400);
    assert_eq!(partner.get("/v1/limits").await.status, 200);
    let forged = house.signed(partner.key_id.clone(), "xys_wrong".to_owned());
    assert_eq!(forged.get("/v1/limits").await.status, 401);

    let rows = told(&house, &partner, "group=operation,outcome,code").await;
    for (operation, code, outcome, calls, units) in [
        ("search_offers", "", "answered", 1, 3),
        ("search_offers", "invalid_request", "refused", 1, 3),
        ("get_limits", "", "answered", 1, 0),
        ("get_limits", "signature_mismatch", "refused", 1, 0),
        ("get_offer", "offer_foreign", "refused", 1, 1),
    ] {
        let expected =
            json!({"operation": operation, "outcome": outcome, "code": code, "calls": calls, "units": units});
        assert_eq!(row(&rows, operation, code), &expected);
    }
    let offers: Vec<_> = rows.iter().filter(|row| row["operation"] == "get_offer" && row["code"] == "").collect();
    let expected = [("answered", 1, 1), ("not_modified", 1, 0)];
    assert!(
        offers
            .iter()
            .map(|row| (
                row["outcome"].as_str().unwrap(),
                row["calls"].as_i64().unwrap(),
                row["units"].as_i64().unwrap()
            ))
            .eq(expected),
        "{offers:?}"
    );
    assert_eq!(rows.len(), 7, "{rows:?}");
    let live = house.partner_with("counted", "enterprise", Mode::Live, Scopes::all()).await;
    assert!(told(&house, &live, "").await.is_empty(), "worlds are counted apart");
    let stranger = house.partner("stranger").await;
    assert!(told(&house, &stranger, "").await.is_empty());
    house.close().await;
}

#[actix_web::test]
async fn a_refused_burst_is_counted_as_limited_and_costs_nothing() {
    let house = House::open().await;
    let partner = house.partner_with("hasty", "starter", Mode::Sandbox, Scopes::all()).await;
    let draft = Draft::get("/v1/offers?limit=1");
    let answers = futures_util::future::join_all((0..60).map(|_| partner.client.ask(&draft))).await;
    let limited = answers.iter().flatten().filter(|answer| answer.status == 429).count();
    let fine = answers.iter().flatten().filter(|answer| answer.status == 200).count();
    assert_eq!(limited + fine, 60);
    assert!(limited > 0);
    // Redis has its own time, and the burst used it up.
    let may_ask = async || partner.get("/v1/usage").await.status == 200;
    until("the partner may ask again", may_ask).await;
    let rows = told(&house, &partner, "group=operation,outcome").await;
    let rows: Vec<_> = rows.into_iter().filter(|row| row["operation"] == "search_offers").collect();
    let kind = |outcome: &str, calls: usize, units: usize| json!({"operation": "search_offers", "outcome": outcome, "calls": calls, "units": units});
    let expected = json!([kind("answered", fine, 3 * fine), kind("limited", limited, 0)]);
    assert_eq!(json!(rows), expected);
    house.close().await;
}

#[actix_web::test]
async fn numbers_outlive_a_restart_and_nodes_add_up() {
    let house = House::open().await;
    let partner = house.partner("lasting").await;
    let clock = Clock::shiftable();
    let other = beside(&house, &clock).await;
    let there = at(other.address, &partner, &clock);
    for _ in 0..3 {
        assert_eq!(partner.get("/v1/me").await.status, 200);
        assert_eq!(there.get("/v1/me").await.status, 200);
    }
    // It writes what it counted before it ends.
    other.stop().await;
    let rows = told(&house, &partner, "group=date,operation").await;
    let today = house.clock.now().to_string()[..10].to_owned();
    assert_eq!(rows[0], json!({"date": today, "operation": "get_me", "calls": 6, "units": 0}));
    let again = beside(&house, &clock).await;
    let rows = at(again.address, &partner, &clock).get("/v1/usage?group=operation").await.json();
    assert_eq!(rows["items"][0], json!({"operation": "get_me", "calls": 6, "units": 0}));
    let as_of: jiff::Timestamp = rows["as_of"].as_str().unwrap().parse().unwrap();
    let age = house.clock.now().duration_since(as_of);
    assert!(age >= jiff::SignedDuration::ZERO && age.unsigned_abs() < Duration::from_secs(15), "{age:?}");
    again.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn a_wrong_question_names_what_is_wrong() {
    let house = House::open().await;
    let partner = house.partner("asking").await;
    for (query, wrong) in [
        ("from=2026-11-31", "query:from"),
        ("from=2026-11-02&to=2026-11-01", "query:from"),
        ("from=2020-01-01&to=2026-01-01", "query:from"),
        ("to=today", "query:to"),
        ("group=week", "query:group"),
        ("group=", "query:group"),
        ("limit=0", "query:limit"),
        ("limit=501", "query:limit"),
        ("cursor=what", "query:cursor"),
    ] {
        let answer = partner.get(&format!("/v1/usage?{query}")).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (400, "invalid_request"), "{query}");
        assert_eq!(pointers(&answer), [wrong], "{query}");
    }
    house.close().await;
}

#[actix_web::test]
async fn the_operator_reads_the_same_numbers_by_the_second() {
    let house = House::open().await;
    let partner = house.partner_with("watched", "starter", Mode::Sandbox, Scopes::all()).await;
    let draft = Draft::get("/v1/offers?limit=1");
    let answers = futures_util::future::join_all((0..60).map(|_| partner.client.ask(&draft))).await;
    let limited = answers.iter().flatten().filter(|answer| answer.status == 429).count();
    let forged = house.signed(partner.key_id.clone(), "xys_wrong".to_owned());
    let refused = forged.get("/v1/limits").await;
    let usage = &house.running.house.usage;
    let recently = usage.recently("watched", Mode::Sandbox);
    assert_eq!((recently.calls, recently.limited), (60, limited as u32));
    assert_eq!(recently.causes.values().sum::<u32>(), limited as u32);
    assert_eq!(recently.proofs["signature_mismatch"], 1);
    let errors = usage.last_errors("watched", Mode::Sandbox);
    assert_eq!(errors.len(), (limited + 1).min(50));
    assert_eq!(errors[0].request_id, refused.field("x-request-id"));
    assert_eq!((errors[0].status, errors[0].code.as_str()), (401, "signature_mismatch"));
    let policies: Vec<_> = errors.iter().skip(1).map(|error| error.policy.clone().unwrap()).collect();
    assert!(policies.iter().all(|policy| recently.causes.contains_key(policy)), "{policies:?}");

    house.clock.advance_ms(11_000);
    let points = usage.series();
    let sum = |of: fn(&xunyuan::usage::Point) -> u32| points.iter().map(of).sum::<u32>();
    assert_eq!((points.len(), sum(|point| point.limited) as usize), (360, limited));
    assert_eq!((sum(|point| point.requests), sum(|point| point.refused)), (61, 1));
    let busy = points.iter().max_by_key(|point| point.requests).unwrap();
    assert!(busy.own_p50_us <= busy.p50_us && busy.p50_us <= busy.p99_us, "{busy:?}");

    let text = plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    let lines = text.lines().filter(|line| line.starts_with("xunyuan_partner_limited_total{partner=\"watched\","));
    let told: usize = lines.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
    assert_eq!(told, limited);
    house.close().await;
}

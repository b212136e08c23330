//! What is kept of the catalogue, through the house: a change is shown by every node within a moment, whether one Redis is
//! shared or each node follows for itself; and partners can see how an answer was come by.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xunyuan::clock::Clock;

use crate::harness::{House, Partner, Redis};
use crate::nodes::{Pair, at, beside, until};

async fn some_offer(partner: &Partner) -> String {
    let found = partner.get("/v1/offers?limit=1").await.json();
    found["items"][0]["id"].as_str().unwrap().to_owned()
}

async fn prices(partner: &Partner, id: &str) -> Value {
    partner.get(&format!("/v1/offers/{id}?currency=CNY")).await.json()["price_tiers"].clone()
}

/// Changes a price some times and looks how long it takes until all nodes show it.
async fn all_show_changes(house: &House, nodes: &[&Partner]) {
    let id = some_offer(nodes[0]).await;
    for partner in nodes {
        prices(partner, &id).await;
    }
    let mut slowest = Duration::ZERO;
    for round in 0..6 {
        let before = prices(nodes[0], &id).await;
        let change = if round % 2 == 0 { "+20%" } else { "-20%" };
        house.tell_catalogue(&format!("/control/goods/{id}"), json!({"price": change})).await;
        let begun = Instant::now();
        for partner in nodes {
            until("a node shows the new price", async || prices(partner, &id).await != before).await;
        }
        slowest = slowest.max(begun.elapsed());
        let now = prices(nodes[0], &id).await;
        for partner in nodes {
            assert_eq!(prices(partner, &id).await, now);
        }
    }
    // Without being told it would take until the soft time is over, fifteen seconds.
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
}

#[tokio::test]
async fn a_node_alone_shows_a_change_at_once() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    all_show_changes(&house, &[&acme]).await;
    house.close().await;
}

#[tokio::test]
async fn two_nodes_without_redis_show_a_change_at_once() {
    let house = House::with(&[("REDIS__URL", "")]).await;
    let acme = house.partner("acme").await;
    let clock = Clock::shiftable();
    let other = beside(&house, &clock).await;
    let there = at(other.address, &acme, &clock);
    all_show_changes(&house, &[&acme, &there]).await;
    other.stop().await;
    house.close().await;
}

#[tokio::test]
async fn two_nodes_on_one_redis_show_a_change_at_once_and_while_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut pair) = Pair::on_one_redis(folder.path()).await else { return };
    all_show_changes(&pair.house, &[&pair.here, &pair.there]).await;
    pair.redis.kill();
    all_show_changes(&pair.house, &[&pair.here, &pair.there]).await;
    let _again = Redis::start(folder.path());
    all_show_changes(&pair.house, &[&pair.here, &pair.there]).await;
    pair.close().await;
}

#[tokio::test]
async fn what_is_kept_of_a_supplier_and_of_an_absent_offer_falls_with_them() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let id = some_offer(&acme).await;
    let offer = acme.get(&format!("/v1/offers/{id}")).await.json();
    let supplier = offer["supplier"]["id"].as_str().unwrap().to_owned();
    let rating = async || acme.get(&format!("/v1/suppliers/{supplier}")).await.json()["rating"].clone();
    let before = rating().await;
    let score = if before == json!("3.3") { "3.4" } else { "3.3" };
    house.tell_catalogue(&format!("/control/sellers/{supplier}"), json!({"score": score})).await;
    until("the new rating is shown", async || rating().await == json!(score)).await;
    let status = async || acme.get(&format!("/v1/offers/{id}")).await.status;
    for (state, wanted) in [("held", 404), ("open", 200)] {
        house.tell_catalogue(&format!("/control/goods/{id}"), json!({"state": state})).await;
        until("it is gone, or back", async || status().await == wanted).await;
    }
    house.close().await;
}

/// Holds an offer back and lets it go, and looks how long it takes until all nodes list it.
async fn all_list_what_comes_back(house: &House, nodes: &[&Partner]) {
    let id = some_offer(nodes[0]).await;
    let offer = nodes[0].get(&format!("/v1/offers/{id}")).await.json();
    let (category, supplier) = (offer["category_id"].as_str().unwrap(), offer["supplier"]["id"].as_str().unwrap());
    let lists =
        [format!("/v1/offers?category={category}&limit=50"), format!("/v1/suppliers/{supplier}/offers?limit=50")];
    let listed = async |partner: &Partner, path: &str| {
        let page = partner.get(path).await.json();
        page["items"].as_array().unwrap().iter().any(|item| item["id"] == id.as_str())
    };
    let all = async |wanted: bool| {
        for partner in nodes {
            for path in &lists {
                until("an offer is listed, or not any more", async || listed(partner, path).await == wanted).await;
            }
        }
    };
    all(true).await;
    house.tell_catalogue(&format!("/control/goods/{id}"), json!({"state": "held"})).await;
    all(false).await;
    let begun = Instant::now();
    house.tell_catalogue(&format!("/control/goods/{id}"), json!({"state": "open"})).await;
    all(true).await;
    // Without being told it would take until the soft time is over, ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn an_offer_that_comes_is_listed_in_its_category_and_at_its_supplier_at_once() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    all_list_what_comes_back(&house, &[&acme]).await;
    house.close().await;
}

#[tokio::test]
async fn two_nodes_on_one_redis_list_an_offer_that_comes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(pair) = Pair::on_one_redis(folder.path()).await else { return };
    all_list_what_comes_back(&pair.house, &[&pair.here, &pair.there]).await;
    pair.close().await;
}

#[tokio::test]
async fn partners_see_how_an_answer_was_come_by_and_how_old_it_is() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let path = format!("/v1/offers/{}", some_offer(&acme).await);
    let first = acme.get(&path).await;
    assert!(first.field("cache-status").starts_with("xunyuan; fwd=miss; ttl="), "{}", first.field("cache-status"));
    let second = acme.get(&path).await;
    assert!(second.field("cache-status").starts_with("xunyuan; hit; ttl="));
    assert!(second.field("age").parse::<u64>().unwrap() < 10);
    // The catalogue goes down, and what is known stands in.
    let down = json!({"match": "/goods/*", "kind": "status", "status": 503, "times": -1});
    house.tell_catalogue("/control/faults", down).await;
    house.clock.advance_ms(600_000);
    let old = acme.get(&path).await;
    assert_eq!(old.status, 200);
    assert!(old.field("cache-status").ends_with("; detail=stand-in"), "{}", old.field("cache-status"));
    assert!(old.field("age").parse::<u64>().unwrap() >= 600);
    house.close().await;
}

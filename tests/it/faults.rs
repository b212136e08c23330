//! The contract's fault points through the whole gateway, one named test each; on the engines that the environment
//! names. What is killed is a real process, at a moment that a hand on the wire or on the database holds open.

mod scene;

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::clock::Clock;
use xunyuan::commands::client::Draft;
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Redis, pointers, problem};
use crate::nodes::{Hand, Plan, at, beside, cut, until};
use scene::{LEASE_MS, Scene, ask_catalogue, created, is_there_once, states};

#[actix_web::test]
async fn fault_01_a_crash_before_the_intent_is_durable_leaves_nothing() {
    let scene = Scene::open().await;
    let hand = Hand::on(&scene.house).await;
    let unanswered = tokio::time::timeout(Duration::from_millis(400), scene.ask()).await;
    assert!(unanswered.is_err(), "nobody can write orders");
    scene.node.signal("-KILL");
    hand.off().await;
    assert_eq!((scene.order().await.status, created(&scene.house).await), (404, 1));
    let answer = scene.repeat().await;
    assert_eq!((answer.status, answer.field("idempotency-replayed")), (201, ""), "{}", answer.json());
    scene.ends_well().await;
}

#[actix_web::test]
async fn fault_02_an_intent_whose_node_died_before_the_call_is_taken_up_by_another() {
    for repeated in [true, false] {
        let scene = Scene::open().await;
        scene.wire.plan(Plan::HoldQuestion);
        cut(scene.ask(), scene.wire.held()).await;
        scene.node.signal("-KILL");
        assert!(scene.is("placing").await && created(&scene.house).await == 1);
        let early = scene.repeat().await;
        assert_eq!((early.status, problem(&early).as_str()), (409, "order_in_progress"), "its node may still live");
        assert!(early.field("retry-after").parse::<u32>().unwrap() >= 1);
        if repeated {
            scene.house.clock.advance_ms(LEASE_MS);
            until("the repeat is answered", async || [201, 202].contains(&scene.repeat().await.status)).await;
        }
        scene.ends_well().await;
    }
}

#[actix_web::test]
async fn fault_03_an_order_whose_answer_nobody_heard_is_found_under_its_reference() {
    let scene = Scene::open().await;
    scene.wire.plan(Plan::HoldAnswer);
    cut(scene.ask(), scene.wire.held()).await;
    scene.node.signal("-KILL");
    assert_eq!(created(&scene.house).await, 2, "the catalogue did the work");
    scene.ends_well().await;

    // The same without a crash: the node hears nothing, says so, and finds out.
    let house = House::deaf().await;
    let partner = house.partner("acme").await;
    let body = json!({"reference": "PO-1", "quote_id": partner.quote().await["id"]});
    let fault = json!({"match": "/trade/orders", "method": "POST", "kind": "drop_after", "times": 1});
    house.tell_catalogue("/control/faults", fault).await;
    let unknown = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
    assert_eq!((unknown.status, unknown.json()["state"].as_str()), (202, Some("unknown")));
    assert_eq!(unknown.field("location"), "/v1/orders/by-reference/PO-1");
    let other_key = partner.post_once("/v1/orders", "another-key", body.clone()).await;
    assert_eq!(problem(&other_key), "reference_taken", "a new key must not order again");
    house.clock.advance_ms(LEASE_MS);
    let id = unknown.json()["id"].as_str().unwrap().to_owned();
    let order = partner.order_in(&id, "awaiting_payment").await;
    is_there_once(&house, &order).await;
    assert_eq!(partner.post_once("/v1/orders", "key-po-1", body).await.body, unknown.body);
    assert_eq!(created(&house).await, 1);
    house.close().await;
}

#[actix_web::test]
async fn fault_04_an_answer_that_was_not_stored_is_asked_for_again() {
    let scene = Scene::open().await;
    scene.wire.plan(Plan::HoldAnswer);
    let hand = async {
        scene.wire.held().await;
        let hand = Hand::on(&scene.house).await;
        scene.wire.let_go();
        // The node has the answer now and cannot store it.
        tokio::time::sleep(Duration::from_millis(400)).await;
        hand
    };
    let hand = tokio::select! {
        answer = scene.ask() => panic!("it was answered: {}", answer.json()),
        hand = hand => hand,
    };
    scene.node.signal("-KILL");
    hand.off().await;
    // The other node may have heard of it from the catalogue already.
    assert!(scene.is("placing").await || scene.is("awaiting_payment").await);
    assert_eq!(created(&scene.house).await, 2);
    scene.house.clock.advance_ms(LEASE_MS);
    until("the repeat is answered", async || [201, 202].contains(&scene.repeat().await.status)).await;
    scene.ends_well().await;
}

#[actix_web::test]
async fn fault_05_a_stored_answer_that_was_lost_is_given_again_by_another_node() {
    let scene = Scene::open().await;
    // Whatever the node says, nobody hears it.
    tokio::select! {
        biased;
        () = until("the order is stored", async || scene.is("awaiting_payment").await) => {}
        _ = scene.ask() => {}
    }
    until("the order is stored", async || scene.is("awaiting_payment").await).await;
    scene.node.signal("-KILL");
    let (one, two) = (scene.repeat().await, scene.repeat().await);
    assert_eq!((one.status, one.field("idempotency-replayed")), (201, "true"), "{}", one.json());
    assert_eq!((&one.body, one.field("location")), (&two.body, two.field("location")));
    scene.ends_well().await;
}

#[actix_web::test]
async fn fault_06_parallel_calls_with_one_key_on_two_nodes_order_once() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let late = Clock::shiftable();
    late.advance_ms(5_000);
    let other = beside(&house, &late).await;
    let there = at(other.address, &partner, &house.clock);
    let body = json!({"reference": "PO-1", "quote_id": partner.quote().await["id"]});
    let slow = json!({"match": "/trade/orders", "method": "POST", "kind": "slow", "ms": 700, "times": -1});
    house.tell_catalogue("/control/faults", slow).await;
    let asks = (0..8).map(|n| {
        let who = if n % 2 == 0 { &partner } else { &there };
        who.post_once("/v1/orders", "key-po-1", body.clone())
    });
    let answers = futures_util::future::join_all(asks).await;
    let placed: Vec<_> = answers.iter().filter(|answer| answer.status == 201).collect();
    let waiting: Vec<_> = answers.iter().filter(|answer| answer.status == 409).collect();
    assert_eq!((placed.len(), waiting.len(), created(&house).await), (1, 7, 1));
    for answer in waiting {
        assert_eq!(problem(answer), "order_in_progress");
        assert!(answer.field("retry-after").parse::<u32>().unwrap() >= 1);
    }
    for who in [&partner, &there] {
        assert_eq!(who.post_once("/v1/orders", "key-po-1", body.clone()).await.body, placed[0].body);
    }
    other.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn fault_07_the_same_key_with_another_body_is_refused_on_every_node() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let other = beside(&house, &house.clock).await;
    let there = at(other.address, &partner, &house.clock);
    assert_eq!(partner.order("PO-1").await.status, 201);
    let quote = partner.quote().await;
    let bodies = [
        json!({"reference": "PO-2", "quote_id": quote["id"]}),
        json!({"reference": "PO-2", "lines": [{"sku_id": quote["lines"][0]["sku_id"], "quantity": 1}]}),
    ];
    for body in bodies {
        for who in [&partner, &there] {
            let refused = who.post_once("/v1/orders", "key-PO-1", body.clone()).await;
            assert_eq!((refused.status, problem(&refused).as_str()), (422, "idempotency_mismatch"));
        }
    }
    assert_eq!(created(&house).await, 1);
    assert_eq!(partner.get("/v1/orders/by-reference/PO-2").await.status, 404);
    other.stop().await;
    house.close().await;
}

#[actix_web::test]
async fn fault_08_a_key_reused_after_its_life_is_told_the_first_order() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let first = partner.order("PO-1").await.json();
    house.clock.advance_ms(73 * 3_600_000);
    let again = partner.order("PO-1").await;
    assert_eq!((again.status, problem(&again).as_str()), (409, "reference_taken"));
    assert_eq!(again.json()["order_id"], first["id"]);
    let lines = json!([{"sku_id": first["lines"][0]["sku_id"], "quantity": first["lines"][0]["quantity"]}]);
    let by_lines = json!({"reference": "PO-1", "lines": lines});
    let again = partner.post_once("/v1/orders", "key-PO-1", by_lines).await;
    assert_eq!((problem(&again).as_str(), &again.json()["order_id"]), ("reference_taken", &first["id"]));
    assert_eq!(created(&house).await, 1);
    house.close().await;
}

#[actix_web::test]
async fn fault_09_with_redis_lost_in_between_orders_are_placed_once_all_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let Some(mut redis) = Redis::at_hand(folder.path()) else { return };
    let house = House::with(&[("REDIS__URL", redis.url.as_str())]).await;
    let partner = house.partner("acme").await;
    let body = json!({"reference": "PO-1", "quote_id": partner.quote().await["id"]});
    let quotes = [partner.quote().await, partner.quote().await];
    let first = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
    assert_eq!(first.status, 201, "{}", first.json());
    redis.kill();
    let again = partner.post_once("/v1/orders", "key-po-1", body.clone()).await;
    assert_eq!((again.status, &again.body, again.field("idempotency-replayed")), (201, &first.body, "true"));
    let without =
        partner.post_once("/v1/orders", "key-po-2", json!({"reference": "PO-2", "quote_id": quotes[0]["id"]})).await;
    assert_eq!(without.status, 201, "{}", without.json());
    // It comes back and remembers nothing.
    let _redis = Redis::start(folder.path());
    let again = partner.post_once("/v1/orders", "key-po-1", body).await;
    assert_eq!((again.status, &again.body), (201, &first.body));
    let taken =
        partner.post_once("/v1/orders", "key-po-3", json!({"reference": "PO-2", "quote_id": quotes[1]["id"]})).await;
    assert_eq!((problem(&taken).as_str(), created(&house).await), ("reference_taken", 2));
    house.close().await;
}

#[actix_web::test]
async fn fault_10_a_node_that_was_frozen_beyond_its_lease_stores_nothing() {
    let scene = Scene::open().await;
    scene.wire.plan(Plan::HoldAnswer);
    let taken_over = async {
        scene.wire.held().await;
        // Not in the middle of a write: a SQLite file is kept by whoever is frozen there, for as long as that lasts.
        let hand = Hand::on(&scene.house).await;
        scene.node.signal("-STOP");
        hand.off().await;
        scene.wire.let_go();
        scene.house.clock.advance_ms(LEASE_MS);
        until("another took over", async || [201, 202].contains(&scene.repeat().await.status)).await;
        let answer = scene.repeat().await;
        scene.node.signal("-CONT");
        answer
    };
    let (late, answer) = tokio::join!(scene.ask(), taken_over);
    assert_eq!((late.status, problem(&late).as_str()), (409, "order_in_progress"), "its lease was over");
    assert_eq!(scene.repeat().await.body, answer.body);
    let order = scene.order().await.json();
    assert_eq!(states(&order).iter().filter(|state| *state == "awaiting_payment").count(), 1, "{order}");
    scene.ends_well().await;
}

#[actix_web::test]
async fn fault_11_a_changed_price_or_stock_is_told_with_the_new_figures_and_nothing_is_ordered() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for (number, change, code) in
        [(1, json!({"price": "+10%"}), "price_changed"), (2, json!({"stock": 0}), "out_of_stock")]
    {
        let quote = partner.quote().await;
        let offer = quote["lines"][0]["offer_id"].as_str().unwrap();
        house.tell_catalogue(&format!("/control/goods/{offer}"), change).await;
        let body = json!({"reference": format!("PO-{number}"), "quote_id": quote["id"]});
        let key = format!("key-po-{number}");
        let refused = partner.post_once("/v1/orders", &key, body.clone()).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (409, code));
        assert_eq!(pointers(&refused), ["#/quote_id"], "{}", refused.json());
        assert_eq!(refused.json()["lines"][0]["sku_id"], quote["lines"][0]["sku_id"]);
        assert_eq!(partner.post_once("/v1/orders", &key, body).await.body, refused.body, "a refusal is stored too");
    }
    let quote = partner.quote().await;
    let expected = json!({"amount": "0.01", "currency": "CNY"});
    let body = json!({"reference": "PO-3", "quote_id": quote["id"], "expected_total": expected});
    let refused = partner.post_once("/v1/orders", "key-po-3", body).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (409, "price_changed"));
    assert_eq!(partner.get("/v1/orders/by-reference/PO-3").await.status, 404, "there is no intent");
    assert_eq!(created(&house).await, 0);
    house.close().await;
}

#[actix_web::test]
async fn fault_12_what_is_told_before_the_answer_carries_the_reference() {
    let scene = Scene::open().await;
    let house = &scene.house;
    let other = beside_quick(house).await;
    let told = async {
        scene.wire.held().await;
        // The node behind the wire hears nothing any more; should it have had the turn to follow, it has lost it.
        house.clock.advance_ms(15_001);
        until("the feed tells of it", async || scene.is("awaiting_payment").await).await;
        let order = scene.order().await.json();
        let sql = &house.running.house.sql;
        let told = "SELECT data FROM events WHERE kind = 'order.accepted' ORDER BY serial DESC LIMIT 1";
        let row = sql.fetch_optional(told, Vec::new()).await.unwrap().unwrap();
        let data: Value = serde_json::from_str(&row.text("data").unwrap()).unwrap();
        assert_eq!((&data["order_id"], data["reference"].as_str()), (&order["id"], Some("PO-1")), "{data}");
        scene.wire.let_go();
        order
    };
    scene.wire.plan(Plan::HoldAnswer);
    let (answer, told) = tokio::join!(scene.ask(), told);
    assert_eq!((answer.status, &answer.json()), (201, &told), "the answer added nothing to the story");
    other.stop().await;
    scene.ends_well().await;
}

/// A node that follows the feed at once.
async fn beside_quick(house: &House) -> xunyuan::server::listeners::Running {
    let mut settings = house.settings.clone();
    settings.push(("XUNYUAN__ORDERS__FOLLOW_MS".to_owned(), "20".to_owned()));
    crate::nodes::node_with(&settings, &house.clock).await
}

#[actix_web::test]
async fn fault_13_a_cancel_waits_until_the_placing_is_settled() {
    let scene = Scene::open().await;
    scene.wire.plan(Plan::HoldQuestion);
    cut(scene.ask(), scene.wire.held()).await;
    scene.node.signal("-KILL");
    let id = scene.order().await.json()["id"].as_str().unwrap().to_owned();
    let cancel = format!("/v1/orders/{id}/cancel");
    let early = scene.partner.post(&cancel, json!({})).await;
    assert_eq!(
        (early.status, problem(&early).as_str(), early.json()["state"].as_str()),
        (409, "order_state_conflict", Some("placing"))
    );
    scene.house.clock.advance_ms(LEASE_MS);
    until("the order is settled", async || scene.is("awaiting_payment").await).await;
    let cancelled = scene.partner.post(&cancel, json!({})).await;
    assert_eq!((cancelled.status, cancelled.json()["state"].as_str()), (200, Some("cancelled")));
    let there = ask_catalogue(&scene.house, &format!("/trade/orders/byOutRef?partnerCode=acme&outRef={id}")).await;
    assert_eq!((there["data"]["status"].as_str(), created(&scene.house).await), (Some("cancel"), 2));
    let replayed = scene.repeat().await;
    assert!([201, 202].contains(&replayed.status), "the order's own answer is another matter: {}", replayed.json());
    scene.house.close().await;
}

#[actix_web::test]
async fn fault_14_what_the_door_refuses_leaves_no_intent_and_touches_none() {
    let house = House::open().await;
    let partner = house.partner_with("acme", "starter", Mode::Sandbox, Scopes::all()).await;
    let rows = async |text: &'static str| house.running.house.sql.fetch_all(text, Vec::new()).await.unwrap().len();
    let (orders, keys) = ("SELECT id FROM orders", "SELECT key FROM idempotency");
    let body = json!({"reference": "PO-1", "quote_id": partner.quote().await["id"]});
    // Who cannot prove who it is.
    let forger = house.signed(partner.key_id.clone(), "xys_wrong".repeat(6));
    let forged = forger.post_once("/v1/orders", "key-po-1", body.clone()).await;
    assert_eq!((forged.status, rows(orders).await, rows(keys).await), (401, 0, 0));
    // Who asks too much: as many answers as the plan allows are under way.
    house.clock.advance_ms(60_000);
    let found = partner.get("/v1/offers?limit=50&sort=newest").await.json();
    let paths =
        found["items"].as_array().unwrap().iter().rev().map(|o| format!("/v1/offers/{}", o["id"].as_str().unwrap()));
    let paths: Vec<_> = paths.take(8).collect();
    let slow = json!({"match": "/goods/{goodsId}", "method": "GET", "kind": "slow", "ms": 2500, "times": -1});
    house.tell_catalogue("/control/faults", slow).await;
    let seen = async || ask_catalogue(&house, "/control/stats").await["data"]["calls"]["GET /goods/{goodsId}"].as_i64();
    let before = seen().await.unwrap_or(0);
    let draft = Draft::post("/v1/orders", &body).once("key-po-1");
    let refused = async {
        until("the others are under way", async || seen().await >= Some(before + 8)).await;
        partner.client.ask(&draft).await.unwrap()
    };
    let (refused, _) =
        tokio::join!(refused, futures_util::future::join_all(paths.iter().map(|path| partner.get(path))));
    assert_eq!((refused.status, rows(orders).await, rows(keys).await), (429, 0, 0), "{}", refused.json());
    // The same request is welcome later, and its intent is not touched by repeats that are refused.
    house.clock.advance_ms(60_000);
    let placed = partner.client.ask(&draft).await.unwrap();
    assert_eq!(placed.status, 201, "{}", placed.json());
    let flood = (0..40).map(|_| partner.client.ask(&draft));
    let flooded = futures_util::future::join_all(flood).await;
    let good = flooded.iter().flatten().filter(|answer| answer.status == 201);
    assert!(good.into_iter().all(|answer| answer.body == placed.body));
    assert!(flooded.iter().flatten().any(|answer| answer.status == 429));
    assert_eq!((rows(orders).await, rows(keys).await, created(&house).await), (1, 1, 1));
    house.close().await;
}

#[actix_web::test]
async fn orders_repeated_on_two_nodes_whose_clocks_differ_while_redis_and_answers_are_lost_are_placed_once_each() {
    const ORDERS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut redis = Redis::at_hand(folder.path());
    let settings: Vec<_> = redis.iter().map(|redis| ("REDIS__URL", redis.url.as_str())).collect();
    let house = House::with(&settings).await;
    let partner = house.partner("acme").await;
    let ahead = Clock::shiftable();
    ahead.advance_ms(5_000);
    let other = beside(&house, &ahead).await;
    let there = at(other.address, &partner, &house.clock);
    let mut bodies = Vec::new();
    for number in 0..ORDERS {
        bodies.push(json!({"reference": format!("PO-{number}"), "quote_id": partner.quote().await["id"]}));
    }
    for (kind, times) in [("drop_after", 3), ("drop_before", 2), ("garbage", 2)] {
        let fault = json!({"match": "/trade/orders", "method": "POST", "kind": kind, "times": times});
        house.tell_catalogue("/control/faults", fault).await;
    }
    for (number, body) in bodies.iter().enumerate() {
        let key = format!("key-po-{number}");
        let (one, two) = tokio::join!(
            partner.post_once("/v1/orders", &key, body.clone()),
            there.post_once("/v1/orders", &key, body.clone()),
        );
        assert!([&one, &two].iter().any(|answer| [201, 202].contains(&answer.status)), "{} {}", one.json(), two.json());
        if number == ORDERS / 2 {
            redis.iter_mut().for_each(Redis::kill);
        }
    }
    for clock in [&house.clock, &ahead] {
        clock.advance_ms(LEASE_MS);
    }
    for (number, body) in bodies.iter().enumerate() {
        let path = format!("/v1/orders/by-reference/PO-{number}");
        until("it is settled", async || partner.get(&path).await.json()["state"] == "awaiting_payment").await;
        is_there_once(&house, &partner.get(&path).await.json()).await;
        let key = format!("key-po-{number}");
        let one = partner.post_once("/v1/orders", &key, body.clone()).await;
        let two = there.post_once("/v1/orders", &key, body.clone()).await;
        assert_eq!((one.field("idempotency-replayed"), &one.body), ("true", &two.body));
    }
    assert_eq!(created(&house).await, i64::try_from(ORDERS).unwrap());
    other.stop().await;
    house.close().await;
}

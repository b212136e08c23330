//! Offers that partners follow: what changes of them is told once to each follower, with the figures before and now,
//! whichever node saw it and whatever broke off meanwhile.

use serde_json::{Value, json};
use xunyuan::clock::Clock;
use xunyuan::model::partner::{Mode, Scope, Scopes};

use crate::harness::{House, Partner, pointers, problem};
use crate::nodes::{at, beside, until};

async fn offers(partner: &Partner, count: usize) -> Vec<String> {
    let found = partner.get("/v1/offers?limit=50").await.json();
    found["items"].as_array().unwrap()[..count].iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn follow(partner: &Partner, id: &str) -> Value {
    let answer = partner.send("PUT", &format!("/v1/follows/{id}"), json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

async fn touch(house: &House, id: &str, what: Value) {
    house.tell_catalogue(&format!("/control/goods/{id}"), what).await;
}

/// The events of offers that a partner was told.
async fn told(partner: &Partner) -> Vec<Value> {
    let page = partner.get("/v1/events?after=0&types=offer.*&limit=100").await.json();
    page["items"].as_array().unwrap().clone()
}

/// The same once there are so many.
async fn told_in_all(partner: &Partner, count: usize) -> Vec<Value> {
    until("the events are told", async || told(partner).await.len() >= count).await;
    told(partner).await
}

fn kinds(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn a_followed_offer_tells_its_price_its_stock_that_it_goes_and_that_it_comes_back() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let ids = offers(&acme, 2).await;
    let (id, other) = (&ids[0], &ids[1]);
    let followed = follow(&acme, id).await;
    assert_eq!((followed["state"].as_str(), followed["offer_id"].as_str()), (Some("on_sale"), Some(id.as_str())));
    let before = followed["figures"]["price_from"]["amount"].as_str().unwrap().to_owned();

    touch(&house, other, json!({"price": "+10%"})).await;
    touch(&house, id, json!({"price": "+10%"})).await;
    let events = told_in_all(&acme, 1).await;
    let price = &events[0]["data"];
    assert_eq!(
        (events[0]["type"].as_str(), price["offer_id"].as_str()),
        (Some("offer.price_changed"), Some(id.as_str()))
    );
    assert_eq!(price["before"]["price_from"]["amount"], before.as_str());
    assert_ne!(price["now"]["price_from"]["amount"], before.as_str());

    touch(&house, id, json!({"stock": 0})).await;
    let stock = &told_in_all(&acme, 2).await[1];
    assert_eq!(
        (stock["type"].as_str(), &stock["data"]["now"]),
        (Some("offer.stock_changed"), &json!({"stock": 0, "in_stock": false}))
    );
    assert!(stock["data"]["before"]["stock"].as_u64().unwrap() > 0);

    touch(&house, id, json!({"state": "held"})).await;
    let gone = &told_in_all(&acme, 3).await[2];
    assert_eq!((gone["type"].as_str(), gone["data"]["state"].as_str()), (Some("offer.delisted"), Some("held")));
    touch(&house, id, json!({"state": "open"})).await;
    let back = &told_in_all(&acme, 4).await[3];
    assert_eq!((back["type"].as_str(), back["data"]["state"].as_str()), (Some("offer.relisted"), Some("on_sale")));

    let listed = acme.get("/v1/follows").await.json();
    assert_eq!((listed["total"].as_u64(), listed["items"][0]["figures"]["stock"].as_u64()), (Some(1), Some(0)));
    assert_eq!(acme.delete(&format!("/v1/follows/{id}")).await.status, 204);
    touch(&house, id, json!({"price": "+10%"})).await;
    follow(&acme, other).await;
    touch(&house, other, json!({"price": "+10%"})).await;
    let last = told_in_all(&acme, 5).await;
    assert_eq!(kinds(&last)[4..], ["offer.price_changed"], "of what is not followed any more nothing is told");
    assert_eq!(last[4]["data"]["offer_id"], other.as_str());
    house.close().await;
}

#[actix_web::test]
async fn each_of_two_followers_hears_once_though_two_nodes_follow_the_catalogue() {
    let house = House::open().await;
    let (acme, bolt) = (house.partner("acme").await, house.partner("bolt").await);
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let clock = Clock::shiftable();
    let other = beside(&house, &clock).await;
    let there = at(other.address, &bolt, &clock);
    let ids = offers(&acme, 8).await;
    for id in &ids {
        follow(&acme, id).await;
        follow(&there, id).await;
    }
    follow(&live, &ids[0]).await;
    for _ in 0..3 {
        for id in &ids {
            touch(&house, id, json!({"price": "+10%"})).await;
        }
    }
    other.stop().await;
    for id in &ids {
        touch(&house, id, json!({"price": "-10%"})).await;
    }
    for partner in [&acme, &bolt] {
        // Every offer's last event tells the price of now, and each event begins where the one before ended.
        for id in &ids {
            let now = partner.get(&format!("/v1/offers/{id}?currency=CNY")).await.json();
            let now = now["price_tiers"].as_array().unwrap().last().unwrap()["price"]["amount"].clone();
            let story = async || {
                let all = told(partner).await;
                all.into_iter().filter(|event| event["data"]["offer_id"] == id.as_str()).collect::<Vec<_>>()
            };
            until("the last price is told", async || {
                story().await.last().is_some_and(|last| last["data"]["now"]["price_from"]["amount"] == now)
            })
            .await;
            let story = story().await;
            assert!(story.windows(2).all(|pair| pair[0]["data"]["now"] == pair[1]["data"]["before"]), "{story:?}");
            assert!(kinds(&story).iter().all(|kind| *kind == "offer.price_changed"));
        }
    }
    let of_live = told(&live).await;
    assert!(of_live.iter().all(|event| event["data"]["offer_id"] == ids[0].as_str()), "each world tells its own");
    house.close().await;
}

#[actix_web::test]
async fn what_changes_while_the_catalogue_gives_no_answers_is_told_once_it_does() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let ids = offers(&acme, 3).await;
    for id in &ids {
        follow(&acme, id).await;
    }
    house.tell_catalogue("/control/faults", json!({"match": "/goods/{goodsId}", "kind": "garbage", "times": 3})).await;
    for id in &ids {
        touch(&house, id, json!({"price": "+10%"})).await;
    }
    let events = async || {
        // What could not be taken in is looked up again with growing pauses.
        house.clock.advance_ms(10_000);
        told(&acme).await
    };
    until("all three are told", async || events().await.len() >= 3).await;
    let events = told(&acme).await;
    let mut told: Vec<_> = events.iter().map(|event| event["data"]["offer_id"].as_str().unwrap()).collect();
    told.sort_unstable();
    let mut wanted: Vec<_> = ids.iter().map(String::as_str).collect();
    wanted.sort_unstable();
    assert_eq!(told, wanted);
    house.close().await;
}

#[actix_web::test]
async fn fifty_are_followed_at_once_each_with_its_own_outcome_and_at_a_cost_by_their_number() {
    let house = House::with(&[("FOLLOWS__MOST", "45"), ("FOLLOWS__OF_PLANS", "[]")]).await;
    let acme = house.partner("acme").await;
    let mut asked = offers(&acme, 50).await;
    let held = asked[1].clone();
    touch(&house, &held, json!({"state": "held"})).await;
    (asked[10], asked[20], asked[30]) = ("12345678".into(), "B0C1234567".into(), asked[0].clone());
    let used = async || {
        let limits = acme.get("/v1/limits").await.json();
        let day =
            limits["policies"].as_array().unwrap().iter().find(|policy| policy["name"] == "day").cloned().unwrap();
        day["remaining"].as_u64().unwrap()
    };
    let before = used().await;
    let answer = acme.post("/v1/follows", json!({"offer_ids": asked})).await;
    assert_eq!(before - used().await, 10);
    let told = answer.json();
    assert_eq!((answer.status, told["items"].as_array().unwrap().len()), (200, 45), "{}", told["problems"]);
    assert_eq!(
        (told["items"][1]["offer_id"].as_str(), told["items"][1]["state"].as_str()),
        (Some(held.as_str()), Some("held"))
    );
    let codes: Vec<_> = told["problems"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    let mut wanted =
        vec!["offer_foreign", "invalid_request", "invalid_request", "too_many_follows", "too_many_follows"];
    let mut sorted = codes.clone();
    sorted.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);

    let refused = told["problems"].as_array().unwrap().iter().find(|one| one["code"] == "too_many_follows").unwrap();
    let path = format!("/v1/follows/{}", refused["offer_id"].as_str().unwrap());
    let alone = acme.send("PUT", &path, json!({})).await;
    assert_eq!((alone.status, problem(&alone)), (409, "too_many_follows".into()));
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = acme.get(&format!("/v1/follows?limit=20{cursor}")).await.json();
        assert_eq!((page["total"].as_u64(), page["limit"].as_u64()), (Some(45), Some(45)));
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["offer_id"].to_string()));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 45);
    let before = used().await;
    for _ in 0..20 {
        assert_eq!(acme.post("/v1/follows", json!({"offer_ids": [held]})).await.status, 200);
    }
    let cost = before - used().await;
    assert!((10..=40).contains(&cost), "one costs 1, and a node may hold some units of it ahead: {cost}");
    house.close().await;
}

#[actix_web::test]
async fn what_cannot_be_followed_is_refused_by_pointer_and_code() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    for (id, status, code) in
        [("007", 400, "invalid_request"), ("12345678", 404, "offer_foreign"), ("610000000001", 404, "offer_foreign")]
    {
        let answer = acme.send("PUT", &format!("/v1/follows/{id}"), json!({})).await;
        let told = problem(&answer);
        assert!(answer.status == status && (told == code || told == "offer_not_found"), "{id}: {told}");
    }
    let wrong = acme.send("PUT", "/v1/follows/007", json!({})).await;
    assert_eq!(pointers(&wrong), ["path:offer_id"]);
    for (body, wanted) in [
        (json!({"offer_ids": []}), "#/offer_ids"),
        (json!({"offer_ids": vec!["610947572360"; 51]}), "#/offer_ids"),
        (json!({"offer_ids": "610947572360"}), "#/offer_ids"),
        (json!({"offers": []}), "#/offers"),
        (json!({}), "#/offer_ids"),
    ] {
        let answer = acme.post("/v1/follows", body.clone()).await;
        assert_eq!((answer.status, problem(&answer)), (400, "invalid_request".into()), "{body}");
        assert!(pointers(&answer).contains(&wanted.to_owned()), "{body}: {:?}", pointers(&answer));
    }
    for (query, wanted) in [
        ("limit=0", "query:limit"),
        ("limit=51", "query:limit"),
        ("cursor=zz", "query:cursor"),
        ("page=2", "query:page"),
    ] {
        let answer = acme.get(&format!("/v1/follows?{query}")).await;
        assert_eq!(
            (problem(&answer), pointers(&answer)),
            ("invalid_request".into(), vec![wanted.to_owned()]),
            "{query}"
        );
    }
    let unknown = acme.delete("/v1/follows/610947572360").await;
    assert_eq!((unknown.status, problem(&unknown)), (404, "follow_not_found".into()));
    let blind = house.partner_without("blind", &[Scope::CatalogRead]).await;
    assert_eq!(problem(&blind.get("/v1/follows").await), "scope_missing");
    house.close().await;
}

//! Goods in cross-border trade: only entered ones are seen; what is held back vanishes from every page within a moment of
//! the feed saying so, on every node, and comes back when it is cleared.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xunyuan::sandbox;

use crate::harness::{House, Partner, problem, sandbox_settings};
use crate::nodes::{Pair, until};

/// The longest that a held offer may be seen, and a cleared one missed.
const WITHIN: Duration = Duration::from_secs(2);

/// The pages that show an offer, of those that may.
struct Pages {
    id: String,
    paths: Vec<String>,
}

impl Pages {
    /// Finds an offer that stands on a page of each sort.
    async fn of(partner: &Partner) -> Self {
        let pools = partner.get("/v1/pools").await.json();
        let pool = pools["items"][0]["id"].as_str().unwrap().to_owned();
        let listed = partner.get(&format!("/v1/pools/{pool}/offers?limit=50")).await.json();
        for offer in listed["items"].as_array().unwrap() {
            let (id, category) = (offer["id"].as_str().unwrap(), offer["category_id"].as_str().unwrap());
            let others = partner.get(&format!("/v1/offers?category={category}&limit=50")).await.json();
            for other in others["items"].as_array().unwrap().iter().filter(|other| other["id"] != id) {
                let related = format!("/v1/offers/{}/related?limit=50", other["id"].as_str().unwrap());
                if shows(partner, &related, id).await {
                    let paths = vec![
                        format!("/v1/offers?category={category}&limit=50"),
                        format!("/v1/offers?category={category}&limit=50&ship_to=JP"),
                        format!("/v1/pools/{pool}/offers?limit=50"),
                        related,
                    ];
                    return Self { id: id.to_owned(), paths };
                }
            }
        }
        panic!("no offer stands on a page of each sort");
    }

    /// How many of the pages show it, and what it answers alone and in a batch.
    async fn seen(&self, partner: &Partner) -> (usize, u16, usize) {
        let mut pages = 0;
        for path in &self.paths {
            pages += usize::from(shows(partner, path, &self.id).await);
        }
        let alone = partner.get(&format!("/v1/offers/{}", self.id)).await.status;
        let batch = partner.post("/v1/offers/batch", json!({"offer_ids": [self.id]})).await.json();
        (pages, alone, batch["items"].as_array().unwrap().len())
    }

    fn everywhere(&self) -> (usize, u16, usize) {
        (self.paths.len(), 200, 1)
    }
}

const NOWHERE: (usize, u16, usize) = (0, 404, 0);

async fn shows(partner: &Partner, path: &str, id: &str) -> bool {
    let page = partner.get(path).await.json();
    page["items"].as_array().is_some_and(|items| items.iter().any(|item| item["id"] == id))
}

async fn touch(house: &House, id: &str, what: Value) {
    house.tell_catalogue(&format!("/control/goods/{id}"), what).await;
}

/// Holds and clears an offer that every node has seen, for each reason; all of them hear in time.
async fn come_and_go(house: &House, nodes: &[&Partner]) {
    let pages = Pages::of(nodes[0]).await;
    for partner in nodes {
        assert_eq!(pages.seen(partner).await, pages.everywhere());
    }
    for reason in ["infringement", "patent", "other"] {
        for (what, wanted) in
            [(json!({"state": "held", "reason": reason}), NOWHERE), (json!({"state": "open"}), pages.everywhere())]
        {
            touch(house, &pages.id, what.clone()).await;
            let begun = Instant::now();
            for partner in nodes {
                until("every page says so", async || pages.seen(partner).await == wanted).await;
            }
            let took = begun.elapsed();
            assert!(took < WITHIN, "{what}: {took:?}");
        }
    }
    // Restricted for a country: it is gone for that country alone, and comes back.
    for (countries, wanted) in [(json!(["JP"]), pages.paths.len() - 1), (json!([]), pages.paths.len())] {
        touch(house, &pages.id, json!({"restrictedCountries": countries})).await;
        let begun = Instant::now();
        for partner in nodes {
            until("the country's page says so", async || pages.seen(partner).await == (wanted, 200, 1)).await;
        }
        assert!(begun.elapsed() < WITHIN, "{countries}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn what_is_held_vanishes_everywhere_and_comes_back_when_it_is_cleared() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    come_and_go(&house, &[&acme]).await;
    house.close().await;
}

#[tokio::test]
async fn two_nodes_on_one_redis_hear_of_it_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let Some(pair) = Pair::on_one_redis(folder.path()).await else { return };
    come_and_go(&pair.house, &[&pair.here, &pair.there]).await;
    pair.close().await;
}

async fn counts(house: &House) -> Value {
    house.ask_catalogue("/entry/counts").await["data"].clone()
}

#[tokio::test]
async fn only_what_was_entered_is_seen_and_everything_that_qualifies_is_entered_at_once() {
    let half = sandbox::Settings { unentered_permille: 500, ..sandbox_settings() };
    let house = House::over(half, &[]).await;
    let acme = house.partner("acme").await;
    let before = counts(&house).await;
    let number = |counts: &Value, of: &str| counts[of].as_u64().unwrap();
    assert!(number(&before, "waiting") > 100 && before["held"]["patent"].as_u64().unwrap() > 0, "{before}");
    let seen = acme.get("/v1/offers").await.json();
    assert_eq!(seen["total"], before["entered"]);

    let some = seen["items"][0]["id"].as_str().unwrap().to_owned();
    let ids = json!({"goodsIds": [some.parse::<i64>().unwrap(), 12_345_678]});
    let done = house.tell_catalogue("/entry/withdraw", ids.clone()).await["data"].clone();
    assert_eq!((&done["changed"], &done["refused"][0]["errorCode"]), (&json!(1), &json!("GOODS_FOREIGN")), "{done}");
    until("it is gone", async || acme.get(&format!("/v1/offers/{some}")).await.status == 404).await;
    assert_eq!(problem(&acme.get(&format!("/v1/offers/{some}")).await), "offer_not_found");

    let done = house.tell_catalogue("/entry/enter", json!({"all": true})).await["data"].clone();
    assert_eq!(number(&done, "changed"), number(&before, "waiting") + 1);
    let after = counts(&house).await;
    assert_eq!((number(&after, "waiting"), &after["held"]), (0, &before["held"]), "what is held is not entered");
    let total = || async { acme.get("/v1/offers").await.json()["total"].clone() };
    until("all of them are found", async || total().await == after["entered"]).await;
    assert_eq!(acme.get(&format!("/v1/offers/{some}")).await.status, 200);
    let again = house.tell_catalogue("/entry/enter", json!({"all": true})).await["data"].clone();
    assert_eq!(number(&again, "changed"), 0);
    house.close().await;
}

#[tokio::test]
async fn what_is_held_cannot_be_entered_and_wrong_wishes_name_their_place() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let seen = acme.get("/v1/offers").await.json();
    let id = seen["items"][0]["id"].as_str().unwrap().parse::<i64>().unwrap();
    touch(&house, &id.to_string(), json!({"state": "held", "reason": "infringement"})).await;
    assert_eq!(counts(&house).await["held"]["infringement"], 1);
    let refused = house.tell_catalogue("/entry/enter", json!({"goodsIds": [id]})).await["data"].clone();
    assert_eq!(refused["refused"], json!([{"goodsId": id, "errorCode": "GOODS_HELD"}]));
    for (path, body, param) in [
        ("/entry/enter", json!({}), "goodsIds"),
        ("/entry/enter", json!({"all": true, "goodsIds": [id]}), "goodsIds"),
        ("/entry/enter", json!({"goodsIds": [id], "sellerId": 1}), "sellerId"),
        ("/entry/withdraw", json!({"all": true}), "sellerId"),
        ("/entry/enter", json!({"goodsIds": ["x"]}), "goodsIds[0]"),
    ] {
        let told = house.tell_catalogue(path, body.clone()).await;
        assert_eq!(
            (&told["errorCode"], &told["errorData"]["param"]),
            (&json!("PARAM_INVALID"), &json!(param)),
            "{body}"
        );
    }
    let nobody = house.tell_catalogue("/entry/enter", json!({"all": true, "sellerId": 1})).await;
    assert_eq!(nobody["errorCode"], "SELLER_NOT_FOUND");
    house.close().await;
}

#[tokio::test]
async fn the_command_line_counts_enters_and_withdraws_and_says_who_did() {
    let half = sandbox::Settings { unentered_permille: 500, ..sandbox_settings() };
    let house = House::over(half, &[]).await;
    let acme = house.partner("acme").await;
    let seen = acme.get("/v1/offers?limit=1").await.json();
    let id = seen["items"][0]["id"].as_str().unwrap().to_owned();
    let before = counts(&house).await;
    let run = async |args: &[&str]| {
        let args = [&["entry"], args, &["--world", "sandbox"]].concat();
        house.command(&args).await
    };
    let (status, told, _) = run(&["counts", "--json"]).await;
    assert_eq!((status, serde_json::from_str::<Value>(&told).unwrap()), (0, before.clone()));
    let (status, told, _) = run(&["counts"]).await;
    let row = |state: &str, of: &Value| {
        told.lines().any(|line| line.starts_with(state) && line.trim_end().ends_with(&of.to_string()))
    };
    assert!(
        status == 0 && row("waiting", &before["waiting"]) && row("held: patent", &before["held"]["patent"]),
        "{told}"
    );

    let (status, told, why) = run(&["withdraw", "--offer", &id, "--offer", "12345678", "--actor", "li"]).await;
    assert_eq!(status, 1, "one was refused: {told} {why}");
    assert!(told.contains("1 changed") && told.contains("12345678 was refused: The number is none"), "{told}");
    until("it is gone", async || acme.get(&format!("/v1/offers/{id}")).await.status == 404).await;
    let (status, told, why) = run(&["enter", "--all", "--actor", "li"]).await;
    assert_eq!(status, 0, "{why}");
    assert!(told.contains(&format!("{} changed", before["waiting"].as_u64().unwrap() + 1)), "{told}");
    until("it is there", async || acme.get(&format!("/v1/offers/{id}")).await.status == 200).await;
    for wrong in
        [&["enter"][..], &["withdraw", "--all"], &["enter", "--all", "--offer", "7"], &["enter", "--offer", "x"]]
    {
        assert_eq!(run(wrong).await.0, 2, "{wrong:?}");
    }
    let (status, _, why) = run(&["enter", "--supplier", "1"]).await;
    assert!(status == 1 && why.contains("supplier 1"), "{why}");
    let (_, audit, _) = house.command(&["audit", "list", "--json"]).await;
    assert!(
        audit.contains("goods.withdraw") && audit.contains("goods.enter") && audit.contains("operator:li"),
        "{audit}"
    );
    house.close().await;
}

#[tokio::test]
async fn what_is_held_is_quoted_ordered_and_estimated_by_nobody_until_it_is_cleared() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let quote = acme.quote().await;
    let line = quote["lines"][0].clone();
    let id = line["offer_id"].as_str().unwrap();
    let lines = json!({"lines": [{"sku_id": line["sku_id"], "quantity": line["quantity"]}], "currency": "JPY"});
    touch(&house, id, json!({"state": "held", "reason": "patent"})).await;
    let refused = acme.post("/v1/quotes", lines.clone()).await.json();
    let told = &refused["problems"][0];
    assert_eq!((&told["pointer"], &told["code"]), (&json!("#/lines/0"), &json!("offer_held")), "{refused}");
    // Quoted before it was held: the catalogue has the last word, and nothing is bought.
    let body = json!({"reference": "PO-1", "quote_id": quote["id"]});
    let order = acme.post_once("/v1/orders", "key-PO-1", body).await;
    assert_eq!(problem(&order), "order_refused", "{}", order.json());
    assert!(order.json()["detail"].as_str().unwrap().contains("held back"), "{}", order.json());

    touch(&house, id, json!({"state": "open"})).await;
    assert_eq!(acme.post("/v1/quotes", lines).await.status, 201);
    house.close().await;
}

#[tokio::test]
async fn what_is_held_leaves_the_rankings_and_its_followers_are_told_within_two_seconds() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let ranking = "/v1/rankings?limit=50";
    let ranked = acme.get(ranking).await.json();
    let id = ranked["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(acme.send("PUT", &format!("/v1/follows/{id}"), json!({})).await.status, 200);
    let told = async || {
        let page = acme.get("/v1/events?after=0&types=offer.*&limit=100").await.json();
        let kinds = page["items"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    for (what, stands, wanted) in [
        (json!({"state": "held", "reason": "infringement"}), false, vec!["offer.delisted"]),
        (json!({"state": "open"}), true, vec!["offer.delisted", "offer.relisted"]),
    ] {
        touch(&house, &id, what.clone()).await;
        let begun = Instant::now();
        until("the ranking says so", async || shows(&acme, ranking, &id).await == stands).await;
        until("its follower is told", async || told().await == wanted).await;
        assert!(begun.elapsed() < WITHIN, "{what}: {:?}", begun.elapsed());
    }
    house.close().await;
}

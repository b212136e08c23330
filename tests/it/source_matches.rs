//! Source exchange from outside: what is sold today beside what the catalogue has, one by one, many at once, and as a list
//! by command.

use clap::Parser;
use serde_json::{Value, json};
use xunyuan::commands::client::Draft;
use xunyuan::commands::{Command, Line, StillOpen, source_match};
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Partner, plain, pointers, problem};
use crate::pictures::small_house;

/// Something the catalogue has.
async fn offer(partner: &Partner) -> Value {
    let found = partner.get("/v1/offers?limit=1&sort=sold&language=en").await.json();
    partner.get(&format!("/v1/offers/{}?language=en", found["items"][0]["id"].as_str().unwrap())).await.json()
}

fn page_of(offer: &Value) -> String {
    format!("https://detail.1688.com/offer/{}.html", offer["id"].as_str().unwrap())
}

/// The picture of an offer, as the catalogue draws it.
async fn picture_of(house: &House, offer: &Value) -> Vec<u8> {
    let path = format!("/goods/{}/picture.png?size=480", offer["id"].as_str().unwrap());
    let asked = plain().get(format!("{}{path}", house.catalogue.url()));
    let answer = asked.header("x-internal-token", &house.catalogue.token).send().await.unwrap();
    answer.bytes().await.unwrap().to_vec()
}

async fn finished(partner: &Partner, location: &str) -> Value {
    for _ in 0..400 {
        let whole = partner.get(location).await.json();
        if whole["state"] == "finished" {
            return whole;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("it never was finished")
}

#[tokio::test]
async fn an_offers_own_page_finds_itself_with_every_reason_said() {
    let house = small_house().await;
    let acme = house.partner("acme").await;
    let offer = offer(&acme).await;
    let price = json!({"amount": "1000.00", "currency": "USD"});
    let item = json!({"reference": "A", "link": page_of(&offer), "quantity": 3, "price": price});
    let answer = acme.post("/v1/source-matches", json!({"items": [item], "max_candidates": 4})).await;
    let whole = answer.json();
    assert_eq!((answer.status, &whole["state"]), (200, &json!("finished")));
    assert_eq!(whole["progress"], json!({"items": 1, "done": 1, "failed": 0}));
    let item = &whole["items"][0];
    assert_eq!((&item["offer_id"], &item["reference"]), (&offer["id"], &json!("A")));
    let best = &item["candidates"][0];
    assert_eq!(best["offer_id"], offer["id"], "{best}");
    assert_eq!(best["confidence"], 1.0, "{best}");
    let by: Vec<_> = best["reasons"].as_array().unwrap().iter().map(|reason| reason["by"].clone()).collect();
    assert_eq!(by, ["picture", "words", "attributes"]);
    assert!(best["reasons"].as_array().unwrap().iter().all(|one| one["says"].as_str().unwrap().ends_with('.')));
    assert!(best["pieces"].as_u64().unwrap() >= offer["minimum_order"].as_u64().unwrap());
    assert!(best["saving"]["percent"].as_f64().unwrap() > 0.0 && best["saving"]["currency"] == "USD");
    let candidates = item["candidates"].as_array().unwrap();
    assert!((1..=4).contains(&candidates.len()));
    let sure: Vec<_> = candidates.iter().map(|one| one["confidence"].as_f64().unwrap()).collect();
    assert!(sure.is_sorted_by(|a, b| a >= b), "the surest first: {sure:?}");
    // What is told as price and freight is what a quote says.
    let line = json!({"sku_id": best["sku_id"], "quantity": best["pieces"]});
    let quoted = acme.post("/v1/quotes", json!({"lines": [line], "ship_to_country": "JP"})).await.json();
    if let Some(quote) = quoted["quotes"].get(0) {
        assert_eq!(quote["total"]["amount"], best["total"]["amount"]);
        assert_eq!(quote["freight"]["amount"], best["freight"]["amount"]);
    }
    let again = acme.get(answer.field("location")).await.json();
    assert_eq!(again["items"], whole["items"], "kept as it was told");
    house.close().await;
}

#[tokio::test]
async fn a_picture_finds_the_offer_that_it_shows() {
    let house = small_house().await;
    let (acme, other) = (house.partner("acme").await, house.partner("other").await);
    let offer = offer(&acme).await;
    let bytes = picture_of(&house, &offer).await;
    let headers = vec![("content-type".to_owned(), "image/png".to_owned())];
    let upload = Draft { method: "POST".into(), body: bytes, headers, ..Draft::get("/v1/images") };
    let image = acme.client.ask(&upload).await.unwrap().json();
    let id = image["image_id"].as_str().or(image["id"].as_str()).unwrap();
    let body = json!({"items": [{"image_id": id, "quantity": 1}]});
    let whole = acme.post("/v1/source-matches", body.clone()).await.json();
    let candidates = whole["items"][0]["candidates"].as_array().unwrap();
    assert!(candidates.iter().take(3).any(|one| one["offer_id"] == offer["id"]), "{whole}");
    assert_eq!(candidates[0]["reasons"][0]["by"], "picture");
    let foreign = other.post("/v1/source-matches", body).await;
    assert_eq!((foreign.status, pointers(&foreign)), (400, vec!["#/items/0/image_id".to_owned()]));
    house.close().await;
}

#[tokio::test]
async fn a_title_finds_the_same_goods_by_words_and_properties() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let offer = offer(&acme).await;
    let item = json!({"title": offer["title"], "quantity": 1});
    let whole = acme.post("/v1/source-matches", json!({"items": [item]})).await.json();
    let candidates = whole["items"][0]["candidates"].as_array().unwrap();
    assert!(candidates.iter().any(|one| one["offer_id"] == offer["id"]), "{whole}");
    assert!(candidates.iter().all(|one| one["saving"].is_null()), "nothing is saved against an unknown price");
    assert!(candidates[0]["reasons"].as_array().unwrap().iter().all(|reason| reason["by"] != "picture"));
    house.close().await;
}

#[tokio::test]
async fn many_items_are_a_job_and_one_that_cannot_be_compared_holds_up_no_other() {
    let house = House::open().await;
    let (acme, other) = (house.partner("acme").await, house.partner("other").await);
    let offer = offer(&acme).await;
    let mut items: Vec<Value> =
        (0..60).map(|n| json!({"reference": format!("R{n}"), "title": offer["title"], "quantity": 2})).collect();
    items[7] = json!({"reference": "R7", "link": "https://detail.1688.com/offer/610000000001.html", "quantity": 1});
    items[8] = json!({"reference": "R8", "link": "https://shop.example/p/8839201023", "quantity": 1});
    let answer = acme.post("/v1/source-matches", json!({"items": items, "max_candidates": 1})).await;
    assert_eq!((answer.status, &answer.json()["state"]), (202, &json!("working")));
    let location = answer.field("location").to_owned();
    let whole = finished(&acme, &location).await;
    assert_eq!(whole["progress"], json!({"items": 60, "done": 60, "failed": 2}));
    let (mut references, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = acme.get(&format!("{location}?limit=25{cursor}")).await.json();
        for item in page["items"].as_array().unwrap() {
            references.push(item["reference"].as_str().unwrap().to_owned());
            match item["reference"].as_str().unwrap() {
                "R7" => assert_eq!(item["problem"], "offer_not_found"),
                "R8" => assert_eq!(item["problem"], "invalid_request"),
                _ => assert_eq!((&item["state"], item["candidates"].as_array().unwrap().len()), (&json!("done"), 1)),
            }
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(references, (0..60).map(|n| format!("R{n}")).collect::<Vec<_>>());
    let hidden = other.get(&location).await;
    assert_eq!((hidden.status, problem(&hidden).as_str()), (404, "source_match_not_found"));
    house.close().await;
}

#[tokio::test]
async fn a_job_waits_for_a_catalogue_that_is_away_and_then_goes_on() {
    let house = House::with(&[("UPSTREAM__DEADLINE_MS", "500")]).await;
    let acme = house.partner("acme").await;
    let title = offer(&acme).await["title"].clone();
    let fault = json!({"match": "/goods/search", "method": "GET", "kind": "status", "times": 6, "status": 503});
    house.tell_catalogue("/control/faults", fault).await;
    let items: Vec<Value> = (0..3).map(|_| json!({"title": title, "quantity": 1})).collect();
    let answer = acme.post("/v1/source-matches", json!({"items": items})).await;
    assert_eq!(answer.status, 202);
    for _ in 0..60 {
        house.clock.advance_ms(5_000);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        let whole = acme.get(answer.field("location")).await.json();
        if whole["state"] == "finished" {
            assert_eq!(whole["progress"]["failed"], 0, "{whole}");
            return house.close().await;
        }
    }
    panic!("it never went on");
}

/// No document is asked for again sooner than after so many seconds.
const FRESH_S: u64 = 4;
/// No two items are told of by more documents: what is found in each way, offers, suppliers and freight.
const MOST_DOCUMENTS: i64 = 45;

/// How often the catalogue was asked for goods, suppliers, prices and freight.
async fn asked_of(house: &House) -> i64 {
    let stats = house.ask_catalogue("/control/stats").await;
    let of_goods = |call: &&String| {
        ["GET /goods/", "GET /sellers/", "GET /trade/freight", "POST /trade/preview"]
            .iter()
            .any(|start| call.starts_with(start))
    };
    let calls = stats["data"]["calls"].as_object().unwrap();
    calls.iter().filter(|(call, _)| of_goods(call)).map(|(_, times)| times.as_i64().unwrap()).sum()
}

#[tokio::test]
async fn rows_that_name_the_same_goods_again_ask_the_catalogue_nothing() {
    let house = small_house().await;
    let acme = house.partner("acme").await;
    let offer = offer(&acme).await;
    let by_link = json!({"link": page_of(&offer), "quantity": 20});
    let by_title = json!({"title": offer["title"], "quantity": 20});
    let begun = std::time::Instant::now();
    let first = acme.post("/v1/source-matches", json!({"items": [by_link.clone()]})).await;
    assert_eq!(first.status, 200);
    acme.post("/v1/source-matches", json!({"items": [by_title.clone()]})).await;
    let before = asked_of(&house).await;
    let again = acme.post("/v1/source-matches", json!({"items": [by_link.clone()]})).await.json();
    assert_eq!(again["items"], first.json()["items"]);
    let rows: Vec<Value> = (0..20).flat_map(|_| [by_link.clone(), by_title.clone()]).collect();
    let job = acme.post("/v1/source-matches", json!({"items": rows})).await;
    let whole = finished(&acme, &format!("{}?limit=50", job.field("location"))).await;
    assert_eq!((&whole["progress"]["done"], &whole["progress"]["failed"]), (&json!(40), &json!(0)));
    // On a slow machine what is kept grows old meanwhile; then each document is asked for again, once for all rows.
    let grown_old = MOST_DOCUMENTS * i64::try_from(begun.elapsed().as_secs() / FRESH_S).unwrap();
    let asked = asked_of(&house).await - before;
    assert!(asked <= grown_old, "all of it was known, and {asked} calls were made");
    house.close().await;
}

#[tokio::test]
async fn a_saving_is_told_at_the_rate_that_the_partner_sees_prices_at() {
    let house = small_house().await;
    let directory = &house.running.house.directory;
    directory.create_plan("gold", "enterprise", "test").await.unwrap();
    let rich = house.partner_with("rich", "gold", Mode::Sandbox, Scopes::all()).await;
    let offer = offer(&rich).await;
    let item = json!({"link": page_of(&offer), "quantity": 20, "price": {"amount": "100000000", "currency": "VND"}});
    let costs = async || {
        let told = rich.post("/v1/source-matches", json!({"items": [item.clone()], "max_candidates": 1})).await.json();
        let best = &told["items"][0]["candidates"][0];
        let saved: f64 = best["saving"]["per_piece"].as_str().unwrap().parse().unwrap();
        (100_000_000.0 - saved, best["total"].clone())
    };
    let (plain, total) = costs().await;
    directory.set_margin("gold", "30".parse().unwrap(), "test").await.unwrap();
    let (with_margin, same) = costs().await;
    assert_eq!(total, same, "what it costs in yuan is the same");
    let share = with_margin / plain;
    assert!((1.29..1.31).contains(&share), "{plain} and {with_margin}");
    house.close().await;
}

#[tokio::test]
async fn a_warehouse_that_there_is_not_is_refused_with_those_there_are() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let body = json!({"items": [{"title": "mug", "quantity": 1}], "warehouse": "ZZ99"});
    let answer = acme.post("/v1/source-matches", body).await;
    assert_eq!((answer.status, pointers(&answer)), (400, vec!["#/warehouse".to_owned()]));
    let told = answer.json()["errors"][0]["detail"].as_str().unwrap().to_owned();
    assert!(told.starts_with("Give one of ") && told.contains("YW01"), "{told}");
    house.close().await;
}

#[tokio::test]
async fn every_wrong_place_of_a_comparison_is_named() {
    let house = House::open().await;
    let acme = house.partner("acme").await;
    let wrong = json!({
        "items": [{"quantity": 1}, {"title": "mug", "link": "mug", "quantity": 0, "price": {"amount": "1", "currency": "yen"}}],
        "language": "xx", "max_candidates": 0,
    });
    let answer = acme.post("/v1/source-matches", wrong).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (400, "invalid_request"));
    let expected = [
        "#/items/0",
        "#/items/1/link",
        "#/items/1/price/currency",
        "#/items/1/quantity",
        "#/language",
        "#/max_candidates",
    ];
    assert_eq!(pointers(&answer), expected);
    let priced =
        |currency: &str| json!({"title": "mug", "quantity": 1, "price": {"amount": "1", "currency": currency}});
    let answer = acme.post("/v1/source-matches", json!({"items": [priced("USD"), priced("BMD")]})).await;
    assert_eq!((answer.status, pointers(&answer)), (400, vec!["#/items/1/price/currency".to_owned()]));
    let language = json!({"items": [priced("USD")], "language": "xx"});
    let answer = acme.post("/v1/source-matches", language).await;
    assert_eq!((problem(&answer).as_str(), pointers(&answer)), ("unknown_language", vec!["#/language".to_owned()]));
    let answer = acme.post("/v1/source-matches", json!({"items": [{"title": "mug", "quantity": 1, "size": 3}]})).await;
    assert_eq!(pointers(&answer), ["#/items/0/size"]);
    let unknown = format!("/v1/source-matches/smt_{}", "0".repeat(32));
    let answer = acme.get(&unknown).await;
    assert_eq!((answer.status, problem(&answer).as_str()), (404, "source_match_not_found"));
    let answer = acme.get("/v1/source-matches/x?limit=0").await;
    assert_eq!(pointers(&answer), ["path:source_match_id", "query:limit"]);
    house.close().await;
}

#[tokio::test]
async fn a_list_is_compared_by_command_with_errors_in_their_rows() {
    let house = small_house().await;
    let acme = house.partner("acme").await;
    let offer = offer(&acme).await;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let key = format!(
        "url = \"{}\"\nkey_id = \"{}\"\nsecret = \"{}\"\nalgorithm = \"hmac-sha256\"\n",
        house.url("/"),
        acme.key_id,
        acme.secret
    );
    std::fs::write(at("key.toml"), key).unwrap();
    let mut list = String::from("reference,title,link,price,currency,quantity\n");
    for n in 0..120 {
        list.push_str(&format!("R{n},,{},9.99,USD,{}\n", page_of(&offer), n + 1));
    }
    list.push_str(
        "BAD,mug,,1.00,USD,none\nWORSE,mug,mug,,,1\nGONE,,https://detail.1688.com/offer/610000000001.html,,,1\n",
    );
    std::fs::write(at("sold.csv"), list).unwrap();
    let run = async |file: &str| {
        let (file, key) = (at(file), at("key.toml"));
        let line = Line::parse_from(["xunyuan", "source-match", &file, "--as", &key, "--candidates", "1"]);
        let Command::SourceMatch(asked) = line.command else { panic!("another command") };
        source_match::run(&asked).await
    };
    let told = run("sold.csv").await.unwrap_err();
    assert!(told.is::<StillOpen>(), "{told}");
    let result = std::fs::read_to_string(at("sold.matches.csv")).unwrap();
    let rows: Vec<&str> = result.lines().collect();
    assert_eq!(rows.len(), 1 + 123);
    assert!(rows[0].starts_with("line,reference,state,error,confidence,reasons,offer_id"));
    let id = offer["id"].as_str().unwrap();
    assert!(rows[1].starts_with("2,R0,done,,1.0,"), "{}", rows[1]);
    assert!(rows[1].contains(id), "{}", rows[1]);
    assert!(rows[1..=120].iter().all(|row| row.contains(",done,")));
    assert!(rows[121].starts_with("122,BAD,error,quantity: a whole number,"), "{}", rows[121]);
    assert!(rows[122].starts_with("123,WORSE,error,") && rows[122].contains("link"), "{}", rows[122]);
    assert!(rows[123].starts_with("124,GONE,error,") && rows[123].contains("offer_not_found"), "{}", rows[123]);
    std::fs::write(at("shown.png"), picture_of(&house, &offer).await).unwrap();
    std::fs::write(at("good.csv"), "picture,quantity\nshown.png,5\n").unwrap();
    run("good.csv").await.unwrap();
    let result = std::fs::read_to_string(at("good.matches.csv")).unwrap();
    assert!(result.lines().nth(1).unwrap().contains(",picture "), "{result}");
    std::fs::write(at("gone.csv"), "picture,quantity\ngone.png,5\n").unwrap();
    assert!(run("gone.csv").await.unwrap_err().is::<StillOpen>());
    assert!(std::fs::read_to_string(at("gone.matches.csv")).unwrap().contains("gone.png cannot be read"));
    std::fs::write(at("bad.csv"), "name,quantity\nx,1\n").unwrap();
    let told = run("bad.csv").await.unwrap_err();
    assert!(told.is::<xunyuan::commands::CannotStart>() && told.to_string().contains("line 1"), "{told}");
    house.close().await;
}

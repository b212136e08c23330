//! The ways to offers: a search with its filters and counts, batches, related offers, pools, rankings and trends — and
//! each refusal with its own code.

use serde_json::{Value, json};

use crate::harness::{House, Partner, pointers, problem};
use crate::nodes::until;

async fn ids(partner: &Partner, path: &str) -> Vec<String> {
    let answer = partner.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    let items = answer.json()["items"].as_array().unwrap().clone();
    items.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

/// Turns pages until the last.
async fn all(partner: &Partner, path: &str) -> Vec<Value> {
    let (mut found, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mark = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let page = partner.get(&format!("{path}{mark}")).await.json();
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { return found };
        cursor = Some(next.to_owned());
    }
}

async fn hold(house: &House, id: &str) {
    house.tell_catalogue(&format!("/control/goods/{id}"), json!({"state": "held"})).await;
}

#[actix_web::test]
async fn a_batch_of_fifty_with_three_bad_ids_answers_forty_seven_offers_and_three_problems() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let mut asked = ids(&partner, "/v1/offers?limit=50").await;
    let held = format!("/v1/offers/{}", asked[4]);
    hold(&house, &asked[4]).await;
    // Whatever is asked for while its change arrives is asked for again.
    until("the change is heard", async || partner.get(&held).await.json()["code"] == "offer_held").await;
    let single = async || house.ask_catalogue("/control/stats").await["data"]["calls"]["GET /goods/{goodsId}"].clone();
    let before = single().await;
    asked[10] = "12345678".to_owned();
    asked[20] = "B0C1234567".to_owned();
    let answer = partner.post("/v1/offers/batch?language=ja&currency=JPY", json!({"offer_ids": asked})).await;
    let told = answer.json();
    assert_eq!((answer.status, told["items"].as_array().unwrap().len()), (200, 47), "{}", told["problems"]);
    let problems: Vec<_> =
        told["problems"].as_array().unwrap().iter().map(|one| (one["pointer"].clone(), one["code"].clone())).collect();
    let wanted =
        [("#/offer_ids/4", "offer_held"), ("#/offer_ids/10", "offer_foreign"), ("#/offer_ids/20", "invalid_request")];
    assert_eq!(problems, wanted.map(|(pointer, code)| (json!(pointer), json!(code))));
    assert_eq!(told["items"][0]["id"], asked[0].as_str());
    let alone = partner.get(&format!("/v1/offers/{}?language=ja&currency=JPY", asked[0])).await.json();
    assert_eq!(told["items"][0], alone, "an offer is the same alone and among others");
    let stats = house.ask_catalogue("/control/stats").await;
    assert_eq!(stats["data"]["calls"]["POST /goods/batchGet"], 1, "{stats}");
    assert_eq!(stats["data"]["calls"]["GET /goods/{goodsId}"], before, "{stats}");
    house.close().await;
}

#[actix_web::test]
async fn a_batch_that_is_empty_too_long_or_no_list_is_refused_by_pointer() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for body in [json!({"offer_ids": []}), json!({"offer_ids": vec!["610947572360"; 51]})] {
        let answer = partner.post("/v1/offers/batch", body).await;
        assert_eq!((answer.status, pointers(&answer)), (400, vec!["#/offer_ids".to_owned()]));
    }
    let twice = partner.post("/v1/offers/batch", json!({"offer_ids": ["610947572360", "610947572360"]})).await;
    assert_eq!(twice.json()["problems"][1]["code"], "invalid_request", "{}", twice.json());
    house.close().await;
}

#[actix_web::test]
async fn a_foreign_a_held_an_unknown_offer_language_and_currency_each_have_a_code() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let held = ids(&partner, "/v1/offers?limit=3").await[2].clone();
    hold(&house, &held).await;
    // Within the numbers of the marketplace, beyond its offers.
    let unknown = (600_000_000_000_i64..).map(|id| id.to_string());
    let mut unknown_seen = false;
    for id in unknown.take(3) {
        unknown_seen |= problem(&partner.get(&format!("/v1/offers/{id}")).await) == "offer_not_found";
    }
    assert!(unknown_seen);
    for (path, status, code) in [
        (format!("/v1/offers/{held}"), 404, "offer_held"),
        (format!("/v1/offers/{held}/related"), 404, "offer_held"),
        (format!("/v1/offers/{held}/trends"), 404, "offer_held"),
        ("/v1/offers/12345678".to_owned(), 404, "offer_foreign"),
        ("/v1/offers?language=xx".to_owned(), 400, "unknown_language"),
        ("/v1/offers?currency=yen".to_owned(), 400, "unknown_currency"),
        ("/v1/offers?currency=BMD".to_owned(), 400, "unknown_currency"),
        ("/v1/offers?language=xx&sort=up".to_owned(), 400, "invalid_request"),
        ("/v1/categories/7".to_owned(), 404, "category_not_found"),
        ("/v1/offers?category=7".to_owned(), 404, "category_not_found"),
        ("/v1/offers?category=7&q=pot&facets=true".to_owned(), 404, "category_not_found"),
        ("/v1/rankings?category=7".to_owned(), 404, "category_not_found"),
        ("/v1/trends/keywords?category=7".to_owned(), 404, "category_not_found"),
        ("/v1/pools/7/offers".to_owned(), 404, "pool_not_found"),
        ("/v1/suppliers/7/offers".to_owned(), 404, "supplier_not_found"),
    ] {
        let answer = partner.get(&path).await;
        assert_eq!((answer.status, problem(&answer).as_str()), (status, code), "{path}");
    }
    house.close().await;
}

#[actix_web::test]
async fn an_unknown_category_names_the_parameter_and_is_not_asked_for_again_and_again() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for path in ["/v1/offers?category=7", "/v1/rankings?category=7", "/v1/trends/keywords?category=7"] {
        assert_eq!(pointers(&partner.get(path).await), ["query:category"], "{path}");
    }
    assert_eq!(pointers(&partner.get("/v1/categories/7").await), [""; 0]);
    for _ in 0..5 {
        partner.get("/v1/offers?category=7").await;
    }
    let stats = house.ask_catalogue("/control/stats").await;
    assert_eq!(stats["data"]["calls"]["GET /goods/search"], 1, "{stats}");
    house.close().await;
}

#[actix_web::test]
async fn attributes_are_counted_and_narrow_a_search_to_what_they_count() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let total = async |query: &str| {
        let answer = partner.get(&format!("/v1/offers?limit=1&{query}")).await;
        assert_eq!(answer.status, 200, "{query}: {}", answer.json());
        answer.json()["total"].as_u64().unwrap()
    };
    let found = partner.get("/v1/offers?facets=true&language=en&limit=1").await.json();
    let attributes = found["facets"]["attributes"].as_array().unwrap();
    assert!((2..=12).contains(&attributes.len()), "{}", attributes.len());
    let name = |attribute: &Value, place: usize| {
        let value = attribute["values"][place]["value_original"].as_str().unwrap();
        format!("{}:{value}", attribute["id"].as_str().unwrap())
    };
    for attribute in attributes {
        assert!(
            attribute["name_original"] != attribute["name"] && attribute["name_origin"] == "catalogue",
            "{attribute}"
        );
        assert_eq!(
            total(&format!("attributes={}", encoded(&name(attribute, 0)))).await,
            attribute["values"][0]["offers"]
        );
    }
    let several = attributes.iter().find(|one| one["values"].as_array().unwrap().len() > 1).unwrap();
    let other = attributes.iter().find(|one| one["id"] != several["id"]).unwrap();
    let (one, two) = (name(several, 0), name(several, 1));
    let either = total(&format!("attributes={}", encoded(&format!("{one};{two}")))).await;
    let counts = [0, 1].map(|place| several["values"][place]["offers"].as_u64().unwrap());
    assert!(either >= counts[0].max(counts[1]) && either <= counts[0] + counts[1], "{either} of {counts:?}");
    let both = total(&format!("attributes={}", encoded(&format!("{one};{}", name(other, 0))))).await;
    assert!(both <= counts[0]);
    let narrowed = partner.get(&format!("/v1/offers?limit=50&facets=true&attributes={}", encoded(&one))).await.json();
    let again =
        narrowed["facets"]["attributes"].as_array().unwrap().iter().find(|again| again["id"] == several["id"]).unwrap();
    assert_eq!(again["values"][0]["offers"], narrowed["total"]);

    for wrong in ["material", "287", "287:", "x:y", "287:没有这个", "1:陶瓷;;"] {
        let answer = partner.get(&format!("/v1/offers?attributes={}", encoded(wrong))).await;
        assert_eq!(
            (problem(&answer), pointers(&answer)),
            ("invalid_request".into(), vec!["query:attributes".into()]),
            "{wrong}"
        );
    }
    house.close().await;
}

#[actix_web::test]
async fn a_wrong_letter_is_forgiven_in_scripts_without_spaces_too() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let search = async |words: &str| {
        let words: String = url::form_urlencoded::byte_serialize(words.as_bytes()).collect();
        partner.get(&format!("/v1/offers?q={words}&limit=50&language=zh")).await.json()
    };
    let known = partner.get("/v1/trends/keywords?limit=50&language=th").await.json();
    let mut forgiven = 0;
    for keyword in known["items"].as_array().unwrap() {
        for right in [keyword["keyword"].as_str().unwrap(), keyword["keyword_original"].as_str().unwrap()] {
            let letters: Vec<char> = right.chars().collect();
            if right.contains(' ') || letters.len() < 4 {
                continue;
            }
            let wrong: String = [&letters[..1], &['龘'], &letters[2..]].concat().into_iter().collect();
            let found = search(&wrong).await;
            forgiven += usize::from(found["total"].as_u64() > Some(0) && found["corrected_query"].is_string());
        }
    }
    assert!(forgiven > 0, "nothing was forgiven among {known}");
    house.close().await;
}

#[actix_web::test]
async fn every_filter_keeps_what_it_says_and_counts_agree() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let everything = partner.get("/v1/offers?facets=true&limit=50&currency=JPY").await.json();
    let facets = &everything["facets"];
    for (filter, count) in [
        ("one_piece=true", facets["one_piece"].clone()),
        ("factory=true", facets["factory"].clone()),
        ("free_return=true", facets["free_return"].clone()),
        ("new_within_days=30", facets["new_30d"].clone()),
        ("new_within_days=7", facets["new_7d"].clone()),
    ] {
        assert_eq!(partner.get(&format!("/v1/offers?{filter}")).await.json()["total"], count, "{filter}");
    }
    assert!(facets["new_30d"].as_u64().unwrap() > 0, "markets are never without new offers");
    for row in facets["ships_within"].as_array().unwrap() {
        let found = partner.get(&format!("/v1/offers?ships_within={}", row["hours"])).await.json();
        assert_eq!(found["total"], row["offers"]);
    }
    for row in facets["badges"].as_array().unwrap() {
        let found = partner.get(&format!("/v1/offers?badge={}", row["badge"].as_str().unwrap())).await.json();
        assert_eq!(found["total"], row["offers"]);
        assert!(found["items"][0]["supplier"]["badges"].as_array().unwrap().contains(&row["badge"]));
    }
    for row in facets["categories"].as_array().unwrap().iter().take(5) {
        let found = partner.get(&format!("/v1/offers?category={}", row["category_id"].as_str().unwrap())).await.json();
        assert_eq!(found["total"], row["offers"]);
    }
    let sum = |rows: &Value| rows.as_array().unwrap().iter().map(|row| row["offers"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(
        (sum(&facets["categories"]), sum(&facets["prices"])),
        (everything["total"].as_u64().unwrap(), everything["total"].as_u64().unwrap())
    );
    for (filter, member, least) in [("sold_7d_min=20", "sold_7d", 20), ("sold_30d_min=100", "sold_30d", 100)] {
        let found = all(&partner, &format!("/v1/offers?limit=50&{filter}")).await;
        assert!(!found.is_empty() && found.iter().all(|offer| offer[member].as_u64().unwrap() >= least), "{filter}");
    }
    house.close().await;
}

#[actix_web::test]
async fn what_may_not_be_sold_to_a_country_is_left_out_for_it() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let (here, there) =
        (all(&partner, "/v1/offers?limit=50").await, all(&partner, "/v1/offers?limit=50&ship_to=US").await);
    assert!(there.len() < here.len());
    let left_out = here.iter().find(|offer| !there.iter().any(|one| one["id"] == offer["id"])).unwrap();
    let offer = partner.get(&format!("/v1/offers/{}", left_out["id"].as_str().unwrap())).await.json();
    assert!(offer["restricted_countries"].as_array().unwrap().contains(&json!("US")), "{offer}");
    house.close().await;
}

#[actix_web::test]
async fn words_are_highlighted_and_forgiven_a_little() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let keyword = partner.get("/v1/trends/keywords?language=en&limit=50").await.json();
    let known = keyword["items"].as_array().unwrap().iter().find(|one| one["keyword"].as_str().unwrap().len() > 6);
    let word = known.unwrap()["keyword"].as_str().unwrap().to_owned();
    let found = partner.get(&format!("/v1/offers?language=en&q={}", word.replace(' ', "+"))).await.json();
    let offer = &found["items"][0];
    let title: Vec<char> = offer["title"].as_str().unwrap().chars().collect();
    let place = &offer["title_highlights"][0];
    let (start, end) = (place["start"].as_u64().unwrap() as usize, place["end"].as_u64().unwrap() as usize);
    let part: String = title[start..end].iter().collect::<String>().to_lowercase();
    assert!(word.to_lowercase().split(' ').any(|one| part.contains(&one[..one.len() - 1])), "{part} of {word}");
    assert!(found["corrected_query"].is_null());
    let forgiven = partner.get("/v1/offers?language=en&q=statinless+steel").await.json();
    assert_eq!(forgiven["corrected_query"], "stainless steel", "{}", forgiven["total"]);
    assert!(forgiven["total"].as_u64().unwrap() > 0);
    house.close().await;
}

#[actix_web::test]
async fn pages_neither_skip_nor_repeat_while_offers_go() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for path in ["/v1/offers?limit=20&sort=sold", "/v1/pools/107/offers?limit=5"] {
        let before: Vec<_> = all(&partner, path).await.iter().map(|offer| offer["id"].clone()).collect();
        let first = partner.get(path).await.json();
        let seen: Vec<_> = first["items"].as_array().unwrap().iter().map(|offer| offer["id"].clone()).collect();
        // One of the first page and the first of the second go away between the pages.
        hold(&house, seen[1].as_str().unwrap()).await;
        let gone = before[seen.len()].clone();
        hold(&house, gone.as_str().unwrap()).await;
        let next = first["next_cursor"].as_str().unwrap();
        let size = if path.contains("limit=20") { 21 } else { 6 };
        let path = path.replace("limit=20", "limit=21").replace("limit=5", "limit=6");
        let second = partner.get(&format!("{path}&cursor={next}")).await.json();
        let went: Vec<_> = second["items"].as_array().unwrap().iter().map(|offer| offer["id"].clone()).collect();
        let wanted: Vec<_> = before[seen.len() + 1..].iter().take(size).cloned().collect();
        assert_eq!(went, wanted, "{path}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_supplier_shows_its_own_offers_and_related_ones_are_of_the_same_category() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let first = partner.get("/v1/offers?limit=1&sort=sold").await.json()["items"][0].clone();
    let supplier = first["supplier"]["id"].as_str().unwrap();
    let count = partner.get(&format!("/v1/suppliers/{supplier}")).await.json()["offers"].clone();
    let own = all(&partner, &format!("/v1/suppliers/{supplier}/offers?limit=50&language=ja")).await;
    assert_eq!(json!(own.len()), count);
    assert!(own.iter().all(|offer| offer["supplier"]["id"] == supplier));
    let related = partner.get(&format!("/v1/offers/{}/related?limit=5", first["id"].as_str().unwrap())).await.json();
    let related = related["items"].as_array().unwrap();
    assert!(
        !related.is_empty()
            && related.iter().all(|offer| offer["id"] != first["id"] && offer["category_id"] == first["category_id"])
    );
    house.close().await;
}

#[actix_web::test]
async fn a_category_tells_its_children_and_properties_in_the_language() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let root = partner.get("/v1/categories/10?language=en").await.json();
    assert!(root["children"].as_array().unwrap().iter().all(|child| child["parent_id"] == "10"), "{root}");
    let leaf = partner.get("/v1/categories/1001?language=en").await.json();
    assert_eq!((leaf["parent_id"].clone(), leaf["children"].clone()), (json!("10"), json!([])));
    let named = |name: &str| leaf["attributes"].as_array().unwrap().iter().find(|one| one["name"] == name).cloned();
    let material = named("material").unwrap();
    assert!(
        material["values"]
            .as_array()
            .unwrap()
            .iter()
            .any(|value| value["value"] == "cotton" && value["value_original"] == "纯棉"),
        "{material}"
    );
    assert_eq!(material["of_variants"], false);
    house.close().await;
}

#[actix_web::test]
async fn pools_rankings_keywords_and_trends_add_up() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let pools = partner.get("/v1/pools?language=ja").await.json();
    for pool in pools["items"].as_array().unwrap() {
        let id = pool["id"].as_str().unwrap();
        let page = partner.get(&format!("/v1/pools/{id}/offers?language=ja")).await.json();
        assert_eq!(page["total"], pool["offers"], "{pool}");
        assert_ne!(pool["name"], pool["name_original"]);
    }
    let sold = partner.get("/v1/rankings?by=sold&limit=50").await.json();
    let sold: Vec<_> =
        sold["items"].as_array().unwrap().iter().map(|offer| offer["sold_30d"].as_u64().unwrap()).collect();
    assert!(sold.len() == 50 && sold.is_sorted_by(|one, next| one >= next));
    let rising = partner.get("/v1/rankings?by=rising&limit=1").await.json()["items"][0].clone();
    let trend = partner.get(&format!("/v1/offers/{}/trends?currency=JPY", rising["id"].as_str().unwrap())).await.json();
    let days: Vec<_> = trend["days"].as_array().unwrap().iter().map(|day| day["sold"].as_u64().unwrap()).collect();
    assert_eq!(days.len(), 90);
    let last = |count: usize| days.iter().rev().take(count).sum::<u64>();
    assert_eq!((json!(last(30)), json!(last(7))), (rising["sold_30d"].clone(), rising["sold_7d"].clone()));
    assert_eq!(trend["median_price"]["currency"], "JPY");
    let keywords = partner.get("/v1/trends/keywords?by=rising&language=ko&limit=50").await.json();
    let rises: Vec<_> =
        keywords["items"].as_array().unwrap().iter().map(|one| one["rise_percent"].as_i64().unwrap()).collect();
    assert!(rises.len() > 10 && rises.is_sorted_by(|one, next| one >= next), "{rises:?}");
    house.close().await;
}

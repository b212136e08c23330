//! Freight estimates: they are what orders are charged; where to by warehouse, code or address; and on to another country.

use serde_json::{Value, json};
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Partner, pointers, problem};
use crate::nodes::until;

const PATH: &str = "/v1/freight-estimates";

fn figure(price: &Value) -> rust_decimal::Decimal {
    price["amount"].as_str().unwrap().parse().unwrap()
}

/// Lines that can be ordered to Japan, of as many suppliers as there are.
async fn lines(partner: &Partner, most: usize) -> Vec<Value> {
    let found = partner.get("/v1/offers?limit=50&sort=sold&ship_to=JP").await.json();
    let mut lines = Vec::new();
    for summary in found["items"].as_array().unwrap() {
        let offer = partner.get(&format!("/v1/offers/{}", summary["id"].as_str().unwrap())).await.json();
        let least = offer["minimum_order"].as_u64().unwrap();
        let step = offer["order_multiple"].as_u64().unwrap_or(1).max(1);
        let quantity = least.div_ceil(step) * step;
        let sku = offer["skus"].as_array().unwrap().iter().find(|sku| sku["stock"].as_u64().unwrap() > 3 * quantity);
        if let Some(sku) = sku {
            lines.push(json!({"sku_id": sku["id"], "offer_id": offer["id"], "quantity": quantity}));
        }
        if lines.len() == most {
            break;
        }
    }
    lines
}

fn bare(lines: &[Value]) -> Vec<Value> {
    lines.iter().map(|line| json!({"sku_id": line["sku_id"], "quantity": line["quantity"]})).collect()
}

async fn estimate(partner: &Partner, currency: &str, body: Value) -> Value {
    let answer = partner.post(&format!("{PATH}?currency={currency}"), body).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    answer.json()
}

#[actix_web::test]
async fn an_estimate_is_what_the_quote_and_then_the_order_are_charged() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let lines = lines(&partner, 20).await;
    let estimated = estimate(&partner, "JPY", json!({"lines": lines, "warehouse": "GZ01"})).await;
    assert_eq!(estimated["problems"], json!([]));
    assert_eq!((&estimated["to"]["region_code"], &estimated["to"]["warehouse"]), (&json!("440111"), &json!("GZ01")));
    let wish = json!({"lines": bare(&lines), "warehouse": "GZ01", "currency": "JPY"});
    let quoted = partner.post("/v1/quotes", wish).await.json();
    let quotes = quoted["quotes"].as_array().unwrap();
    let loads = estimated["loads"].as_array().unwrap();
    assert_eq!(loads.len(), quotes.len());
    for load in loads {
        let quote = quotes.iter().find(|quote| quote["supplier"]["id"] == load["supplier_id"]).unwrap();
        for part in ["goods", "freight", "total"] {
            let cny = |of: &Value| of[part]["cny"].as_str().unwrap().to_owned();
            assert_eq!(cny(load), cny(quote), "{part} of {load}");
        }
    }
    let by: std::collections::HashSet<_> = loads.iter().map(|load| load["terms"]["by"].as_str().unwrap()).collect();
    assert!(by.len() > 1, "suppliers count by more than one thing: {by:?}");
    let quote = &quotes[0];
    let order =
        partner.post_once("/v1/orders", "key-PO-1", json!({"reference": "PO-1", "quote_id": quote["id"]})).await;
    assert_eq!(order.status, 201, "{}", order.json());
    let load = loads.iter().find(|load| load["supplier_id"] == quote["supplier"]["id"]).unwrap();
    assert_eq!(order.json()["freight"]["cny"], load["freight"]["cny"]);
    // Parts make up their sums in the currency they are shown in.
    let sum = |part: &str| loads.iter().map(|load| figure(&load[part])).sum::<rust_decimal::Decimal>();
    assert_eq!((sum("goods"), sum("freight")), (figure(&estimated["goods"]), figure(&estimated["freight"])));
    assert_eq!(sum("total"), figure(&estimated["total"]));
    house.close().await;
}

#[actix_web::test]
async fn an_offer_alone_will_do_and_what_cannot_be_had_is_told_beside_the_rest() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let mut wanted = lines(&partner, 3).await;
    let first = wanted[0].clone();
    wanted[0].as_object_mut().unwrap().remove("sku_id");
    let held = wanted[2]["offer_id"].as_str().unwrap().to_owned();
    house.tell_catalogue(&format!("/control/goods/{held}"), json!({"state": "held"})).await;
    wanted[2].as_object_mut().unwrap().remove("sku_id");
    wanted.push(json!({"sku_id": "1", "quantity": 1}));
    let told = estimate(&partner, "CNY", json!({"lines": wanted})).await;
    assert_eq!(told["to"]["warehouse"], "YW01", "the usual one");
    let problems: Vec<_> = told["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["pointer"].as_str().unwrap(), one["code"].as_str().unwrap()))
        .collect();
    assert_eq!(problems, [("#/lines/2", "offer_held"), ("#/lines/3", "sku_not_found")]);
    let sent: Vec<_> =
        told["loads"].as_array().unwrap().iter().flat_map(|load| load["lines"].as_array().unwrap()).collect();
    assert!(sent.iter().any(|line| line["offer_id"] == first["offer_id"]) && sent.len() == 2, "{told}");
    let nothing = estimate(&partner, "JPY", json!({"lines": [{"offer_id": held, "quantity": 1}]})).await;
    assert_eq!((&nothing["loads"], &nothing["total"]["amount"]), (&json!([]), &json!("0")));
    let mut wrong = bare(&[first]);
    wrong[0]["offer_id"] = wanted[1]["offer_id"].clone();
    let refused = partner.post(PATH, json!({"lines": wrong})).await;
    assert_eq!(
        (problem(&refused), pointers(&refused)),
        ("invalid_request".into(), vec!["#/lines/0/offer_id".to_owned()])
    );
    house.close().await;
}

#[actix_web::test]
async fn a_place_is_given_by_code_or_address_and_what_may_be_several_is_asked_back() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let lines = bare(&lines(&partner, 12).await);
    let to = async |place: Value| {
        let mut body = json!({"lines": lines});
        body.as_object_mut().unwrap().extend(place.as_object().unwrap().clone());
        partner.post(PATH, body).await
    };
    let near = to(json!({"address": "浙江省金华市义乌市后宅街道集运路18号"})).await.json();
    assert_eq!(
        near["to"],
        json!({"region_code": "330782", "level": "district", "name": "浙江省金华市义乌市", "warehouse": null,
               "address_rest": "后宅街道集运路18号"})
    );
    let same = to(json!({"warehouse": "YW01"})).await.json();
    assert_eq!(
        (&same["loads"], &same["to"]["name"]),
        (&near["loads"], &near["to"]["name"]),
        "it is where the warehouse is"
    );
    let city = to(json!({"region_code": "330799"})).await.json();
    assert_eq!((&city["to"]["name"], &city["to"]["level"]), (&json!("浙江省金华市"), &json!("district")));
    let latin = to(json!({"address": "No. 18 Jiyun Road, Yiwu, Zhejiang, China"})).await.json();
    assert_eq!(
        (&latin["to"]["region_code"], &latin["to"]["address_rest"]),
        (&json!("330782"), &json!("No. 18 Jiyun Road"))
    );
    assert_eq!(latin["freight"], near["freight"]);
    let far = to(json!({"address": "新疆 乌鲁木齐"})).await.json();
    assert_eq!(far["to"]["region_code"], "650100");
    assert_eq!(far["goods"], near["goods"]);
    assert!(figure(&far["freight"]) > figure(&near["freight"]), "the road is longer");
    let several = to(json!({"address": "吉林"})).await;
    assert_eq!((several.status, problem(&several).as_str()), (409, "address_ambiguous"));
    let candidates = several.json()["candidates"].clone();
    let codes: Vec<_> = candidates.as_array().unwrap().iter().map(|one| one["region_code"].as_str().unwrap()).collect();
    assert_eq!((codes, pointers(&several)), (vec!["220000", "220200"], vec!["#/address".to_owned()]));
    assert_eq!(to(json!({"region_code": candidates[1]["region_code"]})).await.json()["to"]["name"], "吉林省吉林市");
    let over_sea = to(json!({"address": "台湾省台北市"})).await;
    assert_eq!((over_sea.status, problem(&over_sea).as_str()), (409, "region_not_served"));
    house.close().await;
}

#[actix_web::test]
async fn up_to_a_border_every_part_says_how_it_was_reckoned_by_whom_and_when_and_they_make_up_the_total() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let mut wanted = lines(&partner, 4).await;
    for line in &mut wanted {
        line["quantity"] = json!(line["quantity"].as_u64().unwrap() * 3);
    }
    wanted[0]["hs_code"] = json!("6404.19");
    wanted[1]["hs_code"] = json!("12");
    let body = json!({"lines": wanted, "destination": {"country": "JP"}});
    let told = estimate(&partner, "KWD", body).await;
    let options = told["landed"].as_array().unwrap();
    assert_eq!(options.len(), 2);
    for option in options {
        assert_eq!((&option["estimate"], &option["country"]), (&json!(true), &json!("JP")));
        let parts = option["components"].as_array().unwrap();
        let kinds: Vec<_> = parts.iter().map(|part| part["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["goods", "domestic_freight", "international_freight", "duty", "tax"]);
        let sum: rust_decimal::Decimal = parts.iter().map(|part| figure(&part["amount"])).sum();
        assert_eq!(sum, figure(&option["total"]), "{option}");
        let sources: Vec<_> = parts.iter().map(|part| part["source"].as_str().unwrap()).collect();
        assert_eq!(sources, ["catalogue", "catalogue", "embedded", "embedded", "embedded"]);
        assert!(
            parts
                .iter()
                .all(|part| part["date"].as_str().unwrap().len() == 10 && part["basis"].as_str().unwrap().len() > 10)
        );
        assert_eq!(
            (&parts[0]["amount"]["cny"], &parts[1]["amount"]["cny"]),
            (&told["goods"]["cny"], &told["freight"]["cny"])
        );
    }
    assert!(figure(&options[0]["total"]) <= figure(&options[1]["total"]), "the cheapest first");
    let air = json!({"lines": wanted, "destination": {"country": "JP", "line": "jp-air"}});
    assert_eq!(estimate(&partner, "CNY", air).await["landed"].as_array().unwrap().len(), 1);
    assert!(estimate(&partner, "CNY", json!({"lines": wanted})).await["landed"].is_null());
    // Figures for trying things out are not told to live keys.
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let refused = live.post(PATH, json!({"lines": wanted, "destination": {"country": "JP"}})).await;
    assert_eq!((problem(&refused), pointers(&refused)), ("invalid_request".into(), vec!["#/destination".to_owned()]));
    house.close().await;
}

#[actix_web::test]
async fn whatever_is_wrong_is_told_by_its_place_with_what_would_be_right() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let line = json!({"sku_id": "6109475723601", "quantity": 1});
    let long = "浙".repeat(201);
    for (body, pointer, says) in [
        (json!({"lines": []}), "#/lines", "1 to 50"),
        (json!({"lines": vec![line.clone(); 51]}), "#/lines", "1 to 50"),
        (json!({"lines": [{"quantity": 1}]}), "#/lines/0", "sku_id, offer_id"),
        (json!({"lines": [{"sku_id": "x", "quantity": 1}]}), "#/lines/0/sku_id", ""),
        (json!({"lines": [{"offer_id": "007", "quantity": 1}]}), "#/lines/0/offer_id", ""),
        (json!({"lines": [{"sku_id": "7", "quantity": 0}]}), "#/lines/0/quantity", "1 to 1000000"),
        (json!({"lines": [{"sku_id": "7", "quantity": 1, "hs_code": "77"}]}), "#/lines/0/hs_code", "01 to 97"),
        (json!({"lines": [line.clone(), line.clone()]}), "#/lines/1", "earlier line"),
        (json!({"lines": [line], "warehouse": "yw"}), "#/warehouse", "YW01"),
        (json!({"lines": [line], "warehouse": "XX99"}), "#/warehouse", "GZ01"),
        (json!({"lines": [line], "region_code": "33"}), "#/region_code", "six digits"),
        (json!({"lines": [line], "region_code": "339900"}), "#/region_code", "no city"),
        (json!({"lines": [line], "address": "Shibuya"}), "#/address", "浙江省"),
        (json!({"lines": [line], "address": long}), "#/address", "200"),
        (json!({"lines": [line], "warehouse": "YW01", "address": "浙江省"}), "#/address", "only one"),
        (json!({"lines": [line], "warehouse": "YW01", "region_code": "330000"}), "#/region_code", "only one"),
        (json!({"lines": [line], "destination": {"country": "Japan"}}), "#/destination/country", "two-letter"),
        (json!({"lines": [line], "destination": {"country": "BR"}}), "#/destination/country", "JP"),
        (json!({"lines": [line], "destination": {"country": "JP", "line": "x"}}), "#/destination/line", "jp-air"),
        (json!({"lines": [line], "colour": 1}), "#/colour", ""),
    ] {
        let answer = partner.post(PATH, body.clone()).await;
        assert_eq!((problem(&answer).as_str(), answer.status), ("invalid_request", 400), "{body}: {}", answer.json());
        let told = answer.json()["errors"].as_array().unwrap().clone();
        let place = told.iter().find(|one| one["pointer"] == pointer).unwrap_or_else(|| panic!("{body}: {told:?}"));
        let detail = place["detail"].as_str().unwrap().to_lowercase();
        assert!(detail.contains(&says.to_lowercase()), "{body}: {place}");
    }
    let none = partner.post(&format!("{PATH}?currency=yen"), json!({"lines": [line]})).await;
    assert_eq!(problem(&none), "unknown_currency");
    house.close().await;
}

#[actix_web::test]
async fn landed_costs_follow_their_file_and_a_bad_one_changes_nothing_but_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lines.toml");
    let tables = include_str!("../../src/landed/default.toml");
    std::fs::write(&file, tables).unwrap();
    let house = House::with(&[("LANDED__TABLES", file.to_str().unwrap())]).await;
    let partner = house.partner("acme").await;
    let lines = bare(&lines(&partner, 1).await);
    let wish = json!({"lines": lines, "destination": {"country": "JP", "line": "jp-air"}});
    let road = async || estimate(&partner, "CNY", wish.clone()).await["landed"][0].clone();
    let behind = async || {
        let text = crate::harness::plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find(|line| line.starts_with("xunyuan_landed_is_behind")).unwrap().to_owned();
        line.ends_with(" 1")
    };
    let before = road().await;
    // Dearer at the least, and of another day: it is taken over without a restart.
    let dearer =
        tables.replacen("minimum = \"80.00\"", "minimum = \"9999.00\"", 1).replacen("2026-11-20", "2026-11-23", 1);
    std::fs::write(&file, format!("{dearer}\n# new prices\n")).unwrap();
    until("the new prices are used", async || road().await["total"] != before["total"]).await;
    let after = road().await;
    assert!(!behind().await);

    std::fs::write(&file, "date = \"tomorrow\"").unwrap();
    until("it is told", async || behind().await).await;
    assert_eq!(road().await, after, "the last good ones stay in use");
    std::fs::write(&file, tables).unwrap();
    until("it is mended", async || !behind().await).await;
    until("the old prices are back", async || road().await["total"] == before["total"]).await;
    house.close().await;
}

#[actix_web::test]
async fn an_estimate_is_kept_until_the_goods_move() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let wanted = lines(&partner, 2).await;
    let body = json!({"lines": bare(&wanted), "region_code": "440300"});
    let first = estimate(&partner, "CNY", body.clone()).await;
    assert_eq!(estimate(&partner, "JPY", body.clone()).await["goods"]["cny"], first["goods"]["amount"]);
    let stats = house.ask_catalogue("/control/stats").await;
    assert_eq!(stats["data"]["calls"]["GET /trade/freight"], 1, "one document serves every currency: {stats}");
    let id = wanted[0]["offer_id"].as_str().unwrap();
    house.tell_catalogue(&format!("/control/goods/{id}"), json!({"price": "+50%"})).await;
    for _ in 0..400 {
        if estimate(&partner, "CNY", body.clone()).await["goods"] != first["goods"] {
            house.close().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the new price is never shown");
}

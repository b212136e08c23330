//! Prices in other currencies: what they are made of, a plan's margin on them, rates that are too old; and the rules of
//! quantities that a quote holds its lines to.

use std::io::Write;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use xunyuan::clock::Clock;
use xunyuan::model::partner::{Mode, Scopes};

use crate::harness::{House, Partner, plain, pointers, problem};
use crate::nodes::{at, beside, until};

const DAY_MS: i64 = 86_400_000;
/// No digit, two, three and four, and rates of every size.
const TABLE: &str = "JPY,21.05\nUSD,0.1406\nKWD,0.0432\nCLF,0.003319\nVND,3700.5\nIDR,2345.6\nXOF,83.1\n";

fn rates(clock: &Clock) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let today = clock.now().to_zoned(TimeZone::UTC).date();
    write!(file, "# date: {today}\n# source: bank\n{TABLE}").unwrap();
    file
}

fn figure(price: &Value) -> rust_decimal::Decimal {
    price["amount"].as_str().unwrap().parse().unwrap()
}

/// Offers in full that can be bought, with one variant of which there is plenty and the quantity to ask for.
async fn goods(partner: &Partner, most: usize) -> Vec<(Value, Value, u64)> {
    let found = partner.get("/v1/offers?limit=50&sort=sold").await.json();
    let mut goods = Vec::new();
    for summary in found["items"].as_array().unwrap() {
        let offer = partner.get(&format!("/v1/offers/{}", summary["id"].as_str().unwrap())).await.json();
        let least = offer["minimum_order"].as_u64().unwrap();
        let step = offer["order_multiple"].as_u64().unwrap_or(1).max(1);
        let quantity = least.div_ceil(step) * step;
        let free = !offer["restricted_countries"].as_array().unwrap().contains(&json!("JP"));
        let sku = offer["skus"].as_array().unwrap().iter().find(|sku| sku["stock"].as_u64().unwrap() > 3 * quantity);
        if let (Some(sku), true) = (sku.cloned(), free) {
            goods.push((offer, sku, quantity));
        }
        if goods.len() == most {
            break;
        }
    }
    goods
}

#[actix_web::test]
async fn in_every_currency_a_quotes_lines_make_up_its_total_and_each_price_says_what_it_was_made_of() {
    let file = rates(&Clock::System);
    let house = House::with(&[("RATES__SOURCE", file.path().to_str().unwrap())]).await;
    let partner = house.partner("acme").await;
    let wanted: Vec<_> =
        goods(&partner, 8).await.into_iter().map(|(_, sku, n)| json!({"sku_id": sku["id"], "quantity": n})).collect();
    for (currency, digits) in [("JPY", 0), ("USD", 2), ("KWD", 3), ("CLF", 4), ("VND", 0), ("XOF", 0), ("CNY", 2)] {
        let quoted = partner.post("/v1/quotes", json!({"lines": wanted, "currency": currency})).await;
        assert_eq!(quoted.status, 201, "{}", quoted.json());
        for quote in quoted.json()["quotes"].as_array().unwrap() {
            let sum: rust_decimal::Decimal =
                quote["lines"].as_array().unwrap().iter().map(|line| figure(&line["amount"])).sum();
            assert_eq!(sum, figure(&quote["goods"]), "{quote}");
            assert_eq!(figure(&quote["goods"]) + figure(&quote["freight"]), figure(&quote["total"]), "{quote}");
            assert_eq!(figure(&quote["total"]).scale(), digits, "{quote}");
            if currency != "CNY" {
                assert_eq!(
                    (&quote["total"]["rate_source"], &quote["exchange"]["source"]),
                    (&json!("bank"), &json!("bank"))
                );
                assert_eq!(quote["total"]["rate_date"], quote["exchange"]["date"]);
                assert!(quote["total"]["rate_margin_percent"].is_null() && quote["total"]["rate_stale"].is_null());
            }
        }
    }
    let unknown = partner.post("/v1/quotes", json!({"lines": wanted, "currency": "EUR"})).await;
    assert_eq!((problem(&unknown), pointers(&unknown)), ("unknown_currency".into(), vec!["#/currency".to_owned()]));
    let none = partner.post("/v1/quotes", json!({"lines": wanted, "currency": "HRK"})).await;
    assert_eq!((problem(&none), pointers(&none)), ("unknown_currency".into(), vec!["#/currency".to_owned()]));
    house.close().await;
}

#[actix_web::test]
async fn a_rate_that_is_too_old_is_said_in_answers_and_refused_in_quotes_until_there_is_a_newer_one() {
    let file = rates(&Clock::System);
    let house = House::with(&[("RATES__SOURCE", file.path().to_str().unwrap()), ("RATES__REFRESH_S", "10")]).await;
    let partner = house.partner("acme").await;
    let (offer, sku, quantity) = goods(&partner, 1).await.remove(0);
    let path = format!("/v1/offers/{}?currency=JPY", offer["id"].as_str().unwrap());
    let price = async |path: &str| partner.get(path).await.json()["price"]["from"].clone();
    let fresh = price(&path).await;
    assert!(fresh["rate_stale"].is_null() && fresh["rate_date"].is_string(), "{fresh}");
    house.clock.advance_ms(8 * DAY_MS);
    let old = price(&path).await;
    assert_eq!((&old["rate_stale"], &old["amount"]), (&json!(true), &fresh["amount"]), "{old}");
    let wish = |currency: &str| json!({"lines": [{"sku_id": sku["id"], "quantity": quantity}], "currency": currency});
    let refused = partner.post("/v1/quotes", wish("JPY")).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (503, "rate_stale"));
    assert!(!refused.field("retry-after").is_empty());
    assert_eq!(partner.post("/v1/quotes", wish("CNY")).await.status, 201);
    // What a bank says of a day that is gone, or of yen that are worth ten times as much, is not taken over …
    let today = house.clock.now().to_zoned(TimeZone::UTC).date();
    std::fs::write(file.path(), format!("# date: {today}\n# source: bank\nJPY,2.105\n")).unwrap();
    assert!(house.running.house.rates.refresh().await.is_err());
    assert_eq!(price(&path).await["rate"], fresh["rate"]);
    let told = plain().get(house.ops("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!told.contains("xunyuan_rates_failures_total 0"), "and it is told");
    // … and what can be is, at once.
    std::fs::write(file.path(), format!("# date: {today}\n# source: bank\nJPY,22\n")).unwrap();
    assert!(house.running.house.rates.refresh().await.is_ok());
    assert_eq!(price(&path).await["rate"], "22");
    let quoted = partner.post("/v1/quotes", wish("JPY")).await;
    assert_eq!(quoted.status, 201, "{}", quoted.json());
    house.close().await;
}

#[actix_web::test]
async fn a_quotes_line_tells_the_price_tier_that_all_variants_together_reached_and_the_order_keeps_it() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let found = partner.get("/v1/offers?limit=50&sort=sold").await.json();
    for summary in found["items"].as_array().unwrap() {
        let offer = partner.get(&format!("/v1/offers/{}?currency=JPY", summary["id"].as_str().unwrap())).await.json();
        let skus: Vec<_> = offer["skus"].as_array().unwrap().iter().collect();
        let [first, second, ..] = skus.as_slice() else { continue };
        let tiers = first["price_tiers"].as_array().unwrap();
        let free = offer["restricted_countries"] == json!([]) && offer["order_multiple"].is_null();
        let Some(next) = tiers.get(1).map(|tier| tier["from_quantity"].as_u64().unwrap()) else { continue };
        let in_stock = [first, second].iter().all(|sku| sku["stock"].as_u64().unwrap() > next);
        if !free || !in_stock || next < 3 {
            continue;
        }
        let wish = |lines: Value| json!({"lines": lines, "currency": "JPY"});
        let quote = async |lines: Value| {
            let quoted = partner.post("/v1/quotes", wish(lines)).await;
            assert_eq!(quoted.status, 201, "{}", quoted.json());
            quoted.json()["quotes"][0].clone()
        };
        let below = quote(json!([{"sku_id": first["id"], "quantity": next - 1}])).await;
        assert_eq!(below["lines"][0]["price_tier"]["from_quantity"], tiers[0]["from_quantity"], "{below}");
        assert_eq!(below["lines"][0]["price_tier"]["price"]["amount"], tiers[0]["price"]["amount"], "{below}");
        let both = json!([{"sku_id": first["id"], "quantity": next - 1}, {"sku_id": second["id"], "quantity": 1}]);
        let reached = quote(both).await;
        for (line, sku) in reached["lines"].as_array().unwrap().iter().zip([first, second]) {
            let tier = &sku["price_tiers"][1];
            assert_eq!(line["price_tier"]["from_quantity"], next, "{reached}");
            assert_eq!(line["price_tier"]["price"]["amount"], tier["price"]["amount"], "{reached}");
            assert_eq!(line["price_tier"]["price"], line["unit_price"]);
        }
        let kept = partner.get(&format!("/v1/quotes/{}", reached["id"].as_str().unwrap())).await.json();
        assert_eq!(kept["lines"], reached["lines"]);
        let body = json!({"reference": "PO-1", "quote_id": reached["id"]});
        let placed = partner.post_once("/v1/orders", "key-PO-1", body).await.json();
        assert_eq!(placed["lines"][0]["price_tier"]["from_quantity"], next, "{placed}");
        return house.close().await;
    }
    panic!("no offer has two variants and two tiers");
}

#[actix_web::test]
async fn a_plans_margin_is_in_its_partners_prices_and_quotes_on_every_node_and_in_nobody_elses() {
    let house = House::open().await;
    let directory = &house.running.house.directory;
    directory.create_plan("gold", "enterprise", "test").await.unwrap();
    let acme = house.partner("acme").await;
    let rich = house.partner_with("rich", "gold", Mode::Sandbox, Scopes::all()).await;
    let other = beside(&house, &house.clock).await;
    let there = at(other.address, &rich, &house.clock);
    let (offer, sku, quantity) = goods(&acme, 1).await.remove(0);
    let path = format!("/v1/offers/{}?currency=JPY", offer["id"].as_str().unwrap());
    let plain = acme.get(&path).await.json();
    assert_eq!(rich.get(&path).await.json(), plain);
    let wish = json!({"lines": [{"sku_id": sku["id"], "quantity": quantity}], "currency": "JPY"});
    let before = rich.post("/v1/quotes", wish.clone()).await.json()["quotes"][0].clone();
    directory.set_margin("gold", "10".parse().unwrap(), "test").await.unwrap();
    let dear = rich.get(&path).await.json();
    let rate = |offer: &Value| offer["price"]["to"]["rate"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap();
    assert_eq!(rate(&dear), rate(&plain) * rust_decimal::Decimal::new(11, 1));
    assert_eq!(
        (&dear["price"]["to"]["rate_margin_percent"], &dear["price"]["to"]["cny"]),
        (&json!("10"), &plain["price"]["to"]["cny"])
    );
    assert_eq!(rich.get("/v1/me").await.json()["margin_percent"], "10");
    assert_eq!(acme.get("/v1/me").await.json()["margin_percent"], "0");
    let chen = crate::console::Browser::of(&house, "chen", xunyuan::ops::staff::Role::Viewer).await;
    chen.get("/console/partners/rich").await.says("with a margin of 10 %");
    chen.get("/console/partners/acme").await.says("with no margin");
    assert_eq!(acme.get(&path).await.json(), plain, "what is kept for one is not shown to another");
    let plain_path = path.replace("JPY", "CNY");
    assert_eq!(rich.get(&plain_path).await.json(), acme.get(&plain_path).await.json());
    until("the other node follows", async || there.get(&path).await.json() == dear).await;
    let quote = there.post("/v1/quotes", wish.clone()).await.json()["quotes"][0].clone();
    assert_eq!((&quote["exchange"]["margin_percent"], &quote["total"]["cny"]), (&json!("10"), &before["total"]["cny"]));
    assert!(figure(&quote["total"]) > figure(&before["total"]));
    let kept = rich.get(&format!("/v1/quotes/{}", before["id"].as_str().unwrap())).await.json();
    assert_eq!(kept["total"], before["total"], "a quote keeps the rate it was made at");
    let again = rich.get(&format!("/v1/quotes/{}", quote["id"].as_str().unwrap())).await.json();
    assert_eq!(again, quote);
    // A price bound is one of the shown price: the same yen let in less of the catalogue.
    let bound = dear["price"]["from"]["amount"].as_str().unwrap();
    let cheap = rich.get(&format!("/v1/offers?currency=JPY&limit=50&price_max={bound}")).await.json();
    let most = bound.parse::<rust_decimal::Decimal>().unwrap();
    assert!(cheap["items"].as_array().unwrap().iter().all(|item| figure(&item["price"]["from"]) <= most));
    other.stop().await;
    house.close().await;
}

/// The variants of a supplier that takes mixed orders, with their smallest quantities, and its rule.
async fn mixing(partner: &Partner) -> (Vec<(Value, u64, u64)>, Value) {
    let found = partner.get("/v1/offers?limit=50&sort=sold").await.json();
    for summary in found["items"].as_array().unwrap() {
        let offer = partner.get(&format!("/v1/offers/{}", summary["id"].as_str().unwrap())).await.json();
        if offer["mixed_order"].is_null() || offer["minimum_order"].as_u64().unwrap() < 2 {
            continue;
        }
        let supplier = summary["supplier"]["id"].as_str().unwrap();
        let own = partner.get(&format!("/v1/suppliers/{supplier}/offers?limit=50")).await.json();
        let mut skus = Vec::new();
        for item in own["items"].as_array().unwrap() {
            let one = partner.get(&format!("/v1/offers/{}", item["id"].as_str().unwrap())).await.json();
            assert_eq!(one["mixed_order"], offer["mixed_order"], "it is the supplier's rule");
            let open = !one["restricted_countries"].as_array().unwrap().contains(&json!("JP"));
            if !open || one["order_multiple"].is_u64() {
                continue;
            }
            let least = one["minimum_order"].as_u64().unwrap();
            for sku in one["skus"].as_array().unwrap() {
                skus.push((sku["id"].clone(), least, sku["stock"].as_u64().unwrap()));
            }
        }
        let small = skus.iter().filter(|(_, least, stock)| *least > 1 && *stock > 500).count();
        let large = skus.iter().filter(|(_, _, stock)| *stock > 500).count();
        if small > 0 && large > 1 {
            return (skus, offer["mixed_order"].clone());
        }
    }
    panic!("nobody takes mixed orders");
}

#[actix_web::test]
async fn a_mixed_order_needs_no_minimum_and_a_line_that_is_too_small_says_what_would_do() {
    let house =
        House::over(xunyuan::sandbox::Settings { offers: 3_000, ..crate::harness::sandbox_settings() }, &[]).await;
    let partner = house.partner("acme").await;
    let (skus, rule) = mixing(&partner).await;
    let small = skus.iter().find(|(_, least, stock)| *least > 1 && *stock > 500).unwrap();
    let other = skus.iter().find(|(id, _, stock)| *stock > 500 && *id != small.0).unwrap();
    let quote = async |lines: Value| partner.post("/v1/quotes", json!({"lines": lines, "currency": "JPY"})).await;
    let alone = quote(json!([{"sku_id": small.0, "quantity": 1}])).await;
    assert_eq!(problem(&alone), "nothing_to_quote");
    let told = alone.json()["problems"][0].clone();
    assert_eq!((&told["code"], &told["minimum_order"]), (&json!("below_minimum_order"), &json!(small.1)));
    let mixed = &told["mixed_order"];
    assert_eq!((&mixed["min_pieces"], &mixed["pieces"]), (&rule["min_pieces"], &json!(1)), "{told}");
    assert_eq!(mixed["min_amount"]["amount"], rule["min_amount"]["amount"]);
    assert!(mixed["amount"]["amount"].is_string() && told["detail"].as_str().unwrap().contains("together"), "{told}");
    // With enough pieces of another SKU it is a mixed order: the small line is sold at the price of the first tier.
    let pieces = rule["min_pieces"].as_u64().unwrap().max(other.1);
    let lines = json!([{"sku_id": small.0, "quantity": 1}, {"sku_id": other.0, "quantity": pieces}]);
    let quoted = quote(lines).await;
    assert_eq!((quoted.status, &quoted.json()["problems"]), (201, &json!([])), "{}", quoted.json());
    assert_eq!(quoted.json()["quotes"][0]["lines"].as_array().unwrap().len(), 2);
    let order = json!({"reference": "PO-mixed", "quote_id": quoted.json()["quotes"][0]["id"]});
    let placed = partner.post_once("/v1/orders", "key-PO-mixed", order).await;
    assert_eq!((placed.status, &placed.json()["state"]), (201, &json!("awaiting_payment")), "{}", placed.json());
    house.close().await;
}

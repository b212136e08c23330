//! The redirect: visitors are sent to partners by country, language and weight, nowhere else than where the operator let
//! them; and the orders that come of it are known, each once.

use std::collections::BTreeMap;

use reqwest::redirect::Policy;
use serde_json::{Value, json};
use xunyuan::commands::client::Answer;
use xunyuan::model::partner::{Mode, Scope, Scopes};

use crate::console::Browser;
use crate::harness::{House, Partner, pointers, problem};
use crate::nodes::until;

const HEADER: &str = "x-country";

async fn house() -> House {
    let trusted = "[\"127.0.0.0/8\"]";
    House::with(&[("REFERRALS__COUNTRY_HEADER", HEADER), ("SERVER__TRUSTED_PROXIES", trusted)]).await
}

/// What a visitor's browser is answered: the status, and where it is sent.
async fn visit(
    house: &House,
    path: &str,
    country: &str,
    languages: &str,
) -> (u16, Option<String>, reqwest::header::HeaderMap) {
    let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let asked = client.get(house.url(path)).header(HEADER, country).header("accept-language", languages);
    let answer = asked.send().await.unwrap();
    let location = answer.headers().get("location").map(|location| location.to_str().unwrap().to_owned());
    (answer.status().as_u16(), location, answer.headers().clone())
}

async fn register(house: &House, partner: &str, host: &str) {
    let ledger = &house.running.house.ledger;
    assert!(ledger.set_host("test", &partner.parse().unwrap(), host, true).await.unwrap());
}

/// Offers that are on sale.
async fn offers(partner: &Partner) -> Vec<String> {
    let page = partner.get("/v1/offers?limit=3").await.json();
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn set(partner: &Partner, body: Value) -> Answer {
    partner.send("PUT", "/v1/storefront", body).await
}

fn template(host: &str) -> String {
    format!("https://{host}/offers/{{offer_id}}?ref={{click_id}}&lang={{language}}&from={{country}}")
}

fn host(location: &Option<String>) -> String {
    location
        .as_deref()
        .and_then(|page| page.parse::<url::Url>().ok())
        .and_then(|page| page.host_str().map(str::to_owned))
        .unwrap_or_default()
}

/// The click id in an address.
fn click(location: &Option<String>) -> String {
    let page: url::Url = location.as_deref().unwrap().parse().unwrap();
    page.query_pairs().find(|(name, _)| name == "ref").unwrap().1.into_owned()
}

#[actix_web::test]
async fn a_visitor_is_sent_by_country_language_and_weight() {
    let house = house().await;
    let names = ["japan", "nippon", "world"];
    let mut partners = Vec::new();
    for name in names {
        let partner = house.partner_with(name, "enterprise", Mode::Live, Scopes::all()).await;
        register(&house, name, &format!("{name}.example")).await;
        partners.push(partner);
    }
    let offer = offers(&partners[0]).await[0].clone();
    assert_eq!(visit(&house, &format!("/go/{offer}"), "JP", "ja").await.0, 404, "nobody takes him yet");
    for (partner, body) in partners.iter().zip([
        json!({"template": template("japan.example"), "countries": ["JP"], "weight": 300}),
        json!({"template": template("nippon.example"), "countries": ["JP", "KR"], "languages": ["ja"], "weight": 100}),
        json!({"template": template("world.example")}),
    ]) {
        let answer = set(partner, body).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
    }
    let to = async |country: &str, languages: &str| {
        host(&visit(&house, &format!("/go/{offer}"), country, languages).await.1)
    };
    assert_eq!(to("JP", "ja, en;q=0.5").await, "nippon.example", "his language comes before any");
    assert_eq!(to("JP", "en").await, "japan.example");
    assert_eq!(to("KR", "ko").await, "world.example");
    assert_eq!(to("BR", "pt").await, "world.example");
    assert_eq!(to("nonsense", "ja").await, "world.example", "nobody knows where he is");

    assert_eq!(
        set(&partners[1], json!({"template": template("nippon.example"), "countries": ["JP"], "weight": 100}))
            .await
            .status,
        200
    );
    let mut sent = BTreeMap::new();
    for _ in 0..400 {
        *sent.entry(to("JP", "en").await).or_insert(0) += 1;
    }
    assert!(
        (240..=360).contains(&sent["japan.example"]) && sent["japan.example"] + sent["nippon.example"] == 400,
        "{sent:?}"
    );

    let (status, location, headers) = visit(&house, &format!("/go/{offer}"), "BR", "pt").await;
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (302, "no-store"));
    let page = location.unwrap();
    assert!(
        page.starts_with(&format!("https://world.example/offers/{offer}?ref=")) && page.ends_with("&lang=pt&from=BR"),
        "{page}"
    );
    assert_eq!(visit(&house, &format!("/go/{offer}?mode=sandbox"), "BR", "pt").await.0, 404, "each world has its own");
    house.close().await;
}

#[actix_web::test]
async fn a_storefront_leads_to_registered_hosts_only_and_ends_with_them() {
    let house = house().await;
    let acme = house.partner("acme").await;
    let offer = offers(&acme).await[0].clone();
    assert_eq!(problem(&acme.get("/v1/storefront").await), "storefront_not_found");
    let none = set(&acme, json!({"template": template("shop.example")})).await;
    assert_eq!((problem(&none), pointers(&none)), ("invalid_request".into(), vec!["#/template".into()]));
    register(&house, "acme", "shop.example").await;
    for (body, wanted) in [
        (json!({"template": template("evil.example")}), "#/template"),
        (json!({"template": "https://shop.example@evil.example/{offer_id}?r={click_id}"}), "#/template"),
        (json!({"template": "http://shop.example/{offer_id}?r={click_id}"}), "#/template"),
        (json!({"template": "https://shop.example/{offer_id}"}), "#/template"),
        (json!({"template": template("shop.example"), "countries": ["Japan"]}), "#/countries/0"),
        (json!({"template": template("shop.example"), "languages": ["ja", "xx"]}), "#/languages/1"),
        (json!({"template": template("shop.example"), "weight": 1001}), "#/weight"),
        (json!({"template": template("shop.example"), "hosts": ["evil.example"]}), "#/hosts"),
        (json!({}), "#/template"),
    ] {
        let answer = set(&acme, body.clone()).await;
        assert_eq!((answer.status, pointers(&answer)), (400, vec![wanted.to_owned()]), "{body}");
    }
    let body = json!({"template": template("shop.example"), "countries": ["JP"], "languages": ["ja"], "weight": 7});
    assert_eq!(set(&acme, body).await.json()["version"], 1);
    let read = acme.get("/v1/storefront").await.json();
    assert_eq!((&read["countries"], &read["languages"], &read["weight"]), (&json!(["JP"]), &json!(["ja"]), &json!(7)));
    assert_eq!(host(&visit(&house, &format!("/go/{offer}?mode=sandbox"), "JP", "ja").await.1), "shop.example");

    for (path, pointer) in
        [("/go/007?mode=sandbox", "path:offer_id"), ("/go/7?mode=moon", "query:mode"), ("/go/7?to=x", "query:to")]
    {
        let answer = reqwest::get(house.url(path)).await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = answer.json().await.unwrap();
        assert_eq!((status, told["errors"][0]["pointer"].as_str()), (400, Some(pointer)), "{path}: {told}");
    }
    let ledger = &house.running.house.ledger;
    assert!(ledger.set_host("test", &"acme".parse().unwrap(), "shop.example", false).await.unwrap());
    until("nobody is sent there", async || {
        visit(&house, &format!("/go/{offer}?mode=sandbox"), "JP", "ja").await.0 == 404
    })
    .await;
    assert_eq!(acme.get("/v1/storefront").await.json()["enabled"], false);
    let blind = house.partner_without("blind", &[Scope::WebhooksManage]).await;
    assert_eq!(problem(&set(&blind, json!({"template": "x"})).await), "scope_missing");
    house.close().await;
}

#[actix_web::test]
async fn an_order_that_names_its_click_is_attributed_once_and_clicks_are_counted() {
    let house = house().await;
    let (acme, bolt) = (house.partner("acme").await, house.partner("bolt").await);
    register(&house, "acme", "shop.example").await;
    assert_eq!(set(&acme, json!({"template": template("shop.example")})).await.status, 200);
    let offer = offers(&acme).await[0].clone();
    let mut clicks = Vec::new();
    for country in ["JP", "JP", "KR"] {
        clicks.push(click(&visit(&house, &format!("/go/{offer}?mode=sandbox"), country, "ja").await.1));
    }
    let order = async |partner: &Partner, reference: &str, referral: &str| {
        let quote = partner.quote().await;
        let body = json!({"reference": reference, "quote_id": quote["id"], "referral": referral});
        partner.post_once("/v1/orders", &format!("key-{reference}"), body).await
    };
    let first = order(&acme, "PO-1", &clicks[0]).await;
    assert_eq!(first.status, 201, "{}", first.json());
    let again = order(&acme, "PO-2", &clicks[0]).await;
    assert_eq!(again.status, 201, "the click has its order, and this one is placed all the same");
    let last = if clicks[1].ends_with('A') { 'B' } else { 'A' };
    let altered = format!("{}{last}", &clicks[1][..clicks[1].len() - 1]);
    for (partner, wrong) in [(&bolt, clicks[1].as_str()), (&acme, "invented"), (&acme, altered.as_str())] {
        let refused = order(partner, "PO-3", wrong).await;
        assert_eq!((refused.status, pointers(&refused)), (400, vec!["#/referral".to_owned()]), "{wrong}");
    }
    let counts = async || {
        let counts = house.running.house.ledger.count_referrals(7).await.unwrap();
        let row = |one: &xunyuan::model::referral::ReferralCount| {
            (one.partner.to_string(), one.country.as_ref().map(ToString::to_string), one.clicks, one.orders)
        };
        counts.iter().map(row).collect::<Vec<_>>()
    };
    let wanted =
        vec![("acme".to_owned(), Some("JP".to_owned()), 2, 1), ("acme".to_owned(), Some("KR".to_owned()), 1, 0)];
    until("clicks are counted", async || counts().await == wanted).await;

    house.clock.advance_ms(31 * 86_400_000);
    let late = order(&acme, "PO-4", &clicks[2]).await;
    assert_eq!(late.status, 201, "a click that is too old refuses no order: {}", late.json());
    let counted = house.running.house.ledger.count_referrals(60).await.unwrap();
    assert_eq!(counted.iter().map(|one| one.orders).sum::<u64>(), 1, "and counts for none");
    house.close().await;
}

#[actix_web::test]
async fn a_country_is_believed_from_a_trusted_proxy_only() {
    let house = House::with(&[("REFERRALS__COUNTRY_HEADER", HEADER), ("REFERRALS__COUNTRY", "KR")]).await;
    let acme = house.partner("acme").await;
    let offer = offers(&acme).await[0].clone();
    register(&house, "acme", "shop.example").await;
    assert_eq!(set(&acme, json!({"template": template("shop.example"), "countries": ["JP"]})).await.status, 200);
    assert_eq!(
        visit(&house, &format!("/go/{offer}?mode=sandbox"), "JP", "ja").await.0,
        404,
        "anybody can write a header"
    );
    assert_eq!(set(&acme, json!({"template": template("shop.example"), "countries": ["KR"]})).await.status, 200);
    let page = visit(&house, &format!("/go/{offer}?mode=sandbox"), "JP", "ja").await.1.unwrap();
    assert!(page.ends_with("&from=KR"), "{page}");
    house.close().await;
}

#[actix_web::test]
async fn an_offer_that_is_not_to_be_had_sends_nobody() {
    let house = house().await;
    let acme = house.partner("acme").await;
    let offers = offers(&acme).await;
    let sent = async |offer: &str, country: &str| {
        let asked = format!("{}?mode=sandbox", house.url(&format!("/go/{offer}")));
        let client = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
        let answer = client.get(asked).header(HEADER, country).send().await.unwrap();
        let status = answer.status().as_u16();
        let told: Value = answer.json().await.unwrap_or_default();
        (status, told["code"].as_str().unwrap_or_default().to_owned())
    };
    let (there, held) = ((302, String::new()), (404, "offer_held".to_owned()));
    register(&house, "acme", "shop.example").await;
    assert_eq!(sent(&offers[0], "JP").await, (404, "no_storefront_open".to_owned()));
    assert_eq!(set(&acme, json!({"template": template("shop.example")})).await.status, 200);
    assert_eq!(sent(&offers[0], "JP").await, there);
    let touch = async |what: Value| house.tell_catalogue(&format!("/control/goods/{}", offers[0]), what).await;
    touch(json!({"state": "held", "reason": "infringement"})).await;
    until("it is held", async || sent(&offers[0], "JP").await == held).await;
    touch(json!({"state": "open"})).await;
    until("it is cleared", async || sent(&offers[0], "JP").await == there).await;
    touch(json!({"restrictedCountries": ["JP"]})).await;
    until("it may not be sold there", async || sent(&offers[0], "JP").await == held).await;
    assert_eq!(sent(&offers[0], "KR").await, there, "elsewhere it may");
    assert_eq!(sent("12345678", "JP").await, (404, "offer_foreign".to_owned()));
    house.tell_catalogue("/entry/withdraw", json!({"goodsIds": [offers[1].parse::<i64>().unwrap()]})).await;
    until("it is withdrawn", async || sent(&offers[1], "JP").await == (404, "offer_not_found".to_owned())).await;

    // A catalogue that says nothing keeps no visitor from the shop.
    house
        .tell_catalogue("/control/faults", json!({"match": "/goods/*", "kind": "status", "status": 503, "times": -1}))
        .await;
    assert_eq!(sent(&offers[2], "JP").await, there);
    house.close().await;
}

#[actix_web::test]
async fn the_operator_registers_hosts_and_sees_clicks_orders_and_growth() {
    let house = house().await;
    let acme = house.partner("acme").await;
    let offer = offers(&acme).await[0].clone();
    let run = async |args: &[&str]| house.command(&[&["storefront"], args].concat()).await;
    let (status, told, _) = run(&["add", "acme", "shop.example", "--actor", "li"]).await;
    assert!(status == 0 && told.contains("visitors may be sent to shop.example"), "{told}");
    assert!(run(&["add", "acme", "shop.example"]).await.1.contains("already"));
    assert_eq!(run(&["hosts", "acme"]).await.1, "shop.example\n");
    for wrong in ["127.0.0.1", "localhost", "https://shop.example", "Shop.example"] {
        assert_eq!(run(&["add", "acme", wrong]).await.0, 2, "{wrong}");
    }
    assert_eq!(set(&acme, json!({"template": template("shop.example")})).await.status, 200);
    let go = format!("/go/{offer}?mode=sandbox");
    let first = click(&visit(&house, &go, "JP", "ja").await.1);
    for country in ["JP", "KR"] {
        assert_eq!(visit(&house, &go, country, "ja").await.0, 302);
    }
    let quote = acme.quote().await;
    let body = json!({"reference": "PO-1", "quote_id": quote["id"], "referral": first});
    assert_eq!(acme.post_once("/v1/orders", "key-PO-1", body).await.status, 201);
    let counted = async || {
        let (_, told, _) = run(&["counts", "--json"]).await;
        serde_json::from_str::<Value>(&told).unwrap()
    };
    until("clicks are written", async || counted().await.as_array().unwrap().len() == 2).await;
    let told = counted().await;
    assert_eq!(
        (&told[0]["country"], &told[0]["clicks"], &told[0]["orders"], &told[1]["country"], &told[1]["clicks"]),
        (&json!("JP"), &json!(2), &json!(1), &json!("KR"), &json!(1)),
        "{told}"
    );
    let (_, told, _) = run(&["counts"]).await;
    assert!(told.contains("PARTNER  WORLD    COUNTRY") && told.contains("2 (before: 0)  1 (before: 0)"), "{told}");
    let staff = &house.running.house.console.staff;
    let role = xunyuan::ops::staff::Role::Viewer;
    staff.add("test", &"li".parse().unwrap(), role, "correct horse".to_owned().into()).await.unwrap();
    let (_, token) = staff.issue_token("test", "li", role, "a test", 90).await.unwrap();
    let ask = async || {
        let asked = crate::harness::plain().get(house.ops("/ops/api/referrals")).bearer_auth(&*token);
        asked.send().await.unwrap().json::<Value>().await.unwrap()
    };
    let view = ask().await;
    let (all, rows) = (&view["all"], view["rows"].as_array().unwrap());
    assert_eq!((&all["clicks"], &all["orders"], rows.len()), (&json!(3), &json!(1), 2), "{view}");
    assert_eq!(
        (&rows[0]["partner"], &rows[0]["country"], &rows[0]["growth"]),
        (&json!("acme"), &json!("JP"), &json!(null))
    );

    // A month later there is something to compare with.
    house.clock.advance_ms(28 * 86_400_000);
    assert_eq!(visit(&house, &go, "JP", "ja").await.0, 302);
    until("the click is written", async || ask().await["all"]["clicks"] == 1).await;
    let view = ask().await;
    assert_eq!((&view["all"]["clicks_before"], &view["rows"][0]["growth"]), (&json!(3), &json!(-50)), "{view}");

    // People see the same on the page.
    let page = Browser::of(&house, "chen", role).await.get("/console/referrals").await;
    page.says("<a href=\"/console/partners/acme\">acme</a>");
    page.says("<td data-label=\"Country\">JP</td>");
    page.says("-50 %</span>");
    page.says("28 days, today with them");

    let (status, told, _) = run(&["remove", "acme", "shop.example"]).await;
    assert!(status == 0 && told.contains("nobody is sent to shop.example"), "{told}");
    assert_eq!(run(&["remove", "acme", "shop.example"]).await.0, 1);
    until("nobody is sent there", async || visit(&house, &go, "JP", "ja").await.0 == 404).await;
    house.close().await;
}

//! The door: how parameters arrive, in which order things are checked, and what is said then.

use serde_json::json;
use xunyuan::model::partner::{Scope, Scopes};

use crate::harness::{House, plain};
use crate::param2::trader::{Trader, XB, form};

const DETAIL: &str = "product.search.queryProductDetail";

/// An offer that is there, as a parameter.
async fn some_offer(house: &House) -> String {
    let partner = house.partner("finder").await;
    let found = partner.get("/v1/offers?limit=1&sort=sold").await.json();
    let id: i64 = found["items"][0]["id"].as_str().unwrap().parse().unwrap();
    json!({"offerId": id, "country": "en"}).to_string()
}

#[actix_web::test]
async fn the_time_is_told_to_anybody() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let (now, path) = (house.clock.now_ms(), trader.path("system", "currentTimeMillis"));
    let told = trader.post(&path, &[]).await;
    let ms = told.json().as_i64().unwrap();
    assert!((now..now + 60_000).contains(&ms), "{ms}");
    let date = trader.post(&trader.path("system", "currentTime"), &[]).await.json();
    assert!(date.as_str().unwrap().len() == 22 && date.as_str().unwrap().ends_with("+0800"), "{date}");
    house.close().await;
}

#[actix_web::test]
async fn parameters_are_taken_from_wherever_clients_put_them() {
    let house = House::open().await;
    let (trader, offer) = (house.trader("acme").await, some_offer(&house).await);
    let path = trader.path(XB, DETAIL);
    let all = trader.signed(&path, &[("offerDetailParam", &offer), ("empty", "")]);
    let host = trader.host().to_owned();
    let heads = [
        // GET, and POST with everything in the query and an empty body
        (format!("GET /openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\n", form(&all)), String::new()),
        (
            format!("POST /openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\n", form(&all)),
            String::new(),
        ),
        // absolute target, as proxies pass it on; the other root
        (format!("GET http://{host}/openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\n", form(&all)), String::new()),
        (format!("GET /api/{path}?{} HTTP/1.1\r\nHost: {host}\r\n", form(&all)), String::new()),
    ];
    for (head, body) in &heads {
        let said = trader.send(head, body.as_bytes()).await;
        assert_eq!((said.status, said.error()), (200, None), "{head}: {}", said.json());
        assert_eq!(said.json()["result"]["success"], true);
    }
    // signature in the query, the rest as multipart parts that nobody closes
    let (signature, rest) = all.split_last().unwrap();
    let mut body = String::new();
    for (name, value) in rest {
        body.push_str(&format!("\r\n--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}"));
    }
    let head = format!(
        "POST /openapi/{path}?{}={} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=b\r\n\
         Content-Length: {}\r\n",
        signature.0,
        signature.1,
        body.len()
    );
    let said = trader.send(&head, body.as_bytes()).await;
    assert_eq!((said.status, said.error()), (200, None), "{}", said.json());
    house.close().await;
}

#[actix_web::test]
async fn what_arrived_is_what_was_signed_or_it_is_refused() {
    let house = House::open().await;
    let (trader, offer) = (house.trader("acme").await, some_offer(&house).await);
    let path = trader.path(XB, DETAIL);
    let good = trader.signed(&path, &[("offerDetailParam", &offer), ("memo", "")]);
    let refused = |parameters: Vec<(String, String)>| {
        let (trader, path) = (&trader, path.clone());
        async move { trader.post(&path, &parameters).await.error() }
    };
    assert_eq!(refused(good.clone()).await, None);
    let lower = good.iter().map(|(name, value)| match name.as_str() {
        "_aop_signature" => (name.clone(), value.to_lowercase()),
        _ => (name.clone(), value.clone()),
    });
    assert_eq!(refused(lower.collect()).await, None);
    for left_out in ["memo", "access_token", "offerDetailParam"] {
        let less = good.iter().filter(|(name, _)| name != left_out).cloned().collect();
        assert_eq!(refused(less).await.as_deref(), Some("gw.SignatureInvalid"), "{left_out}");
    }
    let mut more = good.clone();
    more.push(("debug".to_owned(), String::new()));
    assert_eq!(refused(more).await.as_deref(), Some("gw.SignatureInvalid"));
    let unsigned = good.iter().filter(|(name, _)| name != "_aop_signature").cloned().collect();
    assert_eq!(refused(unsigned).await.as_deref(), Some("gw.SignatureMissing"));
    let elsewhere = trader.post(&trader.path(XB, "product.search.keywordQuery"), &good).await;
    assert_eq!(elsewhere.error().as_deref(), Some("gw.SignatureInvalid"), "a signature is for one call");
    house.close().await;
}

#[actix_web::test]
async fn checks_come_in_the_platforms_order() {
    let house = House::open().await;
    let trader = house.trader_with("acme", "enterprise", Scopes::all()).await;
    let code = async |trader: &Trader, api: &str, parameters: Vec<(String, String)>| {
        let path = trader.path(XB, api);
        trader.post(&path, &trader.signed_without_token(&path, parameters)).await.error()
    };
    let token = |trader: &Trader| vec![("access_token".to_owned(), trader.token.clone())];
    let with = |text: &str| vec![("access_token".to_owned(), text.to_owned())];
    // signature, before it is told whether there is such an API
    let nonsense = vec![("_aop_signature".to_owned(), "00".to_owned())];
    assert_eq!(
        trader.post(&trader.path(XB, "no.such"), &nonsense).await.error().as_deref(),
        Some("gw.SignatureInvalid")
    );
    assert_eq!(code(&trader, "no.such", vec![]).await.as_deref(), Some("gw.APIUnsupported"));
    // token, before whether the app may come at all
    assert_eq!(code(&trader, DETAIL, vec![]).await.as_deref(), Some("401"));
    assert_eq!(code(&trader, DETAIL, with("invented")).await.as_deref(), Some("401"));
    assert_eq!(code(&trader, DETAIL, token(&trader)).await.as_deref(), Some("gw.APIACLDecline"), "the door is closed");
    house.running.house.directory.open_door("test", &"acme".parse().unwrap(), false).await.unwrap();
    let orders = [Scope::OrdersRead].into_iter().collect();
    let narrow = house.trader_with("acme", "enterprise", orders).await;
    assert_eq!(code(&narrow, DETAIL, token(&narrow)).await.as_deref(), Some("gw.APIACLDecline"), "it has no scope");
    assert_eq!(code(&narrow, DETAIL, token(&trader)).await.as_deref(), Some("401"), "another app's token");
    // parameters last
    assert_eq!(code(&trader, DETAIL, token(&trader)).await.as_deref(), Some("gw.ParamMissing"));
    let unreadable = [token(&trader), vec![("offerDetailParam".to_owned(), "{".to_owned())]].concat();
    assert_eq!(code(&trader, DETAIL, unreadable).await.as_deref(), Some("gw.ParamInvalid"));
    // no such offer is no error of the gateway
    let path = trader.path(XB, DETAIL);
    let said =
        trader.post(&path, &trader.signed(&path, &[("offerDetailParam", "{\"offerId\":\"999999999999\"}")])).await;
    assert_eq!((said.status, said.json()["result"]["success"].clone()), (200, json!(false)), "{}", said.json());
    assert!(said.json()["result"].get("result").is_none());
    house.close().await;
}

#[actix_web::test]
async fn a_path_that_leads_nowhere_is_told_so() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    assert_eq!(trader.post("param2/1/ns", &[]).await.error().as_deref(), Some("gw.APIUnsupported"));
    assert_eq!(trader.post(&format!("param2/1/{XB}/{DETAIL}"), &[]).await.error().as_deref(), Some("gw.AppKeyMissing"));
    let document = plain().get(house.url("/openapi/partner.json")).send().await.unwrap();
    assert_eq!(document.status(), 200, "the newer face keeps its place");
    house.close().await;
}

#[actix_web::test]
async fn limits_are_those_of_the_partner_whichever_face_it_uses() {
    let house = House::open().await;
    let trader = house.trader_with("small", "starter", Scopes::all()).await;
    house.running.house.directory.open_door("test", &"small".parse().unwrap(), false).await.unwrap();
    let partner = house.partner("small").await;
    let first = trader.call(XB, DETAIL, &[("offerDetailParam", "{\"offerId\":1}")]).await;
    assert!(first.headers["ratelimit-policy"].contains("\"second\";q=20"), "{:?}", first.headers);
    let asked = [("offerDetailParam", "{\"offerId\":1}")];
    let all = futures_util::future::join_all((0..60).map(|_| trader.call(XB, DETAIL, &asked))).await;
    let limited = all.iter().find(|said| said.error().is_some()).expect("twenty a second are all");
    assert_eq!(limited.error().as_deref(), Some("gw.QosAppFrequencyLimit"));
    assert!(limited.headers["retry-after"].parse::<u64>().unwrap() >= 1);
    // One account for both faces: what one spends, the other lacks.
    let left =
        |field: &str| -> i64 { field.split("\"day\";r=").nth(1).unwrap().split(';').next().unwrap().parse().unwrap() };
    let before = left(&all.last().unwrap().headers["ratelimit"]);
    let after = left(partner.get("/v1/categories").await.field("ratelimit"));
    assert!(after <= before, "{after} left of {before}");
    assert!(after < 49_990, "{after}");
    house.close().await;
}

#[actix_web::test]
async fn a_timestamp_is_believed_only_near_now_and_may_be_required() {
    let house = House::open().await;
    let (trader, offer) = (house.trader("acme").await, some_offer(&house).await);
    let at = |by: i64| (house.clock.now_ms() + by).to_string();
    let ask = async |stamp: Option<String>| {
        let mut parameters = vec![("offerDetailParam", offer.as_str())];
        if let Some(stamp) = &stamp {
            parameters.push(("_aop_timestamp", stamp));
        }
        trader.call(XB, DETAIL, &parameters).await.error()
    };
    assert_eq!(ask(None).await, None);
    assert_eq!(ask(Some(at(0))).await, None);
    assert_eq!(ask(Some(at(-3_600_000))).await.as_deref(), Some("gw.SignatureInvalid"));
    assert_eq!(ask(Some("yesterday".to_owned())).await.as_deref(), Some("gw.ParamInvalid"));
    house.running.house.directory.open_door("test", &"acme".parse().unwrap(), true).await.unwrap();
    assert_eq!(ask(None).await.as_deref(), Some("gw.ParamMissing"));
    assert_eq!(ask(Some(at(0))).await, None);
    house.close().await;
}

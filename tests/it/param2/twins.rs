//! The same request twice: one effect, and both hear of it.

use serde_json::json;

use crate::harness::House;
use crate::param2::trader::{Said, Trader};

const OPEN: &str = "cn.alibaba.open";

/// Takes messages: a write whose second answer would differ.
async fn take(trader: &Trader, more: &[(&str, &str)]) -> Said {
    let path = trader.path(OPEN, "push.cursor.messageList");
    let all = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    trader.post(&path, &trader.signed_without_token(&path, all)).await
}

/// A house in which a trader has at least two messages waiting.
async fn with_messages() -> (House, Trader) {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let order = partner.order("PO-1").await.json();
    let pay = json!({"order_ids": [order["id"]], "method": "debit"});
    assert_eq!(partner.post_once("/v1/payments", "pay-PO-1", pay).await.status, 201);
    for _ in 0..1_600 {
        let path = trader.path(OPEN, "push.query.messageList");
        let page = trader.post(&path, &trader.signed_without_token(&path, Vec::new())).await.json();
        if page["pushMessagePage"]["totalCount"].as_u64() == Some(3) {
            return (house, trader);
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no messages came");
}

#[actix_web::test]
async fn an_identical_write_within_seconds_has_one_effect_and_both_hear_the_same() {
    let (house, trader) = with_messages().await;
    let one = [("quantity", "1")];
    let all = futures_util::future::join_all((0..6).map(|_| take(&trader, &one))).await;
    assert!(all.iter().all(|said| said.status == 200 && said.body == all[0].body), "{:?}", all[0].json());
    assert_eq!(all[0].json()["pushMessageList"].as_array().unwrap().len(), 1);
    // Another parameter is another request, and of the three messages one is gone.
    let rest = take(&trader, &[("quantity", "20")]).await.json();
    assert_eq!(rest["pushMessageList"].as_array().unwrap().len(), 2);
    house.close().await;
}

#[actix_web::test]
async fn a_write_with_a_time_is_told_again_within_seconds() {
    let (house, trader) = with_messages().await;
    let now = house.clock.now_ms().to_string();
    let timed = [("quantity", "1"), ("_aop_timestamp", now.as_str())];
    let (first, second) = (take(&trader, &timed).await, take(&trader, &timed).await);
    assert_eq!((first.status, &first.body), (200, &second.body), "{}", second.json());
    house.close().await;
}

#[actix_web::test]
async fn what_was_refused_is_tried_anew() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let wrong = [("createStartTime", "yesterday")];
    assert_eq!(take(&trader, &wrong).await.error().as_deref(), Some("gw.ParamInvalid"));
    assert_eq!(take(&trader, &wrong).await.error().as_deref(), Some("gw.ParamInvalid"));
    let path = trader.path(OPEN, "push.cursor.messageList");
    let now = house.clock.now_ms().to_string();
    let timed = vec![("createStartTime".to_owned(), "yesterday".to_owned()), ("_aop_timestamp".to_owned(), now)];
    let signed = trader.signed_without_token(&path, timed);
    assert_eq!(trader.post(&path, &signed).await.error().as_deref(), Some("gw.ParamInvalid"));
    // Its time was used, and there is no answer to tell again.
    assert_eq!(trader.post(&path, &signed).await.error().as_deref(), Some("gw.SignatureInvalid"));
    house.close().await;
}

#[actix_web::test]
async fn the_operator_sees_which_apps_still_call() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let directory = house.running.house.directory.clone();
    take(&trader, &[]).await;
    directory.write_uses().await.unwrap();
    let listed = directory.list_apps(None).await.unwrap();
    let app = listed.iter().find(|app| app.app_key == trader.app_key).unwrap();
    assert!(app.calls >= 1 && app.last_used_at.is_some());
    house.close().await;
}

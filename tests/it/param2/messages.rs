//! Messages: by form callback, by pull, and over the channel; the same ones, out of one outbox.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::model::partner::{Scope, Scopes};

use crate::harness::{House, Partner};
use crate::param2::shapes::hold;
use crate::param2::socket::{Socket, connect};
use crate::param2::trader::{Said, Trader};

const OPEN: &str = "cn.alibaba.open";

/// What clients read of an order's message.
const ORDER: &[&str] = &["orderId i!", "currentStatus s!", "msgSendTime s!", "buyerMemberId s!", "sellerMemberId s!"];

async fn call(trader: &Trader, api: &str, parameters: &[(&str, &str)]) -> Said {
    let path = trader.path(OPEN, api);
    let all = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    trader.post(&path, &trader.signed_without_token(&path, all)).await
}

/// A page of what the app has not had.
async fn waiting(trader: &Trader, parameters: &[(&str, &str)]) -> Value {
    let said = call(trader, "push.query.messageList", parameters).await;
    assert_eq!((said.status, said.error()), (200, None), "{}", said.json());
    said.json()["pushMessagePage"].clone()
}

/// The page once it holds so many; events are published a moment after they happen.
async fn so_many(trader: &Trader, count: u64) -> Value {
    for _ in 0..1_600 {
        let page = waiting(trader, &[]).await;
        if page["totalCount"].as_u64().unwrap() >= count {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never {count} messages: {}", waiting(trader, &[]).await);
}

async fn ordered_and_paid(partner: &Partner, reference: &str) -> Value {
    let order = partner.order(reference).await.json();
    let pay = json!({"order_ids": [order["id"]], "method": "debit"});
    assert_eq!(partner.post_once("/v1/payments", &format!("pay-{reference}"), pay).await.status, 201);
    partner.get(&format!("/v1/orders/{}", order["id"].as_str().unwrap())).await.json()
}

fn topics(page: &Value) -> Vec<&str> {
    page["datas"].as_array().unwrap().iter().map(|message| message["type"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn messages_are_pulled_until_they_are_confirmed() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let order = ordered_and_paid(&partner, "PO-1").await;
    let page = so_many(&trader, 3).await;
    let mut told = topics(&page);
    told.sort_unstable();
    assert_eq!(told, ["ORDER_BATCH_PAY", "ORDER_BUYER_VIEW_BUYER_MAKE", "ORDER_BUYER_VIEW_ORDER_PAY"]);
    let made =
        page["datas"].as_array().unwrap().iter().find(|one| one["topicName"] == "BUYER_VIEW_BUYER_MAKE").unwrap();
    hold(&made["data"], ORDER);
    assert_eq!(made["data"]["orderId"].to_string(), order["catalogue_order_id"].as_str().unwrap());
    assert_eq!((&made["topicGroup"], &made["appKey"]), (&json!("ORDER"), &json!(trader.app_key)));
    assert_eq!((&made["userInfo"], made["msgId"].is_i64()), (&made["data"]["buyerMemberId"], true));
    // filters and pages
    let one = waiting(&trader, &[("type", "ORDER_BATCH_PAY")]).await;
    assert_eq!((topics(&one), &one["totalCount"]), (vec!["ORDER_BATCH_PAY"], &json!(1)));
    let second = waiting(&trader, &[("page", "2"), ("pageSize", "2")]).await;
    assert_eq!((second["datas"].as_array().unwrap().len(), &second["totalCount"]), (1, &json!(3)));
    for nothing in [("userInfo", "b2b-1"), ("type", "NO_SUCH"), ("createEndTime", "20200101000000000+0800")] {
        assert_eq!(waiting(&trader, &[nothing]).await["totalCount"], 0, "{nothing:?}");
    }
    // confirmed by one app, and by no other
    let other = house.trader("acme").await;
    let ids: Vec<_> = page["datas"].as_array().unwrap().iter().map(|one| one["msgId"].as_i64().unwrap()).collect();
    let confirmed = call(&trader, "push.message.confirm", &[("msgIdList", &json!(ids).to_string())]).await;
    assert_eq!(confirmed.json(), json!({"isSuccess": true}));
    assert_eq!(waiting(&trader, &[]).await, json!({"datas": [], "totalCount": 0}));
    assert_eq!(waiting(&other, &[]).await["totalCount"], 0, "made after it happened");
    let stranger = house.trader("stranger").await;
    assert_eq!(waiting(&stranger, &[]).await["totalCount"], 0);
    let wrong = call(&trader, "push.message.confirm", &[("msgIdList", "[\"x\"]")]).await;
    assert_eq!(wrong.error().as_deref(), Some("gw.ParamInvalid"));
    assert!(!partner.get("/v1/events").await.json()["items"].as_array().unwrap().is_empty(), "the newer face's own");
    house.close().await;
}

#[actix_web::test]
async fn messages_that_are_taken_are_confirmed_at_once() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    ordered_and_paid(&partner, "PO-1").await;
    so_many(&trader, 3).await;
    let take = async |many: &str| {
        let said = call(&trader, "push.cursor.messageList", &[("quantity", many)]).await;
        said.json()["pushMessageList"].as_array().unwrap().len()
    };
    assert_eq!((take("2").await, take("200").await, take("20").await), (2, 1, 0));
    house.close().await;
}

#[actix_web::test]
async fn who_may_not_hear_of_events_hears_no_message() {
    let house = House::open().await;
    let orders: Scopes = [Scope::OrdersRead].into_iter().collect();
    let narrow = house.trader_with("acme", "enterprise", orders).await;
    house.running.house.directory.open_door("test", &"acme".parse().unwrap(), false).await.unwrap();
    let said = call(&narrow, "push.query.messageList", &[]).await;
    assert_eq!(said.error().as_deref(), Some("gw.APIACLDecline"));
    let mut socket = Socket::open(narrow.host()).await;
    socket.say(&connect(&house, &narrow)).await;
    assert_eq!(socket.hears().await.unwrap()["type"], "SYSTEM");
    assert!(socket.hears().await.is_none());
    house.close().await;
}

#[actix_web::test]
async fn a_callback_is_a_signed_form_of_the_same_message_and_is_not_told_again() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let receiver = house.receiver().await;
    let made = json!({
        "url": receiver.url("/callback"), "types": ["order.*", "inquiry.*"], "format": "aop",
        "app_key": trader.app_key,
    });
    let made = partner.post("/v1/webhook-endpoints", made).await;
    assert_eq!((made.status, &made.json()["format"]), (201, &json!("aop")), "{}", made.json());
    let foreign = json!({"url": receiver.url("/x"), "types": ["*"], "format": "aop", "app_key": "1234567"});
    assert_eq!(partner.post("/v1/webhook-endpoints", foreign).await.status, 400);
    let order = ordered_and_paid(&partner, "PO-1").await;
    let heard = receiver.waits(|heard| heard.len() >= 2).await;
    let message = |body: &[u8]| -> Value {
        let form: HashMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        assert!(trader.secret.verify("", &[("message", form["message"].as_str())], &form["_aop_signature"]));
        serde_json::from_str(&form["message"]).unwrap()
    };
    let told: Vec<_> = heard.iter().map(|one| message(&one.body)).collect();
    let types: Vec<_> = told.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["ORDER_BUYER_VIEW_BUYER_MAKE", "ORDER_BUYER_VIEW_ORDER_PAY"], "in the order of the order");
    assert_eq!(told[0]["data"]["orderId"].to_string(), order["catalogue_order_id"].as_str().unwrap());
    // What the callback took is not waiting; what it did not want is.
    let page = so_many(&trader, 1).await;
    assert_eq!(topics(&page), ["ORDER_BATCH_PAY"]);
    house.close().await;
}

#[actix_web::test]
async fn the_channel_sends_what_happens_and_after_a_break_what_was_not_confirmed() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let mut socket = Socket::of(&house, &trader).await;
    let order = ordered_and_paid(&partner, "PO-1").await;
    let first = socket.message().await;
    assert_eq!((&first["type"], first["msgId"].is_i64()), (&json!("ORDER_BUYER_VIEW_BUYER_MAKE"), true));
    assert_eq!(first["data"]["orderId"].to_string(), order["catalogue_order_id"].as_str().unwrap());
    let second = socket.hears().await.unwrap();
    let third = socket.hears().await.unwrap();
    assert_ne!(second["id"], third["id"]);
    socket.say(&json!({"type": "HEARTBEAT", "appKey": trader.app_key, "pubTime": 1, "sign": "x"})).await;
    socket.send(9, b"hi").await;
    assert_eq!(socket.frame().await, Some((10, b"hi".to_vec())), "a ping is answered");
    socket.confirm(&third).await;
    // The confirmation is in before the connection is broken off.
    for _ in 0..1_600 {
        if waiting(&trader, &[]).await["totalCount"] == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    drop(socket);
    let mut again = Socket::of(&house, &trader).await;
    let told = again.hears().await.unwrap();
    assert_eq!(told["id"], second["id"], "and nothing else");
    again.confirm(&told).await;
    for _ in 0..1_600 {
        if waiting(&trader, &[]).await["totalCount"] == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(waiting(&trader, &[]).await["totalCount"], 0);
    house.close().await;
}

#[actix_web::test]
async fn the_channel_opens_for_a_fresh_signature_only_and_for_so_many_at_once() {
    let house = House::open().await;
    let (trader, other) = (house.trader("acme").await, house.trader("other").await);
    let mut forged = connect(&house, &trader);
    forged["sign"] = json!(other.secret.sign_frame(&trader.app_key, None, forged["pubTime"].as_i64().unwrap()));
    let mut late = connect(&house, &trader);
    let then = late["pubTime"].as_i64().unwrap() - 3_600_000;
    (late["pubTime"], late["sign"]) = (json!(then), json!(trader.secret.sign_frame(&trader.app_key, None, then)));
    let heartbeat = json!({"type": "CONFIRM", "relatedId": 1});
    for wrong in [forged, late, heartbeat, json!({"type": "CONNECT"}), json!([])] {
        let mut socket = Socket::open(trader.host()).await;
        socket.say(&wrong).await;
        assert_eq!(socket.hears().await.unwrap()["type"], "SYSTEM", "{wrong}");
        assert!(socket.hears().await.is_none(), "{wrong}");
    }
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(Socket::of(&house, &trader).await);
    }
    let mut fifth = Socket::open(trader.host()).await;
    fifth.say(&connect(&house, &trader)).await;
    assert_eq!(fifth.hears().await.unwrap()["type"], "SYSTEM");
    Socket::of(&house, &other).await;
    house.running.house.directory.suspend_app("test", &trader.app_key, "").await.unwrap();
    assert_eq!(held[0].hears().await.unwrap()["type"], "SYSTEM", "a suspended app hears no more");
    assert!(held[0].hears().await.is_none());
    house.close().await;
}

#[actix_web::test]
async fn channels_end_with_a_word_when_the_node_stops() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let mut socket = Socket::of(&house, &trader).await;
    let told = async {
        assert_eq!(socket.hears().await.unwrap()["type"], "CLOSE");
        assert!(socket.hears().await.is_none());
    };
    tokio::join!(house.close(), told);
}

//! What a branch of a partner sees: what was placed with its own tokens. The main account sees all.

use std::time::Duration;

use serde_json::{Value, json};
use xunyuan::model::member;

use crate::harness::House;
use crate::param2::shop::{Shop, TRADE, advance};
use crate::param2::socket::Socket;
use crate::param2::trader::{Trader, XB};

const OPEN: &str = "cn.alibaba.open";
const REFUNDS: &str = "alibaba.trade.refund.buyer.queryOrderRefundList";

/// A shop, and the same app with a branch's token.
async fn branch_of(house: &House, shop: &Shop, name: &str) -> Trader {
    let directory = &house.running.house.directory;
    let token = directory.grant_lasting("test", &shop.trader.app_key, name).await.unwrap().access_token;
    shop.trader.with_token(token)
}

/// Orders with a token and pays; gives the number.
async fn paid(shop: &Shop, trader: &Trader, reference: &str) -> String {
    let order = shop.order(&[("outOrderId", reference)]);
    let told = trader.told(TRADE, "alibaba.trade.createCrossOrder", &order).await;
    let number = told["result"]["orderId"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    let pay = json!({"orderId": number}).to_string();
    let pay = [("tradeWithholdPreparePayParam", pay.as_str())];
    let told = trader.told(TRADE, "alibaba.trade.pay.protocolPay.preparePay", &pay).await;
    assert_eq!(told["result"]["result"]["paySuccess"], true, "{told}");
    number
}

/// The messages that an app is told when it shows this token, or none.
async fn messages(trader: &Trader, more: &[(&str, &str)]) -> Vec<Value> {
    let told = trader.told(OPEN, "push.query.messageList", more).await["pushMessagePage"].clone();
    let all = told["datas"].as_array().unwrap().clone();
    assert_eq!(told["totalCount"], all.len());
    all
}

async fn so_many(trader: &Trader, count: usize) -> Vec<Value> {
    for _ in 0..1_600 {
        let all = messages(trader, &[]).await;
        if all.len() >= count {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("never {count} messages: {:?}", messages(trader, &[]).await);
}

fn users(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["userInfo"].as_str().unwrap()).collect()
}

#[actix_web::test]
async fn messages_name_the_account_and_a_branch_is_told_its_own() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let osaka = branch_of(&house, &shop, "acme:osaka").await;
    let (main, own) = (paid(&shop, &shop.trader, "PO-MAIN").await, paid(&shop, &osaka, "PO-OSAKA").await);
    let all = so_many(&shop.trader, 6).await;
    let (head, branch) = (member::id_of("acme"), member::id_of("acme:osaka"));
    let number_of = |message: &Value| match &message["data"]["batchPay"] {
        Value::Null => message["data"]["orderId"].to_string(),
        paid => paid[0]["orderId"].as_str().unwrap().to_owned(),
    };
    for message in &all {
        let (number, user) = (number_of(message), message["userInfo"].as_str().unwrap());
        assert_eq!(user, if number == own { &branch } else { &head }, "{message}");
        assert!(message["data"].get("buyerMemberId").is_none_or(|member| member == user), "{message}");
        assert!(number == own || number == main);
    }
    // By its token, and by `userInfo` without any.
    let told = messages(&osaka, &[]).await;
    assert_eq!((told.len(), users(&told)), (3, vec![branch.as_str(); 3]));
    for (user, count) in [(&branch, 3), (&head, 3), (&"b2b-1".to_owned(), 0)] {
        assert_eq!(messages(&shop.trader, &[("userInfo", user)]).await.len(), count, "{user}");
    }
    assert!(messages(&osaka, &[("userInfo", &head)]).await.is_empty());
    let page = osaka.told(OPEN, "push.query.messageList", &[("page", "2"), ("pageSize", "2")]).await;
    assert_eq!(page["pushMessagePage"]["datas"].as_array().unwrap().len(), 1, "{page}");
    // A branch confirms what it is told, and nothing else.
    let ids: Vec<_> = all.iter().map(|message| message["msgId"].as_i64().unwrap()).collect();
    let ids = json!(ids).to_string();
    let ids = [("msgIdList", ids.as_str())];
    assert_eq!(osaka.told(OPEN, "push.message.confirm", &ids).await, json!({"isSuccess": true}));
    assert!(messages(&osaka, &[]).await.is_empty());
    let left = messages(&shop.trader, &[]).await;
    assert_eq!((left.len(), users(&left)), (3, vec![head.as_str(); 3]));
    assert_eq!(osaka.told(OPEN, "push.cursor.messageList", &[]).await, json!({"pushMessageList": []}));
    // The channel is the app's: it hears of everybody, told whose each is.
    let third = paid(&shop, &osaka, "PO-OSAKA-2").await;
    let mut socket = Socket::of(&house, &shop.trader).await;
    let mut heard = Vec::new();
    for _ in 0..6 {
        heard.push(socket.message().await);
    }
    for message in &heard {
        assert_eq!(message["userInfo"], if number_of(message) == third { branch.as_str() } else { &head }, "{message}");
    }
    // A token that does not count is none, though none is needed.
    let ended = shop.trader.with_token("invented".to_owned());
    assert_eq!(ended.call(OPEN, "push.query.messageList", &[]).await.error().as_deref(), Some("401"));
    house.close().await;
}

/// Asks two fen back; gives the refund's number.
async fn asked_back(shop: &Shop, trader: &Trader, number: &str) -> String {
    let entries = shop.entries(number).await;
    let base = [("orderId", number), ("orderEntryIds", &*entries), ("goodsStatus", "refundWaitSellerSend")];
    let reasons =
        trader.told(TRADE, "alibaba.trade.getRefundReasonList", &base).await["result"]["result"]["reasons"].clone();
    let reason = reasons.as_array().unwrap().iter().find(|one| one["needVoucher"] == false).unwrap()["id"].to_string();
    let wish = [
        ("disputeRequest", "refund"),
        ("applyPayment", "2"),
        ("applyCarriage", "0"),
        ("applyReasonId", &*reason),
        ("description", "不想要了"),
    ];
    let told = trader.told(TRADE, "alibaba.trade.createRefund", &[&base[..], &wish[..]].concat()).await;
    told["result"]["result"]["refundId"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned()
}

#[actix_web::test]
async fn refunds_are_listed_to_whoever_placed_the_order_and_all_to_the_main_account() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let (osaka, kobe) = (branch_of(&house, &shop, "acme:osaka").await, branch_of(&house, &shop, "acme:kobe").await);
    let main = paid(&shop, &shop.trader, "PO-MAIN").await;
    let own = paid(&shop, &osaka, "PO-OSAKA").await;
    let mains = asked_back(&shop, &shop.trader, &main).await;
    let owns = asked_back(&shop, &osaka, &own).await;
    let list = async |trader: &Trader, more: &[(&str, &str)]| {
        let told = trader.told(TRADE, REFUNDS, more).await;
        assert_eq!(told["success"], true, "{told}");
        let models = told["result"]["opOrderRefundModels"].as_array().unwrap().clone();
        assert_eq!(told["result"]["totalCount"], models.len());
        models.into_iter().map(|one| (one["refundId"].clone(), one["buyerLoginId"].clone())).collect::<Vec<_>>()
    };
    let (one, two) = ((json!(mains), json!("acme")), (json!(owns), json!("acme:osaka")));
    assert_eq!(list(&shop.trader, &[]).await, [two.clone(), one], "the newest first, each with its buyer");
    assert_eq!(list(&osaka, &[]).await, [two]);
    assert!(list(&osaka, &[("refundStatusSet", "[\"refundclose\"]")]).await.is_empty());
    assert!(list(&kobe, &[]).await.is_empty());
    let foreign = osaka.told(TRADE, REFUNDS, &[("orderId", &main)]).await;
    assert_eq!(foreign["success"], false, "{foreign}");
    // One by one they are found by those who see them.
    let one = async |trader: &Trader, refund: &str| {
        let pages = [("refundId", refund), ("pageNo", "1"), ("pageSize", "10")];
        let story = trader.told(TRADE, "alibaba.trade.refund.OpQueryOrderRefundOperationList", &pages).await;
        let told = story["result"]["opOrderRefundOperationModels"].clone();
        told.as_array().map(|steps| steps.last().unwrap()["operatorLoginId"].clone())
    };
    assert_eq!(one(&osaka, &mains).await, None);
    assert_eq!(one(&kobe, &owns).await, None);
    assert_eq!(one(&osaka, &owns).await, one(&shop.trader, &owns).await, "whoever looks");
    house.close().await;
}

#[actix_web::test]
async fn a_branch_speaks_of_consignments_of_its_own_orders_only() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let osaka = branch_of(&house, &shop, "acme:osaka").await;
    let mut kept = Vec::new();
    for (reference, trader) in [("PO-MAIN", &shop.trader), ("PO-OSAKA", &osaka), ("PO-OSAKA-2", &osaka)] {
        let number = paid(&shop, trader, reference).await;
        advance(&house, &number, "warehousesigned").await;
        shop.view_in(&number, "waitbuyerreceive").await;
        kept.push(shop.newer(reference).await["id"].clone());
    }
    let open = async |reference: &str, orders: &[Value]| {
        let body = json!({"reference": reference, "order_ids": orders, "operated_by": "partner"});
        let answer = shop.partner.post_once("/v1/consignments", &format!("open-{reference}"), body).await;
        assert_eq!(answer.status, 201, "{}", answer.json());
        let order = &answer.json()["orders"][0];
        order["lines"].as_array().unwrap().iter().map(|line| line["expected"].as_i64().unwrap()).sum::<i64>()
    };
    let own = open("CO-OWN", &kept[2..]).await;
    let both = 2 * open("CO-BOTH", &kept[..2]).await;
    let signed = async |trader: &Trader, consignment: &str, num: i64| {
        let num = num.to_string();
        let asked =
            [("bizInboundOrderId", consignment), ("status", "signed"), ("processTime", "1700000000001"), ("num", &num)];
        trader.told(XB, "consignment.co.status.sync", &asked).await["result"]["success"].clone()
    };
    assert_eq!(signed(&osaka, "CO-BOTH", both).await, false, "another account's order is in it");
    let state = async |reference: &str| {
        let all = shop.partner.get("/v1/consignments").await.json();
        let found = all["items"].as_array().unwrap().iter().find(|one| one["reference"] == reference).cloned();
        found.unwrap()["state"].clone()
    };
    assert_eq!(state("CO-BOTH").await, "open");
    assert_eq!(signed(&osaka, "CO-OWN", own).await, true);
    assert_eq!(signed(&shop.trader, "CO-BOTH", both).await, true);
    assert_eq!((state("CO-OWN").await, state("CO-BOTH").await), (json!("received"), json!("received")));
    house.close().await;
}

//! The page on which people of a partner let apps buy for their accounts, and what each account sees.

use serde_json::{Value, json};
use xunyuan::model::member;

use crate::harness::House;
use crate::param2::browser::{BACK, Browser, account, redeem, registered};
use crate::param2::shop::{LOGISTICS, Shop, TRADE};
use crate::param2::trader::{Trader, XB};

#[actix_web::test]
async fn a_person_grants_and_the_app_buys_for_that_account() {
    let house = House::open().await;
    let mut trader = house.trader("acme").await;
    registered(&house, &trader).await;
    let (login, password) = account(&house, "acme", Some("osaka")).await;
    let mut browser = Browser::at(&house);
    let state = "a b&c=\"<ü>\"";
    let asked = [("client_id", &*trader.app_key), ("site", "1688"), ("redirect_uri", BACK), ("state", state)];
    let page = browser.open(&asked).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains("shop.example") && page.text.contains(&trader.app_key) && !page.text.contains("<ü>"));
    assert!(page.policy.contains("form-action 'self' https://shop.example;"), "{}", page.policy);
    assert!(page.policy.contains("default-src 'none'") && page.policy.contains("frame-ancestors 'none'"));
    // A wrong password first, then the right one on the page that says so.
    let again = browser.fill(&page, &login, "wrong", "allow").await;
    assert_eq!((again.status, again.leads_to.as_deref()), (403, None));
    assert!(again.text.contains("role=\"alert\"") && again.value("account") == login);
    let gone = browser.fill(&again, &login.to_uppercase(), &password, "allow").await;
    assert_eq!(gone.status, 303, "{}", gone.text);
    assert!(gone.leads_to.as_ref().unwrap().starts_with("https://shop.example/back?from=xunyuan&code="));
    assert_eq!(gone.told("state").as_deref(), Some(state), "it goes back as it came");
    let code = gone.told("code").unwrap();
    let elsewhere = redeem(&trader, &code, "https://shop.example/other").await;
    assert_eq!(elsewhere["error"], "invalid_grant", "{elsewhere}");
    let granted = redeem(&trader, &code, BACK).await;
    assert_eq!(granted["resource_owner"], login.as_str(), "{granted}");
    assert_eq!(redeem(&trader, &code, BACK).await["error"], "invalid_grant", "a code is redeemed once");
    trader.token = granted["access_token"].as_str().unwrap().to_owned();
    let own = trader.told("com.alibaba.account", "alibaba.account.basic", &[]).await;
    assert_eq!(own["result"]["loginId"], login.as_str());
    // Who granted what is in the books.
    let written = house.running.house.directory.audit(20).await.unwrap();
    let found = |action: &str| written.iter().find(|entry| entry.action == action).unwrap();
    assert_eq!(found("app.authorise").actor, format!("partner:acme key:{login}"));
    assert!(found("app.authorise").detail.contains(BACK) && found("app.redeem").detail.contains(&login));
    // A code that nobody redeems ends; whose account is closed has no tokens.
    let page = browser.open(&asked).await;
    let late = browser.fill(&page, &login, &password, "allow").await.told("code").unwrap();
    house.clock.advance_ms(600_000);
    assert_eq!(redeem(&trader, &late, "default").await["error"], "invalid_grant");
    assert_eq!(house.running.house.directory.close_buyer("test", &login).await.unwrap(), 2);
    house.clock.advance_ms(2_000);
    let said = trader.call("com.alibaba.account", "alibaba.account.basic", &[]).await;
    assert_eq!(said.error().as_deref(), Some("401"));
    let page = browser.open(&asked).await;
    assert_eq!(browser.fill(&page, &login, &password, "allow").await.status, 403);
    house.close().await;
}

#[actix_web::test]
async fn what_does_not_fit_is_told_here_and_nobody_is_sent_away() {
    let house = House::open().await;
    let (trader, other) = (house.trader("acme").await, house.trader("other").await);
    registered(&house, &trader).await;
    let (login, password) = account(&house, "acme", None).await;
    let (strange, strange_password) = account(&house, "other", None).await;
    let mut browser = Browser::at(&house);
    let long = "s".repeat(2_049);
    for wrong in [
        vec![],
        vec![("client_id", "1"), ("redirect_uri", BACK)],
        vec![("client_id", &*trader.app_key)],
        vec![("client_id", &*trader.app_key), ("redirect_uri", "https://shop.example/back")],
        vec![("client_id", &*trader.app_key), ("redirect_uri", "https://shop.example/back?from=xunyuan&a=b")],
        vec![("client_id", &*trader.app_key), ("redirect_uri", "https://evil.example/")],
        vec![("client_id", &*other.app_key), ("redirect_uri", BACK)],
        vec![("client_id", &*trader.app_key), ("redirect_uri", BACK), ("state", &*long)],
    ] {
        let page = browser.open(&wrong).await;
        assert_eq!((page.status, page.leads_to), (400, None), "{wrong:?}");
        assert!(page.text.contains("Nothing was granted") && !page.text.contains("<form"));
    }
    let asked = [("client_id", &*trader.app_key), ("redirect_uri", BACK), ("state", "s")];
    let page = browser.open(&asked).await;
    // Another partner's account cannot grant; and a form from elsewhere, or without the cookie, is not looked at.
    assert_eq!(browser.fill(&page, &strange, &strange_password, "allow").await.status, 403);
    let token = page.value("token");
    let form = |token: &str| {
        let pairs = [("client_id", trader.app_key.as_str()), ("redirect_uri", BACK), ("account", &*login)];
        let more = [("password", &*password), ("decision", "allow"), ("token", token)];
        pairs.iter().chain(&more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>()
    };
    let send = async |from: &str, token: &str| {
        let pairs = form(token);
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        browser.send(from, &pairs).await
    };
    let origin = house.url("").trim_end_matches('/').to_owned();
    for (from, token) in [("https://evil.example", &*token), ("null", &*token), (&*origin, "x"), (&*origin, "")] {
        let page = send(from, token).await;
        assert_eq!((page.status, page.leads_to), (403, None), "{from} {token}");
    }
    assert_eq!(
        Browser::at(&house)
            .send(&origin, &[("client_id", &*trader.app_key), ("redirect_uri", BACK), ("token", "")])
            .await
            .status,
        403
    );
    // Declined: the app hears so, and gets nothing.
    let gone = browser.fill(&page, "", "", "deny").await;
    assert_eq!((gone.status, gone.told("error").as_deref()), (303, Some("access_denied")));
    assert_eq!((gone.told("state").as_deref(), gone.told("code")), (Some("s"), None));
    // Guessing is bounded.
    let mut waits = false;
    for _ in 0..900 {
        let said = browser.fill(&page, &login, "wrong", "allow").await;
        waits = said.status == 429;
        if waits {
            assert!(said.waits, "it says for how long");
            break;
        }
        assert_eq!(said.status, 403);
    }
    assert!(waits);
    // With the door closed there is nothing to grant.
    house.running.house.directory.close_door("test", &"acme".parse().unwrap()).await.unwrap();
    let page = browser.open(&asked).await;
    assert_eq!((page.status, page.leads_to), (403, None));
    house.close().await;
}

#[actix_web::test]
async fn an_account_sees_its_own_orders_and_the_main_one_all() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let directory = &house.running.house.directory;
    let branch = async |name: &str| {
        let token = directory.grant_lasting("test", &shop.trader.app_key, name).await.unwrap().access_token;
        shop.trader.with_token(token)
    };
    let (osaka, kobe) = (branch("acme:osaka").await, branch("acme:kobe").await);
    let order = async |trader: &Trader, reference: &str| {
        trader.told(TRADE, "alibaba.trade.createCrossOrder", &shop.order(&[("outOrderId", reference)])).await
    };
    let number = |told: &Value| told["result"]["orderId"].as_str().unwrap_or_else(|| panic!("{told}")).to_owned();
    let main = number(&order(&shop.trader, "PO-MAIN").await);
    let own = number(&order(&osaka, "PO-OSAKA").await);
    let view = async |trader: &Trader, number: &str| {
        let asked = [("webSite", "1688"), ("orderId", number)];
        trader.told(TRADE, "alibaba.trade.get.buyerView", &asked).await["success"].clone()
    };
    for (trader, seen) in [(&shop.trader, [true, true]), (&osaka, [false, true]), (&kobe, [false, false])] {
        let told = [view(trader, &main).await, view(trader, &own).await];
        assert_eq!(told, seen.map(|seen| json!(seen.to_string())));
        let list = trader.told(TRADE, "alibaba.trade.getBuyerOrderList", &[("page", "1"), ("pageSize", "20")]).await;
        let wanted = seen.iter().filter(|seen| **seen).count();
        assert_eq!(
            (list["totalRecord"].as_u64(), list["result"].as_array().map(Vec::len)),
            (Some(wanted as u64), Some(wanted))
        );
    }
    // Whoever looks, the buyer is the account that it was placed for.
    for (number, login) in [(&main, "acme"), (&own, "acme:osaka")] {
        let asked = [("webSite", "1688"), ("orderId", number.as_str())];
        let said = shop.trader.told(TRADE, "alibaba.trade.get.buyerView", &asked).await["result"]["baseInfo"].clone();
        assert_eq!((&said["buyerLoginId"], &said["buyerContact"]["name"]), (&json!(login), &json!(login)), "{said}");
        assert_eq!(said["buyerID"], member::id_of(login));
    }
    let list = shop.trader.told(TRADE, "alibaba.trade.getBuyerOrderList", &[]).await;
    let logins: Vec<_> =
        list["result"].as_array().unwrap().iter().map(|one| &one["baseInfo"]["buyerLoginId"]).collect();
    assert_eq!(logins, ["acme:osaka", "acme"], "the newest first");
    let said = osaka.told(TRADE, "alibaba.trade.get.buyerView", &[("webSite", "1688"), ("orderId", &own)]).await;
    assert_eq!(said["result"]["baseInfo"]["buyerLoginId"], "acme:osaka", "{said}");
    // Nothing can be done to what is not seen, and its number is not given away by ordering under it again.
    let cancel = [("webSite", "1688"), ("tradeID", own.as_str()), ("cancelReason", "buyerCancel")];
    assert_eq!(kobe.told(TRADE, "alibaba.trade.cancel", &cancel).await["success"], false);
    let parcels = [("webSite", "1688"), ("orderId", main.as_str())];
    assert_eq!(osaka.told(LOGISTICS, "alibaba.trade.getLogisticsInfos.buyerView", &parcels).await["success"], false);
    let taken = order(&kobe, "PO-OSAKA").await;
    assert_eq!((&taken["success"], taken["result"].get("orderId")), (&json!(false), None), "{taken}");
    let again = order(&osaka, "PO-OSAKA").await;
    assert_eq!(number(&again), own);
    let mail = kobe.told(XB, "bigcustomer.mailNo.query", &[("outOrderId", "PO-OSAKA")]).await;
    assert_eq!(mail["result"]["success"], false, "{mail}");
    assert_eq!(osaka.told(TRADE, "alibaba.trade.cancel", &cancel).await["success"], true);
    house.close().await;
}

#[actix_web::test]
async fn a_main_account_grants_for_its_sub_accounts_and_takes_it_back() {
    const OAUTH: &str = "system.oauth2";
    let house = House::open().await;
    let trader = house.trader("acme").await;
    for branch in ["osaka", "kobe"] {
        account(&house, "acme", Some(branch)).await;
    }
    let say = async |trader: &Trader, api: &str, accounts: &str| {
        trader.told(OAUTH, api, &[("subUserIdentityList", accounts)]).await["result"].clone()
    };
    let none = say(&trader, "subaccount.auth.list", "acme:osaka,acme:kobe").await;
    assert_eq!(none, json!({"success": true, "returnValue": []}));
    let granted = say(&trader, "subaccount.auth.add", "[\"acme:osaka\"]").await;
    assert_eq!(granted["success"], true, "{granted}");
    let osaka = trader.with_token(granted["returnValue"]["acme:osaka"].as_str().unwrap().to_owned());
    let own = osaka.told("com.alibaba.account", "alibaba.account.basic", &[]).await;
    assert_eq!(own["result"]["loginId"], "acme:osaka");
    let held = say(&trader, "subaccount.auth.list", "acme:osaka,acme:kobe").await;
    let relations = held["returnValue"].as_array().unwrap();
    assert_eq!(
        (relations.len(), &relations[0]["ownerId"], &relations[0]["adminOwnerId"]),
        (1, &json!("acme:osaka"), &json!("acme"))
    );
    assert_eq!((&relations[0]["subAuth"], &relations[0]["clientId"]), (&json!(true), &json!(trader.app_key)));
    assert!(relations[0].get("accessToken").is_none(), "a token is shown once");
    // Not by a sub-account, and not for what is none.
    assert_eq!(say(&osaka, "subaccount.auth.add", "acme:kobe").await["errorCode"], "auth_error");
    assert_eq!(say(&osaka, "subaccount.auth.cancel", "acme:osaka,acme:kobe").await["errorCode"], "auth_error");
    for strange in ["acme:tokyo", "other:osaka", "acme"] {
        let told = say(&trader, "subaccount.auth.add", strange).await;
        assert_eq!((&told["success"], &told["errorCode"]), (&json!(false), &json!("param_error")), "{strange}");
    }
    let taken = say(&trader, "subaccount.auth.cancel", "acme:osaka").await;
    assert_eq!(taken, json!({"success": true, "returnValue": true}));
    house.clock.advance_ms(2_000);
    let said = osaka.call("com.alibaba.account", "alibaba.account.basic", &[]).await;
    assert_eq!(said.error().as_deref(), Some("401"));
    let written = house.running.house.directory.audit(10).await.unwrap();
    let actions: Vec<_> = written.iter().map(|entry| (&*entry.action, &*entry.actor)).collect();
    let by = format!("partner:acme key:{}", trader.app_key);
    assert!(actions.contains(&("app.revoke_tokens", &by)) && actions.contains(&("app.grant", &by)), "{actions:?}");
    house.close().await;
}

//! The page on which an account sees which apps it let in, and withdraws one.

use crate::harness::House;
use crate::param2::browser::{BACK, Browser, Page, account, redeem, registered};
use crate::param2::trader::Trader;

const GRANTS: &str = "/oauth/grants";

/// Fills a form of the page.
async fn fill(browser: &Browser<'_>, house: &House, page: &Page, who: (&str, &str), withdraw: Option<&str>) -> Page {
    let (origin, token) = (house.url("").trim_end_matches('/').to_owned(), page.value("token"));
    let mut form = vec![("token", token.as_str()), ("account", who.0), ("password", who.1)];
    form.extend(withdraw.map(|app| ("withdraw", app)));
    browser.send_to(GRANTS, &origin, &form).await
}

/// The app with a token that the account granted it on the page of grants.
async fn let_in(browser: &mut Browser<'_>, trader: &Trader, who: (&str, &str)) -> Trader {
    let page = browser.open(&[("client_id", &*trader.app_key), ("redirect_uri", BACK)]).await;
    assert!(page.text.contains("href=\"/oauth/grants\""), "{}", page.text);
    let code = browser.fill(&page, who.0, who.1, "allow").await.told("code").unwrap();
    let granted = redeem(trader, &code, BACK).await;
    trader.with_token(granted["access_token"].as_str().unwrap().to_owned())
}

async fn is_let_in(trader: &Trader) -> bool {
    match trader.call("com.alibaba.account", "alibaba.account.basic", &[]).await.error() {
        None => true,
        Some(code) => {
            assert_eq!(code, "401");
            false
        }
    }
}

#[actix_web::test]
async fn an_account_sees_whom_it_let_in_and_withdraws_one() {
    let house = House::open().await;
    let (one, two) = (house.trader("acme").await, house.trader("acme").await);
    for app in [&one, &two] {
        registered(&house, app).await;
    }
    let (login, password) = account(&house, "acme", Some("osaka")).await;
    let (other, other_password) = account(&house, "acme", Some("kobe")).await;
    let (who, someone) = ((&*login, &*password), (&*other, &*other_password));
    let mut browser = Browser::at(&house);
    let first = let_in(&mut browser, &one, who).await;
    let second = let_in(&mut browser, &two, who).await;
    let foreign = let_in(&mut browser, &one, someone).await;
    let page = browser.grants().await;
    assert_eq!(page.status, 200);
    assert!(page.policy.contains("default-src 'none'") && page.policy.contains("form-action 'self'"));
    assert!(!page.text.contains(&one.app_key), "nothing is shown to whoever comes");
    let page = fill(&browser, &house, &page, who, None).await;
    assert_eq!(page.status, 200, "{}", page.text);
    for app in [&one, &two] {
        assert!(page.text.contains(&format!("App {} of acme", app.app_key)), "{}", page.text);
    }
    assert!(!page.text.contains(&*password));
    // Withdrawing takes the password again.
    let page = fill(&browser, &house, &page, (&login, "wrong"), Some(&one.app_key)).await;
    assert_eq!(page.status, 403);
    assert!(page.text.contains("role=\"alert\"") && is_let_in(&first).await);
    let page = fill(&browser, &house, &page, who, Some(&one.app_key)).await;
    assert_eq!(page.status, 200, "{}", page.text);
    assert!(page.text.contains(&format!("App {} buys for this account no more", one.app_key)), "{}", page.text);
    assert!(!page.text.contains(&format!("App {} of", one.app_key)) && page.text.contains(&two.app_key));
    house.clock.advance_ms(2_000);
    assert!(!is_let_in(&first).await, "its tokens end");
    assert!(is_let_in(&second).await && is_let_in(&foreign).await, "and no others");
    // Who withdrew what is in the books, as the operator's withdrawals are.
    let written = house.running.house.directory.audit(5).await.unwrap();
    let entry = written.iter().find(|entry| entry.action == "app.revoke_tokens").unwrap();
    assert_eq!((&*entry.actor, &*entry.subject), (&*format!("partner:acme key:{login}"), &*one.app_key));
    assert!(entry.detail.contains(&login));
    // Said again, or of an app that somebody else let in, it changes nothing and says so.
    let page = fill(&browser, &house, &page, who, Some(&one.app_key)).await;
    assert!(page.status == 200 && page.text.contains("Nothing was changed"), "{}", page.text);
    assert!(is_let_in(&foreign).await);
    let written = house.running.house.directory.audit(50).await.unwrap();
    assert_eq!(written.iter().filter(|entry| entry.action == "app.revoke_tokens").count(), 1);
    // A code that was not redeemed yet is taken back, too.
    let asked = browser.open(&[("client_id", &*one.app_key), ("redirect_uri", BACK)]).await;
    let code = browser.fill(&asked, &login, &password, "allow").await.told("code").unwrap();
    let page = fill(&browser, &house, &page, who, Some(&one.app_key)).await;
    assert!(page.text.contains("no more"), "{}", page.text);
    assert_eq!(redeem(&one, &code, BACK).await["error"], "invalid_grant");
    house.close().await;
}

#[actix_web::test]
async fn a_form_from_elsewhere_is_not_looked_at_and_guessing_is_bounded() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    registered(&house, &trader).await;
    let (login, password) = account(&house, "acme", None).await;
    let who = (&*login, &*password);
    let mut browser = Browser::at(&house);
    let held = let_in(&mut browser, &trader, who).await;
    let page = browser.grants().await;
    let (origin, token) = (house.url("").trim_end_matches('/').to_owned(), page.value("token"));
    for (from, token) in [("https://evil.example", &*token), ("null", &*token), (&*origin, "x"), (&*origin, "")] {
        let form = [("token", token), ("account", &*login), ("password", &*password), ("withdraw", &*trader.app_key)];
        let page = browser.send_to(GRANTS, from, &form).await;
        assert_eq!(page.status, 403, "{from} {token}");
        assert!(page.text.contains("not looked at") && !page.text.contains("of acme"), "{}", page.text);
    }
    assert!(is_let_in(&held).await);
    for strange in [("nobody", "x"), ("", ""), ("acme:kobe", &*password), ("../x", "x")] {
        assert_eq!(fill(&browser, &house, &page, strange, None).await.status, 403, "{strange:?}");
    }
    let mut waits = false;
    for _ in 0..900 {
        let said = fill(&browser, &house, &page, (&login, "wrong"), None).await;
        waits = said.status == 429;
        if waits {
            assert!(said.waits, "it says for how long");
            break;
        }
        assert_eq!(said.status, 403);
    }
    assert!(waits);
    house.close().await;
}

//! Tokens: how they are come by, how long they count, and who gets none.

use serde_json::Value;

use crate::harness::House;
use crate::param2::shapes::{TOKEN, hold};
use crate::param2::trader::{Said, Trader, XB};

async fn ask(trader: &Trader, protocol: &str, api: &str, parameters: &[(&str, &str)]) -> Said {
    let path = format!("{protocol}/1/system.oauth2/{api}/{}", trader.app_key);
    let all: Vec<_> = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    trader.post(&path, &all).await
}

fn text<'a>(told: &'a Value, member: &str) -> &'a str {
    told[member].as_str().unwrap_or_else(|| panic!("{member} in {told}"))
}

/// What a call with this token is refused with.
async fn refused(trader: &Trader, token: &str) -> Option<String> {
    let path = trader.path(XB, "product.search.queryProductDetail");
    let all = vec![("access_token".to_owned(), token.to_owned())];
    trader.post(&path, &trader.signed_without_token(&path, all)).await.error()
}

#[actix_web::test]
async fn a_code_brings_tokens_and_a_refresh_token_more() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let (id, secret) = (trader.app_key.clone(), trader.shown_secret.clone());
    let code = house.running.house.directory.issue_code("test", &id, "acme").await.unwrap();
    let grant = [
        ("grant_type", "authorization_code"),
        ("need_refresh_token", "true"),
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("redirect_uri", "default"),
        ("code", code.as_str()),
    ];
    let first = ask(&trader, "http", "getToken", &grant).await;
    assert_eq!(first.status, 200, "{}", first.json());
    let first = first.json();
    hold(&first, TOKEN);
    assert_eq!((text(&first, "expires_in"), text(&first, "resource_owner")), ("36000", "acme"));
    assert_eq!(text(&first, "memberId"), format!("b2b-{}", text(&first, "aliId")));
    assert_eq!(text(&first, "refresh_token_timeout").len(), 22);
    assert_eq!(refused(&trader, text(&first, "access_token")).await.as_deref(), Some("gw.ParamMissing"));
    assert_eq!(refused(&trader, text(&first, "refresh_token")).await.as_deref(), Some("401"));
    let again = ask(&trader, "param2", "getToken", &grant).await;
    assert_eq!((again.status, text(&again.json(), "error")), (400, "invalid_grant"), "a code is redeemed once");
    assert!(!text(&again.json(), "error_description").is_empty());
    house.clock.advance_ms(36_000_000);
    assert_eq!(refused(&trader, text(&first, "access_token")).await.as_deref(), Some("401"));
    // The Java client spells the parameter its own way.
    for spelt in ["refresh_token", "refreshToken"] {
        let refresh = [
            ("grant_type", "refresh_token"),
            ("client_id", id.as_str()),
            ("client_secret", secret.as_str()),
            (spelt, text(&first, "refresh_token")),
        ];
        let told = ask(&trader, "param2", "getToken", &refresh).await.json();
        assert_eq!(refused(&trader, text(&told, "access_token")).await.as_deref(), Some("gw.ParamMissing"), "{told}");
        assert_eq!(told["refresh_token"], first["refresh_token"]);
    }
    let postpone = [
        ("client_id", id.as_str()),
        ("client_secret", secret.as_str()),
        ("refresh_token", text(&first, "refresh_token")),
    ];
    let postponed = ask(&trader, "param2", "postponeToken", &postpone).await.json();
    assert_ne!(postponed["refresh_token"], first["refresh_token"]);
    let over = ask(&trader, "param2", "postponeToken", &postpone).await;
    assert_eq!(text(&over.json(), "error"), "invalid_grant");
    house.close().await;
}

#[actix_web::test]
async fn tokens_are_only_for_the_app_that_shows_its_secret() {
    let house = House::open().await;
    let (trader, other) = (house.trader("acme").await, house.trader("other").await);
    let code = house.running.house.directory.issue_code("test", &trader.app_key, "acme").await.unwrap();
    let ask = async |trader: &Trader, id: &str, secret: &str| {
        let all = [("client_id", id), ("client_secret", secret), ("code", code.as_str())];
        let said = ask(trader, "param2", "getToken", &all).await;
        (said.status, said.json()["error"].as_str().map(str::to_owned))
    };
    let refused = |why: &str| (400, Some(why.to_owned()));
    assert_eq!(ask(&trader, &trader.app_key, "guess").await, refused("invalid_client"));
    assert_eq!(ask(&trader, &other.app_key, &other.shown_secret).await, refused("invalid_client"));
    assert_eq!(ask(&other, &other.app_key, &other.shown_secret).await, refused("invalid_grant"));
    assert_eq!(ask(&trader, &trader.app_key, &trader.shown_secret).await, (200, None));
    // A signature is not wanted, but a wrong one is no good.
    let path = format!("param2/1/system.oauth2/getToken/{}", trader.app_key);
    let signed = [("client_id", trader.app_key.as_str()), ("_aop_signature", "00")];
    let all: Vec<_> = signed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    assert_eq!(trader.post(&path, &all).await.error().as_deref(), Some("gw.SignatureInvalid"));
    house.close().await;
}

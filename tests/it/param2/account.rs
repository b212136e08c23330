//! Accounts as older clients see them: the token's own, those beside it, and sellers.

use serde_json::json;

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::shop::Shop;
use crate::param2::trade_shapes as shape;

const ACCOUNT: &str = "com.alibaba.account";
const OPEN: &str = "cn.alibaba.open";

#[actix_web::test]
async fn an_account_is_told_with_those_beside_it() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let own = trader.told(ACCOUNT, "alibaba.account.basic", &[]).await;
    hold(&own, shape::ACCOUNT);
    assert_eq!((&own["result"]["loginId"], &own["success"]), (&json!("acme"), &json!(true)));
    let alone = trader.told(ACCOUNT, "alibaba.subAccount.list", &[]).await;
    assert_eq!((&alone["mainLoginId"], &alone["subAccountList"]), (&json!("acme"), &json!([])));
    assert_eq!(alone["mainMemberId"], own["result"]["memberId"]);
    // Somebody else is given a token to buy for the partner.
    let directory = &house.running.house.directory;
    let token = directory.grant_lasting("test", &trader.app_key, "acme:osaka").await.unwrap().access_token;
    let both = trader.told(ACCOUNT, "alibaba.subAccount.list", &[]).await;
    hold(&both, shape::SUB_ACCOUNTS);
    assert_eq!(both["subAccountList"][0]["loginId"], "acme:osaka", "{both}");
    let find = async |login: &str| trader.told(OPEN, "querySubAccount", &[("loginId", login)]).await;
    let found = find("acme:osaka").await;
    assert_eq!(found["result"]["isSuccess"], true);
    assert_eq!(found["result"]["data"]["userId"], both["subAccountList"][0]["userId"]);
    let stranger = find("other").await;
    assert_eq!((&stranger["result"]["isSuccess"], stranger["result"].get("data")), (&json!(false), None), "{stranger}");
    // The other account sees itself, and the main one only.
    let mut osaka = trader;
    osaka.token = token;
    let own = osaka.told(ACCOUNT, "alibaba.account.basic", &[]).await;
    assert_eq!(own["result"]["loginId"], "acme:osaka");
    assert_eq!(own["result"]["memberId"], both["subAccountList"][0]["memberId"]);
    let seen = osaka.told(ACCOUNT, "alibaba.subAccount.list", &[]).await;
    assert_eq!((&seen["mainLoginId"], &seen["subAccountList"]), (&json!("acme"), &json!([])));
    house.close().await;
}

#[actix_web::test]
async fn a_seller_is_told_as_the_newer_face_tells_it() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let number = shop.ordered("PO-1").await;
    let info = shop.view(&number).await["result"]["baseInfo"].clone();
    let basic =
        async |asked: &[(&str, &str)]| shop.trader.told(ACCOUNT, "alibaba.account.agent.crossBasic", asked).await;
    let told = basic(&[("loginId", info["sellerLoginId"].as_str().unwrap())]).await;
    hold(&told, shape::SELLER);
    let newer = shop.partner.get(&format!("/v1/suppliers/{}", info["sellerUserId"])).await.json();
    assert_eq!(told["result"]["companyName"], newer["name_original"], "{newer}");
    assert_eq!(basic(&[("loginId", info["sellerID"].as_str().unwrap())]).await, told);
    for wrong in [[("loginId", "nobody")], [("loginId", "7")], [("domain", "shop7.1688.com")]] {
        let told = basic(&wrong).await;
        assert_eq!((&told["success"], &told["errorCode"]), (&json!(false), &json!("404")), "{told}");
    }
    let said = shop.trader.call(ACCOUNT, "alibaba.account.agent.crossBasic", &[]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamMissing"));
    house.close().await;
}

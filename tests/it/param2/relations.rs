//! Relations to offers, which are what the newer face calls follows.

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::trader::{Trader, XB};

const PRODUCT: &str = "com.alibaba.product";
const FENXIAO: &str = "com.alibaba.fenxiao";

/// `product.kjdistribute.addRelation` and `removeRelation`, which has the offer beside.
const RELATION: &[&str] = &["result.msg s!", "result.success b!", "result.traceId s!", "result.model[] s"];
/// `alibaba.product.follow.crossborder`
const CODED: &[&str] = &["code i!", "message s!"];
/// `alibaba.fenxiao.relationadd`
const SUPPLY: &[&str] = &["result.success b!", "result.code s!", "result.message s!", "result.result b!"];

async fn say(trader: &Trader, namespace: &str, api: &str, offer: &str) -> Value {
    let parameter = if namespace == PRODUCT { "productId" } else { "offerId" };
    trader.told(namespace, api, &[(parameter, offer)]).await
}

#[actix_web::test]
async fn what_is_followed_is_what_the_newer_face_follows() {
    let house = House::open().await;
    let (trader, partner) = (house.trader("acme").await, house.partner("acme").await);
    let found = partner.get("/v1/offers?limit=3&sort=sold").await.json();
    let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap()).collect();
    let followed = async || {
        let page = partner.get("/v1/follows").await.json();
        let mut ids: Vec<_> =
            page["items"].as_array().unwrap().iter().map(|one| one["offer_id"].as_str().unwrap().to_owned()).collect();
        ids.sort();
        ids
    };
    let mut wanted = ids.clone();
    wanted.sort_unstable();
    for _ in 0..2 {
        let told = say(&trader, XB, "product.kjdistribute.addRelation", ids[0]).await;
        hold(&told, RELATION);
        assert_eq!(told["result"]["success"], true, "{told}");
    }
    let told = say(&trader, PRODUCT, "alibaba.product.follow.crossborder", ids[1]).await;
    hold(&told, CODED);
    assert_eq!(told, json!({"code": 0, "message": ""}));
    let told = say(&trader, FENXIAO, "alibaba.fenxiao.relationadd", ids[2]).await;
    hold(&told, SUPPLY);
    assert_eq!((&told["result"]["success"], &told["result"]["result"]), (&json!(true), &json!(true)));
    assert_eq!(followed().await, wanted);
    // Said again, as some clients do, it is no failure.
    for turn in ["1", "2"] {
        let asked = [("offerId", ids[0]), ("turn", turn)];
        let told = trader.told(XB, "product.kjdistribute.removeRelation", &asked).await;
        hold(&told, RELATION);
        assert_eq!((&told["result"]["success"], &told["result"]["model"]), (&json!(true), &json!([ids[0]])));
    }
    let told = say(&trader, PRODUCT, "alibaba.product.unfollow.crossborder", ids[1]).await;
    assert_eq!(told, json!({"code": 0, "message": ""}));
    assert_eq!(followed().await, [ids[2]]);
    let told = say(&trader, XB, "product.kjdistribute.addRelation", "999999999999").await;
    assert_eq!(told["result"]["success"], false, "{told}");
    let told = say(&trader, PRODUCT, "alibaba.product.follow.crossborder", "999999999999").await;
    hold(&told, CODED);
    assert_eq!(told["code"], 404, "{told}");
    assert_eq!(followed().await, [ids[2]]);
    let said = trader.call(XB, "product.kjdistribute.addRelation", &[("offerId", "x")]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

//! Search by picture by the older protocol.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::harness::{House, plain};
use crate::param2::shapes::{ALIKE, UPLOADED, hold};
use crate::param2::trader::XB;

#[actix_web::test]
async fn a_picture_is_uploaded_and_finds_its_offer() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let found = house.partner("finder").await.get("/v1/offers?limit=1&sort=sold").await.json();
    let offer = &found["items"][0];
    let id: i64 = offer["id"].as_str().unwrap().parse().unwrap();
    let url = offer["image_url"].as_str().unwrap();
    let picture = plain().get(house.url(url)).send().await.unwrap().bytes().await.unwrap();
    let given = json!({"imageBase64": STANDARD.encode(&picture)}).to_string();
    let told = trader.told(XB, "product.image.upload", &[("uploadImageParam", &given)]).await;
    assert_eq!((&told["result"]["success"], &told["result"]["code"]), (&json!("true"), &json!("200")));
    hold(&told, UPLOADED);
    let image = told["result"]["result"].as_str().unwrap().to_owned();
    let search = async |query: serde_json::Value| {
        trader.told(XB, "product.search.imageQuery", &[("offerQueryParam", &query.to_string())]).await
    };
    let asked = json!({"imageId": image, "beginPage": 1, "pageSize": 10, "country": "en"});
    let like = search(asked).await;
    hold(&like, ALIKE);
    assert_eq!(like["result"]["success"], "true", "{like}");
    assert_eq!(like["result"]["result"]["data"][0]["offerId"], json!(id), "the offer itself looks most like it");
    let second = json!({"imageId": image, "beginPage": 2, "pageSize": 1, "country": "en"});
    let second = search(second).await;
    assert_eq!(second["result"]["result"]["data"][0]["offerId"], like["result"]["result"]["data"][1]["offerId"]);
    let by_address = json!({"imageAddress": url, "beginPage": 1, "pageSize": 5, "country": "en"});
    assert_eq!(search(by_address).await["result"]["result"]["data"][0]["offerId"], json!(id));
    let other = house.trader("other").await;
    let stolen = json!({"imageId": image, "beginPage": 1, "pageSize": 5, "country": "en"}).to_string();
    let stolen = other.told(XB, "product.search.imageQuery", &[("offerQueryParam", &stolen)]).await;
    assert_eq!(stolen["result"]["success"], "false", "a picture is its uploader's alone");
    house.close().await;
}

#[actix_web::test]
async fn what_is_no_picture_has_the_id_zero() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    for bytes in [&b"GIF89a"[..], b"\xFF\xD8\xFFnothing more"] {
        let given = json!({"imageBase64": STANDARD.encode(bytes)}).to_string();
        let told = trader.told(XB, "product.image.upload", &[("uploadImageParam", &given)]).await;
        assert_eq!(told["result"]["result"], "0");
    }
    let wrong = json!({"imageBase64": "***"}).to_string();
    let said = trader.call(XB, "product.image.upload", &[("uploadImageParam", &wrong)]).await;
    assert_eq!(said.error().as_deref(), Some("gw.ParamInvalid"));
    house.close().await;
}

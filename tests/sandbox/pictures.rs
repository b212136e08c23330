//! Search by picture and short links over the wholesale contract.

use reqwest::{Response, StatusCode};
use serde_json::{Value, json};
use xunyuan::sandbox::goods::{CrossBorder, Shop};

use super::{OFFERS, SEED, Sandbox, TOKEN};

const FEW: u32 = 60;

impl Sandbox {
    async fn few() -> Sandbox {
        Sandbox::with(|settings| settings.offers = FEW).await
    }

    async fn give(&self, partner: &str, kind: &str, bytes: Vec<u8>) -> Response {
        let request = self.client.post(format!("{}/pictures", self.running.url()));
        let request = request.header("X-Internal-Token", TOKEN).header("Content-Type", kind);
        request.header("X-Partner-Code", partner).body(bytes).send().await.unwrap()
    }

    async fn given(&self, partner: &str, bytes: Vec<u8>) -> String {
        let answer: Value = self.give(partner, "image/png", bytes).await.json().await.unwrap();
        answer["data"]["pictureId"].as_str().unwrap_or_else(|| unreachable!("{answer}")).to_owned()
    }

    /// Why a search by picture is refused.
    async fn not_found(&self, query: &str) -> (String, Value) {
        let (status, answer) = self.send(reqwest::Method::GET, &format!("/goods/pictureSearch?{query}"), None).await;
        assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(false)), "{answer}");
        (answer["errorCode"].as_str().unwrap().to_owned(), answer["errorData"]["param"].clone())
    }
}

/// The first goods that everybody may see.
fn open_goods(shop: &Shop) -> u32 {
    (0..shop.len()).find(|index| shop.goods(*index).cross_border == CrossBorder::Open).unwrap()
}

#[tokio::test]
async fn a_picture_finds_its_goods_page_by_page() {
    let sandbox = Sandbox::few().await;
    let shop = Shop::open(SEED, FEW);
    let goods = shop.goods(open_goods(&shop));
    let picture = shop.picture(open_goods(&shop), 300);
    let id = sandbox.given("acme", picture.clone()).await;
    assert_eq!(sandbox.given("acme", picture.clone()).await, id, "the same bytes are the same picture");
    assert_ne!(sandbox.given("other", picture).await, id);
    let path = format!("/goods/pictureSearch?pictureId={id}&lang=ja&pageSize=25");
    let first = sandbox.get(&path).await;
    assert_eq!(first["items"][0]["goodsId"], goods.id);
    assert!(first["items"][0]["likeness"].as_u64().unwrap() > 900 && first["items"][0]["subjectTrans"].is_string());
    let second = sandbox.get(&format!("{path}&pageToken={}", first["nextPageToken"].as_str().unwrap())).await;
    let all = first["items"].as_array().unwrap().iter().chain(second["items"].as_array().unwrap());
    let likeness: Vec<u64> = all.map(|item| item["likeness"].as_u64().unwrap()).collect();
    assert!(likeness.len() == 50 && likeness.is_sorted_by(|one, next| one >= next), "{likeness:?}");
    let own = sandbox.get(&format!("/goods/pictureSearch?picUrl=/goods/{}/picture.png&pageSize=1", goods.id)).await;
    assert_eq!(own["items"][0]["goodsId"], goods.id);
    let category = goods.category_id;
    let narrowed = sandbox.get(&format!("{path}&categoryId={category}")).await;
    assert!(narrowed["items"].as_array().unwrap().iter().all(|item| item["categoryId"] == category));
    sandbox.post(&format!("/control/goods/{}", goods.id), json!({"state": "held"})).await;
    let without = sandbox.get(&path).await;
    assert_ne!(without["items"][0]["goodsId"], goods.id);
    sandbox.running.stop().await;
}

#[tokio::test]
async fn what_a_search_by_picture_cannot_use_is_refused_by_name() {
    let sandbox = Sandbox::few().await;
    let shop = Shop::open(SEED, FEW);
    let id = sandbox.given("acme", shop.picture(0, 64)).await;
    for (query, param) in [
        (String::new(), "pictureId"),
        (format!("pictureId={id}&picUrl=/goods/1/picture.png"), "picUrl"),
        ("picUrl=https://a.example/goods/1/picture.png".to_owned(), "picUrl"),
        (format!("pictureId={id}&region=0,0,40,1000"), "region"),
        (format!("pictureId={id}&region=0,0,1000"), "region"),
        (format!("pictureId={id}&sort=newest"), "sort"),
        (format!("pictureId={id}&facets=Y"), "facets"),
        (format!("pictureId={id}&pageToken=AAAA"), "pageToken"),
        (format!("pictureId={id}&pageSize=51"), "pageSize"),
    ] {
        assert_eq!(sandbox.not_found(&query).await, ("PARAM_INVALID".to_owned(), json!(param)), "{query}");
    }
    for query in ["pictureId=0123456789abcdef0123456789abcdef", "pictureId=../x", "picUrl=/goods/1/picture.png"] {
        assert_eq!(sandbox.not_found(query).await.0, "PICTURE_NOT_FOUND", "{query}");
    }
    for (kind, bytes, why) in [
        ("image/gif", b"GIF89a".to_vec(), "type"),
        ("image/jpeg", shop.picture(0, 64), "magic"),
        ("image/png", shop.picture(0, 64)[..60].to_vec(), "data"),
    ] {
        let answer: Value = sandbox.give("acme", kind, bytes).await.json().await.unwrap();
        assert_eq!((&answer["errorCode"], &answer["errorData"]["why"]), (&json!("PICTURE_INVALID"), &json!(why)));
    }
    let large = sandbox.give("acme", "image/png", vec![0; (3 << 20) + 1]).await;
    assert_eq!(large.status(), StatusCode::PAYLOAD_TOO_LARGE);
    sandbox.running.stop().await;
}

#[tokio::test]
async fn an_uploaded_picture_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let data = Some(folder.path().to_path_buf());
    let open = async || {
        Sandbox::with(|settings| {
            settings.data = data.clone();
            settings.offers = FEW;
        })
        .await
    };
    let sandbox = open().await;
    let shop = Shop::open(SEED, FEW);
    let index = open_goods(&shop);
    let id = sandbox.given("acme", shop.picture(index, 200)).await;
    sandbox.running.stop().await;
    let again = open().await;
    let found = again.get(&format!("/goods/pictureSearch?pictureId={id}&pageSize=1")).await;
    assert_eq!(found["items"][0]["goodsId"], shop.goods(index).id);
    again.running.stop().await;
}

#[tokio::test]
async fn a_goods_is_passed_on_by_links_that_lead_back() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let id = shop.goods(open_goods(&shop)).id;
    let share = sandbox.get(&format!("/goods/{id}/share")).await;
    assert_eq!(share["url"], format!("https://detail.1688.com/offer/{id}.html"));
    let short = share["shortUrl"].as_str().unwrap();
    assert!(share["shareText"].as_str().unwrap().contains(short));
    assert_eq!(sandbox.get(&format!("/links/expand?url={short}")).await["url"], share["url"]);
    for unknown in ["https://qr.1688.com/s/none", "https://qr.1688.com/s/", "https://m.tb.cn/h.x", "x"] {
        let (_, answer) = sandbox.send(reqwest::Method::GET, &format!("/links/expand?url={unknown}"), None).await;
        assert_eq!(answer["errorCode"], "LINK_NOT_FOUND", "{unknown}");
    }
    sandbox.running.stop().await;
}

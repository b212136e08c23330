//! Search by picture: what is uploaded finds the offer again, whatever was done to the picture; it is its partner's own
//! and kept for a week; and everything that is no picture, or does not go with one, is refused by its place.

use serde_json::{Value, json};
use xunyuan::commands::client::{Answer, Draft};
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::sandbox;

use crate::harness::{House, Partner, plain, pointers, problem, sandbox_settings};

const FEW: u32 = 120;

/// A house whose catalogue is small enough to be described at once by a program that was not optimised.
pub async fn small_house() -> House {
    let catalogue = sandbox::Settings { offers: FEW, describe_pictures: true, ..sandbox_settings() };
    let patient = [
        ("UPSTREAM__DEADLINE_MS", "30000"),
        ("UPSTREAM__ORDER_DEADLINE_MS", "30000"),
        ("UPSTREAM__STALL_MS", "30000"),
        ("SERVER__REQUEST_DEADLINE_MS", "60000"),
    ];
    House::over(catalogue, &patient).await
}

pub async fn give(partner: &Partner, path: &str, media_type: &str, bytes: Vec<u8>) -> Answer {
    let headers = vec![("content-type".to_owned(), media_type.to_owned())];
    partner.ask(&Draft { method: "POST".into(), body: bytes, headers, ..Draft::get(path) }).await
}

async fn upload(partner: &Partner, media_type: &str, bytes: Vec<u8>) -> String {
    let answer = give(partner, "/v1/images", media_type, bytes).await;
    assert_eq!(answer.status, 201, "{}", answer.json());
    answer.json()["image_id"].as_str().unwrap().to_owned()
}

async fn offers(partner: &Partner, path: &str) -> Vec<Value> {
    let answer = partner.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.json());
    answer.json()["items"].as_array().unwrap().clone()
}

fn ids(offers: &[Value]) -> Vec<&str> {
    offers.iter().map(|offer| offer["id"].as_str().unwrap()).collect()
}

/// An offer's picture as everybody sees it.
async fn picture(offer: &Value, house: &House) -> Vec<u8> {
    let url = house.url(&format!("/pictures/{}.png?size=480&mode=sandbox", offer["id"].as_str().unwrap()));
    plain().get(url).send().await.unwrap().bytes().await.unwrap().to_vec()
}

fn pixels(png: &[u8]) -> (usize, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
    (reader.next_frame(&mut rgb).unwrap().width as usize, rgb)
}

/// The picture as JPEG without a tenth of its width on the left and of its height at the bottom.
fn cut(png: &[u8]) -> Vec<u8> {
    let (side, rgb) = pixels(png);
    let kept = side * 9 / 10;
    let rows = rgb.chunks_exact(side * 3).take(kept);
    let rgb: Vec<u8> = rows.flat_map(|row| row[(side - kept) * 3..].to_vec()).collect();
    let mut jpeg = Vec::new();
    let length = u16::try_from(kept).unwrap();
    jpeg_encoder::Encoder::new(&mut jpeg, 60).encode(&rgb, length, length, jpeg_encoder::ColorType::Rgb).unwrap();
    jpeg
}

fn webp(png: &[u8]) -> Vec<u8> {
    let (side, rgb) = pixels(png);
    let mut webp = Vec::new();
    let length = u32::try_from(side).unwrap();
    image_webp::WebPEncoder::new(&mut webp).encode(&rgb, length, length, image_webp::ColorType::Rgb8).unwrap();
    webp
}

#[actix_web::test]
async fn a_picture_finds_its_offer_in_the_partners_words_however_it_was_sent() {
    let house = small_house().await;
    let partner = house.partner("acme").await;
    let wanted = offers(&partner, "/v1/offers?limit=3&sort=newest").await;
    for (offer, at) in wanted.iter().zip(0..) {
        let png = picture(offer, &house).await;
        let (media_type, bytes) = match at {
            0 => ("image/png", png),
            1 => ("image/jpeg", cut(&png)),
            _ => ("image/webp", webp(&png)),
        };
        let image = upload(&partner, media_type, bytes).await;
        let found = offers(&partner, &format!("/v1/offers?image_id={image}&language=ja&currency=JPY&limit=10")).await;
        assert!(ids(&found)[..3].contains(&offer["id"].as_str().unwrap()), "{media_type}");
        let scores: Vec<f64> = found.iter().map(|one| one["score"].as_str().unwrap().parse().unwrap()).collect();
        assert!(scores[0] > 0.6 && scores.is_sorted_by(|one, next| one >= next) && scores[0] <= 1.0, "{scores:?}");
        assert_eq!(found[0]["price"]["from"]["currency"], "JPY");
    }
    let plain = offers(&partner, "/v1/offers?limit=1").await;
    assert!(plain[0].get("score").is_none(), "other searches have no score");
    house.close().await;
}

#[actix_web::test]
async fn a_search_by_picture_keeps_filters_regions_and_pages() {
    let house = small_house().await;
    let partner = house.partner("acme").await;
    let offer = offers(&partner, "/v1/offers?limit=1&sort=price_asc").await.remove(0);
    let image = upload(&partner, "image/png", picture(&offer, &house).await).await;
    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = partner.get(&format!("/v1/offers?image_id={image}&limit=30{cursor}")).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()));
        pages += 1;
        assert!(page["total"].as_u64().unwrap() <= 100, "{}", page["total"]);
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["total"].as_u64().unwrap() as usize, seen.len());
            break;
        };
        cursor = format!("&cursor={next}");
    }
    let unique: std::collections::HashSet<_> = seen.iter().collect();
    assert!(pages >= 3 && unique.len() == seen.len(), "{pages} pages, {} offers", seen.len());
    let other = partner.get(&format!("/v1/offers?image_id={image}&region=0,0,0.5,0.5&limit=30{cursor}")).await;
    assert_eq!((other.status, pointers(&other)), (400, vec!["query:cursor".to_owned()]));

    let category = offer["category_id"].as_str().unwrap();
    let found = offers(&partner, &format!("/v1/offers?image_id={image}&category={category}&limit=50")).await;
    assert_eq!(ids(&found)[0], offer["id"].as_str().unwrap());
    assert!(found.iter().all(|one| one["category_id"] == category));
    let none = partner.get(&format!("/v1/offers?image_id={image}&price_min=99999999")).await.json();
    assert_eq!((&none["items"], &none["total"]), (&json!([]), &json!(0)));
    let part = offers(&partner, &format!("/v1/offers?image_id={image}&region=0,0,1,1&limit=1")).await;
    assert_eq!(ids(&part), [offer["id"].as_str().unwrap()]);
    house.close().await;
}

#[actix_web::test]
async fn an_offers_own_picture_is_searched_by_its_address_and_no_other_address_is_looked_at() {
    let house = small_house().await;
    let partner = house.partner("acme").await;
    let offer = offers(&partner, "/v1/offers?limit=1").await.remove(0);
    let encoded = |url: &str| url::form_urlencoded::byte_serialize(url.as_bytes()).collect::<String>();
    let id = offer["id"].as_str().unwrap();
    for address in [offer["image_url"].as_str().unwrap(), &format!("https://detail.1688.com/offer/{id}.html")] {
        let found = offers(&partner, &format!("/v1/offers?image_url={}&limit=5", encoded(address))).await;
        assert_eq!(ids(&found)[0], id, "{address}");
        assert!(found[0]["score"].as_str().unwrap().parse::<f64>().unwrap() > 0.9);
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let here = format!("http://{}/pictures/{id}.png", listener.local_addr().unwrap());
    for address in [here.as_str(), "http://169.254.169.254/latest", "file:///etc/passwd", "//pictures/7.png", "7"] {
        let refused = partner.get(&format!("/v1/offers?image_url={}", encoded(address))).await;
        assert_eq!((refused.status, pointers(&refused)), (400, vec!["query:image_url".to_owned()]), "{address}");
    }
    assert!(listener.accept().is_err(), "nobody came to look");
    house.tell_catalogue(&format!("/control/goods/{id}"), json!({"state": "held"})).await;
    let gone =
        partner.get(&format!("/v1/offers?image_url={}", encoded(&format!("https://m.1688.com/offer/{id}.html")))).await;
    assert_eq!((gone.status, problem(&gone).as_str()), (404, "offer_not_found"));
    let image = upload(&partner, "image/png", picture_of(id)).await;
    let found = offers(&partner, &format!("/v1/offers?image_id={image}&limit=50")).await;
    assert!(!ids(&found).contains(&id), "a held offer is not found by its picture");
    house.close().await;
}

/// The picture of an offer that nobody may see.
fn picture_of(id: &str) -> Vec<u8> {
    let shop = sandbox::goods::Shop::open(sandbox::Settings::default().seed, FEW);
    shop.picture(shop.index_of(id.parse().unwrap()).unwrap(), 480)
}

#[actix_web::test]
async fn a_picture_is_its_partners_own_and_kept_for_seven_days() {
    let house = small_house().await;
    let (acme, other) = (house.partner("acme").await, house.partner("other").await);
    let live = house.partner_with("acme", "enterprise", Mode::Live, Scopes::all()).await;
    let png = picture(&offers(&acme, "/v1/offers?limit=1").await[0], &house).await;
    let image = upload(&acme, "image/png", png.clone()).await;
    assert_eq!(upload(&acme, "image/png", png.clone()).await, image, "the same bytes are the same picture");
    assert_ne!(upload(&other, "image/png", png.clone()).await, image);
    let path = format!("/v1/offers?image_id={image}&limit=2");
    assert_eq!(acme.get(&path).await.status, 200);
    for stranger in [&other, &live] {
        let refused = stranger.get(&path).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (404, "image_not_found"), "also where it is kept");
    }
    house.clock.advance_ms(6 * 86_400_000);
    assert_eq!(acme.get(&path).await.status, 200);
    house.clock.advance_ms(86_400_000);
    let over = acme.get(&path).await;
    assert_eq!((over.status, problem(&over).as_str()), (410, "image_expired"));
    assert_eq!(upload(&acme, "image/png", png).await, image, "given again it is kept again");
    assert_eq!(acme.get(&path).await.status, 200);
    let forgotten = json!({"match": "/goods/pictureSearch", "kind": "refuse", "errorCode": "PICTURE_NOT_FOUND"});
    house.tell_catalogue("/control/faults", forgotten).await;
    let gone = acme.get(&format!("{path}&language=ko")).await;
    assert_eq!((gone.status, problem(&gone).as_str()), (410, "image_expired"), "the catalogue has lost it");
    house.close().await;
}

#[actix_web::test]
async fn what_is_no_safe_picture_is_refused_with_what_to_do() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let shop = sandbox::goods::Shop::open(1, 3);
    let png = shop.picture(0, 64);
    let mut bomb = png.clone();
    // The header claims 65,535 by 65,535 pixels.
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    let half = png[..png.len() / 2].to_vec();
    for (media_type, bytes) in [
        ("image/jpeg", png.clone()),
        ("image/webp", b"RIFF\x04\0\0\0WEBP".to_vec()),
        ("image/png", b"<svg/>".to_vec()),
        ("image/png", bomb),
        ("image/png", half),
    ] {
        let refused = give(&partner, "/v1/images", media_type, bytes).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (400, "image_invalid"), "{}", refused.json());
        assert!(refused.json()["detail"].as_str().unwrap().contains("JPEG, PNG or WebP"), "{}", refused.json());
    }
    let kind = give(&partner, "/v1/images", "image/gif", b"GIF89a".to_vec()).await;
    assert_eq!((kind.status, problem(&kind).as_str()), (415, "unsupported_media_type"));
    let large = give(&partner, "/v1/images", "image/png", vec![0; (3 << 20) + 1]).await;
    assert_eq!((large.status, problem(&large).as_str()), (413, "body_too_large"));
    let stats = house.ask_catalogue("/control/stats").await;
    assert!(stats["data"]["calls"]["POST /pictures"].is_null(), "nothing of it came to the catalogue: {stats}");
    house.close().await;
}

#[actix_web::test]
async fn what_does_not_go_with_a_picture_is_refused_by_its_place() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let image = format!("image_id=img_{}", "0".repeat(32));
    for (query, wanted) in [
        ("image_id=vch_1".to_owned(), vec!["query:image_id"]),
        ("region=0,0,1,1".to_owned(), vec!["query:region"]),
        (format!("{image}&region=0,0,2,2"), vec!["query:region"]),
        (format!("{image}&sort=sold&facets=true"), vec!["query:sort", "query:facets"]),
        (
            format!("{image}&image_url=https%3A%2F%2Fdetail.1688.com%2Foffer%2F610947572360.html"),
            vec!["query:image_url"],
        ),
        (format!("{image}&limit=51&currency=yen"), vec!["query:currency", "query:limit"]),
    ] {
        let refused = partner.get(&format!("/v1/offers?{query}")).await;
        let mut told = pointers(&refused);
        let mut wanted: Vec<_> = wanted.into_iter().map(str::to_owned).collect();
        told.sort();
        wanted.sort();
        assert_eq!((refused.status, told), (400, wanted), "{query}");
    }
    let unknown = partner.get(&format!("/v1/offers?{image}")).await;
    assert_eq!((unknown.status, problem(&unknown).as_str()), (404, "image_not_found"));
    house.close().await;
}

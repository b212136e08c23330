//! What people paste becomes an offer: pages, short links, shared texts, QR pictures and numbers — or is told which of
//! these it was not, and why. Nothing that was pasted is ever opened.

use qrcode::{Color, QrCode};
use serde_json::{Value, json};

use crate::harness::{House, Partner, pointers, problem};
use crate::pictures::give;

async fn resolve(partner: &Partner, body: Value) -> Value {
    let answer = partner.post("/v1/links/resolve?language=ja&currency=JPY", body.clone()).await;
    assert_eq!(answer.status, 200, "{body}: {}", answer.json());
    answer.json()
}

/// A PNG with a QR code that says this.
fn code(text: &str) -> Vec<u8> {
    const SCALE: usize = 5;
    let code = QrCode::new(text).unwrap();
    let side = (code.width() + 8) * SCALE;
    let inside = |place: usize| (place / SCALE).checked_sub(4).filter(|place| *place < code.width());
    let dark = |at: usize| inside(at % side).zip(inside(at / side)).is_some_and(|at| code[at] == Color::Dark);
    let pixels: Vec<u8> = (0..side * side).map(|at| if dark(at) { 0 } else { 255 }).collect();
    let mut bytes = Vec::new();
    let length = u32::try_from(side).unwrap();
    let mut encoder = png::Encoder::new(&mut bytes, length, length);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

async fn shared(house: &House, id: &str) -> Value {
    house.ask_catalogue(&format!("/goods/{id}/share")).await["data"].clone()
}

#[actix_web::test]
async fn whatever_people_paste_becomes_the_offer_it_means() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let offer = partner.get("/v1/offers?limit=1").await.json()["items"][0].clone();
    let id = offer["id"].as_str().unwrap();
    let share = shared(&house, id).await;
    let link = |name: &str| share[name].as_str().unwrap().to_owned();
    for (pasted, form) in [
        (link("url"), "offer_page"),
        (format!("{}?spm=a26352&cosite=-", link("url")), "offer_page"),
        (link("mobileUrl"), "mobile_page"),
        (format!("https://detail.m.1688.com/page/index.html?offerId={id}"), "mobile_page"),
        (link("shortUrl"), "short_link"),
        (link("shareText"), "share_text"),
        (format!("亲，看看这个{}，还有 https://item.taobao.com/item.htm?id=7", link("url")), "share_text"),
        (id.to_owned(), "offer_number"),
    ] {
        let told = resolve(&partner, json!({"link": pasted})).await;
        assert_eq!((told["form"].as_str(), told["offer_id"].as_str()), (Some(form), Some(id)), "{pasted}");
        assert_eq!(told["offer"]["price"]["from"]["currency"], "JPY");
        assert_eq!(told["link"].is_null(), form == "offer_number");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_qr_code_is_read_from_a_body_a_form_and_an_uploaded_picture() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let offer = partner.get("/v1/offers?limit=1").await.json()["items"][0].clone();
    let id = offer["id"].as_str().unwrap();
    let png = code(shared(&house, id).await["shortUrl"].as_str().unwrap());
    let raw = give(&partner, "/v1/links/resolve", "image/png", png.clone()).await;
    let head =
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"qr.png\"\r\nContent-Type: image/png\r\n\r\n";
    let form = [head.as_slice(), &png, b"\r\n--x--\r\n"].concat();
    let form = give(&partner, "/v1/links/resolve", "multipart/form-data; boundary=x", form).await;
    let image = give(&partner, "/v1/images", "image/png", png).await.json();
    assert_eq!(image["has_code"], true);
    let named = partner.post("/v1/links/resolve", json!({"image_id": image["image_id"]})).await;
    for answer in [raw, form, named] {
        let told = answer.json();
        assert_eq!((told["form"].as_str(), told["offer_id"].as_str()), (Some("qr_picture"), Some(id)), "{told}");
    }
    let blank = sandbox_picture();
    let none = give(&partner, "/v1/links/resolve", "image/png", blank).await;
    assert_eq!((none.status, problem(&none).as_str()), (422, "code_not_found"));
    assert_eq!(none.json()["tried"][0]["form"], "qr_picture");
    let foreign = give(&partner, "/v1/links/resolve", "image/png", code("https://evil.example/offer/7.html")).await;
    assert_eq!((foreign.status, problem(&foreign).as_str()), (422, "link_foreign"));
    let broken = give(&partner, "/v1/links/resolve", "image/png", b"\x89PNG\r\n\x1a\n".to_vec()).await;
    assert_eq!((broken.status, problem(&broken).as_str()), (400, "image_invalid"));
    house.close().await;
}

fn sandbox_picture() -> Vec<u8> {
    xunyuan::sandbox::goods::Shop::open(1, 2).picture(0, 120)
}

#[actix_web::test]
async fn what_is_no_offer_is_told_what_it_was_not_and_nothing_is_opened() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let here = listener.local_addr().unwrap();
    let held = partner.get("/v1/offers?limit=1").await.json()["items"][0]["id"].as_str().unwrap().to_owned();
    house.tell_catalogue(&format!("/control/goods/{held}"), json!({"state": "held"})).await;
    for (pasted, status, code, form) in [
        ("复古花盆 多肉".to_owned(), 422, "link_unrecognised", Some("offer_page")),
        ("1234567".to_owned(), 422, "link_unrecognised", Some("offer_page")),
        ("https://shop123.1688.com/page/offerlist.htm".to_owned(), 422, "link_not_offer", Some("offer_page")),
        ("https://item.taobao.com/item.htm?id=610947572360".to_owned(), 422, "link_foreign", Some("offer_page")),
        (format!("http://{here}/offer/610947572360.html"), 422, "link_foreign", Some("offer_page")),
        (format!("http://detail.1688.com@{here}/offer/610947572360.html"), 422, "link_foreign", Some("offer_page")),
        ("https://qr.1688.com/s/none".to_owned(), 404, "short_link_not_found", Some("short_link")),
        ("https://m.tb.cn/h.gXYZ".to_owned(), 404, "short_link_not_found", Some("short_link")),
        ("https://detail.1688.com/offer/123456789.html".to_owned(), 404, "offer_foreign", None),
        (held, 404, "offer_held", None),
    ] {
        let refused = partner.post("/v1/links/resolve", json!({"link": pasted})).await;
        assert_eq!((refused.status, problem(&refused).as_str()), (status, code), "{pasted}: {}", refused.json());
        assert_eq!(refused.json()["tried"][0]["form"].as_str(), form, "{pasted}");
    }
    assert!(listener.accept().is_err(), "nobody came to look");
    house.close().await;
}

#[actix_web::test]
async fn a_body_that_says_nothing_or_too_much_is_refused_by_its_place() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    for (body, pointer) in [
        (json!({}), "#/link"),
        (json!({"link": ""}), "#/link"),
        (json!({"link": "x".repeat(4001)}), "#/link"),
        (json!({"link": "x", "image_id": "y"}), "#/image_id"),
        (json!({"image_id": "y"}), "#/image_id"),
        (json!({"link": 7}), "#/link"),
        (json!({"links": "x"}), "#/links"),
    ] {
        let refused = partner.post("/v1/links/resolve", body.clone()).await;
        assert_eq!((refused.status, pointers(&refused)), (400, vec![pointer.to_owned()]), "{body}");
    }
    let locale = partner.post("/v1/links/resolve?currency=yen", json!({"link": "610947572360"})).await;
    assert_eq!((locale.status, problem(&locale).as_str()), (400, "unknown_currency"));
    let image = partner.post("/v1/links/resolve", json!({"image_id": format!("img_{}", "0".repeat(32))})).await;
    assert_eq!((image.status, problem(&image).as_str()), (404, "image_not_found"));
    let kind = give(&partner, "/v1/links/resolve", "text/plain", b"610947572360".to_vec()).await;
    assert_eq!((kind.status, problem(&kind).as_str()), (415, "unsupported_media_type"));
    house.close().await;
}

#[actix_web::test]
async fn while_the_catalogue_is_down_a_short_link_is_not_called_unknown() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let down = json!({"match": "/links/expand", "kind": "status", "status": 503, "times": -1});
    house.tell_catalogue("/control/faults", down).await;
    let refused = partner.post("/v1/links/resolve", json!({"link": "https://qr.1688.com/s/11CrDfWx4"})).await;
    assert_eq!((refused.status, problem(&refused).as_str()), (503, "upstream_unavailable"));
    house.close().await;
}

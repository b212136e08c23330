//! Texts that the catalogue does not translate: filled from the glossary and by a machine, and each says where it comes
//! from.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use xunyuan::sandbox;

use crate::harness::House;

/// A LibreTranslate that puts the language before the text, and counts its calls.
async fn machine() -> (String, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    actix_web::rt::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let count = count.clone();
            actix_web::rt::spawn(async move {
                let (mut bytes, mut part) = (Vec::new(), [0; 8192]);
                let asked = loop {
                    let read = stream.read(&mut part).await.unwrap_or(0);
                    bytes.extend_from_slice(&part[..read]);
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    let body =
                        text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str::<Value>(body).ok());
                    match body {
                        Some(body) => break body,
                        None if read == 0 => return,
                        None => {}
                    }
                };
                count.fetch_add(1, Ordering::SeqCst);
                let target = asked["target"].as_str().unwrap();
                let words =
                    asked["q"].as_array().unwrap().iter().map(|text| format!("{target}:{}", text.as_str().unwrap()));
                let told = json!({"translatedText": words.collect::<Vec<_>>()}).to_string();
                let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", told.len());
                let _ = stream.write_all(format!("{head}{told}").as_bytes()).await;
            });
        }
    });
    (url, calls)
}

fn half_translated() -> sandbox::Settings {
    sandbox::Settings { untranslated_permille: 500, ..crate::harness::sandbox_settings() }
}

/// Where the title, the unit and the attributes of an offer come from.
fn origins(offer: &Value) -> (String, Vec<String>) {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let attributes = offer["attributes"].as_array().unwrap().iter();
    (
        word(&offer["title_origin"]),
        attributes.flat_map(|one| [word(&one["name_origin"]), word(&one["value_origin"])]).collect(),
    )
}

#[actix_web::test]
async fn what_the_catalogue_leaves_open_is_translated_and_says_by_whom() {
    let (url, calls) = machine().await;
    let settings =
        [("LANGUAGE__PROVIDER", "libretranslate"), ("LANGUAGE__URL", url.as_str()), ("LANGUAGE__BUDGET_MS", "5000")];
    let house = House::over(half_translated(), &settings).await;
    let partner = house.partner("acme").await;
    let page = partner.get("/v1/offers?language=ja&limit=50").await.json();
    let items = page["items"].as_array().unwrap();
    let from = |origin: &str| items.iter().filter(|offer| offer["title_origin"] == origin).collect::<Vec<_>>();
    let (machine, catalogue) = (from("machine"), from("catalogue"));
    assert!(machine.len() > 5 && catalogue.len() > 5 && machine.len() + catalogue.len() == 50, "{}", machine.len());
    for offer in machine {
        assert_eq!(offer["title"], format!("ja:{}", offer["title_original"].as_str().unwrap()));
    }
    let id = from("machine")[0]["id"].as_str().unwrap();
    let offer = partner.get(&format!("/v1/offers/{id}?language=ja")).await.json();
    let (title, attributes) = origins(&offer);
    assert_eq!(title, "machine");
    assert!(attributes.contains(&"glossary".to_owned()), "{attributes:?}");
    let words = offer["attributes"].as_array().unwrap().iter();
    let left = words.filter(|one| [&one["name_origin"], &one["value_origin"]].contains(&&json!("original")));
    let is_han = |letter: char| ('\u{4e00}'..='\u{9fff}').contains(&letter);
    let untold: Vec<_> = left.filter(|one| one["value_original"].as_str().unwrap().contains(is_han)).collect();
    assert!(untold.is_empty(), "{untold:?}");
    let before = calls.load(Ordering::SeqCst);
    let again = partner.get(&format!("/v1/offers/{id}?language=ja&currency=JPY")).await.json();
    assert_eq!((again["title"].clone(), calls.load(Ordering::SeqCst)), (offer["title"].clone(), before));
    let chinese = partner.get(&format!("/v1/offers/{id}?language=zh")).await.json();
    assert_eq!((origins(&chinese).0.as_str(), &chinese["title"]), ("original", &chinese["title_original"]));
    house.close().await;
}

#[actix_web::test]
async fn without_a_machine_the_glossary_is_used_and_the_rest_stays_chinese() {
    let house = House::over(half_translated(), &[]).await;
    let partner = house.partner("acme").await;
    let page = partner.get("/v1/offers?language=ko&limit=50").await.json();
    let offer = page["items"].as_array().unwrap().iter().find(|offer| offer["title_origin"] == "original").unwrap();
    assert_eq!(offer["title"], offer["title_original"]);
    let offer = partner.get(&format!("/v1/offers/{}?language=ko", offer["id"].as_str().unwrap())).await.json();
    assert!(origins(&offer).1.contains(&"glossary".to_owned()), "{}", offer["attributes"]);
    house.close().await;
}

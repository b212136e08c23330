//! The interpreter against a provider that answers from a table, is slow, refuses, or talks nonsense.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Interpreter, Kind, ProviderSettings, Settings};
use crate::clock::Clock;
use crate::model::language::Language;
use crate::model::offer::Origin;
use crate::sql::trial::houses;

/// What the provider does with a call; told what was asked.
type Answer = fn(&Value) -> (u16, Value);

struct Machine {
    url: url::Url,
    heads: Arc<Mutex<Vec<String>>>,
    calls: Arc<AtomicUsize>,
}

impl Machine {
    async fn answering(wait: Duration, answer: Answer) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mt/", listener.local_addr().unwrap()).parse().unwrap();
        let (heads, calls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
        let (seen, count) = (heads.clone(), calls.clone());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, count) = (seen.clone(), count.clone());
                tokio::spawn(async move {
                    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
                    let body = loop {
                        let read = stream.read(&mut part).await.unwrap_or(0);
                        bytes.extend_from_slice(&part[..read]);
                        let text = String::from_utf8_lossy(&bytes).into_owned();
                        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                        if let Ok(body) = serde_json::from_str::<Value>(body) {
                            seen.lock().unwrap().push(head.to_owned());
                            break body;
                        }
                    };
                    count.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(wait).await;
                    let (status, told) = answer(&body);
                    let told = told.to_string();
                    let head =
                        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", told.len());
                    let _ = stream.write_all(format!("{head}{told}").as_bytes()).await;
                });
            }
        });
        Self { url, heads, calls }
    }

    fn settings(&self, kind: Kind, budget_ms: u64, characters_per_day: u64) -> Settings {
        let provider = ProviderSettings { kind, url: self.url.clone(), key: "secret".to_owned().into() };
        Settings { provider: Some(provider), budget: Duration::from_millis(budget_ms), characters_per_day }
    }
}

/// Translates by putting the language before the text.
fn libre(asked: &Value) -> (u16, Value) {
    assert_eq!((&asked["source"], &asked["format"]), (&json!("zh"), &json!("text")));
    let target = asked["target"].as_str().unwrap();
    let words = asked["q"].as_array().unwrap().iter().map(|text| format!("{target}:{}", text.as_str().unwrap()));
    (200, json!({"translatedText": words.collect::<Vec<_>>()}))
}

fn deep(asked: &Value) -> (u16, Value) {
    let target = asked["target_lang"].as_str().unwrap();
    let texts = asked["text"].as_array().unwrap().iter();
    let words = texts.map(|text| json!({"text": format!("{target}:{}", text.as_str().unwrap())}));
    (200, json!({"translations": words.collect::<Vec<_>>()}))
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// Asks while the background task works.
async fn asked(interpreter: &Interpreter, language: Language, wanted: &[&str]) -> Vec<Option<(String, Origin)>> {
    let wanted = texts(wanted);
    let (told, ()) =
        tokio::join!(interpreter.translate(language, &wanted), interpreter.work(Duration::from_millis(200)));
    wanted.iter().map(|text| told.get(text).cloned()).collect()
}

fn machine(words: &str) -> Option<(String, Origin)> {
    Some((words.to_owned(), Origin::Machine))
}

#[tokio::test]
async fn the_glossary_comes_first_then_the_machine_and_what_it_said_is_remembered() {
    for house in houses().await {
        let provider = Machine::answering(Duration::ZERO, libre).await;
        let open =
            || Interpreter::new(provider.settings(Kind::LibreTranslate, 2_000, 0), house.sql.clone(), Clock::System);
        let interpreter = open().unwrap();
        let told = asked(&interpreter, Language::Japanese, &["陶瓷", "多肉盆栽"]).await;
        assert_eq!(told[0].as_ref().map(|(_, origin)| *origin), Some(Origin::Glossary));
        assert_eq!(told[1], machine("ja:多肉盆栽"));
        // Another node, which knows nothing but the database.
        let other = open().unwrap();
        assert_eq!(asked(&other, Language::Japanese, &["多肉盆栽"]).await, [machine("ja:多肉盆栽")]);
        assert_eq!(provider.calls.load(Ordering::SeqCst), 1, "translated once for all nodes");
        assert_eq!(asked(&other, Language::Thai, &["多肉盆栽"]).await, [machine("th:多肉盆栽")]);
    }
}

#[tokio::test]
async fn a_provider_in_the_other_shape_is_spoken_to_as_it_wants() {
    for house in houses().await {
        let provider = Machine::answering(Duration::ZERO, deep).await;
        let settings = provider.settings(Kind::DeepL, 2_000, 0);
        let interpreter = Interpreter::new(settings, house.sql.clone(), Clock::System).unwrap();
        assert_eq!(asked(&interpreter, Language::Portuguese, &["多肉盆栽"]).await, [machine("PT-BR:多肉盆栽")]);
        let head = provider.heads.lock().unwrap()[0].to_lowercase();
        assert!(
            head.starts_with("post /mt/v2/translate ") && head.contains("authorization: deepl-auth-key secret"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn a_slow_provider_delays_nobody_beyond_the_budget_and_is_there_for_the_next() {
    for house in houses().await {
        let provider = Machine::answering(Duration::from_millis(600), libre).await;
        let settings = provider.settings(Kind::LibreTranslate, 50, 0);
        let interpreter = Interpreter::new(settings, house.sql.clone(), Clock::System).unwrap();
        let working = interpreter.clone();
        let work = tokio::spawn(async move { working.work(Duration::from_secs(5)).await });
        let begun = Instant::now();
        assert!(interpreter.translate(Language::English, &texts(&["多肉盆栽"])).await.is_empty());
        assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
        work.await.unwrap();
        assert_eq!(asked(&interpreter, Language::English, &["多肉盆栽"]).await, [machine("en:多肉盆栽")]);
    }
}

#[tokio::test]
async fn a_provider_that_refuses_or_talks_nonsense_is_left_alone_for_a_while() {
    let answers: [Answer; 3] =
        [|_| (500, json!({})), |_| (200, json!({"translatedText": []})), |_| (200, json!({"translatedText": [""]}))];
    for answer in answers {
        for house in houses().await {
            let provider = Machine::answering(Duration::ZERO, answer).await;
            let clock = Clock::shiftable();
            let settings = provider.settings(Kind::LibreTranslate, 500, 0);
            let interpreter = Interpreter::new(settings, house.sql.clone(), clock.clone()).unwrap();
            assert_eq!(asked(&interpreter, Language::English, &["多肉盆栽"]).await, [None]);
            assert_eq!(asked(&interpreter, Language::English, &["多肉盆栽"]).await, [None]);
            assert_eq!(provider.calls.load(Ordering::SeqCst), 1, "it was left alone");
            clock.advance_ms(2_000);
            asked(&interpreter, Language::English, &["多肉盆栽"]).await;
            assert_eq!(provider.calls.load(Ordering::SeqCst), 2);
        }
    }
}

#[tokio::test]
async fn no_more_is_translated_in_a_day_than_may_be() {
    for house in houses().await {
        let provider = Machine::answering(Duration::ZERO, libre).await;
        let clock = Clock::shiftable();
        let settings = provider.settings(Kind::LibreTranslate, 500, 6);
        let interpreter = Interpreter::new(settings, house.sql.clone(), clock.clone()).unwrap();
        assert_eq!(asked(&interpreter, Language::English, &["多肉盆栽"]).await, [machine("en:多肉盆栽")]);
        assert_eq!(asked(&interpreter, Language::English, &["吊兰盆"]).await, [None], "seven characters");
        clock.advance_ms(25 * 3_600_000);
        assert_eq!(asked(&interpreter, Language::English, &["吊兰盆"]).await, [machine("en:吊兰盆")]);
    }
}

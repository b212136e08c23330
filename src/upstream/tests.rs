//! The client against small TCP servers that behave badly in one way each.

mod spared;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;

use crate::error::{Code, Failure};
use crate::model::ids::{CatalogueOrderId, OfferId};
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::upstream::wholesale::calls;
use crate::upstream::{Context, Endpoint, Error, Loss, Outcome, Settings, Tally, Upstream};

/// What the bad server does with each connection after it has read a request's head.
#[derive(Clone)]
enum Manner {
    Answer(&'static str, String),
    Drop,
    Silence,
    HalfBody,
    EndlessBody,
    DropOnceThenAnswer(String),
    AnswerOnceThenAnswer(&'static str, String),
    Head(&'static str, &'static str),
    /// Fails until it is told to answer.
    FailUntil(Arc<AtomicBool>, String),
    /// Begins an answer and says no more.
    Pause,
    /// Answers every connection but the one that comes after so many.
    SilenceAfter(usize, String),
}

async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        head.extend_from_slice(&buffer[..read]);
        if read == 0 || head.windows(4).any(|w| w == b"\r\n\r\n") {
            return String::from_utf8_lossy(&head).into_owned();
        }
    }
}

async fn respond(stream: &mut TcpStream, status: &str, body: &str) {
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let _ = stream.write_all(text.as_bytes()).await;
}

async fn behave(mut stream: TcpStream, manner: Manner, earlier: usize) {
    match manner {
        Manner::Answer(status, body) => respond(&mut stream, status, &body).await,
        Manner::Drop => {}
        Manner::Silence => std::future::pending().await,
        Manner::HalfBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"succ").await;
        }
        Manner::FailUntil(well, body) => match well.load(Ordering::Relaxed) {
            true => respond(&mut stream, "200 OK", &body).await,
            false => respond(&mut stream, "503 Service Unavailable", "busy").await,
        },
        Manner::Pause => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"succ").await;
            std::future::pending().await
        }
        Manner::SilenceAfter(many, body) => match earlier == many {
            true => std::future::pending().await,
            false => respond(&mut stream, "200 OK", &body).await,
        },
        Manner::EndlessBody => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await;
            while stream.write_all(&[b' '; 4096]).await.is_ok() {}
        }
        Manner::DropOnceThenAnswer(body) => {
            if earlier > 0 {
                respond(&mut stream, "200 OK", &body).await;
            }
        }
        Manner::AnswerOnceThenAnswer(status, body) => match earlier {
            0 => respond(&mut stream, status, "").await,
            _ => respond(&mut stream, "200 OK", &body).await,
        },
        Manner::Head(status, fields) => {
            let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n{fields}\r\n");
            let _ = stream.write_all(text.as_bytes()).await;
        }
    }
}

struct House {
    upstream: Upstream,
    tally: Arc<Tally>,
    heads: Arc<std::sync::Mutex<Vec<String>>>,
}

async fn house(manner: Manner) -> House {
    house_with(manner, |_| ()).await
}

async fn house_with(manner: Manner, change: impl FnOnce(&mut Settings)) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let heads = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = heads.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let head = read_head(&mut stream).await;
            let earlier = {
                let mut seen = seen.lock().unwrap();
                seen.push(head);
                seen.len() - 1
            };
            tokio::spawn(behave(stream, manner.clone(), earlier));
        }
    });
    let (upstream, tally) = client_with(&format!("http://{address}/internal/"), change);
    House { upstream, tally, heads }
}

fn client(url: &str) -> (Upstream, Arc<Tally>) {
    client_with(url, |_| ())
}

fn client_with(url: &str, change: impl FnOnce(&mut Settings)) -> (Upstream, Arc<Tally>) {
    let tally = Arc::new(Tally::default());
    let endpoint = Endpoint { url: Url::parse(url).unwrap(), token: "secret-token".to_owned().into() };
    let mut settings = Settings {
        live: Some(endpoint),
        deadline: Duration::from_millis(300),
        order_deadline: Duration::from_millis(900),
        max_answer_bytes: 64 * 1024,
        ..Settings::default()
    };
    change(&mut settings);
    (Upstream::new(&settings, tally.clone()).unwrap(), tally)
}

impl House {
    async fn ask(&self) -> Result<bytes::Bytes, Error> {
        self.upstream.ask(Mode::Live, &calls::goods(OfferId::new(7), Language::Japanese), Context::default()).await
    }

    async fn cancel(&self) -> Error {
        let call = calls::cancel(CatalogueOrderId::new(5), "mistake");
        self.upstream.ask(Mode::Live, &call, Context::default()).await.unwrap_err()
    }

    fn connections(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
}

fn ok(data: &str) -> String {
    format!(r#"{{"success":true,"data":{data},"traceId":"t"}}"#)
}

#[tokio::test]
async fn a_call_carries_token_trace_and_language_below_the_prefix() {
    let house = house(Manner::Answer("200 OK", ok("{\"a\":1}"))).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let context = Context { traceparent: Some(trace.into()), until: None };
    let call = calls::goods(OfferId::new(7), Language::Japanese);
    let document = house.upstream.ask(Mode::Live, &call, context).await.unwrap();
    assert_eq!(&document[..], b"{\"a\":1}");
    let head = house.heads.lock().unwrap().concat();
    for part in ["GET /internal/goods/7?lang=ja HTTP/1.1", "x-internal-token: secret-token", trace] {
        assert!(head.contains(part), "{part} in {head}");
    }
    assert!(!head.to_lowercase().contains("accept-encoding"), "{head}");
}

#[tokio::test]
async fn a_refused_connection_was_surely_not_executed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (upstream, tally) = client(&format!("http://{address}"));
    let call = calls::cancel(CatalogueOrderId::new(5), "mistake");
    let error = upstream.ask(Mode::Live, &call, Context::default()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotExecuted, "{error}");
    assert_eq!(error.code(), Code::UpstreamUnavailable);
    assert_eq!(tally.not_sent.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_dropped_or_late_answer_leaves_the_outcome_unknown_and_is_not_repeated() {
    for (manner, loss) in [
        (Manner::Drop, Loss::Broken),
        (Manner::Silence, Loss::Timeout),
        (Manner::HalfBody, Loss::Broken),
        (Manner::Answer("503 Service Unavailable", "busy".into()), Loss::Status(503)),
    ] {
        let house = house(manner).await;
        let error = house.cancel().await;
        assert!(matches!(&error, Error::Unknown { loss: found, .. } if *found == loss), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown);
        assert_eq!(house.connections(), 1);
    }
}

#[tokio::test]
async fn a_read_is_repeated_after_a_broken_connection() {
    let house = house(Manner::DropOnceThenAnswer(ok("{}"))).await;
    assert!(house.ask().await.is_ok());
    assert_eq!(house.tally.retries.load(Ordering::Relaxed), 1);
    assert_eq!(house.connections(), 2);
}

#[tokio::test]
async fn a_late_read_is_a_timeout_and_ends_at_its_deadline() {
    let house = house(Manner::Silence).await;
    let error = house.ask().await.unwrap_err();
    assert_eq!(error.code(), Code::UpstreamTimeout);
    assert_eq!(house.connections(), 1);
}

#[tokio::test]
async fn an_instruction_has_the_deadline_of_instructions() {
    let house = house(Manner::Silence).await;
    let begun = std::time::Instant::now();
    assert_eq!(house.cancel().await.code(), Code::UpstreamTimeout);
    assert!(begun.elapsed() >= Duration::from_millis(850), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn garbage_and_oversize_answers_are_nonsense() {
    for manner in [
        Manner::Answer("200 OK", "<html>oops".into()),
        Manner::Answer("200 OK", ok(&format!("\"{}\"", "x".repeat(70_000)))),
        Manner::EndlessBody,
        Manner::Answer("302 Found", String::new()),
    ] {
        let error = house(manner).await.ask().await.unwrap_err();
        assert!(matches!(error, Error::Nonsense(_)), "{error:?}");
        assert_eq!(error.outcome(), Outcome::Unknown, "a write that got this answer may have been executed");
    }
}

#[tokio::test]
async fn statuses_that_turn_away_did_not_execute() {
    for status in ["401 Unauthorized", "404 Not Found", "413 Content Too Large", "429 Too Many Requests"] {
        let refusal = r#"{"success":false,"errorCode":"TOKEN_INVALID","errorMsg":"无效"}"#;
        let error = house(Manner::Answer(status, refusal.into())).await.cancel().await;
        assert!(matches!(error, Error::Denied { .. }), "{error:?}");
        assert_eq!(error.outcome(), Outcome::NotExecuted);
    }
}

#[tokio::test]
async fn a_status_that_says_nothing_about_execution_is_a_loss() {
    for (status, number) in [("408 Request Timeout", 408), ("409 Conflict", 409), ("499 Client Closed Request", 499)] {
        let house = house(Manner::Answer(status, String::new())).await;
        let error = house.cancel().await;
        assert!(matches!(error, Error::Unknown { loss: Loss::Status(found), .. } if found == number), "{error:?}");
        assert_eq!((error.outcome(), house.connections()), (Outcome::Unknown, 1));
        assert_eq!((error.code(), error.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
    }
}

#[tokio::test]
async fn a_read_that_met_a_passing_status_is_repeated() {
    for status in ["408 Request Timeout", "425 Too Early"] {
        let house = house(Manner::AnswerOnceThenAnswer(status, ok("{}"))).await;
        assert!(house.ask().await.is_ok(), "{status}");
        assert_eq!(house.connections(), 2);
    }
}

#[tokio::test]
async fn a_service_that_is_too_busy_says_when_to_come_back() {
    for (pause, wait_s) in
        [("retry-after: 7\r\n", 7), ("", 2), ("retry-after: 86400\r\n", 60), ("retry-after: x\r\n", 2)]
    {
        let house = house(Manner::Head("429 Too Many Requests", pause)).await;
        let error = house.ask().await.unwrap_err();
        assert_eq!((error.code(), error.retry_after_s()), (Code::UpstreamUnavailable, Some(wait_s)));
        assert_eq!((error.outcome(), house.connections()), (Outcome::NotExecuted, 1), "it is not asked at once again");
    }
}

#[tokio::test]
async fn a_business_refusal_keeps_its_word() {
    let body =
        r#"{"success":false,"errorCode":"STATUS_NOT_ALLOWED","errorMsg":"状态","errorData":{"status":"success"}}"#;
    let error = house(Manner::Answer("200 OK", body.into())).await.cancel().await;
    assert_eq!(error.outcome(), Outcome::Refused);
    assert_eq!(error.refusal().unwrap().error_code, "STATUS_NOT_ALLOWED");
}

#[tokio::test]
async fn a_world_without_a_service_says_so() {
    let (upstream, _) = client("http://127.0.0.1:9");
    let call = calls::goods(OfferId::new(7), Language::English);
    let error = upstream.ask(Mode::Sandbox, &call, Context::default()).await.unwrap_err();
    assert_eq!(error.code(), Code::SandboxUnavailable);
}

#[tokio::test]
async fn a_picture_comes_without_envelope_and_its_absence_is_a_refusal() {
    let call = calls::picture(OfferId::new(7), 240);
    let lost = house(Manner::Answer("404 Not Found", String::new())).await;
    let error = lost.upstream.ask(Mode::Live, &call, Context::default()).await.unwrap_err();
    assert_eq!(error.refusal().unwrap().error_code, "GOODS_NOT_FOUND");
}

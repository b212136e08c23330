//! A partner's receiver of webhooks: it remembers what it heard, and can be told to fail or to hang.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use xunyuan::signing::webhook::WebhookSecret;

use crate::harness::House;

/// One delivery as it arrived.
#[derive(Clone, Debug)]
pub struct Heard {
    /// The request's path.
    pub path: String,
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`.
    pub timestamp: String,
    /// `webhook-signature`.
    pub signature: String,
    /// The body's bytes.
    pub body: Vec<u8>,
}

impl Heard {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The event's type.
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Whether it is genuine by this secret.
    pub fn is_by(&self, secret: &str) -> bool {
        let secret = WebhookSecret::parse(secret).unwrap();
        secret.verify(&self.id, self.timestamp.parse().unwrap(), &self.signature, &self.body)
    }
}

/// What a receiver answers.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    /// This status.
    Answers(u16),
    /// Nothing at all.
    Hangs,
}

/// A receiver that remembers.
pub struct Receiver {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    mood: Arc<Mutex<Mood>>,
}

impl House {
    /// A receiver that answers 204 until it is told otherwise.
    pub async fn receiver(&self) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (heard, mood) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::new(Mutex::new(Mood::Answers(204))));
        let receiver = Receiver { at, heard: heard.clone(), mood: mood.clone() };
        actix_web::rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_web::rt::spawn(serve(stream, heard.clone(), mood.clone()));
            }
        });
        receiver
    }
}

impl Receiver {
    /// Its address.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    /// From now on it is in this mood.
    pub fn is_now(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Everything so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// Everything once there is enough; arrival takes its time, so it is waited for.
    pub async fn waits(&self, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        for _ in 0..1_600 {
            let heard = self.heard();
            if enough(&heard) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("the receiver only heard {} times", self.heard().len());
    }

    /// The same of events, told by their types when there are too few.
    pub async fn hears(&self, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        for _ in 0..1_600 {
            let heard = self.heard();
            if enough(&heard) {
                return heard;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let kinds: Vec<_> = self.heard().iter().map(Heard::kind).collect();
        panic!("the receiver only heard {kinds:?}");
    }
}

async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, mood: Arc<Mutex<Mood>>) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let field = |name: &str| {
            let line = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        let whole = end + 4 + field("content-length").parse::<usize>().unwrap_or(0);
        if bytes.len() < whole {
            continue;
        }
        heard.lock().unwrap().push(Heard {
            path: head.split(' ').nth(1).unwrap().to_owned(),
            id: field("webhook-id"),
            timestamp: field("webhook-timestamp"),
            signature: field("webhook-signature"),
            body: bytes[end + 4..whole].to_vec(),
        });
        bytes.drain(..whole);
        let mood = *mood.lock().unwrap();
        match mood {
            Mood::Hangs => std::future::pending().await,
            Mood::Answers(status) => {
                let told = format!("HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
                if stream.write_all(told.as_bytes()).await.is_err() {
                    return;
                }
            }
        }
    }
}

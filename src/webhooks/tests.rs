//! What must hold between the ledger and a receiver, on every engine at hand: real sockets on this machine, a resolver
//! that is told what to answer, and a clock that is set.

mod addresses;
mod again;
mod older;
mod secrets;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Dispatcher, Draft, Names, Revealed, Settings, Webhooks};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::{DeliveryFilter, Ledger};
use crate::model::ids::EndpointId;
use crate::model::page::PageSize;
use crate::model::partner::{Caller, Mode, Scopes};
use crate::model::webhook::{Delivery, DeliveryState, Format};
use crate::partners::{MasterKeys, Sealer, example};
use crate::signing::webhook::WebhookSecret;
use crate::sql::{args, trial};

/// What a receiver heard.
#[derive(Clone, Debug)]
struct Heard {
    path: String,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    fn field(&self, name: &str) -> String {
        let line = self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_default().trim().to_owned()
    }

    /// Whether it is genuine by this secret.
    fn is_by(&self, secret: &str) -> bool {
        let at = self.field("webhook-timestamp").parse().unwrap();
        let secret = WebhookSecret::parse(secret).unwrap();
        secret.verify(&self.field("webhook-id"), at, &self.field("webhook-signature"), &self.body)
    }
}

/// A receiver that remembers; `/hang…` never answers, everything else is answered as told.
struct Receiver {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<String>>,
}

impl Receiver {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let (heard, answer) = (Arc::<Mutex<Vec<Heard>>>::default(), Arc::new(Mutex::new("204 No Content\r\n".into())));
        let receiver = Self { at, heard: heard.clone(), answer: answer.clone() };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, heard.clone(), answer.clone()));
            }
        });
        receiver
    }

    /// From now on this status with these fields (each with its line end).
    fn answers(&self, status: &str, fields: &str) {
        *self.answer.lock().unwrap() = format!("{status}\r\n{fields}");
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, heard: Arc<Mutex<Vec<Heard>>>, answer: Arc<Mutex<String>>) {
    let mut bytes = Vec::new();
    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0");
        let whole = end + 4 + length.parse::<usize>().unwrap();
        if bytes.len() < whole {
            continue;
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let hangs = path.starts_with("/hang");
        let body = bytes[end + 4..whole].to_vec();
        heard.lock().unwrap().push(Heard { path, head, body });
        bytes.drain(..whole);
        if hangs {
            std::future::pending::<()>().await;
        }
        let told = format!("HTTP/1.1 {}content-length: 0\r\n\r\n", answer.lock().unwrap());
        stream.write_all(told.as_bytes()).await.unwrap();
    }
}

/// A node in front of a database of its own.
struct Node {
    house: trial::House,
    clock: Clock,
    ledger: Ledger,
    room: Webhooks,
    dispatcher: Dispatcher,
    names: Names,
}

fn settings() -> Settings {
    let allow_networks = vec!["127.0.0.0/8".parse().unwrap()];
    Settings { allow_networks, timeout: Duration::from_secs(30), ..Settings::default() }
}

async fn nodes(settings: Settings) -> Vec<Node> {
    let mut nodes = Vec::new();
    for house in trial::houses().await {
        let (clock, names) = (Clock::shiftable(), Names::fixed([]));
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let sealer = Sealer::new(MasterKeys::parse(&MasterKeys::generate(1).unwrap()).unwrap());
        let room = Webhooks::new(settings.clone(), ledger.clone(), sealer, names.clone(), clock.clone());
        let dispatcher = Dispatcher::new(room.clone()).unwrap();
        nodes.push(Node { house, clock, ledger, room, dispatcher, names });
    }
    nodes
}

fn acme() -> Caller {
    Caller {
        partner: Arc::new(example::partner("acme")),
        key_id: "xyk_test_1".into(),
        mode: Mode::Sandbox,
        scopes: Scopes::all(),
    }
}

/// An endpoint that hears of everything.
fn everything(url: &str) -> Draft {
    let patterns = vec!["*".parse().unwrap()];
    Draft { url: url.into(), description: String::new(), patterns, format: Format::Standard, app: None }
}

impl Node {
    async fn endpoint(&self, url: &str) -> Revealed {
        let patterns = vec!["*".parse().unwrap()];
        let draft =
            Draft { url: url.to_owned(), description: String::new(), patterns, format: Format::Standard, app: None };
        self.room.create(&acme(), draft).await.unwrap()
    }

    async fn event(&self, subject: &str) {
        const EVENT: &str = "INSERT INTO events (event, partner, mode, subject, kind, data, at) \
            VALUES ($1, 'acme', 'sandbox', $2, 'order.paid', $3, $4)";
        let id = crate::model::ids::EventId::fresh();
        let data = format!(r#"{{"order_id":"{subject}","note":"注文","state":"paid"}}"#);
        self.house.sql.execute(EVENT, args![id.as_str(), subject, data, self.clock.now_ms()]).await.unwrap();
        self.ledger.publish(100).await.unwrap();
    }

    /// Everything that is due now is tried once, and written down.
    async fn deliver(&mut self) {
        while self.dispatcher.turn().await.unwrap() > 0 {}
        self.dispatcher.finish(Duration::from_secs(60)).await;
    }

    async fn deliveries(&self, endpoint: &EndpointId) -> Vec<Delivery> {
        let (filter, size) = (DeliveryFilter::default(), PageSize::new(50).unwrap());
        self.room.deliveries(&acme(), endpoint, &filter, None, size).await.unwrap().items
    }
}

#[tokio::test]
async fn an_event_arrives_signed_and_with_the_same_bytes_as_by_pull() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/hook?x=1")).await;
        node.event("ord_1").await;
        node.deliver().await;
        let heard = receiver.heard();
        assert_eq!((heard.len(), heard[0].path.as_str()), (1, "/hook?x=1"));
        assert!(heard[0].is_by(&made.secret));
        assert!(heard[0].field("user-agent").starts_with("Xunyuan-Webhooks/"));
        assert_eq!(heard[0].field("content-type"), "application/json");
        let pulled = node.room.pull(&acme(), None, &[], 10).await.unwrap().events.remove(0);
        assert_eq!(heard[0].field("webhook-id"), pulled.event.to_string());
        let at = jiff::Timestamp::from_millisecond(pulled.at).unwrap();
        let body = format!(r#"{{"type":"order.paid","timestamp":"{at}","data":{}}}"#, pulled.data);
        assert_eq!(String::from_utf8_lossy(&heard[0].body), body);
        assert_eq!(node.deliveries(&made.endpoint.id).await[0].state, DeliveryState::Delivered);
        node.deliver().await;
        assert_eq!(receiver.heard().len(), 1, "once is enough");
    }
}

#[tokio::test]
async fn two_nodes_together_deliver_each_event_once() {
    for node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        for number in 0..4 {
            node.endpoint(&receiver.url(&format!("/{number}"))).await;
        }
        for subject in ["a", "b", "c", "d", "e"] {
            node.event(subject).await;
            node.event(subject).await;
        }
        let ledger = Ledger::new(node.house.another().await, node.clock.clone());
        let other = Webhooks { ledger, bell: Arc::default(), ..node.room.clone() };
        let (mut one, mut two) = (node.dispatcher, Dispatcher::new(other).unwrap());
        let stop = tokio_util::sync::CancellationToken::new();
        let enough = async {
            for _ in 0..3_000 {
                if receiver.heard().len() >= 40 && node.room.undelivered().await.unwrap().pending == 0 {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stop.cancel();
        };
        tokio::join!(one.run(&stop), two.run(&stop), enough);
        let heard = receiver.heard();
        let distinct: std::collections::HashSet<_> =
            heard.iter().map(|heard| (heard.path.clone(), heard.field("webhook-id"))).collect();
        assert_eq!((heard.len(), distinct.len()), (40, 40), "{}", node.house.sql.engine_name());
    }
}

#[tokio::test]
async fn the_pull_feed_goes_on_where_it_was_acknowledged() {
    for node in nodes(settings()).await {
        for subject in ["a", "b", "c"] {
            node.event(subject).await;
        }
        let subjects = async |after, types: &[&str], limit| {
            let patterns: Vec<_> = types.iter().map(|one| one.parse().unwrap()).collect();
            let pulled = node.room.pull(&acme(), after, &patterns, limit).await.unwrap();
            let told: Vec<_> = pulled.events.iter().map(|event| event.subject.clone()).collect();
            (told.join(""), pulled.position, pulled.more)
        };
        assert_eq!(subjects(None, &[], 2).await, ("ab".into(), 2, true));
        assert_eq!(subjects(Some(2), &["order.*"], 2).await, ("c".into(), 3, false));
        assert_eq!(subjects(None, &["refund.*"], 2).await, (String::new(), 3, false), "others are passed over");
        assert_eq!(node.room.acknowledge(&acme(), 2).await.unwrap(), 2);
        assert_eq!(subjects(None, &["*"], 9).await, ("c".into(), 3, false));
        assert_eq!(subjects(Some(0), &[], 9).await, ("abc".into(), 3, false), "what is acknowledged can be read again");
        let ahead = node.room.acknowledge(&acme(), 4).await.unwrap_err();
        assert_eq!((ahead.code(), ahead.places()[0].pointer.as_str()), (Code::InvalidRequest, "#/position"));
    }
}

//! What must hold between the ledger and a receiver, on every engine at hand: real sockets on this machine, a resolver
//! that is told what to answer, and a clock that is set.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Dispatcher, Draft, EndpointChange, Error, Names, Revealed, Settings, Webhooks};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::{DeliveryFilter, Ledger};
use crate::model::ids::{EndpointId, PartnerId};
use crate::model::page::PageSize;
use crate::model::partner::{Caller, Mode, Scopes};
use crate::model::webhook::{Delivery, DeliveryState, EndpointState, Format};
use crate::partners::{AppPolicy, Directory, MasterKeys, NewPartner, Sealer, example};
use crate::signing::aop::AppSecret;
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
async fn for_a_day_after_a_rotation_either_secret_verifies() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        let rotated = node.room.rotate(&acme(), &made.endpoint.id).await.unwrap();
        assert_ne!(made.secret, rotated.secret);
        node.event("a").await;
        node.deliver().await;
        node.clock.advance_ms(86_400_000);
        node.event("b").await;
        node.deliver().await;
        let heard = receiver.heard();
        assert_eq!(heard[0].field("webhook-signature").split(' ').count(), 2);
        assert!(heard[0].is_by(&made.secret) && heard[0].is_by(&rotated.secret));
        assert!(!heard[1].is_by(&made.secret) && heard[1].is_by(&rotated.secret));
    }
}

#[tokio::test]
async fn secrets_are_sealed_at_rest_and_follow_the_newest_master_key() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        let secret = WebhookSecret::parse(&made.secret).unwrap();
        let row = node.house.sql.fetch_optional("SELECT * FROM webhook_endpoints", vec![]).await.unwrap().unwrap();
        let kept = [row.bytes("sealed_secret").unwrap(), row.bytes("wrapped_key").unwrap()].concat();
        assert!(!kept.windows(8).any(|eight| secret.bytes().starts_with(eight)));
        let old = MasterKeys::generate(1).unwrap();
        let both = MasterKeys::parse(&format!("{}\n{}", *old, *MasterKeys::generate(2).unwrap())).unwrap();
        let other = Sealer::new(MasterKeys::parse(&old).unwrap());
        assert!(
            Webhooks { sealer: other.clone(), ..node.room.clone() }.rewrap_secrets().await.is_ok(),
            "nothing to do"
        );
        node.room.sealer = other;
        let made = node.endpoint(&receiver.url("/new")).await;
        node.room.delete(&acme(), &node.room.list(&acme()).await.unwrap()[0].id).await.unwrap();
        node.room.rotate(&acme(), &made.endpoint.id).await.unwrap();
        node.room.sealer = Sealer::new(both);
        assert_eq!(node.room.rewrap_secrets().await.unwrap(), 1);
        assert_eq!(node.room.rewrap_secrets().await.unwrap(), 0);
        node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
        node.event("a").await;
        node.deliver().await;
        assert!(receiver.heard()[0].is_by(&made.secret), "both secrets open under the new master key");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for mut node in nodes(settings()).await {
        let (receiver, elsewhere) = (Receiver::open().await, Receiver::open().await);
        for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
            receiver.answers(status, &format!("location: {}\r\n", elsewhere.url("/")));
            let made = node.endpoint(&receiver.url("/")).await;
            node.event("a").await;
            node.deliver().await;
            let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
            assert_eq!(delivery.state, DeliveryState::Pending);
            assert!(delivery.attempts[0].problem.as_deref().unwrap().contains("redirects are not followed"));
            node.room.delete(&acme(), &made.endpoint.id).await.unwrap();
        }
        assert_eq!((receiver.heard().len(), elsewhere.heard().len()), (4, 0));
    }
}

#[tokio::test]
async fn a_closed_address_is_refused_when_an_endpoint_is_made_changed_or_enabled() {
    for node in nodes(Settings { allow_networks: Vec::new(), ..settings() }).await {
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        node.names.change("inside.example", vec!["10.1.2.3".parse().unwrap()]);
        let refused = |error: Error| {
            assert_eq!(error.code(), Code::InvalidRequest, "{error}");
            assert_eq!(error.places()[0].pointer, "#/url");
        };
        for url in ["https://inside.example/", "https://127.0.0.1/", "https://169.254.169.254/", "http://shop.example/"]
        {
            let draft = everything(url);
            refused(node.room.create(&acme(), draft).await.unwrap_err());
        }
        let made = node.endpoint("https://shop.example/").await;
        let change = EndpointChange { url: Some("https://inside.example/".into()), ..Default::default() };
        refused(node.room.change(&acme(), &made.endpoint.id, change).await.unwrap_err());
        let stop = EndpointChange { state: Some(EndpointState::Disabled), ..Default::default() };
        node.room.change(&acme(), &made.endpoint.id, stop).await.unwrap();
        node.names.change("shop.example", vec!["10.1.2.3".parse().unwrap()]);
        refused(node.room.enable(&acme(), &made.endpoint.id).await.unwrap_err());
    }
}

#[tokio::test]
async fn a_name_that_leads_inside_by_the_time_of_the_delivery_is_not_called() {
    for mut node in nodes(Settings { allow_networks: Vec::new(), ..settings() }).await {
        let inside = Receiver::open().await;
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        let made = node.endpoint(&format!("https://shop.example:{}/", inside.at.port())).await;
        let both = vec!["93.184.216.34".parse().unwrap(), inside.at.ip()];
        for (subject, addresses) in [("a", vec![inside.at.ip()]), ("b", both)] {
            node.names.change("shop.example", addresses);
            node.event(subject).await;
            node.deliver().await;
            let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
            let problem = delivery.attempts.last().unwrap().problem.clone().unwrap();
            assert!(problem.contains("127.0.0.1, which may not be called"), "{problem}");
            node.clock.advance_ms(10_000);
        }
        assert!(inside.heard().is_empty());
    }
}

#[tokio::test]
async fn without_tls_only_allowed_networks_are_called_even_if_the_name_moves() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        node.names.change("shop.example", vec![receiver.at.ip()]);
        let made = node.endpoint(&format!("http://shop.example:{}/", receiver.at.port())).await;
        node.event("a").await;
        node.deliver().await;
        assert_eq!(receiver.heard().len(), 1);
        // What is kept alive was judged when it was opened; a new connection is judged anew.
        node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
        node.names.change("shop.example", vec!["93.184.216.34".parse().unwrap()]);
        node.event("b").await;
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        let problem = delivery.attempts[0].problem.clone().unwrap();
        assert!(problem.contains("93.184.216.34, which may not be called"), "{problem}");
    }
}

#[tokio::test]
async fn failures_come_again_as_planned_and_a_receiver_may_ask_for_more_time() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        for (status, fields, pause_s) in [
            ("500 Oops", "retry-after: 99\r\n", 5),
            ("503 Busy", "retry-after: 3600\r\n", 3_600),
            ("429 Slow", "retry-after: 1\r\n", 1_800),
        ] {
            receiver.answers(status, fields);
            let before = node.clock.now_ms();
            node.deliver().await;
            let next = node.deliveries(&made.endpoint.id).await[0].next_attempt_at.unwrap().as_millisecond();
            let pause = next - before;
            // A busy machine takes its time.
            assert!((pause_s * 1_000..pause_s * 1_100 + 60_000).contains(&pause), "{status}: {pause}");
            if pause_s > 60 {
                node.clock.advance_ms(next - node.clock.now_ms() - 600_000);
                node.deliver().await;
            }
            node.clock.advance_ms(next - node.clock.now_ms() + 1);
        }
        assert_eq!(receiver.heard().len(), 3, "never early");
        assert!(receiver.heard().iter().all(|heard| heard.is_by(&made.secret)));
        receiver.answers("200 OK", "");
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 4));
        let ids: std::collections::HashSet<_> =
            receiver.heard().iter().map(|heard| heard.field("webhook-id")).collect();
        assert_eq!(ids.len(), 1, "the id is the same over all attempts");
    }
}

#[tokio::test]
async fn what_was_tried_ten_times_is_failed_and_the_endpoint_disabled() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        receiver.answers("500 Oops", "");
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        for _ in 0..10 {
            node.deliver().await;
            let Some(next) = node.deliveries(&made.endpoint.id).await[0].next_attempt_at else { break };
            node.clock.advance_ms(next.as_millisecond() - node.clock.now_ms() + 1);
        }
        assert_eq!(receiver.heard().len(), 10);
        assert_eq!(node.deliveries(&made.endpoint.id).await[0].state, DeliveryState::Failed);
        assert_eq!(node.room.get(&acme(), &made.endpoint.id).await.unwrap().state, EndpointState::Disabled);
        assert_eq!(node.room.tally().endpoints_disabled(), 1);
        let refused = node.room.test(&acme(), &made.endpoint.id).await.unwrap_err();
        assert_eq!(refused.code(), Code::EndpointDisabled);
    }
}

#[tokio::test]
async fn receivers_that_hang_delay_nobody() {
    let few = Settings { at_once: 4, timeout: Duration::from_secs(60), ..settings() };
    for mut node in nodes(few).await {
        let receiver = Receiver::open().await;
        let mut hanging = Vec::new();
        for number in 0..8 {
            hanging.push(node.endpoint(&receiver.url(&format!("/hang{number}"))).await);
        }
        for number in 0..8 {
            node.endpoint(&receiver.url(&format!("/well{number}"))).await;
        }
        let begun = Instant::now();
        node.event("a").await;
        let count = |what: &str| receiver.heard().iter().filter(|heard| heard.path.starts_with(what)).count();
        let stop = tokio_util::sync::CancellationToken::new();
        let run = async {
            while count("/well") < 8 && begun.elapsed() < Duration::from_secs(55) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            stop.cancel();
        };
        tokio::join!(node.dispatcher.run(&stop), run);
        assert_eq!(count("/well"), 8);
        assert!(count("/hang") >= 4, "their places went to others long before their attempts are over");
    }
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_kept() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        receiver.answers("500 Oops", "transfer-encoding: chunked\r\n\r\n1000\r\n");
        *receiver.answer.lock().unwrap() += &"x".repeat(0x1000);
        *receiver.answer.lock().unwrap() += "\0\r\n";
        let made = node.endpoint(&receiver.url("/")).await;
        node.event("a").await;
        node.deliver().await;
        let attempt = node.deliveries(&made.endpoint.id).await[0].attempts[0].clone();
        assert_eq!((attempt.status, attempt.answer.len()), (Some(500), 1_024));
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

/// An app of acme's, its secret, and the room that knows it.
async fn with_app(node: &mut Node) -> (String, AppSecret) {
    let sealer = Sealer::new(MasterKeys::parse(&MasterKeys::generate(1).unwrap()).unwrap());
    let directory = Directory::open(node.house.another().await, sealer, node.clock.clone()).await.unwrap();
    let id: PartnerId = "acme".parse().unwrap();
    let new = NewPartner { id: id.clone(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
    directory.create_partner("test", new).await.unwrap();
    let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
    let issued = directory.issue_app("test", &id, policy).await.unwrap();
    directory.open_door("test", &id, false).await.unwrap();
    node.room = node.room.clone().with_apps(Arc::new(directory));
    node.dispatcher = Dispatcher::new(node.room.clone()).unwrap();
    (issued.app_key, AppSecret::new(issued.secret.expose().as_bytes()).unwrap())
}

#[tokio::test]
async fn an_endpoint_of_the_older_protocol_hears_forms_signed_by_its_app_and_nothing_it_has_no_word_for() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let (app, secret) = with_app(&mut node).await;
        let draft = Draft { format: Format::Aop, app: Some(app.clone()), ..everything(&receiver.url("/aop")) };
        let made = node.room.create(&acme(), draft).await.unwrap();
        assert_eq!((made.endpoint.format, made.endpoint.app.as_deref()), (Format::Aop, Some(app.as_str())));
        let order = crate::ledger::trial::written_order(&node.ledger, &node.clock, "acme", "PO-1").await;
        let order = node.ledger.find_order(&order.partner, order.mode, &order.id).await.unwrap().unwrap();
        crate::ledger::trial::paid(&node.ledger, &node.clock, order, 26).await;
        node.event("no-such-order").await;
        node.deliver().await;
        node.room.test(&acme(), &made.endpoint.id).await.unwrap();
        node.deliver().await;
        let heard = receiver.heard();
        let mut topics = Vec::new();
        for one in &heard {
            assert_eq!(one.field("content-type"), "application/x-www-form-urlencoded");
            let form: HashMap<String, String> = url::form_urlencoded::parse(&one.body).into_owned().collect();
            assert!(secret.verify("", &[("message", form["message"].as_str())], &form["_aop_signature"]));
            let message: serde_json::Value = serde_json::from_str(&form["message"]).unwrap();
            topics.push(message["type"].as_str().unwrap().to_owned());
        }
        topics.sort();
        assert_eq!(topics, ["ORDER_BUYER_VIEW_BUYER_MAKE", "ORDER_BUYER_VIEW_ORDER_PAY", "WEBHOOK_TEST"]);
        let log = node.deliveries(&made.endpoint.id).await;
        assert!(log.iter().all(|delivery| delivery.state == DeliveryState::Delivered), "{log:?}");
        let wordless = log.iter().find(|delivery| delivery.subject == "no-such-order").unwrap();
        assert!(wordless.attempts[0].problem.as_deref().unwrap().contains("nothing was sent"));
    }
}

#[tokio::test]
async fn an_endpoint_of_the_older_protocol_needs_an_app_that_counts() {
    for mut node in nodes(settings()).await {
        let receiver = Receiver::open().await;
        let url = receiver.url("/");
        let (app, _) = with_app(&mut node).await;
        let refused = async |room: &Webhooks, format, app: Option<&str>| {
            let draft = Draft { format, app: app.map(str::to_owned), ..everything(&url) };
            room.create(&acme(), draft).await.unwrap_err().places()[0].pointer.clone()
        };
        for (format, app) in
            [(Format::Aop, None), (Format::Aop, Some("1234567")), (Format::Standard, Some(app.as_str()))]
        {
            assert_eq!(refused(&node.room, format, app).await, "#/app_key");
        }
        let draft = Draft { format: Format::Aop, app: Some(app.clone()), ..everything(&url) };
        let made = node.room.create(&acme(), draft).await.unwrap();
        let directory = node.room.apps.clone().unwrap();
        directory.suspend_app("test", &app, "").await.unwrap();
        assert_eq!(refused(&node.room, Format::Aop, Some(&app)).await, "#/app_key");
        node.event("a").await;
        node.deliver().await;
        let delivery = node.deliveries(&made.endpoint.id).await.remove(0);
        assert_eq!(delivery.state, DeliveryState::Pending);
        assert!(delivery.attempts[0].problem.as_deref().unwrap().contains("does not count now"));
        directory.resume_app("test", &app).await.unwrap();
        assert!(receiver.heard().is_empty());
    }
}

//! The catalogue room over the real wire: a sandbox catalogue in the process, with faults switched on, and Redis where
//! a server for it is installed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};
use xunyuan::cache::{self, Cache};
use xunyuan::catalog::{AllCategories, Audience, Catalog, Picture};
use xunyuan::clock::Clock;
use xunyuan::error::{Code, Failure};
use xunyuan::lookup::Lookup;
use xunyuan::model::ids::OfferId;
use xunyuan::model::language::Language;
use xunyuan::model::offer::{Offer, PictureSize};
use xunyuan::model::page::PageSize;
use xunyuan::model::partner::Mode;
use xunyuan::model::search::{Search, Sort};
use xunyuan::rates::{self, Rates};
use xunyuan::redis_link::Place;
use xunyuan::sandbox::{self, Running};
use xunyuan::upstream::{self, Endpoint, Upstream};

const TOKEN: &str = "test-token";

struct House {
    running: Running,
    control: reqwest::Client,
    clock: Clock,
}

struct Node {
    catalog: Catalog,
    tally: Arc<cache::Tally>,
}

impl House {
    async fn open() -> Self {
        let settings = sandbox::Settings {
            offers: 600,
            seed: 7,
            pace: 0.0,
            token: TOKEN.into(),
            workers: 1,
            ..sandbox::Settings::default()
        };
        let running = sandbox::start(settings, |_| {}).await.unwrap();
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, control, clock: Clock::shiftable() }
    }

    fn node(&self, redis_url: Option<&str>) -> Node {
        let endpoint = Endpoint { url: self.running.url().parse().unwrap(), token: TOKEN.to_owned().into() };
        let settings = upstream::Settings {
            live: Some(endpoint),
            deadline: Duration::from_secs(2),
            retries: 1,
            ..upstream::Settings::default()
        };
        let tally = Arc::new(cache::Tally::default());
        let keep = cache::Settings {
            redis: redis_url.map(Place::at),
            redis_budget: Duration::from_millis(500),
            ..cache::Settings::default()
        };
        let cache = Cache::new(&keep, tally.clone(), self.clock.clone()).unwrap();
        let rates = rates::Settings::default();
        let rates = Rates::open(rates, self.clock.clone()).unwrap();
        let upstream = Upstream::new(&settings, Arc::default()).unwrap();
        Node { catalog: Catalog::new(Lookup::new(upstream, cache, rates, self.clock.clone()), ""), tally }
    }

    async fn control(&self, path: &str, body: Value) {
        let request = self.control.post(format!("{}{path}", self.running.url())).header("X-Internal-Token", TOKEN);
        let answer = request.json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }
}

impl Node {
    fn count(&self, name: &str) -> u64 {
        self.tally.rows().iter().find(|(row, _)| *row == name).unwrap().1
    }

    /// Times that Redis was of no use.
    fn troubles(&self) -> u64 {
        ["redis_slow", "redis_gone", "redis_refused", "redis_foreign"].iter().map(|name| self.count(name)).sum()
    }

    async fn first(&self, search: &Search) -> OfferId {
        self.catalog.ask(&audience(), search).await.unwrap().found.items[0].id
    }

    async fn title(&self, id: OfferId) -> Bytes {
        let render = |offer: &Offer, _: &_| Some(Bytes::from(offer.summary.title.shown.clone()));
        self.catalog.rendered("test", &audience(), &id, render).await.unwrap().bytes.clone()
    }
}

fn audience() -> Audience {
    let currency = "JPY".parse().unwrap();
    Audience { mode: Mode::Live, price_tier: "standard".into(), language: Language::Japanese, currency }
}

#[tokio::test]
async fn every_document_of_the_service_reads_as_the_contract_says() {
    let house = House::open().await;
    let node = house.node(None);
    let search = Search { size: PageSize::new(50).unwrap(), ..Search::default() };
    for language in Language::ALL {
        let audience = Audience { language: *language, ..audience() };
        let page = node.catalog.ask(&audience, &search).await.unwrap().found;
        assert_eq!(page.items.len(), 50);
        let offer = &page.items[3];
        assert_eq!(*language == Language::Chinese, offer.title.shown == offer.title.original, "{language:?}");
        let full = node.catalog.ask(&audience, &offer.id).await.unwrap().found;
        assert_eq!(full.summary, *offer, "{language:?}");
        assert!(!full.skus.is_empty());
        let supplier = node.catalog.ask(&audience, &offer.supplier.id).await.unwrap().found;
        assert_eq!(supplier.name, offer.supplier.name);
        let categories = node.catalog.ask(&audience, &AllCategories).await.unwrap().found;
        assert!(categories.iter().any(|category| category.id == offer.category));
    }
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat_and_keep_the_bounds() {
    let house = House::open().await;
    let node = house.node(None);
    let currency = "JPY".parse().unwrap();
    let bound = |minor| Some(xunyuan::model::money::Money::new(minor, currency));
    let mut search = Search {
        sort: Sort::PriceAsc,
        price_min: bound(30),
        price_max: bound(300),
        size: PageSize::new(20).unwrap(),
        ..Search::default()
    };
    let (mut ids, mut last, mut total) = (std::collections::HashSet::new(), 0, 0);
    loop {
        let answer = node.catalog.ask(&audience(), &search).await.unwrap();
        for offer in &answer.found.items {
            let shown = answer.exchange.convert(offer.price_from).unwrap().minor;
            assert!((30..=300).contains(&shown) && offer.price_from.minor >= last, "{shown}");
            assert!(ids.insert(offer.id), "{} twice", offer.id);
            last = offer.price_from.minor;
        }
        total = total.max(answer.found.total.unwrap());
        search.cursor = answer.found.next;
        if search.cursor.is_none() {
            break;
        }
    }
    assert!(ids.len() > 40);
    assert_eq!(ids.len() as u64, total);
}

#[tokio::test]
async fn japanese_words_find_offers_and_held_ones_are_kept_back() {
    let house = House::open().await;
    let node = house.node(None);
    let any = node.catalog.ask(&audience(), &Search::default()).await.unwrap().found.items;
    let word: String = any[0].title.shown.clone();
    let found = node.catalog.ask(&audience(), &Search { words: Some(word), ..Search::default() }).await.unwrap().found;
    assert!(found.items.iter().any(|offer| offer.id == any[0].id));
    house.control(&format!("/control/goods/{}", any[0].id), json!({"state": "held"})).await;
    let error = node.catalog.ask(&audience(), &any[0].id).await.unwrap_err();
    assert_eq!(error.code(), Code::OfferHeld);
    assert_eq!(node.catalog.ask(&audience(), &OfferId::new(1)).await.unwrap_err().code(), Code::OfferForeign);
}

#[tokio::test]
async fn an_outage_is_bridged_for_what_was_seen_and_told_for_what_was_not() {
    let house = House::open().await;
    let node = house.node(None);
    let id = node.first(&Search::default()).await;
    let title = node.title(id).await;
    house
        .control(
            "/control/faults",
            json!({"match": "/goods*", "method": "GET", "kind": "status", "status": 503, "times": -1}),
        )
        .await;
    house.clock.advance_ms(600_000);
    assert_eq!(node.title(id).await, title);
    let other = Search { sort: Sort::Newest, ..Search::default() };
    let error = node.catalog.ask(&audience(), &other).await.unwrap_err();
    assert_eq!(error.code(), Code::UpstreamUnavailable);
}

#[tokio::test]
async fn a_dropped_answer_to_a_read_is_asked_again() {
    let house = House::open().await;
    let node = house.node(None);
    let fault = json!({"match": "/goods/search", "method": "GET", "kind": "drop_after", "times": 1});
    house.control("/control/faults", fault).await;
    assert!(node.catalog.ask(&audience(), &Search::default()).await.is_ok());
}

#[tokio::test]
async fn pictures_come_in_three_sizes() {
    let house = House::open().await;
    let node = house.node(None);
    let offer = node.first(&Search::default()).await;
    for size in [PictureSize::Small, PictureSize::Medium, PictureSize::Large] {
        let picture = node.catalog.picture(Mode::Live, Picture { offer, size }).await.unwrap();
        let reader = png::Decoder::new(std::io::Cursor::new(picture.bytes.to_vec())).read_info().unwrap();
        assert_eq!((reader.info().width, reader.info().height), (size.pixels(), size.pixels()));
    }
}

struct RedisServer {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A Redis on a free port; `None` where none is installed.
fn redis_server() -> Option<RedisServer> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let server = RedisServer { child, url: format!("redis://127.0.0.1:{port}"), _folder: folder };
    let until = std::time::Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(std::time::Instant::now() < until, "redis-server does not start");
        std::thread::yield_now();
    }
    Some(server)
}

#[tokio::test]
async fn what_one_node_fetched_another_finds_in_redis() {
    let Some(server) = redis_server() else {
        eprintln!("redis-server is not installed: nothing is shared");
        return;
    };
    let house = House::open().await;
    let one = house.node(Some(&server.url));
    let id = one.first(&Search::default()).await;
    let title = one.title(id).await;
    // Writing to Redis is nobody's wait: ask with fresh nodes until both documents have arrived.
    let until = std::time::Instant::now() + Duration::from_secs(10);
    let other = loop {
        let other = house.node(Some(&server.url));
        assert_eq!(other.title(id).await, title);
        if other.count("hits_redis") == 1 {
            break other;
        }
        assert!(std::time::Instant::now() < until, "nothing arrives in Redis");
    };
    assert_eq!((other.count("misses"), other.troubles()), (0, 0));
    drop(server);
    house.clock.advance_ms(100_000_000);
    assert_eq!(other.title(id).await, title, "without Redis the catalogue is asked");
    assert!(other.troubles() >= 1);
}

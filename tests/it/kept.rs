//! What is promised of kept answers, however nodes are arranged: one that keeps everything in its own memory, one on a
//! Redis, and two that share one.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;
use tempfile::TempDir;
use xunyuan::clock::Clock;
use xunyuan::commands::client::Draft;
use xunyuan::server::listeners::Running;

use crate::harness::{House, Partner, Redis, problem};
use crate::nodes::{at, beside, until};

/// Nodes, and the same person at each of them.
struct Arrangement {
    name: &'static str,
    house: House,
    partners: Vec<Partner>,
    other: Option<Running>,
    _redis: Option<(Redis, TempDir)>,
}

impl Arrangement {
    async fn of(name: &'static str, nodes: usize, redis: Option<(Redis, TempDir)>) -> Self {
        let url = redis.as_ref().map_or("", |(redis, _)| redis.url.as_str()).to_owned();
        let house = House::with(&[("REDIS__URL", &url)]).await;
        let mut partners = vec![house.partner("acme").await];
        let mut other = None;
        if nodes > 1 {
            let clock = Clock::shiftable();
            let running = beside(&house, &clock).await;
            partners.push(at(running.address, &partners[0], &clock));
            other = Some(running);
        }
        Self { name, house, partners, other, _redis: redis }
    }

    /// Every arrangement this machine can be brought into.
    async fn all() -> Vec<Self> {
        let redis = || {
            let folder = tempfile::tempdir().unwrap();
            Some((Redis::at_hand(folder.path())?, folder))
        };
        let mut all = vec![Self::of("alone", 1, None).await];
        if let (Some(one), Some(two)) = (redis(), redis()) {
            all.push(Self::of("one on a Redis", 1, Some(one)).await);
            all.push(Self::of("two on a Redis", 2, Some(two)).await);
        }
        all
    }

    /// How often the catalogue was asked for one offer or another.
    async fn calls(&self) -> i64 {
        let stats = self.house.ask_catalogue("/control/stats").await;
        stats["data"]["calls"]["GET /goods/{goodsId}"].as_i64().unwrap_or(0)
    }

    async fn some_path(&self) -> String {
        let found = self.partners[0].get("/v1/offers?limit=1&q=cup").await.json();
        format!("/v1/offers/{}", found["items"][0]["id"].as_str().unwrap())
    }

    async fn close(self) {
        if let Some(other) = self.other {
            other.stop().await;
        }
        self.house.close().await;
    }
}

#[tokio::test]
async fn many_who_ask_at_once_cost_the_catalogue_one_call_a_node_at_most_and_later_ones_none() {
    for nodes in Arrangement::all().await {
        let (path, name) = (nodes.some_path().await, nodes.name);
        let before = nodes.calls().await;
        let asks = (0..20).map(|number| nodes.partners[number % nodes.partners.len()].get(&path));
        let answers = join_all(asks).await;
        assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body), "{name}");
        let calls = nodes.calls().await - before;
        // Whoever waited in vain for the other node asks for itself.
        assert!((1..=nodes.partners.len() as i64).contains(&calls), "{name}: {calls}");
        for partner in &nodes.partners {
            let again = partner.get(&path).await;
            assert!(again.field("cache-status").starts_with("xunyuan; hit; ttl="), "{name}");
            assert!(again.field("age").parse::<u64>().unwrap() < 15, "{name}");
        }
        assert_eq!(nodes.calls().await - before, calls, "{name}");
        nodes.close().await;
    }
}

#[tokio::test]
async fn every_node_names_the_same_bytes_alike_and_does_not_send_them_twice() {
    for nodes in Arrangement::all().await {
        let (path, name) = (nodes.some_path().await, nodes.name);
        let first = nodes.partners[0].get(&path).await;
        let tag = first.field("etag").to_owned();
        for partner in &nodes.partners {
            let held = Draft { headers: vec![("if-none-match".into(), tag.clone())], ..Draft::get(&path) };
            let answer = partner.client.ask(&held).await.unwrap();
            assert_eq!((answer.status, answer.body.len(), answer.field("etag")), (304, 0, tag.as_str()), "{name}");
        }
        nodes.close().await;
    }
}

#[tokio::test]
async fn that_there_is_no_such_offer_is_asked_for_once_a_node_at_most() {
    for nodes in Arrangement::all().await {
        let name = nodes.name;
        let code = async |partner: &Partner, path: &str| problem(&partner.get(path).await);
        // Within the numbers of the marketplace, beyond its offers.
        let (mut number, mut before) = (600_000_000_000_i64, nodes.calls().await);
        while code(&nodes.partners[0], &format!("/v1/offers/{number}")).await != "offer_not_found" {
            (number, before) = (number + 1, nodes.calls().await);
        }
        let path = format!("/v1/offers/{number}");
        for partner in nodes.partners.iter().chain(&nodes.partners) {
            assert_eq!(code(partner, &path).await, "offer_not_found", "{name}");
        }
        assert_eq!(nodes.calls().await - before, 1, "{name}: what one node learns of it, Redis tells the other");
        nodes.close().await;
    }
}

#[tokio::test]
async fn a_node_that_starts_anew_has_what_is_asked_for_most_before_it_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let Some(redis) = Redis::at_hand(folder.path()) else { return };
    let nodes = Arrangement::of("one on a Redis", 1, Some((redis, folder))).await;
    let (path, clock) = (nodes.some_path().await, Clock::shiftable());
    for _ in 0..32 {
        nodes.partners[0].get(&path).await;
    }
    nodes.house.running.house.cache.list_hot().await;
    let before = nodes.calls().await;
    let anew = beside(&nodes.house, &clock).await;
    until("it is warm", async || !anew.house.warming.load(Ordering::Acquire)).await;
    let first = at(anew.address, &nodes.partners[0], &clock).get(&path).await;
    assert!(first.field("cache-status").starts_with("xunyuan; hit; ttl="), "{}", first.field("cache-status"));
    // It was in Redis, or grew old while the node started.
    assert!(nodes.calls().await - before <= 1);
    anew.stop().await;
    nodes.close().await;
}

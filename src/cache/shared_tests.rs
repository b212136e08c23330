//! What several nodes make of one Redis, and of a Redis in trouble: a real server of the test's own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::task::JoinSet;

use crate::cache::{Cache, Fetched, Found, How, Key, Kind, Moved, Rendered, Settings, Subject, Tally, Trouble, Turn};
use crate::clock::Clock;
use crate::model::partner::Mode;
use crate::redis_link::Place;
use crate::redis_link::trial::{Node as Server, at_hand};

#[derive(Clone, Debug, PartialEq)]
struct Down;

impl Trouble for Down {
    fn stale_may_stand_in(&self) -> bool {
        true
    }
}

/// A gateway's cache, and the task that hears what moves.
struct Node {
    cache: Cache<Down>,
    clock: Clock,
    _hears: JoinSet<()>,
}

/// A catalogue with one offer, whose text is what it has been set to.
#[derive(Clone, Default)]
struct Catalogue {
    version: Arc<AtomicU64>,
    fetches: Arc<AtomicU64>,
    takes: Duration,
}

fn quiet(server: &Server, budget: Duration) -> Node {
    of(&settings(server, budget))
}

fn settings(server: &Server, budget: Duration) -> Settings {
    Settings { redis: Some(Place::at(server.url())), redis_budget: budget, ..Settings::default() }
}

fn of(settings: &Settings) -> Node {
    let clock = Clock::shiftable();
    let cache = Cache::new(settings, Arc::new(Tally::default()), clock.clone()).unwrap();
    Node { cache, clock, _hears: JoinSet::new() }
}

/// A node that hears, and has heard everything there is.
async fn node(server: &Server) -> Node {
    quiet(server, Duration::from_secs(2)).heard().await
}

fn key() -> Key {
    Key::of(Kind::Offer).text("live").number(7).finish()
}

fn offer(id: i64) -> Moved {
    Moved::of(Mode::Live, Subject::Offer, id)
}

async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

impl Catalogue {
    fn changes(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }

    async fn answer(self) -> Result<Fetched, Down> {
        self.fetches.fetch_add(1, Ordering::SeqCst);
        let version = self.version.load(Ordering::SeqCst);
        tokio::time::sleep(self.takes).await;
        let text = format!("version {version} {}", "of a long document ".repeat(50));
        Ok(Fetched::document(Bytes::from(text)).about([offer(7).tag()]))
    }
}

impl Node {
    async fn heard(mut self) -> Self {
        self.hears().await;
        self
    }

    async fn hears(&mut self) {
        let cache = self.cache.clone();
        self._hears.spawn(async move {
            loop {
                if cache.hear().await.is_err() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        });
        let heard = self.cache.moves.clone();
        until("the node hears", async || self.cache.hear().await.is_ok() && !heard.is_out_of_touch()).await;
    }

    async fn ask(&self, catalogue: &Catalogue) -> Result<Found, super::Error<Down>> {
        let catalogue = catalogue.clone();
        self.cache.document(&key(), Kind::Offer, move || catalogue.clone().answer()).await
    }

    /// Which version is shown, and how it was come by.
    async fn shows(&self, catalogue: &Catalogue) -> (u64, How) {
        let found = self.ask(catalogue).await.unwrap();
        let text = String::from_utf8(found.kept.content.document().unwrap().to_vec()).unwrap();
        (text.split(' ').nth(1).unwrap().parse().unwrap(), found.how)
    }

    fn count(&self, name: &str) -> u64 {
        self.cache.tally().rows().iter().find(|(n, _)| *n == name).unwrap().1
    }

    /// An answer for one caller, of the document, and how it was come by.
    async fn answers(&self, catalogue: &Catalogue) -> (Arc<Rendered>, How) {
        let answer = Key::of(Kind::Offer).text("to one caller").number(7).finish();
        if let Some(shared) = self.cache.shared_answer(&answer, &key(), Kind::Offer).await {
            return (shared, How::Shared);
        }
        let found = self.ask(catalogue).await.unwrap();
        let upper = || {
            let text = found.kept.content.document().unwrap();
            Ok::<_, ()>(text.to_ascii_uppercase().into())
        };
        (self.cache.render(&answer, (&key(), Kind::Offer), &found, upper).unwrap(), How::Held)
    }

    /// Waits until the stream has been read as far as another node has.
    async fn hears_as_much_as(&self, other: &Self) {
        until("one node hears what the other heard", async || {
            self.cache.moves.position() >= other.cache.moves.position()
        })
        .await;
    }
}

async fn is_shared(server: &Server) {
    until("the document is in Redis", async || {
        let keys: Vec<Vec<u8>> = server.command(&["KEYS", "xy:doc:*"]).unwrap();
        keys.len() == 1
    })
    .await;
}

#[tokio::test]
async fn what_one_node_rendered_of_a_shared_document_others_need_not_render() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, two, catalogue) = (node(&server).await, node(&server).await, Catalogue::default());
    let (fetched, how) = one.answers(&catalogue).await;
    assert_eq!(how, How::Held);
    is_shared(&server).await;
    let keys = || server.command::<Vec<Vec<u8>>>(&["KEYS", "xy:ans:*"]).unwrap().len();
    assert_eq!(keys(), 0, "it was fetched, not found");
    until("one of some nodes that found the document shares what it rendered", async || {
        let (rendered, _) = quiet(&server, Duration::from_secs(2)).heard().await.answers(&catalogue).await;
        assert_eq!((&rendered.bytes, &rendered.etag), (&fetched.bytes, &fetched.etag));
        keys() == 1
    })
    .await;
    let (shared, how) = two.answers(&catalogue).await;
    assert_eq!((&shared.bytes, &shared.etag, how), (&fetched.bytes, &fetched.etag, How::Shared));
    assert_eq!((two.count("hits_rendered"), catalogue.fetches()), (1, 1));
    // Who holds the document renders it, and whoever is of another release or address shows nobody else's.
    assert_eq!(one.answers(&catalogue).await.1, How::Held);
    let settings = Settings { renderer: "other".into(), ..settings(&server, Duration::from_secs(2)) };
    let other = of(&settings).heard().await;
    assert_eq!((other.answers(&catalogue).await.1, other.count("hits_rendered")), (How::Held, 0));
    // It is believed no longer than its document.
    let three = node(&server).await;
    catalogue.changes();
    one.cache.purge(&[offer(7)]).await;
    three.hears_as_much_as(&one).await;
    let (newer, how) = three.answers(&catalogue).await;
    assert_eq!(how, How::Held);
    assert!(newer.bytes.starts_with(b"VERSION 1"));
}

#[tokio::test]
async fn after_a_change_every_node_answers_new_within_a_moment() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, two, catalogue) = (node(&server).await, node(&server).await, Catalogue::default());
    assert_eq!(one.shows(&catalogue).await, (0, How::Fetched));
    is_shared(&server).await;
    assert_eq!(two.shows(&catalogue).await, (0, How::Shared));
    let Turn::Ours { from: None } = one.cache.take_turn(Mode::Live).await else { panic!("nobody has the turn") };
    let mut slowest = Duration::ZERO;
    for seq in 1..=20 {
        catalogue.changes();
        let begun = Instant::now();
        one.cache.tell(Mode::Live, Turn::Ours { from: Some(seq - 1) }, seq, &[offer(7)]).await;
        let wanted = seq as u64;
        for node in [&one, &two] {
            until("a node answers new", async || node.shows(&catalogue).await.0 == wanted).await;
        }
        slowest = slowest.max(begun.elapsed());
    }
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    // Both nodes together fetched once for each change; what one had fetched the other found.
    assert!(catalogue.fetches() <= 23, "{}", catalogue.fetches());
}

#[tokio::test]
async fn a_node_that_was_away_hears_what_it_missed() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, catalogue) = (node(&server).await, Catalogue::default());
    one.cache.purge(&[Moved::EVERYTHING]).await;
    let mut away = node(&server).await;
    assert_eq!(away.shows(&catalogue).await.0, 0);
    away._hears = JoinSet::new();
    catalogue.changes();
    one.cache.purge(&[offer(7)]).await;
    assert_eq!(away.shows(&catalogue).await, (0, How::Held), "nobody told it");
    away.hears().await;
    away.hears_as_much_as(&one).await;
    assert_eq!(away.shows(&catalogue).await.0, 1);
    // And one that starts only now does not believe what was shared before the change.
    let late = node(&server).await;
    assert_eq!(late.shows(&catalogue).await.0, 1);
}

#[tokio::test]
async fn what_a_node_that_hears_late_shares_is_not_believed_by_others() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, late, catalogue) = (node(&server).await, quiet(&server, Duration::from_secs(2)), Catalogue::default());
    one.cache.purge(&[offer(7)]).await;
    until("one node hears", async || one.cache.moves.position() > crate::cache::moves::Position::START).await;
    // It has heard of nothing; perhaps what it fetches is older than the change.
    assert_eq!(late.shows(&catalogue).await, (0, How::Fetched));
    is_shared(&server).await;
    assert_eq!(one.shows(&catalogue).await, (0, How::Fetched));
    assert!(one.count("fell") >= 1);
}

#[tokio::test]
async fn of_four_nodes_one_fetches() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        let node = node(&server).await;
        node.cache.typical_ms.store(300, Ordering::Relaxed);
        nodes.push(node);
    }
    let catalogue = Catalogue { takes: Duration::from_millis(150), ..Catalogue::default() };
    let all = nodes.iter().flat_map(|node| (0..25).map(|_| node.shows(&catalogue)));
    let shown = futures_util::future::join_all(all).await;
    assert!(shown.iter().all(|(version, _)| *version == 0));
    assert_eq!(catalogue.fetches(), 1);
    assert!(nodes.iter().map(|node| node.count("coalesced_nodes")).sum::<u64>() >= 1);
    // And again when it is soft-expired: nobody waits, and one of them refreshes it.
    nodes.iter().for_each(|node| node.clock.advance_ms(20_000));
    catalogue.changes();
    for node in &nodes {
        assert_eq!(node.shows(&catalogue).await, (0, How::Refreshing));
    }
    for node in &nodes {
        until("the refreshed one is shown", async || node.shows(&catalogue).await.0 == 1).await;
    }
    assert_eq!(catalogue.fetches(), 2);
}

#[tokio::test]
async fn a_leader_that_dies_is_waited_for_a_moment_only() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, catalogue) = (node(&server).await, Catalogue::default());
    let dead = quiet(&server, Duration::from_secs(2));
    let (lease, _) = dead.cache.redis.as_ref().unwrap().lease(&key()).await;
    assert!(matches!(lease, crate::cache::redis::Lease::Ours(_)));
    let begun = Instant::now();
    assert_eq!(one.shows(&catalogue).await, (0, How::Fetched));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(one.count("leases_in_vain"), 1);
    is_shared(&server).await;
    assert_eq!(node(&server).await.shows(&catalogue).await.1, How::Shared, "others find it and wait for nobody");
}

#[tokio::test]
async fn a_leader_whose_fetch_fails_lets_the_next_one_try_at_once() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, two, catalogue) = (node(&server).await, node(&server).await, Catalogue::default());
    let failed = one.cache.document(&key(), Kind::Offer, || async { Err::<Fetched, _>(Down) }).await;
    assert_eq!(failed.unwrap_err(), super::Error::Fetch(Down));
    until("the lease is given up", async || {
        let keys: Vec<Vec<u8>> = server.command(&["KEYS", "xy:fetch:*"]).unwrap();
        keys.is_empty()
    })
    .await;
    assert_eq!(two.shows(&catalogue).await, (0, How::Fetched));
    assert_eq!(two.count("leases_in_vain"), 0);
}

#[tokio::test]
async fn one_node_has_the_turn_and_the_next_goes_on_where_it_stopped() {
    if !at_hand() {
        return;
    }
    let mut server = Server::plain(&[]);
    let (one, two) = (node(&server).await, node(&server).await);
    assert_eq!(one.cache.take_turn(Mode::Live).await, Turn::Ours { from: None });
    assert_eq!(two.cache.take_turn(Mode::Live).await, Turn::Theirs);
    assert_eq!(two.cache.take_turn(Mode::Sandbox).await, Turn::Ours { from: None }, "each world by itself");
    one.cache.tell(Mode::Live, Turn::Ours { from: None }, 41, &[offer(1), offer(2)]).await;
    assert_eq!(one.cache.take_turn(Mode::Live).await, Turn::Ours { from: Some(41) });
    // Whoever has lost the turn tells nothing.
    two.cache.tell(Mode::Live, Turn::Ours { from: None }, 99, &[offer(1)]).await;
    one.cache.give_up_turn(Mode::Live).await;
    assert_eq!(two.cache.take_turn(Mode::Live).await, Turn::Ours { from: Some(41) });
    two.hears_as_much_as(&one).await;
    until("the stream is read", async || one.count("moves") == 2 && two.count("moves") == 2).await;
    server.kill();
    until("each follows for itself", async || {
        one.cache.take_turn(Mode::Live).await == Turn::Alone { from: Some(41) }
            && two.cache.take_turn(Mode::Live).await == Turn::Alone { from: Some(41) }
    })
    .await;
}

#[tokio::test]
async fn while_redis_is_gone_a_node_follows_for_itself_and_doubts_what_is_shared_until_all_is_told() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, catalogue) = (node(&server).await, Catalogue::default());
    one.cache.tell(Mode::Live, one.cache.take_turn(Mode::Live).await, 4, &[Moved::EVERYTHING]).await;
    until("it hears", async || one.cache.take_turn(Mode::Live).await == Turn::Ours { from: Some(4) }).await;
    until("it hears", async || one.count("moves") == 1).await;
    assert_eq!(one.shows(&catalogue).await.0, 0);
    is_shared(&server).await;
    // The change comes when Redis does not answer, so that only this node hears of it.
    catalogue.changes();
    one.cache.tell(Mode::Live, Turn::Alone { from: Some(4) }, 5, &[offer(7)]).await;
    assert_eq!(one.shows(&catalogue).await, (1, How::Fetched), "what is shared is of before the change");
    // Afterwards whoever has the turn tells it to all, and what is shared counts again.
    let turn = one.cache.take_turn(Mode::Live).await;
    assert_eq!(turn, Turn::Ours { from: Some(4) });
    one.cache.tell(Mode::Live, turn, 5, &[offer(7)]).await;
    until("it hears", async || one.count("moves") == 3).await;
    assert_eq!(one.shows(&catalogue).await.0, 1);
    let two = node(&server).await;
    until("the other finds it", async || two.shows(&catalogue).await.0 == 1).await;
}

#[tokio::test]
async fn a_stream_that_lost_its_memory_lets_everything_go() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, two, catalogue) = (node(&server).await, node(&server).await, Catalogue::default());
    one.cache.purge(&[offer(1)]).await;
    until("both hear", async || two.count("moves") == 1 && one.count("moves") == 1).await;
    assert_eq!(one.shows(&catalogue).await.0, 0);
    is_shared(&server).await;
    catalogue.changes();
    // What was told just before the server died is lost with it; connections break.
    server.command::<()>(&["DEL", "xy:cache:{moves}:1"]).unwrap();
    server.command::<i64>(&["CLIENT", "KILL", "TYPE", "normal"]).unwrap();
    for node in [&one, &two] {
        until("everything is let go", async || node.count("moves_lost") >= 1 || node.shows(&catalogue).await.0 == 1)
            .await;
        until("a node answers new", async || node.shows(&catalogue).await.0 == 1).await;
    }
    until("the stream goes on", async || server.command::<u64>(&["XLEN", "xy:cache:{moves}:1"]).unwrap() >= 1).await;
    one.cache.purge(&[offer(7)]).await;
    catalogue.changes();
    for node in [&one, &two] {
        until("and is heard", async || node.shows(&catalogue).await.0 == 2).await;
    }
}

#[tokio::test]
async fn full_wrong_and_damaged_are_misses_that_are_counted_and_mended() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let catalogue = Catalogue::default();
    assert_eq!(node(&server).await.shows(&catalogue).await.1, How::Fetched);
    is_shared(&server).await;
    let mut keys: Vec<String> = server.command(&["KEYS", "xy:doc:*"]).unwrap_or_default();
    let Some(name) = keys.pop() else { panic!("the key of the test is text") };
    let whole: Vec<u8> = server.command(&["GET", &name]).unwrap();
    for (trouble, counted) in [
        (&["APPEND", &name, "x"][..], "redis_foreign"),
        (&["SETRANGE", &name, "3", "?"], "redis_foreign"),
        (&["SET", &name, "hello"], "redis_foreign"),
        (&["SET", &name, ""], "redis_foreign"),
        (&["DEL", &name], "misses"),
    ] {
        server.command::<redis::Value>(trouble).unwrap();
        let node = node(&server).await;
        assert_eq!(node.shows(&catalogue).await.1, How::Fetched, "{trouble:?}");
        assert!(node.count(counted) >= 1, "{trouble:?}");
        until("it is mended", async || server.command::<Vec<u8>>(&["GET", &name]).unwrap().len() == whole.len()).await;
    }
    server.command::<()>(&["DEL", &name]).unwrap();
    server.command::<()>(&["LPUSH", &name, "x"]).unwrap();
    let wrong = node(&server).await;
    assert_eq!(wrong.shows(&catalogue).await.1, How::Fetched);
    assert!(wrong.count("redis_refused") >= 1 && !wrong.cache.is_redis_down());
    until("it is mended", async || server.command::<String>(&["TYPE", &name]).unwrap() == "string").await;
    // Full: nothing can be written, neither a lease nor a document; reading goes on.
    let full = node(&server).await;
    server.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).unwrap();
    assert_eq!(full.shows(&catalogue).await.1, How::Shared);
    full.cache.tell(Mode::Live, Turn::Alone { from: None }, 3, &[offer(7)]).await;
    assert!(!full.cache.purge(&[offer(7)]).await, "nobody can be told");
    assert_eq!(full.shows(&catalogue).await.1, How::Fetched);
    until("the refusals are counted", async || full.count("redis_refused") >= 2).await;
    assert!(!full.cache.is_redis_down());
    assert_eq!(full.cache.take_turn(Mode::Live).await, Turn::Alone { from: Some(3) }, "and it follows for itself");
}

#[tokio::test]
async fn a_redis_that_hangs_or_dies_costs_a_few_budgets_and_is_used_again() {
    if !at_hand() {
        return;
    }
    let mut server = Server::plain(&[]);
    let node = quiet(&server, Duration::from_millis(10));
    let ask = async |number: i64| {
        let key = Key::of(Kind::Offer).number(number).finish();
        node.cache.document(&key, Kind::Offer, || async { Ok(Fetched::absent()) }).await.unwrap()
    };
    // The connection is opened within its own time, not a lookup's.
    until("Redis is asked", async || {
        ask(0).await;
        node.cache.redis.as_ref().unwrap().find(&key()).await;
        !node.cache.is_redis_down() && node.cache.take_turn(Mode::Live).await == Turn::Ours { from: None }
    })
    .await;
    server.command::<()>(&["CLIENT", "PAUSE", "1500", "ALL"]).unwrap();
    let begun = Instant::now();
    for number in 1..200 {
        ask(number).await;
    }
    // 199 lookups, five of which waited for their budget, and perhaps a probe or two.
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert!(node.cache.is_redis_down() && node.count("redis_left_alone") >= 180);
    until("it is used again", async || {
        node.clock.advance_ms(1_000);
        ask(500).await;
        node.cache.redis.as_ref().unwrap().find(&key()).await;
        !node.cache.is_redis_down()
    })
    .await;
    server.kill();
    for number in 600..650 {
        ask(number).await;
    }
    assert!(node.cache.is_redis_down() && node.count("redis_gone") + node.count("redis_slow") >= 5);
}

#[tokio::test]
async fn what_is_asked_for_most_is_listed_for_all_nodes() {
    if !at_hand() {
        return;
    }
    let server = Server::plain(&[]);
    let (one, two, catalogue) = (node(&server).await, node(&server).await, Catalogue::default());
    for node in [&one, &two] {
        for _ in 0..64 {
            node.shows(&catalogue).await;
        }
        node.cache.list_hot().await;
    }
    let listed = node(&server).await.cache.listed(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].0, key());
    assert!(listed[0].1 >= 110.0, "{listed:?}");
    let standing = one.cache.standing().await.unwrap();
    assert_eq!((standing.listed, standing.worlds.len()), (1, 2));
}

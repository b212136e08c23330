//! What counters, limits, nonces and the cache make of each kind of Redis: a cluster whose slots move and whose nodes
//! die, a master that sentinels replace, TLS, and an ACL user who may do no more than the operator was told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use redis::ErrorKind;

use super::trial::{Cluster, MASTER, Node, Sealed, Watched, at_hand, until};
use super::{Account, Form, Links, Patience, Place};
use crate::cache::{self, Cache, Fetched, Key, Kind, Moved, Subject, Trouble, Turn};
use crate::clock::Clock;
use crate::counters::redis::Settings;
use crate::counters::{Claimed, Counters, Nonces, Reach, rate};
use crate::limits::{self, Limits};
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::{Plan, Policy};

/// A budget that a busy test machine keeps.
fn generous(place: Place) -> Settings {
    Settings { place, budget: Duration::from_secs(5) }
}

fn counters(place: &Place) -> Counters {
    Counters::in_redis(&generous(place.clone()), Clock::System).unwrap()
}

/// A gateway's limits with the usual budget.
fn node(place: &Place, nodes: u32) -> Limits {
    let settings = Settings { place: place.clone(), budget: Duration::from_millis(15) };
    let counters = Counters::in_redis(&settings, Clock::System).unwrap();
    Limits::new(limits::Settings { nodes, ..limits::Settings::default() }, counters, Clock::System)
}

fn limits(place: &Place) -> Limits {
    Limits::new(limits::Settings::default(), counters(place), Clock::System)
}

fn caller(partner: &str, quota: u32, window_s: u32, burst: u32) -> Caller {
    let policies = vec![Policy::rolling("minute", quota, window_s, burst)];
    let plan = Arc::new(Plan { id: "trial".into(), policies, in_flight: 64, price_tier: "standard".into() });
    let partner =
        Partner { id: partner.parse().unwrap(), name: "Trial".into(), country: "JP".into(), suspended: false, plan };
    Caller { partner: Arc::new(partner), key_id: "xyk_live_1".into(), mode: Mode::Live, scopes: Scopes::all() }
}

async fn passing(limits: &Limits, caller: &Caller, calls: usize) -> usize {
    let mut passed = 0;
    for _ in 0..calls {
        passed += usize::from(limits.admit(caller, 1).await.is_ok());
    }
    passed
}

fn fallbacks(limits: &Limits) -> u64 {
    limits.tally().read().into_iter().find(|(name, _)| *name == "local_fallback").unwrap().1
}

/// Goes on asking where a caller stands until Redis answers again; how long that took.
async fn recovered(limits: &Limits, counters: &Counters, caller: &Caller) -> Duration {
    let (started, mut before) = (Instant::now(), fallbacks(limits));
    loop {
        let _ = limits.admit(caller, 1).await;
        let now = fallbacks(limits);
        if now == before && !counters.redis().unwrap().is_down() {
            return started.elapsed();
        }
        before = now;
        assert!(started.elapsed() < Duration::from_secs(30), "Redis is not used again");
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

#[derive(Clone, Debug)]
struct NotHere;

impl Trouble for NotHere {
    fn stale_may_stand_in(&self) -> bool {
        false
    }
}

/// Lets one node's cache fetch something, another's find it, and the first forget it.
async fn share_a_document(place: &Place, number: i64) {
    let settings = cache::Settings {
        redis: Some(place.clone()),
        redis_budget: Duration::from_secs(5),
        ..cache::Settings::default()
    };
    let fresh = || Cache::<NotHere>::new(&settings, Arc::default(), Clock::System).unwrap();
    let key = Key::of(Kind::Offer).number(number).finish();
    let here = fresh();
    here.document(&key, Kind::Offer, async || Ok(Fetched::document("{}".into()))).await.unwrap();
    let started = Instant::now();
    // Keeping and forgetting is waited for by nobody.
    for there in [true, false] {
        while fresh().document(&key, Kind::Offer, async || Err(NotHere)).await.is_ok() != there {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "what one node kept or forgot, another does not hear of"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        here.forget(&key);
    }
}

/// Lets one node tell what moved and list what is hot, and another hear and read of it.
async fn tell_of_moves(place: &Place) {
    let settings = cache::Settings {
        redis: Some(place.clone()),
        redis_budget: Duration::from_secs(5),
        ..cache::Settings::default()
    };
    let fresh = || Cache::<NotHere>::new(&settings, Arc::default(), Clock::System).unwrap();
    let (here, there) = (fresh(), fresh());
    let turn = here.take_turn(Mode::Live).await;
    assert_eq!(turn, Turn::Ours { from: None });
    here.tell(Mode::Live, turn, 7, &[Moved::EVERYTHING]).await;
    assert_eq!(there.hear().await.unwrap(), 1);
    assert!(here.purge(&[Moved::of(Mode::Live, Subject::Offer, 1)]).await);
    assert_eq!(there.hear().await.unwrap(), 1);
    here.give_up_turn(Mode::Live).await;
    assert_eq!(there.take_turn(Mode::Live).await, Turn::Ours { from: Some(7) });
    let key = Key::of(Kind::Offer).text("hot").finish();
    for _ in 0..32 {
        here.document(&key, Kind::Offer, async || Ok(Fetched::document("{}".into()))).await.unwrap();
    }
    here.list_hot().await;
    assert_eq!(there.listed(9).await.map(|all| all.len()), Some(1));
    let standing = there.standing().await.unwrap();
    assert_eq!((standing.moves, standing.listed), (2, 1));
}

/// Everything a gateway asks Redis for.
async fn all_we_ask(place: &Place) {
    let (counters, other) = (counters(place), counters(place));
    let nodes =
        [&counters, &other].map(|counters| Limits::new(limits::Settings::default(), counters.clone(), Clock::System));
    for partner in ["acme", "bazaar", "citron", "dali", "echo"] {
        // A unit a minute, so that nothing comes back meanwhile.
        let caller = caller(partner, 60, 3_600, 30);
        let mut passed = 0;
        for _ in 0..25 {
            passed += passing(&nodes[0], &caller, 1).await + passing(&nodes[1], &caller, 1).await;
        }
        assert_eq!(passed, 30, "of {partner}, on two nodes");
        nodes[0].hand_back().await;
        nodes[1].standing(&caller).await;
    }
    assert_eq!((counters.beat().await, other.beat().await), (Some(1), Some(2)));
    let until_s = Clock::System.now_s() + 60;
    let nonces = [&counters, &other].map(|counters| Nonces::new(counters.clone(), Clock::System, 100));
    for nonce in ["a", "b", "c", "d", "e"] {
        assert_eq!(nonces[0].claim("key", nonce, until_s, Reach::Cluster).await, Claimed::Fresh);
        assert_eq!(nonces[1].claim("key", nonce, until_s, Reach::Cluster).await, Claimed::Seen);
    }
    for number in 0..5 {
        share_a_document(place, number).await;
    }
    tell_of_moves(place).await;
    let redis = [&counters, &other].map(|counters| counters.redis().unwrap());
    assert!(redis.iter().all(|redis| redis.failures() == 0 && redis.calls() > 0), "{redis:?}");
}

#[tokio::test]
async fn a_single_server_gives_all_we_ask() {
    if !at_hand() {
        return;
    }
    let server = Node::plain(&[]);
    all_we_ask(&Place::at(server.url() + "/3")).await;
}

#[tokio::test]
async fn a_cluster_gives_all_we_ask() {
    if !at_hand() {
        return;
    }
    let cluster = Cluster::start(&[]);
    all_we_ask(&cluster.place()).await;
    let used = |node: &Node| node.command::<i64>(&["DBSIZE"]).unwrap() > 0;
    assert!(cluster.nodes.iter().all(used), "and all of it is used");
}

#[tokio::test]
async fn a_watched_master_gives_all_we_ask() {
    if !at_hand() {
        return;
    }
    let watched = Watched::start();
    all_we_ask(&watched.place()).await;
    assert!(watched.master.command::<i64>(&["DBSIZE"]).unwrap() > 0);
}

/// While a slot is on its way a question is sent after it (ASK), and afterwards to its new home (MOVED), where the script
/// is not known yet.
#[tokio::test]
async fn questions_follow_a_slot_that_moves() {
    if !at_hand() {
        return;
    }
    let cluster = Cluster::start(&[]);
    let limits = limits(&cluster.place());
    let caller = caller("acme", 60, 3_600, 40);
    let slot = cluster.slot(&rate::leases_key("acme:live"));
    let (from, to) =
        (cluster.home(&rate::leases_key("acme:live")), 2 - cluster.home(&rate::leases_key("acme:live")) / 2);
    assert_ne!(from, to);
    assert_eq!(passing(&limits, &caller, 10).await, 10);
    cluster.begin_to_move(slot, from, to);
    cluster.move_keys(slot, from, to);
    assert_eq!(passing(&limits, &caller, 10).await, 10);
    cluster.end_move(slot, to);
    assert_eq!(passing(&limits, &caller, 40).await, 20, "nothing is forgotten or counted twice");
    assert_eq!(fallbacks(&limits), 0);
}

#[tokio::test]
async fn a_cluster_that_makes_a_replica_master_of_a_dead_one_is_used_again() {
    replaced(Node::kill).await;
}

#[tokio::test]
async fn a_cluster_that_makes_a_replica_master_of_one_that_hangs_is_used_again() {
    replaced(|node| node.freeze()).await;
}

async fn replaced(end: fn(&mut Node)) {
    if !at_hand() {
        return;
    }
    let mut cluster = Cluster::with_replica();
    let place = cluster.place();
    let partner = ["acme", "bazaar", "citron", "dali", "echo", "foxtrot", "golf"].into_iter();
    let partner = partner.into_iter().find(|partner| cluster.home(&rate::leases_key(&format!("{partner}:live"))) == 0);
    let caller = caller(partner.unwrap(), 6_000, 60, 100);
    let settings = Settings { place, budget: Duration::from_millis(100) };
    let counters = Counters::in_redis(&settings, Clock::System).unwrap();
    let limits = Limits::new(limits::Settings::default(), counters.clone(), Clock::System);
    recovered(&limits, &counters, &caller).await;
    end(&mut cluster.nodes[0]);
    let slowest = slowest_of(&limits, &caller, 200).await;
    assert!(slowest < Duration::from_secs(2), "a call took {slowest:?}");
    let took = recovered(&limits, &counters, &caller).await;
    let replica = &cluster.nodes[3];
    assert!(replica.command::<String>(&["INFO", "replication"]).unwrap().contains("role:master"), "after {took:?}");
    let before = limits.tally().read();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(limits.admit(&caller, 1).await.is_ok());
    assert_eq!(fallbacks(&limits), before.into_iter().find(|(name, _)| *name == "local_fallback").unwrap().1);
}

async fn slowest_of(limits: &Limits, caller: &Caller, calls: usize) -> Duration {
    let mut slowest = Duration::ZERO;
    for _ in 0..calls {
        let started = Instant::now();
        let _ = limits.admit(caller, 1).await;
        slowest = slowest.max(started.elapsed());
    }
    slowest
}

/// Two gateways under load while the master dies: they hold to their shares, nobody waits long, and when the sentinel has
/// made another master they count there.
#[tokio::test]
async fn a_master_that_dies_is_followed_to_the_next_and_limits_hold_meanwhile() {
    if !at_hand() {
        return;
    }
    let mut watched = Watched::start();
    let nodes = [node(&watched.place(), 2), node(&watched.place(), 2)];
    let (rate, burst) = (100, 50);
    let caller = caller("acme", rate, 1, burst);
    let (started, mut admitted, mut slowest, mut killed) = (Instant::now(), 0, Duration::ZERO, None);
    let mut settled = None;
    while settled.is_none_or(|at: Instant| at.elapsed() < Duration::from_secs(1)) {
        for node in &nodes {
            let asked = Instant::now();
            admitted += usize::from(node.admit(&caller, 1).await.is_ok());
            slowest = slowest.max(asked.elapsed());
        }
        let before: u64 = nodes.iter().map(fallbacks).sum();
        if killed.is_none() && started.elapsed() > Duration::from_secs(1) {
            watched.master.kill();
            killed = Some((Instant::now(), before));
        }
        let master = || watched.replica.command::<String>(&["INFO", "replication"]).unwrap().contains("role:master");
        if let Some((at, _)) = killed {
            assert!(at.elapsed() < Duration::from_secs(40), "there is no new master, or it is not found");
            if settled.is_none() && at.elapsed() > Duration::from_millis(500) && master() && used(&watched.replica) {
                settled = Some(Instant::now());
            }
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let fell_back: u64 = nodes.iter().map(fallbacks).sum();
    assert!(fell_back > killed.unwrap().1, "the nodes went on by themselves");
    assert!(slowest < Duration::from_secs(1), "a call took {slowest:?}");
    // What the nodes admitted by themselves is charged when the next master is there; it begins with what was copied.
    let allowed = rate as f64 * started.elapsed().as_secs_f64() + 2.0 * f64::from(burst);
    assert!((admitted as f64) <= allowed, "{admitted} admitted, {allowed} allowed");
    assert!(admitted as f64 >= 0.3 * rate as f64 * started.elapsed().as_secs_f64(), "only {admitted} admitted");
}

fn used(server: &Node) -> bool {
    server.command::<String>(&["INFO", "commandstats"]).unwrap().contains("cmdstat_evalsha")
}

#[tokio::test]
async fn a_replica_that_was_taken_for_the_master_is_left() {
    if !at_hand() {
        return;
    }
    let watched = Watched::start();
    let links =
        Links::to(&watched.place(), Patience { connect: Duration::from_secs(2), answer: Duration::from_secs(2) });
    let links = links.unwrap();
    let set = async || {
        let mut set = redis::cmd("SET");
        set.arg("xy:x").arg(1);
        links.ask(async |mut link| set.query_async::<()>(&mut link).await).await
    };
    set().await.unwrap();
    until("the sentinel promotes the replica", || {
        watched.sentinel.command::<()>(&["SENTINEL", "FAILOVER", MASTER]).is_ok()
    });
    until("the master is a replica", || {
        watched.master.command::<String>(&["INFO", "replication"]).unwrap().contains("role:slave")
    });
    let mut tries = 0;
    while set().await.is_err() {
        tries += 1;
        assert!(tries < 400, "the new master is not found");
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(links.opened() >= 2);
}

#[tokio::test]
async fn tls_shows_who_is_who_to_both() {
    if !at_hand() {
        return;
    }
    let sealed = Sealed::start();
    all_we_ask(&sealed.place("ca", true)).await;
    for (authority, with_client) in [("other", true), ("ca", false)] {
        let counters = counters(&sealed.place(authority, with_client));
        assert_eq!(counters.beat().await, None, "authority {authority}, own certificate: {with_client}");
    }
    let mut broken = sealed.place("ca", true);
    broken.certificates.as_mut().unwrap().client = Some((b"no".to_vec(), b"no".to_vec()));
    assert!(Counters::in_redis(&generous(broken), Clock::System).is_err(), "said when it is read");
}

/// The line in `deploy/README.md` that an operator copies, for a user with this password.
fn documented_rules() -> Vec<String> {
    let guide = include_str!("../../deploy/README.md");
    let line = guide.lines().find_map(|line| line.trim().strip_prefix("ACL SETUSER xunyuan ")).unwrap();
    line.split_whitespace().map(|rule| rule.replace("PASSWORD", "trial")).collect()
}

fn restrict(node: &Node) {
    let rules = documented_rules();
    let words: Vec<_> = ["ACL", "SETUSER", "xunyuan"].into_iter().chain(rules.iter().map(String::as_str)).collect();
    node.command::<()>(&words).unwrap();
}

fn as_user(place: Place) -> Place {
    Place { account: Some(Account { username: Some("xunyuan".into()), password: "trial".into() }), ..place }
}

#[tokio::test]
async fn the_documented_acl_user_may_do_all_we_ask_and_nothing_else() {
    if !at_hand() {
        return;
    }
    let (single, watched, cluster) = (Node::plain(&[]), Watched::start(), Cluster::start(&[]));
    [&single, &watched.master].into_iter().chain(&cluster.nodes).for_each(restrict);
    let single_place = as_user(Place::at(single.url() + "/2"));
    for place in [single_place.clone(), as_user(watched.place()), as_user(cluster.place())] {
        all_we_ask(&place).await;
    }
    let links = Links::to(&single_place, Patience { connect: Duration::from_secs(5), answer: Duration::from_secs(5) });
    let links = links.unwrap();
    for words in
        [&["FLUSHALL"][..], &["KEYS", "xy:*"], &["GET", "theirs"], &["CONFIG", "GET", "*"], &["SCRIPT", "FLUSH"]]
    {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let told = links.ask(async |mut link| command.query_async::<redis::Value>(&mut link).await).await;
        assert_eq!(told.unwrap_err().kind(), ErrorKind::Server(redis::ServerErrorKind::NoPerm), "{words:?}");
    }
    let wrong = Account { username: Some("xunyuan".into()), password: "guess".into() };
    assert_eq!(counters(&Place { account: Some(wrong), ..single_place }).beat().await, None);
}

#[test]
fn a_place_that_cannot_be_is_refused() {
    for place in [
        Place::at("http://x"),
        Place { urls: vec!["redis://a".into(), "redis://b".into()], ..Place::at("") },
        Place { form: Form::Sentinel { master: MASTER.into() }, urls: Vec::new(), ..Place::at("") },
        Place { form: Form::Cluster, urls: Vec::new(), ..Place::at("") },
    ] {
        assert!(Counters::in_redis(&generous(place.clone()), Clock::System).is_err(), "{place:?}");
    }
}

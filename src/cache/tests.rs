//! The lookup over time: fresh, stale, down, absent; and Redis in trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cache::{Cache, Content, Error, Fetched, Kept, Key, Kind, Settings, Tally, Trouble};
use crate::clock::Clock;
use crate::redis_link::Place;

#[derive(Clone, Debug, PartialEq)]
enum Failed {
    Down,
    Refused,
}

impl Trouble for Failed {
    fn stale_may_stand_in(&self) -> bool {
        *self == Self::Down
    }
}

struct House {
    cache: Cache<Failed>,
    clock: Clock,
    fetches: Arc<AtomicU64>,
}

fn house(redis_url: Option<String>) -> House {
    let clock = Clock::shiftable();
    let redis = redis_url.map(Place::at);
    let settings = Settings { redis, redis_budget: Duration::from_millis(200), ..Settings::default() };
    let cache = Cache::new(&settings, Arc::new(Tally::default()), clock.clone()).unwrap();
    House { cache, clock, fetches: Arc::default() }
}

fn key() -> Key {
    Key::of(Kind::Offer).number(7).finish()
}

impl House {
    async fn ask(&self, answer: Result<&'static str, Failed>) -> Result<Arc<Kept>, Error<Failed>> {
        let fetches = self.fetches.clone();
        let fetch = move || async move {
            fetches.fetch_add(1, Ordering::SeqCst);
            answer.map(|text| Fetched::Document(Bytes::from_static(text.as_bytes())))
        };
        self.cache.document(&key(), Kind::Offer, fetch).await
    }

    async fn text(&self, answer: Result<&'static str, Failed>) -> String {
        match &self.ask(answer).await.unwrap().content {
            Content::Document(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            Content::Absent => "absent".into(),
        }
    }

    fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::SeqCst)
    }

    fn count(&self, name: &str) -> u64 {
        self.cache.tally().rows().iter().find(|(n, _)| *n == name).unwrap().1
    }

    /// Lets tasks that run behind a caller's back get on.
    async fn settle(&self) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_is_fresh_is_fetched_once() {
    let house = house(None);
    for _ in 0..3 {
        assert_eq!(house.text(Ok("one")).await, "one");
    }
    assert_eq!(house.fetches(), 1);
    assert_eq!((house.count("misses"), house.count("hits_process")), (1, 2));
}

#[tokio::test]
async fn what_is_soft_expired_is_shown_and_refreshed_behind_the_callers_back() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(20_000);
    assert_eq!(house.text(Ok("two")).await, "one");
    house.settle().await;
    assert_eq!(house.text(Ok("three")).await, "two");
    assert_eq!((house.fetches(), house.count("stale"), house.count("refreshes")), (2, 1, 1));
}

#[tokio::test]
async fn a_herd_on_an_expired_key_makes_one_fetch() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(3_000_000);
    let all = futures_util::future::join_all((0..50).map(|_| house.text(Ok("two")))).await;
    assert!(all.iter().all(|text| text == "two"));
    assert_eq!(house.fetches(), 2);
    assert_eq!(house.count("coalesced"), 49);
}

#[tokio::test]
async fn while_the_catalogue_is_down_old_answers_stand_in_and_it_is_asked_seldom() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(600_000);
    for _ in 0..10 {
        assert_eq!(house.text(Err(Failed::Down)).await, "one");
    }
    assert_eq!(house.fetches(), 2);
    house.clock.advance_ms(2_100);
    assert_eq!(house.text(Ok("two")).await, "two");
}

#[tokio::test]
async fn a_refusal_is_told_and_not_papered_over() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(600_000);
    assert_eq!(house.ask(Err(Failed::Refused)).await, Err(Error::Fetch(Failed::Refused)));
}

#[tokio::test]
async fn nothing_is_shown_that_is_too_old_and_no_failure_is_kept() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(100_000_000);
    assert_eq!(house.ask(Err(Failed::Down)).await, Err(Error::Fetch(Failed::Down)));
    assert_eq!(house.text(Ok("two")).await, "two");
}

#[tokio::test]
async fn absence_is_kept_for_a_few_seconds() {
    let house = house(None);
    let fetches = house.fetches.clone();
    let key = key();
    let ask = || {
        let fetches = fetches.clone();
        house.cache.document(&key, Kind::Offer, move || async move {
            fetches.fetch_add(1, Ordering::SeqCst);
            Ok(Fetched::Absent)
        })
    };
    assert_eq!(ask().await.unwrap().content, Content::Absent);
    ask().await.unwrap();
    assert_eq!(house.fetches(), 1);
    house.clock.advance_ms(6_000);
    ask().await.unwrap();
    assert_eq!(house.fetches(), 2);
}

#[tokio::test]
async fn a_rendered_answer_lives_as_long_as_the_document_it_shows() {
    let house = house(None);
    let answer_key = Key::of(Kind::Offer).text("api").number(7).finish();
    let kept = house.ask(Ok("one")).await.unwrap();
    let made = |text: &'static str| move || Ok::<_, ()>(Bytes::from_static(text.as_bytes()));
    let first = house.cache.render(&answer_key, Kind::Offer, &kept, made("rendered")).unwrap();
    assert!(Arc::ptr_eq(&house.cache.answer(&answer_key).unwrap(), &first));
    let again = house.cache.render(&answer_key, Kind::Offer, &kept, made("not made")).unwrap();
    assert_eq!(&again.bytes[..], b"rendered");
    house.clock.advance_ms(20_000);
    assert!(house.cache.answer(&answer_key).is_none());
    let stale = house.ask(Ok("two")).await.unwrap();
    assert_eq!(&house.cache.render(&answer_key, Kind::Offer, &stale, made("x")).unwrap().bytes[..], b"rendered");
    house.settle().await;
    let fresh = house.ask(Ok("three")).await.unwrap();
    assert_eq!(&house.cache.render(&answer_key, Kind::Offer, &fresh, made("new")).unwrap().bytes[..], b"new");
}

#[tokio::test]
async fn the_process_stays_inside_its_bytes() {
    let settings = Settings { documents_bytes: 100_000, ..Settings::default() };
    let cache = Cache::<Failed>::new(&settings, Arc::default(), Clock::System).unwrap();
    for number in 0..200 {
        let key = Key::of(Kind::Offer).number(number).finish();
        let fetch = || async { Ok(Fetched::Document(Bytes::from(vec![0; 3000]))) };
        cache.document(&key, Kind::Offer, fetch).await.unwrap();
    }
    cache.documents_settled();
    assert!(cache.weights().0 <= 100_000, "{}", cache.weights().0);
}

/// A Redis that answers every command with these bytes, or with nothing.
async fn redis_that_says(answer: Option<&'static [u8]>) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    // The client's greeting (CLIENT SETINFO, twice in one pipeline) must succeed for anything to follow.
                    let greeting = buffer.windows(7).any(|w| w == b"SETINFO");
                    let answer = if greeting { Some(&b"+OK\r\n+OK\r\n"[..]) } else { answer };
                    buffer.fill(0);
                    if let Some(answer) = answer {
                        let _ = stream.write_all(answer).await;
                    }
                }
            });
        }
    });
    format!("redis://{address}")
}

#[tokio::test]
async fn any_trouble_with_redis_is_a_counted_miss() {
    let gone = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("redis://{}", listener.local_addr().unwrap())
    };
    let troubles = [
        gone,
        redis_that_says(None).await,
        redis_that_says(Some(b"$5\r\nhello\r\n")).await,
        redis_that_says(Some(b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n")).await,
        redis_that_says(Some(b"-OOM command not allowed\r\n")).await,
        redis_that_says(Some(b"?what\r\n")).await,
    ];
    for url in troubles {
        let house = house(Some(url.clone()));
        assert_eq!(house.text(Ok("one")).await, "one", "{url}");
        assert!(house.count("errors") >= 1, "{url}");
        assert_eq!(house.count("misses"), 1, "{url}");
    }
}

#[tokio::test]
async fn a_slow_redis_is_left_alone_after_a_few_tries() {
    let house = house(Some(redis_that_says(None).await));
    for number in 0..30 {
        let key = Key::of(Kind::Offer).number(number).finish();
        let fetch = || async { Ok(Fetched::Absent) };
        house.cache.document(&key, Kind::Offer, fetch).await.unwrap();
    }
    assert!(house.count("errors") <= 12, "{}", house.count("errors"));
}

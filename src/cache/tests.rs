//! The lookup over time: fresh, stale, down, absent; and Redis in trouble.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cache::{
    Cache, Content, Error, Fetched, Found, How, Key, Kind, Moved, Settings, Subject, Tally, Trouble, Turn,
};
use crate::clock::Clock;
use crate::model::partner::Mode;
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

fn offer(id: i64) -> Moved {
    Moved::of(Mode::Live, Subject::Offer, id)
}

fn supplier(id: i64) -> Moved {
    Moved::of(Mode::Live, Subject::Supplier, id)
}

fn text_of(found: &Found) -> String {
    let document = found.kept.content.document();
    document.map_or("absent".into(), |bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

impl House {
    async fn ask(&self, answer: Result<&'static str, Failed>) -> Result<Found, Error<Failed>> {
        let fetches = self.fetches.clone();
        let fetch = move || {
            fetches.fetch_add(1, Ordering::SeqCst);
            let fetched = answer.clone().map(|text| Fetched::document(Bytes::from_static(text.as_bytes())));
            async move { fetched.map(|fetched| fetched.about([offer(7).tag(), supplier(3).tag()])) }
        };
        self.cache.document(&key(), Kind::Offer, fetch).await
    }

    async fn text(&self, answer: Result<&'static str, Failed>) -> String {
        text_of(&self.ask(answer).await.unwrap())
    }

    /// The same with how it was come by.
    async fn told(&self, answer: Result<&'static str, Failed>) -> (String, How) {
        let found = self.ask(answer).await.unwrap();
        (text_of(&found), found.how)
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
        house.cache.document(&key, Kind::Offer, move || {
            fetches.fetch_add(1, Ordering::SeqCst);
            async { Ok(Fetched::absent()) }
        })
    };
    assert_eq!(ask().await.unwrap().kept.content, Content::Absent);
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
    let document = key();
    let about = (&document, Kind::Offer);
    let kept = house.ask(Ok("one")).await.unwrap();
    let made = |text: &'static str| move || Ok::<_, ()>(Bytes::from_static(text.as_bytes()));
    let first = house.cache.render(&answer_key, about, &kept, made("rendered")).unwrap();
    assert!(Arc::ptr_eq(&house.cache.answer(answer_key.bytes()).unwrap(), &first));
    let again = house.cache.render(&answer_key, about, &kept, made("not made")).unwrap();
    assert_eq!(&again.bytes[..], b"rendered");
    house.clock.advance_ms(20_000);
    assert!(house.cache.answer(answer_key.bytes()).is_none());
    let stale = house.ask(Ok("two")).await.unwrap();
    assert_eq!(&house.cache.render(&answer_key, about, &stale, made("x")).unwrap().bytes[..], b"rendered");
    house.settle().await;
    let fresh = house.ask(Ok("three")).await.unwrap();
    assert_eq!(&house.cache.render(&answer_key, about, &fresh, made("new")).unwrap().bytes[..], b"new");
}

#[tokio::test]
async fn the_process_stays_inside_its_bytes() {
    let settings = Settings { documents_bytes: 100_000, ..Settings::default() };
    let cache = Cache::<Failed>::new(&settings, Arc::default(), Clock::System).unwrap();
    for number in 0..200 {
        let key = Key::of(Kind::Offer).number(number).finish();
        let fetch = move || async move {
            Ok(Fetched::document(Bytes::from(
                (0..3000_i64).map(|at| (at * at * number % 251) as u8).collect::<Vec<_>>(),
            )))
        };
        cache.document(&key, Kind::Offer, fetch).await.unwrap();
    }
    cache.documents_settled();
    assert!(cache.weights().0 <= 100_000, "{}", cache.weights().0);
}

#[tokio::test]
async fn what_moved_is_fetched_anew_and_nothing_else_is() {
    let house = house(None);
    let fetched = house.told(Ok("one")).await;
    assert_eq!(fetched, ("one".into(), How::Fetched));
    assert!(house.cache.purge(&[offer(8), supplier(4)]).await);
    assert_eq!(house.told(Ok("two")).await, ("one".into(), How::Held));
    house.cache.purge(&[offer(7)]).await;
    assert_eq!(house.told(Ok("two")).await, ("two".into(), How::Fetched));
    house.cache.purge(&[supplier(3)]).await;
    assert_eq!(house.text(Ok("three")).await, "three");
    house.cache.purge(&[Moved::EVERYTHING]).await;
    assert_eq!(house.text(Ok("four")).await, "four");
    assert_eq!((house.count("fell"), house.fetches()), (3, 4));
}

#[tokio::test]
async fn a_rendered_answer_falls_with_what_it_shows() {
    let house = house(None);
    let (document, answer_key) = (key(), Key::of(Kind::Offer).text("api").number(7).finish());
    let about = (&document, Kind::Offer);
    let kept = house.ask(Ok("one")).await.unwrap();
    let made = |text: &'static str| move || Ok::<_, ()>(Bytes::from_static(text.as_bytes()));
    house.cache.render(&answer_key, about, &kept, made("old")).unwrap();
    house.cache.purge(&[offer(8)]).await;
    assert!(house.cache.answer(answer_key.bytes()).is_some());
    house.cache.purge(&[supplier(3)]).await;
    assert!(house.cache.answer(answer_key.bytes()).is_none());
    // What was fetched before is not kept again, however late it is rendered.
    house.cache.render(&answer_key, about, &kept, made("old")).unwrap();
    assert!(house.cache.answer(answer_key.bytes()).is_none());
    let kept = house.ask(Ok("two")).await.unwrap();
    assert_eq!(&house.cache.render(&answer_key, about, &kept, made("new")).unwrap().bytes[..], b"new");
    assert!(house.cache.answer(answer_key.bytes()).is_some());
}

#[tokio::test]
async fn an_answer_stands_in_without_its_document() {
    let house = house(None);
    let (document, answer_key) = (key(), Key::of(Kind::Offer).text("api").number(7).finish());
    let kept = house.ask(Ok("one")).await.unwrap();
    let made = || Ok::<_, ()>(Bytes::from_static(b"rendered"));
    house.cache.render(&answer_key, (&document, Kind::Offer), &kept, made).unwrap();
    house.cache.documents.forget(&document);
    let for_now = || house.cache.answer_for_now(&answer_key, &document).is_some();
    house.clock.advance_ms(100_000);
    assert!(!for_now(), "it has to be asked for first");
    assert_eq!(house.ask(Err(Failed::Down)).await, Err(Error::Fetch(Failed::Down)));
    assert_eq!(&house.cache.answer_standing_in(&answer_key).unwrap().bytes[..], b"rendered");
    assert!(for_now(), "and the catalogue is left alone for a while");
    house.clock.advance_ms(2_100);
    assert!(!for_now());
    house.cache.purge(&[offer(7)]).await;
    assert!(house.cache.answer_standing_in(&answer_key).is_none());
}

#[tokio::test]
async fn a_fetch_that_something_overtook_is_made_again_and_not_kept_if_overtaken_twice() {
    for (overtaken, kept) in [(1, "2"), (9, "3")] {
        let house = house(None);
        let (cache, fetches) = (house.cache.clone(), house.fetches.clone());
        let fetch = move || {
            let (cache, at) = (cache.clone(), fetches.fetch_add(1, Ordering::SeqCst) + 1);
            async move {
                if at <= overtaken {
                    cache.purge(&[offer(7)]).await;
                }
                Ok(Fetched::document(Bytes::from(at.to_string())).about([offer(7).tag()]))
            }
        };
        let first = house.cache.document(&key(), Kind::Offer, fetch.clone()).await.unwrap();
        assert_eq!(text_of(&first), "2", "the caller gets the later one");
        let next = house.cache.document(&key(), Kind::Offer, fetch).await.unwrap();
        assert_eq!(text_of(&next), if kept == "2" { "2" } else { "4" });
        assert_eq!(house.count("refused"), if kept == "2" { 0 } else { 2 });
    }
}

#[tokio::test]
async fn what_moved_does_not_stand_in_for_the_catalogue() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.clock.advance_ms(600_000);
    assert_eq!(house.told(Err(Failed::Down)).await, ("one".into(), How::StandIn));
    assert_eq!(house.told(Err(Failed::Down)).await, ("one".into(), How::StandIn));
    house.cache.purge(&[offer(7)]).await;
    assert_eq!(house.ask(Err(Failed::Down)).await, Err(Error::Fetch(Failed::Down)));
}

#[tokio::test]
async fn absence_ends_when_the_thing_comes() {
    let house = house(None);
    let absent = || async { Ok(Fetched::absent().about([offer(7).tag()])) };
    house.cache.document(&key(), Kind::Offer, absent).await.unwrap();
    assert_eq!(house.text(Ok("one")).await, "absent");
    house.cache.purge(&[offer(7)]).await;
    assert_eq!(house.text(Ok("one")).await, "one");
}

#[tokio::test]
async fn without_redis_a_node_follows_for_itself() {
    let house = house(None);
    assert_eq!(house.cache.take_turn(Mode::Live).await, Turn::Alone { from: None });
    house.text(Ok("one")).await;
    house.cache.tell(Mode::Live, Turn::Alone { from: None }, 12, &[offer(7)]).await;
    assert_eq!(house.cache.take_turn(Mode::Live).await, Turn::Alone { from: Some(12) });
    assert_eq!(house.cache.take_turn(Mode::Sandbox).await, Turn::Alone { from: None });
    assert_eq!(house.text(Ok("two")).await, "two");
}

#[tokio::test]
async fn a_node_that_is_told_nothing_believes_nothing_for_long() {
    let house = house(None);
    house.text(Ok("one")).await;
    house.cache.moves.set_out_of_touch(true);
    house.clock.advance_ms(4_000);
    assert_eq!(house.told(Ok("two")).await.1, How::Held);
    house.clock.advance_ms(2_000);
    assert_eq!(house.told(Ok("two")).await, ("one".into(), How::Refreshing));
    house.settle().await;
    house.clock.advance_ms(11_000);
    assert_eq!(house.told(Ok("three")).await, ("three".into(), How::Fetched));
    house.clock.advance_ms(11_000);
    assert_eq!(house.told(Err(Failed::Down)).await, ("three".into(), How::StandIn), "it stands in all the same");
    assert_eq!(house.fetches(), 4);
    house.told(Err(Failed::Down)).await;
    assert_eq!(house.fetches(), 4, "and the catalogue is asked seldom");
}

#[tokio::test]
async fn a_hot_document_is_refreshed_before_its_time_is_over() {
    let house = house(None);
    house.text(Ok("one")).await;
    let kept = house.cache.documents.get(&key()).unwrap();
    house.clock.advance_ms(kept.soft_until_ms - house.clock.now_ms() - 500);
    assert_eq!(house.told(Ok("two")).await, ("one".into(), How::Held));
    house.settle().await;
    assert_eq!(house.told(Ok("three")).await, ("two".into(), How::Held));
    assert_eq!((house.count("early"), house.count("refreshes"), house.count("stale")), (1, 1, 0));
}

#[tokio::test]
async fn what_is_asked_for_most_can_be_told() {
    let house = house(None);
    for _ in 0..80 {
        house.text(Ok("one")).await;
    }
    let hot = house.cache.hot(5);
    assert!(hot.len() == 1 && hot[0].key == key() && hot[0].hits >= 72, "{hot:?}");
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
        let troubles = ["redis_slow", "redis_gone", "redis_refused", "redis_foreign"].map(|name| house.count(name));
        assert!(troubles.iter().sum::<u64>() >= 1, "{url}");
        assert_eq!(house.count("misses"), 1, "{url}");
    }
}

#[tokio::test]
async fn a_slow_redis_is_left_alone_after_a_few_tries() {
    let house = house(Some(redis_that_says(None).await));
    for number in 0..30 {
        let key = Key::of(Kind::Offer).number(number).finish();
        let fetch = || async { Ok(Fetched::absent()) };
        house.cache.document(&key, Kind::Offer, fetch).await.unwrap();
    }
    assert!(house.count("redis_slow") <= 7, "{}", house.count("redis_slow"));
    assert!(house.cache.is_redis_down() && house.count("redis_left_alone") > 20);
}

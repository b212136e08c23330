//! The room against a small catalogue that answers from a table and counts what it is asked.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::{Strategy, any, proptest};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cache::{self, Cache};
use crate::catalog::{AllCategories, Audience, Catalog, Error, Picture, Question};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::lookup::{Lookup, document_key};
use crate::model::ids::{CategoryId, OfferId, SupplierId};
use crate::model::language::Language;
use crate::model::margin::{Margin, Tariff};
use crate::model::money::{Currency, Exchange, Money};
use crate::model::offer::{Offer, PictureSize};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::picture::{Alike, Pictured};
use crate::model::search::{Search, Sort};
use crate::rates::{Rates, Settings};
use crate::upstream::{self, Endpoint, Upstream};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n rest";

struct House {
    catalog: Catalog,
    clock: Clock,
    heads: Arc<Mutex<Vec<String>>>,
    down: Arc<AtomicBool>,
}

fn goods(id: i64, price: &str) -> Value {
    json!({
        "goodsId": id, "subject": "花盆", "subjectTrans": "植木鉢", "categoryId": 1001, "price": price,
        "priceMax": "5.00", "beginAmount": 2, "unit": "个", "sellerId": 77, "sellerName": "厂", "badges": [],
        "gmtModified": "2026-11-23 11:08:48", "status": "published", "version": 1,
        "priceRanges": [{"beginAmount": 2, "price": "5.00"}], "skus": [{"skuId": 1, "stock": 5}],
        "costPrice": "1.10", "sellerPhone": "13800013800"
    })
}

fn answers() -> HashMap<&'static str, Vec<u8>> {
    let ok = |data: Value| json!({"success": true, "data": data, "traceId": "t"}).to_string().into_bytes();
    let refused = |code: &str, data: Value| {
        json!({"success": false, "errorCode": code, "errorMsg": "不行", "errorData": data}).to_string().into_bytes()
    };
    HashMap::from([
        ("/goods/7?", ok(goods(7, "3.20"))),
        ("/goods/8?", ok(goods(9, "3.20"))),
        ("/goods/10?", ok(json!({"goodsId": 10}))),
        ("/goods/404?", refused("GOODS_NOT_FOUND", Value::Null)),
        ("/goods/7/picture.png", PNG.to_vec()),
        ("/goods/search?keyword=bad", refused("PARAM_INVALID", json!({"param": "categoryId"}))),
        ("/goods/search?", ok(json!({"total": 2, "nextPageToken": "tok", "items": [goods(7, "3.20")]}))),
        ("/categories", ok(json!({"items": [{"categoryId": 1, "parentId": null, "name": "珠宝", "goodsCount": 3}]}))),
        ("/sellers/404", refused("SELLER_NOT_FOUND", Value::Null)),
    ])
}

async fn house() -> House {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (heads, down) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
    let (seen, is_down) = (heads.clone(), down.clone());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = vec![0; 8192];
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&buffer[..read]).into_owned();
            let path = head.split(' ').nth(1).unwrap_or("").to_owned();
            let known = answers();
            let longest =
                known.iter().filter(|(start, _)| path.starts_with(**start)).max_by_key(|(start, _)| start.len());
            let body = longest.map_or(b"{}".to_vec(), |(_, body)| body.clone());
            seen.lock().unwrap().push(head);
            let (status, kind) = match (is_down.load(Ordering::SeqCst), body == PNG) {
                (true, _) => ("503 Busy", "text/plain"),
                (false, true) => ("200 OK", "image/png"),
                (false, false) => ("200 OK", "application/json"),
            };
            let start = format!(
                "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[start.as_bytes(), &body].concat()).await;
        }
    });
    let clock = Clock::shiftable();
    let endpoint = Endpoint { url: format!("http://{address}").parse().unwrap(), token: "t".to_owned().into() };
    let settings = upstream::Settings {
        live: Some(endpoint),
        retries: 0,
        deadline: Duration::from_secs(2),
        ..upstream::Settings::default()
    };
    let upstream = Upstream::new(&settings, Arc::default()).unwrap();
    let cache = Cache::new(&cache::Settings::default(), Arc::default(), clock.clone()).unwrap();
    let rates = Settings::default();
    let rates = Rates::open(rates, clock.clone()).unwrap();
    let catalog = Catalog::new(Lookup::new(upstream, cache, rates, clock.clone()), "https://gw.example/");
    House { catalog, clock, heads, down }
}

fn audience(currency: &str) -> Audience {
    let currency = currency.parse().unwrap();
    Audience { mode: Mode::Live, price_tier: "standard".into(), language: Language::Japanese, currency }
}

impl House {
    fn asked(&self) -> usize {
        self.heads.lock().unwrap().len()
    }
    fn last(&self) -> String {
        self.heads.lock().unwrap().last().unwrap().lines().next().unwrap().to_owned()
    }
    async fn refused<Q: Question>(&self, question: &Q) -> Error {
        match self.catalog.ask(&audience("JPY"), question).await {
            Ok(_) => panic!("an answer"),
            Err(error) => error,
        }
    }
    async fn page(&self, currency: &str, renders: &AtomicUsize) -> Arc<cache::Rendered> {
        let render = |offer: &Offer, exchange: &Exchange| {
            renders.fetch_add(1, Ordering::SeqCst);
            Some(Bytes::from(exchange.convert(offer.summary.price_from)?.amount()))
        };
        self.catalog.rendered("test", &audience(currency), &OfferId::new(7), render).await.unwrap().answer
    }
}

#[tokio::test]
async fn a_hot_answer_is_rendered_once_for_each_currency_and_fetched_once_for_all() {
    let (house, renders) = (house().await, AtomicUsize::new(0));
    for _ in 0..5 {
        assert_eq!(&house.page("JPY", &renders).await.bytes[..], b"67");
        assert_eq!(&house.page("CNY", &renders).await.bytes[..], b"3.20");
    }
    assert_eq!((renders.load(Ordering::SeqCst), house.asked()), (2, 1));
    assert!(house.last().starts_with("GET /goods/7?lang=ja "));
}

#[tokio::test]
async fn while_the_catalogue_is_down_the_old_answer_is_sent_and_its_age_told() {
    let (house, renders) = (house().await, AtomicUsize::new(0));
    house.page("JPY", &renders).await;
    house.down.store(true, Ordering::SeqCst);
    house.clock.advance_ms(600_000);
    let answer = house.page("JPY", &renders).await;
    assert_eq!(&answer.bytes[..], b"67");
    assert!(house.catalog.age_s(&answer) >= 600);
    assert_eq!(renders.load(Ordering::SeqCst), 1);
    let other = house.catalog.ask(&audience("CNY"), &AllCategories).await.map(|_| ()).unwrap_err();
    assert_eq!(other.code(), Code::UpstreamUnavailable);
}

#[tokio::test]
async fn what_does_not_exist_is_told_so_and_asked_once() {
    let house = house().await;
    assert_eq!(house.refused(&OfferId::new(404)).await.code(), Code::OfferNotFound);
    assert_eq!(house.refused(&OfferId::new(404)).await.code(), Code::OfferNotFound);
    assert_eq!(house.asked(), 1);
    assert_eq!(house.refused(&SupplierId::new(404)).await.code(), Code::SupplierNotFound);
}

#[tokio::test]
async fn nonsense_is_told_to_the_operator_only_and_not_kept() {
    let house = house().await;
    for (id, why) in [(10, "missing field"), (8, "got 9")] {
        let before = house.asked();
        for _ in 0..2 {
            let error = house.refused(&OfferId::new(id)).await;
            assert_eq!((error.code(), error.detail()), (Code::UpstreamNonsense, None));
            assert!(error.internal().unwrap().contains(why), "{error:?}");
        }
        assert_eq!(house.asked() - before, 2);
    }
}

#[tokio::test]
async fn a_search_is_bounded_in_the_shown_currency_and_goes_on_by_its_cursor() {
    let house = house().await;
    let yen = "JPY".parse().unwrap();
    let search = Search { words: Some("鉢".into()), price_min: Some(Money::new(67, yen)), ..Search::default() };
    let page = house.catalog.ask(&audience("JPY"), &search).await.unwrap().found;
    assert!(house.last().contains("priceMin=3.16"), "{}", house.last());
    assert_eq!((page.items.len(), page.total), (1, Some(2)));
    let next = Search { cursor: page.next, ..search.clone() };
    house.catalog.ask(&audience("JPY"), &next).await.unwrap();
    assert!(house.last().contains("pageToken=tok"), "{}", house.last());
    let other = Search { words: Some("杯".into()), ..next };
    assert_eq!(house.refused(&other).await.places()[0].pointer, "query:cursor");
}

#[tokio::test]
async fn a_value_the_catalogue_refuses_is_told_by_our_name() {
    let house = house().await;
    let search = Search { words: Some("bad".into()), category: Some(CategoryId::new(5)), ..Search::default() };
    let error = house.refused(&search).await;
    assert_eq!((error.code(), error.places()[0].pointer.as_str()), (Code::InvalidRequest, "query:category"));
}

#[tokio::test]
async fn a_picture_is_kept_and_only_a_png_is_one() {
    let house = house().await;
    let picture = Picture { offer: OfferId::new(7), size: PictureSize::Medium };
    for _ in 0..3 {
        assert_eq!(&house.catalog.picture(Mode::Live, picture).await.unwrap().bytes[..], PNG);
    }
    assert_eq!(house.asked(), 1);
    assert!(house.last().starts_with("GET /goods/7/picture.png?size=240 "));
    let none = Picture { offer: OfferId::new(11), ..picture };
    let code = house.catalog.picture(Mode::Live, none).await.unwrap_err().code();
    assert_eq!(code, Code::UpstreamNonsense);
    assert_eq!(house.catalog.picture_url(Mode::Live, OfferId::new(7)), "https://gw.example/pictures/7.png");
}

#[tokio::test]
async fn a_currency_without_a_rate_fails_prices_but_not_names() {
    let house = house().await;
    let bermuda = audience("BMD");
    assert_eq!(house.catalog.ask(&bermuda, &OfferId::new(7)).await.unwrap_err().code(), Code::UnknownCurrency);
    assert!(house.catalog.ask(&bermuda, &AllCategories).await.is_ok());
}

fn any_audience() -> impl Strategy<Value = Audience> {
    let mode = proptest::sample::select(vec![Mode::Live, Mode::Sandbox]);
    let language = proptest::sample::select(vec![Language::English, Language::Japanese]);
    let currency = proptest::sample::select(vec!["CNY", "JPY", "USD"]);
    let margin =
        proptest::sample::select(vec![0, 150]).prop_map(|hundredths| Margin::of(hundredths).unwrap_or_default());
    (mode, "[ab]{0,2}", margin, language, currency).prop_map(|(mode, tier, margin, language, currency)| Audience {
        mode,
        price_tier: Tariff::from(tier).with(margin),
        language,
        currency: currency.parse().unwrap_or(Currency::CNY),
    })
}

fn any_search() -> impl Strategy<Value = Search> {
    let option = || proptest::option::of(0..3_i64);
    let alike = proptest::option::of((0..4_i64, proptest::bool::ANY).prop_map(|(which, in_part)| Alike {
        picture: match which {
            0 | 1 => Pictured::Offer(crate::model::ids::OfferId::new(which)),
            _ => Pictured::Uploaded {
                image: format!("img_{which:032}").parse().unwrap(),
                catalogue_id: format!("{which:032x}"),
            },
        },
        region: if in_part { "0,0,0.5,1".parse().ok() } else { None },
    }));
    let size = (1..3_u32).prop_map(|n| PageSize::new(n).unwrap_or_default());
    let sort = proptest::sample::select(Sort::ALL);
    (proptest::option::of("[a&=0]{0,3}"), option(), option(), option(), option(), option(), sort, size, alike).prop_map(
        |(words, category, supplier, low, high, minimum, sort, size, alike)| Search {
            words,
            // A search by picture is sorted by likeness alone.
            sort: if alike.is_some() { Sort::Relevance } else { sort },
            alike,
            category: category.map(CategoryId::new),
            supplier: supplier.map(SupplierId::new),
            price_min: low.map(Money::fen),
            price_max: high.map(Money::fen),
            minimum_order_max: minimum.and_then(|n| u32::try_from(n).ok()),
            size,
            ..Search::default()
        },
    )
}

fn told(audience: &Audience, search: &Search) -> crate::cache::Key {
    let key = crate::cache::Key::of(crate::cache::Kind::Search);
    search.key(super::shown_to(key, "api", audience, 1)).finish()
}

proptest! {
    #[test]
    fn two_questions_that_may_differ_never_share_an_answer(
        one in (any_audience(), any_search()), other in (any_audience(), any_search()), same in any::<bool>(),
    ) {
        let other = if same { one.clone() } else { other };
        proptest::prop_assert_eq!(one == other, told(&one.0, &one.1) == told(&other.0, &other.1));
    }

    #[test]
    fn two_calls_or_tiers_that_differ_never_share_a_document(
        one in (any_audience(), any_search()), other in (any_audience(), any_search()),
    ) {
        let cny = Exchange::identity(jiff::civil::date(2026, 11, 20));
        let calls = [&one, &other].map(|(audience, search)| {
            let call = search.call(audience, &cny).unwrap();
            (audience.mode, audience.price_tier.name.clone(), call.path.clone(), call.query.clone(),
             document_key(crate::cache::Kind::Search, audience, &call))
        });
        let [a, b] = &calls;
        let equal = (a.0, &a.1, &a.2, &a.3) == (b.0, &b.1, &b.2, &b.3);
        proptest::prop_assert_eq!(equal, a.4 == b.4);
    }
}

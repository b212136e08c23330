//! The room against the sandbox catalogue, on every engine at hand.

mod quotations;
mod sending;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Counter, Error, Once, Settings, Sourcing, Step, Times, Told, Wish};
use crate::cache::{self, Cache};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::Ledger;
use crate::lookup::Lookup;
use crate::model::ids::{InquiryId, QuotationId, SkuId, SupplierId};
use crate::model::inquiry::{Inquiry, Invited, Kind, NoReason, Rejection, State, Talk, TalkState};
use crate::model::money::Money;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::Plan;
use crate::model::quote::Quantity;
use crate::rates::{self, Rates};
use crate::sql::{args, trial};
use crate::upstream::Upstream;
use crate::{sandbox, upstream};

const LEASE_MS: i64 = 30_000;

/// A gateway's room, its ledger, and the catalogue it speaks to.
struct Scene {
    house: trial::House,
    clock: Clock,
    catalogue: sandbox::Running,
    control: reqwest::Client,
    room: Sourcing,
    caller: Caller,
}

/// A variant that can be asked for, and what its list says.
#[derive(Clone, Debug)]
struct Listed {
    supplier: SupplierId,
    sku: SkuId,
    quantity: i64,
    list_fen: i64,
}

async fn scenes() -> Vec<Scene> {
    let mut scenes = Vec::new();
    for house in trial::houses().await {
        scenes.push(Scene::open(house).await);
    }
    scenes
}

fn upstream(url: &str, token: &str) -> Upstream {
    let endpoint = upstream::Endpoint { url: url.parse().unwrap(), token: token.to_owned().into() };
    let settings = upstream::Settings { sandbox: Some(endpoint), ..upstream::Settings::default() };
    Upstream::new(&settings, Arc::default()).unwrap()
}

fn caller(name: &str) -> Caller {
    let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 8, price_tier: "standard".into() };
    let partner = Partner {
        id: name.parse().unwrap(),
        name: name.into(),
        country: "JP".into(),
        suspended: false,
        plan: Arc::new(plan),
    };
    Caller { partner: Arc::new(partner), key_id: "xyk_test".into(), mode: Mode::Sandbox, scopes: Scopes::all() }
}

fn render(inquiry: &Inquiry) -> Answer {
    let status = match inquiry.state {
        State::Unknown => 202,
        State::Rejected => inquiry.known.rejection.as_ref().map_or(500, |rejection| rejection.code.facts().status),
        _ => 201,
    };
    let body = format!("{} {} v{}", inquiry.deed.id, inquiry.state, inquiry.version).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn render_step(inquiry: &Inquiry, declined: Option<&Rejection>) -> Answer {
    let status = declined.map_or(200, |rejection| rejection.code.facts().status);
    let body = format!("{} {} v{}", inquiry.deed.id, inquiry.state, inquiry.version).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), body_hash: key.as_bytes().to_vec() }
}

fn id(told: &Told) -> InquiryId {
    let text = String::from_utf8(told.answer.body.clone()).unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

fn wish(reference: &str, listed: &[Listed], target_fen: Option<i64>) -> Wish {
    Wish {
        reference: reference.parse().unwrap(),
        invited: listed.iter().map(|one| Invited { supplier: one.supplier, sku: Some(one.sku) }).collect(),
        specification: "as the sample".into(),
        quantity: Quantity::new(listed[0].quantity).unwrap(),
        target: target_fen.map(Money::fen),
        warehouse: None,
        ship_to: None,
        currency: "JPY".parse().unwrap(),
        attachments: Vec::new(),
    }
}

fn counter(quotation: &QuotationId, target_fen: i64) -> Step {
    let (quotation, target) = (quotation.clone(), Money::fen(target_fen));
    Step::Counter(Counter { quotation, target, quantity: None, note: Some("再低一点".into()) })
}

impl Scene {
    async fn open(house: trial::House) -> Self {
        let settings = sandbox::Settings { offers: 300, pace: 0.0, workers: 1, ..sandbox::Settings::default() };
        let catalogue = sandbox::start(settings, |_| {}).await.unwrap();
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let room = Self::room(ledger, upstream(&catalogue.url(), &catalogue.token), &clock);
        let control = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { house, clock, catalogue, control, room, caller: caller("acme") }
    }

    fn room(ledger: Ledger, upstream: Upstream, clock: &Clock) -> Sourcing {
        let settings = Settings {
            times: Times { lease_ms: LEASE_MS, reconcile_ms: 2000, unknown_bound_s: 3600, compare_ms: 600_000 },
            warehouse: "YW01".parse().unwrap(),
            live_in_cny_only: false,
        };
        let rates = Rates::open(rates::Settings::default(), clock.clone()).unwrap();
        let cache = Cache::new(&cache::Settings::default(), Arc::default(), clock.clone()).unwrap();
        let lookup = Lookup::new(upstream.clone(), cache, rates.clone(), clock.clone());
        Sourcing::new(settings, ledger, upstream, lookup, rates, clock.clone())
    }

    /// The same gateway while the catalogue cannot be reached.
    fn cut_off(&self) -> Sourcing {
        let ledger = Ledger::new(self.house.sql.clone(), self.clock.clone());
        Self::room(ledger, upstream("http://127.0.0.1:9", "x"), &self.clock)
    }

    async fn say(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.catalogue.url());
        let request = if body.is_null() { self.control.get(url) } else { self.control.post(url).json(&body) };
        let answer = request.header("X-Internal-Token", &self.catalogue.token).send().await.unwrap();
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["success"], true, "{path}: {answer}");
        answer["data"].clone()
    }

    async fn fault(&self, path: &str, kind: &str, times: i64) {
        let fault = json!({"match": path, "method": "POST", "kind": kind, "times": times, "status": 503});
        self.say("/control/faults", fault).await;
    }

    /// Variants of different suppliers that can be asked for in one quantity and are quoted for it.
    async fn listed(&self, count: usize) -> Vec<Listed> {
        let found = self.say("/goods/search?pageSize=50&sort=sold_desc", Value::Null).await;
        let mut listed: Vec<Listed> = Vec::new();
        for brief in found["items"].as_array().unwrap() {
            let detail = self.say(&format!("/goods/{}", brief["goodsId"]), Value::Null).await;
            let supplier = SupplierId::new(detail["sellerId"].as_i64().unwrap());
            let restricted = detail["restrictedCountries"].as_array().is_some_and(|all| !all.is_empty());
            let fits = detail["batchAmount"].is_null() && detail["beginAmount"].as_i64().unwrap() <= 60;
            let known = listed.iter().any(|one| one.supplier == supplier);
            let stock = detail["skus"][0]["stock"].as_i64().unwrap();
            if restricted || known || !fits || stock < 200 {
                continue;
            }
            let sku = SkuId::new(detail["skus"][0]["skuId"].as_i64().unwrap());
            let lines = json!([{"skuId": sku.number(), "quantity": 60}]);
            let preview =
                self.say("/trade/preview", json!({"lines": lines, "warehouseCode": "YW01", "destCountry": "JP"})).await;
            let list_fen = preview["groups"][0]["lines"][0]["unitPriceFen"].as_i64().unwrap();
            listed.push(Listed { supplier, sku, quantity: 60, list_fen });
        }
        // Those who have time: what they answer is asked of the sandbox itself.
        let mut free = Vec::new();
        for (n, one) in listed.into_iter().enumerate() {
            let asked = json!({
                "outRef": format!("try-{n}"), "partnerCode": "nobody", "destCountry": "JP", "warehouseCode": "YW01",
                "quantity": one.quantity, "specification": "trial",
                "sellers": [{"sellerId": one.supplier.number(), "skuId": one.sku.number()}],
            });
            let inquiry = self.say("/trade/inquiries", asked).await;
            let answered =
                self.say(&format!("/control/inquiries/{}", inquiry["inquiryNo"]), json!({"do": "answer"})).await;
            if answered["sellers"][0]["status"] == "quoted" {
                free.push(one);
            }
            if free.len() == count {
                return free;
            }
        }
        panic!("the sandbox has too few suppliers with time")
    }

    async fn ask(&self, key: &str, wish: &Wish) -> Result<Told, Error> {
        self.room.request(&self.caller, once(key), wish.clone(), &render).await
    }

    /// An inquiry that is with its suppliers.
    async fn asked(&self, reference: &str, listed: &[Listed], target_fen: Option<i64>) -> Inquiry {
        let told = self.ask(&format!("key-{reference}"), &wish(reference, listed, target_fen)).await.unwrap();
        assert_eq!(told.answer.status, 201, "{}", String::from_utf8_lossy(&told.answer.body));
        self.get(&id(&told)).await
    }

    async fn get(&self, id: &InquiryId) -> Inquiry {
        self.room.get(&self.caller, id).await.unwrap()
    }

    async fn step(&self, key: &str, inquiry: &Inquiry, step: &Step) -> Result<Told, Error> {
        self.room.step(&self.caller, once(key), inquiry.deed.id.clone(), step, &render_step).await
    }

    /// The suppliers act; then their changes are followed.
    async fn control(&self, inquiry: &Inquiry, what: Value) -> Inquiry {
        let number = self.get(&inquiry.deed.id).await.known.catalogue_inquiry.unwrap();
        self.say(&format!("/control/inquiries/{number}"), what).await;
        self.follow().await;
        self.get(&inquiry.deed.id).await
    }

    async fn follow(&self) {
        self.room.follow(Mode::Sandbox, Duration::ZERO).await.unwrap();
    }

    async fn reconcile_after(&self, ms: i64) -> super::Reconciled {
        self.clock.advance_ms(ms);
        self.room.reconcile(Mode::Sandbox).await.unwrap()
    }

    async fn told(&self, inquiry: &Inquiry) -> Vec<String> {
        const TOLD: &str = "SELECT kind FROM events WHERE subject = $1 ORDER BY serial";
        let rows = self.house.sql.fetch_all(TOLD, args![inquiry.deed.id.as_str()]).await.unwrap();
        rows.iter().map(|row| row.text("kind").unwrap()).collect()
    }

    /// How often the catalogue was asked to make an inquiry that it took, of this partner.
    async fn at_catalogue(&self, inquiry: &Inquiry) -> Value {
        self.say(&format!("/trade/inquiries/byOutRef?partnerCode=acme&outRef={}", inquiry.deed.id), Value::Null).await
    }
}

fn kinds(inquiry: &Inquiry) -> Vec<Kind> {
    inquiry.events.iter().map(|event| event.kind).collect()
}

fn first(inquiry: &Inquiry) -> Talk {
    inquiry.talks().remove(0)
}

fn quoted(inquiry: &Inquiry) -> (QuotationId, i64) {
    let quotation = first(inquiry).quotation.unwrap();
    (quotation.id, quotation.unit_price.minor)
}

#[tokio::test]
async fn an_inquiry_sent_twice_asks_the_suppliers_once() {
    for scene in scenes().await {
        let listed = scene.listed(2).await;
        let wish = wish("I-1", &listed, None);
        let told = scene.ask("key-0001", &wish).await.unwrap();
        let again = scene.ask("key-0001", &wish).await.unwrap();
        assert_eq!((again.replayed, &again.answer), (true, &told.answer));
        let inquiry = scene.get(&id(&told)).await;
        assert_eq!(kinds(&inquiry), [Kind::Received, Kind::SendingStarted, Kind::Sent]);
        let other = scene.ask("key-0002", &wish).await.unwrap_err();
        assert_eq!(other.code(), Code::InquiryReferenceTaken);
        assert!(other.extras()[0].1.contains(inquiry.deed.id.as_str()));
        let foreign = scene.room.get(&caller("other"), &inquiry.deed.id).await.unwrap_err();
        assert_eq!(foreign.code(), Code::InquiryNotFound);
    }
}

#[tokio::test]
async fn each_supplier_answers_by_itself_and_every_step_is_told() {
    for scene in scenes().await {
        let listed = scene.listed(2).await;
        let inquiry = scene.asked("I-1", &listed, Some(listed[0].list_fen * 9 / 10)).await;
        let one = listed[0].supplier.number();
        let inquiry = scene.control(&inquiry, json!({"do": "answer", "sellerId": one})).await;
        let states: Vec<_> = inquiry.talks().iter().map(|talk| talk.state).collect();
        assert_eq!(states, [TalkState::Quoted, TalkState::Asked]);
        let (quotation, price) = quoted(&inquiry);
        assert!(price < listed[0].list_fen && price > listed[0].list_fen * 9 / 10, "half of the way: {price}");
        let inquiry = scene.control(&inquiry, json!({"do": "decline"})).await;
        assert_eq!(inquiry.talks()[1].reason, Some(NoReason::Busy));
        assert_eq!(inquiry.state, State::Open, "one quotation is left");
        let told = scene.step("step-1", &inquiry, &counter(&quotation, price - 1)).await.unwrap();
        assert_eq!(told.answer.status, 200);
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (second, lower) = quoted(&inquiry);
        assert!(second != quotation && lower < price);
        let inquiry = scene.control(&inquiry, json!({"do": "expire"})).await;
        assert_eq!(inquiry.state, State::Closed);
        let wanted = ["sent", "quoted", "declined", "countered", "quoted", "quotation_expired", "closed"]
            .map(|kind| format!("inquiry.{kind}"));
        assert_eq!(scene.told(&inquiry).await, wanted);
        assert_eq!(scene.reconcile_after(601_000).await, super::Reconciled::default(), "an end is not looked at again");
    }
}

#[tokio::test]
async fn a_supplier_or_sku_that_is_none_is_refused_with_its_place() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let mut wrong = wish("I-1", &listed, None);
        wrong.invited.push(Invited { supplier: SupplierId::new(1), sku: None });
        let told = scene.ask("key-0001", &wrong).await.unwrap();
        assert_eq!(told.answer.status, 409);
        let rejection = scene.get(&id(&told)).await.known.rejection.unwrap();
        assert_eq!(
            (rejection.code, rejection.pointer.as_deref()),
            (Code::InquiryRefused, Some("/suppliers/1/supplier_id"))
        );
        let mut wrong = wish("I-2", &listed, None);
        wrong.invited[0].sku = Some(SkuId::new(5));
        let told = scene.ask("key-0002", &wrong).await.unwrap();
        let rejection = scene.get(&id(&told)).await.known.rejection.unwrap();
        assert_eq!(rejection.pointer.as_deref(), Some("/suppliers/0/sku_id"));
    }
}

#[tokio::test]
async fn what_the_feed_left_out_is_found_by_comparing() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let number = inquiry.known.catalogue_inquiry.unwrap();
        scene.say(&format!("/control/inquiries/{number}"), json!({"do": "answer"})).await;
        let told = scene.reconcile_after(600_001).await;
        assert_eq!((told.compared, told.repaired), (1, 1));
        assert_eq!(first(&scene.get(&inquiry.deed.id).await).state, TalkState::Quoted);
    }
}

#[tokio::test]
async fn a_supplier_proposes_what_fits_the_words() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let path = format!("/goods/search?sellerId={}&pageSize=1", listed[0].supplier);
        let goods = scene.say(&path, Value::Null).await["items"][0].clone();
        let mut open = wish("I-1", &listed, None);
        open.invited[0].sku = None;
        open.specification = goods["subject"].as_str().unwrap().to_owned();
        let told = scene.ask("key-0001", &open).await.unwrap();
        let inquiry = scene.control(&scene.get(&id(&told)).await, json!({"do": "answer"})).await;
        let talk = first(&inquiry);
        if let Some(quotation) = &talk.quotation {
            assert!(!quotation.title.is_empty());
        } else {
            assert_ne!(talk.reason, Some(NoReason::NoSuchGoods), "its own goods' name fits");
        }
        let mut foreign = wish("I-2", &listed, None);
        (foreign.invited[0].sku, foreign.specification) = (None, "zzzz qqqq".into());
        let told = scene.ask("key-0002", &foreign).await.unwrap();
        let inquiry = scene.control(&scene.get(&id(&told)).await, json!({"do": "answer"})).await;
        assert_eq!((first(&inquiry).reason, inquiry.state), (Some(NoReason::NoSuchGoods), State::Closed));
    }
}

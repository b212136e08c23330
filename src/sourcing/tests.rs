//! The room against the sandbox catalogue, on every engine at hand.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Answer, Counter, Error, Once, Settings, Sourcing, Step, Times, Told, Wish};
use crate::asking;
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::{Begun, Ledger};
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
        let rates = rates::Settings::default();
        Sourcing::new(settings, ledger, upstream, Rates::open(rates, clock.clone()).unwrap(), clock.clone())
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
async fn an_inquiry_whose_answer_was_lost_is_unknown_and_then_found() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        for (n, kind) in ["drop_after", "garbage"].into_iter().enumerate() {
            let wish = wish(&format!("I-{n}"), &listed, None);
            scene.fault("/trade/inquiries", kind, 1).await;
            let told = scene.ask(&format!("key-000{n}"), &wish).await.unwrap();
            let inquiry = scene.get(&id(&told)).await;
            assert_eq!((told.answer.status, inquiry.state), (202, State::Unknown), "{kind}");
            assert_eq!(scene.room.unsettled().await.unwrap().unknown, 1);
            assert_eq!(scene.reconcile_after(2001).await.settled, 1);
            let found = scene.get(&inquiry.deed.id).await;
            assert_eq!((found.state, scene.room.unsettled().await.unwrap().unknown), (State::Open, 0));
            assert_eq!(scene.told(&found).await, ["inquiry.unknown", "inquiry.sent"]);
            let again = scene.ask(&format!("key-000{n}"), &wish).await.unwrap();
            assert_eq!((again.replayed, again.answer), (true, told.answer));
        }
    }
}

#[tokio::test]
async fn an_inquiry_that_did_not_arrive_is_sent_again_under_the_same_reference() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        scene.fault("/trade/inquiries", "drop_before", 2).await;
        let told = scene.ask("key-0001", &wish("I-1", &listed, None)).await.unwrap();
        assert_eq!(told.answer.status, 202);
        assert_eq!(scene.reconcile_after(2001).await.open, 1);
        assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
        let inquiry = scene.get(&id(&told)).await;
        assert_eq!(inquiry.state, State::Open);
        assert_eq!(scene.at_catalogue(&inquiry).await["status"], "open");
    }
}

#[tokio::test]
async fn a_worker_that_died_is_followed_by_the_same_key_or_by_the_reconciler() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        for (n, by_key) in [true, false].into_iter().enumerate() {
            let (key, wish) = (format!("key-000{n}"), wish(&format!("I-{n}"), &listed, None));
            let asked = asking::key_use(&scene.room, &scene.caller, once(&key), "create_inquiry");
            let full = scene.room.completed(&scene.caller, wish.clone()).unwrap();
            let begun = scene.room.ledger.begin_inquiry(asked, full).await.unwrap();
            let Begun::Fresh(_, inquiry) = begun else { panic!("{begun:?}") };
            let early = scene.ask(&key, &wish).await.unwrap_err();
            assert_eq!((early.code(), early.retry_after_s()), (Code::OrderInProgress, Some(2)));
            if by_key {
                // It had got as far as the catalogue.
                let sent = asking::send(&scene.room, &inquiry.deed).await.unwrap();
                assert!(matches!(sent, asking::Sent::Taken(_)));
                scene.clock.advance_ms(LEASE_MS + 1);
                assert_eq!(scene.ask(&key, &wish).await.unwrap().answer.status, 201);
            } else {
                assert_eq!(scene.reconcile_after(LEASE_MS + 1).await.settled, 1);
            }
            assert_eq!(scene.get(&inquiry.deed.id).await.state, State::Open);
        }
    }
}

#[tokio::test]
async fn what_was_never_sent_can_be_repeated_and_ends_when_nobody_does() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let wish_1 = wish("I-1", &listed, None);
        let cut_off = scene.cut_off();
        let failed = cut_off.request(&scene.caller, once("key-0001"), wish_1.clone(), &render).await.unwrap_err();
        assert_eq!((failed.code(), failed.retry_after_s()), (Code::UpstreamUnavailable, Some(2)));
        assert_eq!(scene.ask("key-0001", &wish_1).await.unwrap().answer.status, 201);
        let wish_2 = wish("I-2", &listed, None);
        cut_off.request(&scene.caller, once("key-0002"), wish_2.clone(), &render).await.unwrap_err();
        assert_eq!(scene.reconcile_after(3_600_001).await.settled, 1);
        let told = scene.ask("key-0002", &wish_2).await.unwrap();
        assert_eq!((told.answer.status, scene.get(&id(&told)).await.state), (409, State::Rejected));
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
async fn a_counter_offer_whose_answer_was_lost_is_made_once() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (quotation, price) = quoted(&inquiry);
        let number = inquiry.known.catalogue_inquiry.unwrap();
        let step = counter(&quotation, price * 95 / 100);
        scene.fault(&format!("/trade/inquiries/{number}/counter"), "drop_after", 1).await;
        let lost = scene.step("step-1", &inquiry, &step).await.unwrap_err();
        assert_eq!((lost.code(), lost.retry_after_s()), (Code::UpstreamTimeout, Some(2)));
        let told = scene.step("step-1", &inquiry, &step).await.unwrap();
        assert_eq!(told.answer.status, 200);
        let again = scene.step("step-1", &inquiry, &step).await.unwrap();
        assert_eq!((again.replayed, again.answer), (true, told.answer));
        let stands = scene.get(&inquiry.deed.id).await;
        assert_eq!(first(&stands).state, TalkState::Countered);
        let counters = kinds(&stands).into_iter().filter(|kind| *kind == Kind::Countered).count();
        assert_eq!(counters, 1);
        let second = scene.step("step-2", &inquiry, &counter(&quotation, price / 2 + 1)).await.unwrap();
        assert_eq!(second.answer.status, 409, "it was answered");
        let unknown = scene.step("step-3", &inquiry, &counter(&QuotationId::fresh(), price)).await.unwrap();
        assert_eq!(unknown.answer.status, 404);
    }
}

#[tokio::test]
async fn what_is_withdrawn_stays_so_however_often_it_is_said() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (quotation, price) = quoted(&inquiry);
        for key in ["step-1", "step-1", "step-2"] {
            assert_eq!(scene.step(key, &inquiry, &Step::Withdraw).await.unwrap().answer.status, 200);
        }
        let ended = scene.get(&inquiry.deed.id).await;
        assert_eq!((ended.state, first(&ended).state), (State::Withdrawn, TalkState::Closed));
        let late = scene.step("step-3", &inquiry, &counter(&quotation, price - 1)).await.unwrap();
        assert_eq!(late.answer.status, 409);
        let locked = scene.room.lock(&scene.caller, &inquiry.deed.id, &quotation).await.unwrap_err();
        assert_eq!(locked.code(), Code::InquiryStateConflict);
        assert_eq!(scene.told(&ended).await, ["inquiry.sent", "inquiry.quoted", "inquiry.withdrawn"]);
    }
}

#[tokio::test]
async fn an_accepted_quotation_is_one_quote_at_its_figures_for_whoever_accepts() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let terms = first(&inquiry).quotation.unwrap();
        let id = &inquiry.deed.id;
        let locks = (0..4).map(|_| scene.room.lock(&scene.caller, id, &terms.id));
        let locked: Vec<_> = futures_util::future::join_all(locks).await.into_iter().map(Result::unwrap).collect();
        assert!(locked.iter().all(|quote| *quote == locked[0]), "however many accept at once");
        let ledger = Ledger::new(scene.house.sql.clone(), scene.clock.clone());
        let quote = ledger.find_quote(&scene.caller.partner.id, Mode::Sandbox, &locked[0]).await.unwrap().unwrap();
        assert_eq!((quote.basket.total, quote.basket.quotation), (terms.total, Some(terms.number)));
        assert_eq!((quote.expires_at, quote.exchange.currency), (terms.valid_until, inquiry.deed.currency));
        let other = scene.room.lock(&caller("other"), id, &terms.id).await.unwrap_err();
        assert_eq!(other.code(), Code::InquiryNotFound);
        let unknown = scene.room.lock(&scene.caller, id, &QuotationId::fresh()).await.unwrap_err();
        assert_eq!(unknown.code(), Code::QuotationNotFound);
    }
}

#[tokio::test]
async fn a_quotation_that_is_over_or_void_cannot_be_accepted() {
    for scene in scenes().await {
        let listed = scene.listed(1).await;
        let inquiry = scene.asked("I-1", &listed, None).await;
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let (old, price) = quoted(&inquiry);
        scene.step("step-1", &inquiry, &counter(&old, price - 2)).await.unwrap();
        let countered = scene.room.lock(&scene.caller, &inquiry.deed.id, &old).await.unwrap_err();
        assert_eq!(countered.code(), Code::QuotationClosed);
        let inquiry = scene.control(&inquiry, json!({"do": "answer"})).await;
        let void = scene.room.lock(&scene.caller, &inquiry.deed.id, &old).await.unwrap_err();
        assert_eq!(void.code(), Code::QuotationClosed);
        assert!(void.detail().unwrap().contains("anew"), "{void}");
        let newest = quoted(&inquiry).0;
        scene.clock.advance_ms(3 * 86_400_000 + 1000);
        let late = scene.room.lock(&scene.caller, &inquiry.deed.id, &newest).await.unwrap_err();
        assert_eq!(late.code(), Code::QuotationClosed);
        assert!(late.detail().unwrap().contains("valid until"), "{late}");
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

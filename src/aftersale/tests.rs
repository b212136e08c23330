//! The room against the sandbox catalogue, on every engine at hand.

mod lost;
mod overtaken;
mod steps;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::picture::tests::png;
use super::{
    Aftersale, Answer, Change, Declined, Error, MediaType, NewRefund, Once, Plea, SendBack, Settings, Step, Told,
    WantedPieces,
};
use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::ledger::{Ledger, Sold, sell};
use crate::model::ids::{OrderId, RefundId, SkuId, VoucherId};
use crate::model::language::Language;
use crate::model::money::Money;
use crate::model::order::tests::basket;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::Plan;
use crate::model::quote::{Basket, Quantity};
use crate::model::refund::{Kind, Refund, Rejection, Remedy, State};
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
    room: Aftersale,
    caller: Caller,
}

/// A paid order here and there.
struct Bought {
    id: OrderId,
    number: i64,
    sku: SkuId,
    quantity: u32,
    paid: i64,
    freight: i64,
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

fn render(refund: &Refund) -> Answer {
    let status = match refund.state {
        State::Unknown => 202,
        State::Rejected => refund.rejection().map_or(500, |rejection| rejection.code.facts().status),
        _ => 201,
    };
    let body = format!("{} {} v{}", refund.deed.id, refund.state, refund.version).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn render_step(refund: &Refund, declined: Option<&Rejection>) -> Answer {
    let status = declined.map_or(200, |rejection| rejection.code.facts().status);
    let body = format!("{} {} v{}", refund.deed.id, refund.state, refund.version).into_bytes();
    Answer { status, headers: Vec::new(), body }
}

fn once(key: &str) -> Once {
    Once { key: key.to_owned(), body_hash: key.as_bytes().to_vec() }
}

fn less(fen: i64) -> Step {
    Step::Modify(Change { amount: Money::fen(fen), freight: None, description: "fewer".into(), vouchers: Vec::new() })
}

fn parcel(number: &str) -> Step {
    let tracking_number = number.parse().unwrap();
    Step::SendBack(SendBack { carrier: "ZTO".parse().unwrap(), tracking_number, note: Some("三件".into()) })
}

fn plea() -> Step {
    Step::Arbitrate(Plea { reason: "the picture shows it".into(), vouchers: Vec::new() })
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

    fn room(ledger: Ledger, upstream: Upstream, clock: &Clock) -> Aftersale {
        let settings = Settings { lease_ms: LEASE_MS, reconcile_ms: 2000, unknown_bound_s: 3600, compare_ms: 600_000 };
        Aftersale::new(settings, ledger, upstream, clock.clone())
    }

    /// The same gateway while the catalogue cannot be reached.
    fn cut_off(&self) -> Aftersale {
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

    /// Something bought and paid for, and moved on to a status.
    async fn bought(&self, status: &str) -> Bought {
        let found = self.say("/goods/search?pageSize=50&sort=price_asc", Value::Null).await;
        for brief in found["items"].as_array().unwrap() {
            let detail = self.say(&format!("/goods/{}", brief["goodsId"]), Value::Null).await;
            let batch = detail["batchAmount"].as_i64().unwrap_or(1);
            let quantity = (detail["beginAmount"].as_i64().unwrap().max(4) + batch - 1) / batch * batch;
            let restricted = detail["restrictedCountries"].as_array().is_some_and(|all| !all.is_empty());
            if restricted || detail["skus"][0]["stock"].as_i64().unwrap() < quantity * 3 {
                continue;
            }
            return self.buy(detail["skus"][0]["skuId"].as_i64().unwrap(), quantity, status).await;
        }
        panic!("the sandbox has no plain goods")
    }

    async fn buy(&self, sku: i64, quantity: i64, status: &str) -> Bought {
        let lines = json!([{"skuId": sku, "quantity": quantity}]);
        let wanted = json!({"lines": lines, "warehouseCode": "YW01", "destCountry": "JP"});
        let group = self.say("/trade/preview", wanted).await["groups"][0].clone();
        let id = OrderId::fresh();
        let price = &group["lines"][0]["unitPriceFen"];
        let order = json!({
            "outRef": id.as_str(), "partnerCode": "acme", "channel": "CROSS_BORDER", "destCountry": "JP",
            "warehouseCode": "YW01", "sellerId": group["sellerId"], "freightFen": group["freightFen"],
            "lines": [{"skuId": sku, "quantity": quantity, "unitPriceFen": price}], "totalFen": group["totalFen"],
        });
        let order = self.say("/trade/orders", order).await;
        let number = order["orderNo"].as_i64().unwrap();
        self.say("/control/advance", json!({"orderNo": number, "to": status})).await;
        let quantity = Quantity::new(quantity).unwrap();
        let mut basket: Basket = basket();
        (basket.lines[0].sku, basket.lines[0].quantity) = (SkuId::new(sku), quantity);
        let partner = self.caller.partner.id.clone();
        let sold = Sold { id: id.clone(), partner, mode: Mode::Sandbox, number, basket, state: "paid" };
        sell(&self.house.sql, &sold).await;
        let (paid, freight) = (order["totalFen"].as_i64().unwrap(), order["freightFen"].as_i64().unwrap());
        Bought { id, number, sku: SkuId::new(sku), quantity: quantity.get(), paid, freight }
    }

    async fn ask(&self, key: &str, wish: &NewRefund) -> Result<Told, Error> {
        self.room.request(&self.caller, once(key), wish.clone(), &render).await
    }

    /// A refund that the catalogue has.
    async fn asked(&self, reference: &str, wish: &NewRefund) -> Refund {
        let wish = NewRefund { reference: reference.parse().unwrap(), ..wish.clone() };
        let told = self.ask(&format!("key-{reference}"), &wish).await.unwrap();
        assert_eq!(told.answer.status, 201, "{}", String::from_utf8_lossy(&told.answer.body));
        self.get(&id(&told)).await
    }

    async fn get(&self, id: &RefundId) -> Refund {
        self.room.get(&self.caller, id).await.unwrap()
    }

    async fn step(&self, key: &str, refund: &Refund, step: &Step) -> Result<Told, Error> {
        self.room.step(&self.caller, once(key), refund.deed.id.clone(), step, &render_step).await
    }

    /// The other side acts; then its changes are followed.
    async fn control(&self, refund: &Refund, what: Value) -> Refund {
        let number = self.get(&refund.deed.id).await.known.catalogue_refund.unwrap();
        self.say(&format!("/control/refunds/{number}"), what).await;
        self.follow().await;
        self.get(&refund.deed.id).await
    }

    async fn follow(&self) -> super::Followed {
        self.room.follow(Mode::Sandbox, Duration::ZERO).await.unwrap()
    }

    async fn reconcile_after(&self, ms: i64) -> super::Reconciled {
        self.clock.advance_ms(ms);
        self.room.reconcile(Mode::Sandbox).await.unwrap()
    }

    /// How many refunds the catalogue has of an order.
    async fn at_catalogue(&self, bought: &Bought) -> Vec<Value> {
        let path = format!("/trade/refunds?partnerCode=acme&orderNo={}", bought.number);
        self.say(&path, Value::Null).await["items"].as_array().unwrap().clone()
    }

    async fn picture(&self) -> VoucherId {
        self.room.keep_picture(&self.caller, MediaType::Png, Bytes::from(png(20, 10))).await.unwrap()
    }

    async fn told(&self, refund: &Refund) -> Vec<String> {
        const TOLD: &str = "SELECT kind FROM events WHERE subject = $1 ORDER BY serial";
        let rows = self.house.sql.fetch_all(TOLD, args![refund.deed.id.as_str()]).await.unwrap();
        rows.iter().map(|row| row.text("kind").unwrap()).collect()
    }
}

impl Bought {
    fn wish(&self, remedy: Remedy, reason: &str, fen: i64) -> NewRefund {
        NewRefund {
            reference: "R-1".parse().unwrap(),
            order: self.id.clone(),
            remedy,
            reason: reason.parse().unwrap(),
            amount: Money::fen(fen),
            freight: Money::fen(0),
            pieces: vec![WantedPieces { sku: self.sku, quantity: Quantity::new(2).unwrap() }],
            description: "two are broken".into(),
            vouchers: Vec::new(),
        }
    }
}

fn id(told: &Told) -> RefundId {
    String::from_utf8_lossy(&told.answer.body).split(' ').next().unwrap().parse().unwrap()
}

fn kinds(refund: &Refund) -> Vec<Kind> {
    refund.events.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn money_is_asked_back_agreed_and_given() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let options = scene.room.options(&scene.caller, &bought.id, Remedy::Money, Language::English).await.unwrap();
        assert_eq!((options.most, options.most_freight), (Money::fen(bought.paid), Money::fen(bought.freight)));
        assert!(options.reasons.iter().any(|reason| reason.code.as_str() == "NOT_WANTED" && !reason.needs_voucher));
        let nothing = scene.room.options(&scene.caller, &bought.id, Remedy::Return, Language::English).await;
        assert_eq!(nothing.map_err(|error| error.code()).unwrap_err(), Code::RefundNotPossible);
        let wish = bought.wish(Remedy::Money, "NOT_WANTED", 2);
        let refund = scene.asked("R-1", &wish).await;
        assert_eq!((refund.state, refund.deadline().is_some()), (State::Requested, true));
        let done = scene.control(&refund, json!({"do": "agree"})).await;
        assert_eq!((done.state, done.known.agreed), (State::Succeeded, Some(Money::fen(2))));
        assert!(done.known.refunded_at.is_some());
        assert_eq!(scene.told(&done).await, ["refund.requested", "refund.agreed", "refund.succeeded"]);
        assert_eq!(scene.follow().await.moved, 0, "taken in once");
    }
}

#[tokio::test]
async fn a_repeat_gets_the_stored_bytes_and_a_new_key_does_not_ask_again() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let wish = bought.wish(Remedy::Money, "NOT_WANTED", 2);
        let first = scene.ask("key-0001", &wish).await.unwrap();
        let again = scene.ask("key-0001", &wish).await.unwrap();
        assert_eq!((again.replayed, &again.answer), (true, &first.answer));
        let other = scene.ask("key-0002", &wish).await.unwrap_err();
        assert_eq!(other.code(), Code::RefundReferenceTaken);
        assert!(other.extras()[0].1.contains(id(&first).as_str()));
        let mut changed = once("key-0001");
        changed.body_hash.push(1);
        let mismatch = scene.room.request(&scene.caller, changed, wish, &render).await.unwrap_err();
        assert_eq!(mismatch.code(), Code::IdempotencyMismatch);
        assert_eq!(scene.at_catalogue(&bought).await.len(), 1);
    }
}

#[tokio::test]
async fn what_is_too_much_is_rejected_with_the_figures() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let whole = Money::fen(bought.paid + 1);
        let pieces = vec![WantedPieces { sku: bought.sku, quantity: Quantity::new(bought.quantity.into()).unwrap() }];
        let wish = NewRefund { amount: whole, pieces, ..bought.wish(Remedy::Money, "NOT_WANTED", 1) };
        let told = scene.ask("key-0001", &wish).await.unwrap();
        assert_eq!(told.answer.status, 409);
        let refund = scene.get(&id(&told)).await;
        let rejection = refund.rejection().unwrap().clone();
        assert_eq!((refund.state, rejection.code), (State::Rejected, Code::RefundAmountTooLarge));
        let figures = (rejection.most, rejection.most_freight);
        assert_eq!(figures, (Some(Money::fen(bought.paid)), Some(Money::fen(bought.freight))));
        let extras = Declined { rejection, state: refund.state }.extras();
        assert!(extras.iter().any(|(name, text)| *name == "max_refundable" && text.contains("CNY")), "{extras:?}");
        let open = scene.asked("R-2", &bought.wish(Remedy::Money, "NOT_WANTED", 2)).await;
        let wish = NewRefund { reference: "R-3".parse().unwrap(), ..bought.wish(Remedy::Money, "NOT_WANTED", 1) };
        let second = scene.ask("key-0003", &wish).await.unwrap();
        let rejection = scene.get(&id(&second)).await.known.rejection.unwrap();
        assert_eq!((rejection.code, rejection.open), (Code::RefundOpen, Some(open.deed.id)));
        let wish = NewRefund { reference: "R-4".parse().unwrap(), ..bought.wish(Remedy::Money, "DAMAGED", 1) };
        let wrong = scene.ask("key-0004", &wish).await.unwrap();
        assert_eq!(scene.get(&id(&wrong)).await.rejection().unwrap().code, Code::RefundReasonInvalid);
    }
}

#[tokio::test]
async fn what_the_feed_left_out_is_found_by_comparing() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let number = refund.known.catalogue_refund.unwrap();
        scene.say(&format!("/control/refunds/{number}"), json!({"do": "agree", "fen": 3})).await;
        let early = scene.reconcile_after(2001).await;
        assert_eq!((early.compared, early.repaired), (0, 0), "its time has not come");
        let told = scene.reconcile_after(600_001).await;
        assert_eq!((told.compared, told.repaired), (1, 1));
        let done = scene.get(&refund.deed.id).await;
        assert_eq!((done.state, done.known.agreed), (State::Succeeded, Some(Money::fen(3))));
        assert_eq!(scene.reconcile_after(600_001).await.compared, 0, "what ended is not compared");
    }
}

#[tokio::test]
async fn strangers_see_and_touch_nothing() {
    for scene in scenes().await {
        let bought = scene.bought("waitsellersend").await;
        let refund = scene.asked("R-1", &bought.wish(Remedy::Money, "NOT_WANTED", 4)).await;
        let voucher = scene.picture().await;
        let (other, live) = (caller("other"), Caller { mode: Mode::Live, ..caller("acme") });
        for stranger in [&other, &live] {
            let read = scene.room.get(stranger, &refund.deed.id).await.unwrap_err();
            let wish = bought.wish(Remedy::Money, "NOT_WANTED", 4);
            let asked = scene.room.request(stranger, once("key-0009"), wish, &render).await.unwrap_err();
            let id = refund.deed.id.clone();
            let step =
                scene.room.step(stranger, once("step-0009"), id, &Step::Withdraw, &render_step).await.unwrap_err();
            let seen = scene.room.picture(stranger, &voucher).await.unwrap_err();
            let codes = [read.code(), asked.code(), step.code(), seen.code()];
            use Code::{OrderNotFound, RefundNotFound, VoucherNotFound};
            assert_eq!(codes, [RefundNotFound, OrderNotFound, RefundNotFound, VoucherNotFound]);
        }
        assert_eq!(scene.get(&refund.deed.id).await.state, State::Requested);
    }
}

#[tokio::test]
async fn a_picture_is_kept_once_and_read_back_as_it_was_kept() {
    for scene in scenes().await {
        let bytes = Bytes::from(png(20, 10));
        let first = scene.picture().await;
        assert_eq!(scene.picture().await, first);
        let read = scene.room.picture(&scene.caller, &first).await.unwrap();
        assert_eq!((read.media_type, read.bytes), (MediaType::Png, bytes.clone()));
        let lost = Bytes::from(png(21, 10));
        scene.fault("/trade/vouchers", "drop_after", 9).await;
        let failed = scene.room.keep_picture(&scene.caller, MediaType::Png, lost.clone()).await.unwrap_err();
        assert_eq!(failed.code(), Code::UpstreamUnavailable);
        let url = format!("{}/control/faults", scene.catalogue.url());
        scene.control.delete(url).header("X-Internal-Token", &scene.catalogue.token).send().await.unwrap();
        let kept = scene.room.keep_picture(&scene.caller, MediaType::Png, lost).await.unwrap();
        assert_ne!(kept, first);
        let wrong = scene.room.keep_picture(&scene.caller, MediaType::Jpeg, bytes).await.unwrap_err();
        assert_eq!(wrong.code(), Code::VoucherInvalid);
        let gone = VoucherId::fresh();
        assert_eq!(scene.room.picture(&scene.caller, &gone).await.unwrap_err().code(), Code::VoucherNotFound);
    }
}
